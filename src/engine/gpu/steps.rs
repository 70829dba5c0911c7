//! Runs checkpoints one after the other. The host submits the next dispatch before it waits for the last one, so the device
//! is never idle.

use super::entry::Entry;
use super::gpu_engine::{Gpu, Position};
use super::limits;
use super::lowering::Residency;
use super::mirror::{NOT_DIVERGED, Segment};
use super::numbers::Numbers;
use super::pipeline::Bound;
use super::transfer::{self, PendingCopy};
use crate::engine::error::EngineError;
use crate::engine::results::Observation;
use crate::plan::Checkpoint;
use std::time::Instant;
use wgpu::Buffer;

/// Pipelines and buffers that all dispatches of a run share.
#[derive(Debug)]
struct Dispatches {
    advance: Bound,
    /// Moments shader and its result buffer, if checkpoints are measured.
    moments: Option<(Bound, Buffer)>,
    clock_bytes: u64,
    moment_bytes: u64,
    /// Two buffers for copies to the host: one is filled while the other is read.
    staging: [Buffer; 2],
    /// Number of submissions.
    submitted: usize,
    /// Phase whose uniforms the device has.
    phase: Option<usize>,
}

/// Work that the device has been given and whose results have not been read.
#[derive(Debug)]
struct Submission {
    copy: PendingCopy,
    /// Index of its checkpoint.
    checkpoint: usize,
    /// Steps that each point will have done.
    reached: Vec<u64>,
    /// Steps of the dispatch.
    steps: u64,
    /// Steps of the dispatch, summed over chains.
    chain_steps: u64,
    /// Steps of the checkpoint that are done after it.
    done: u64,
    /// True when moments of the measured checkpoint come with it.
    moments: bool,
    begun: Instant,
}

/// Callback that receives measured checkpoints and their observations.
pub(super) type Seen<'a> = dyn FnMut(&Checkpoint, Vec<Observation>) + 'a;

impl Gpu {
    /// Runs checkpoints in order. With `seen`, passes the measured ones to it with their observations.
    pub(super) fn run_through(
        &mut self,
        checkpoints: &[Checkpoint],
        mut seen: Option<&mut Seen<'_>>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        let mut dispatches = self.prepare_dispatches(seen.is_some())?;
        let mut last: Option<Submission> = None;
        for (number, checkpoint) in checkpoints.iter().enumerate() {
            let mut done = 0;
            while let Some(next) = self.submit(&mut dispatches, checkpoints, number, done)? {
                done = next.done;
                let before = last.replace(next);
                let arrived =
                    self.collect(&dispatches, before, checkpoints, &mut seen, progress)?;
                if let (Some(arrived), Some(last)) = (arrived, &mut last) {
                    // The device began it when the one before was done.
                    last.begun = arrived;
                }
                if done >= longest(checkpoint) {
                    break;
                }
            }
        }
        self.collect(&dispatches, last, checkpoints, &mut seen, progress)?;
        Ok(())
    }

    fn prepare_dispatches(&self, measured: bool) -> Result<Dispatches, EngineError> {
        let buffers = self.buffers();
        let clock_bytes = u64::from(buffers.slots / self.tuning.workgroup) * 4;
        let clock = self.with_normals(&buffers.clock);
        let advance = self.pipeline(Entry::Advance)?;
        let advance = advance.bind(&self.open, buffers, &clock);
        let (moments, moment_bytes) = if measured {
            let sums = buffers.scratch(&self.open, self.partial_bytes());
            let pipeline = self.pipeline(Entry::Moments)?;
            let bound = pipeline.bind(&self.open, buffers, &[sums.as_entire_binding()]);
            (Some((bound, sums)), self.partial_bytes())
        } else {
            (None, 0)
        };
        let staging = || transfer::staging(&self.open, clock_bytes + moment_bytes);
        Ok(Dispatches {
            advance,
            moments,
            clock_bytes,
            moment_bytes,
            staging: [staging(), staging()],
            submitted: 0,
            phase: None,
        })
    }

    /// Submits the next dispatch of a checkpoint of which `done` steps are done, plus the moments pass if it ends a measured
    /// checkpoint; `None` if nothing is left to do.
    fn submit(
        &mut self,
        dispatches: &mut Dispatches,
        checkpoints: &[Checkpoint],
        number: usize,
        done: u64,
    ) -> Result<Option<Submission>, EngineError> {
        let checkpoint = &checkpoints[number];
        let steps = self.steps_at_once(checkpoint, done);
        let segments = self.segments(checkpoint, done, steps);
        let done = done + steps;
        for (position, segment) in self.positions.iter_mut().zip(&checkpoint.segments) {
            *position = Position {
                steps: segment.begin + done.min(segment.steps),
                phase: checkpoint.phase,
            };
        }
        let measures =
            done >= longest(checkpoint) && checkpoint.measured && dispatches.moments.is_some();
        if steps == 0 && !measures {
            return Ok(None);
        }
        self.write_segments(&segments);
        if dispatches.phase.replace(checkpoint.phase) != Some(checkpoint.phase) {
            self.write_uniforms();
        }
        let chain_steps = (segments.iter().zip(self.chains_in_tile()))
            .map(|(segment, chains)| u64::from(segment.steps) * chains)
            .sum();
        Ok(Some(Submission {
            copy: self.encode_and_submit(dispatches, steps > 0, measures),
            checkpoint: number,
            reached: self.positions.iter().map(|at| at.steps).collect(),
            steps,
            chain_steps,
            done,
            moments: measures,
            begun: Instant::now(),
        }))
    }

    /// Number of steps of the next dispatch.
    fn steps_at_once(&self, checkpoint: &Checkpoint, done: u64) -> u64 {
        (self.tuning.dispatch_sizing.steps())
            .min(limits::most_steps(&self.task, &self.lowering, &self.open))
            .min(longest(checkpoint) - done)
            .min(u64::from(u32::MAX))
    }

    /// Segment of each point in a dispatch of `steps` steps.
    fn segments(&self, checkpoint: &Checkpoint, done: u64, steps: u64) -> Vec<Segment> {
        (checkpoint.segments.iter())
            .map(|segment| {
                let begin = done.min(segment.steps);
                self.segment(segment.begin + begin, steps.min(segment.steps - begin))
            })
            .collect()
    }

    /// Submits steps, moments or both, and copies of their results.
    fn encode_and_submit(
        &self,
        dispatches: &mut Dispatches,
        steps: bool,
        measures: bool,
    ) -> PendingCopy {
        let mut commands = self.open.device.create_command_encoder(&Default::default());
        dispatches.submitted += 1;
        let staging = &dispatches.staging[dispatches.submitted % 2];
        let mut length = 0;
        if steps {
            let buffers = self.buffers();
            let groups = buffers.groups(self.tuning.workgroup);
            dispatches.advance.encode(&mut commands, groups);
            let bytes = dispatches.clock_bytes;
            commands.copy_buffer_to_buffer(&buffers.clock, 0, staging, 0, bytes);
            length = bytes;
        }
        if let Some((moments, sums)) = dispatches.moments.as_ref().filter(|_| measures) {
            if self.lowering.moments == Residency::Memory {
                // The shader adds to the buffer.
                commands.clear_buffer(sums, 0, None);
            }
            moments.encode(&mut commands, self.groups_of_moments());
            let bytes = dispatches.moment_bytes;
            commands.copy_buffer_to_buffer(sums, 0, staging, length, bytes);
            length += bytes;
        }
        let what = if steps { "steps" } else { "moments" };
        PendingCopy::submit(&self.open, commands, staging, length, what)
    }

    /// Waits for a submission, if any, and reports its results. Returns the time of their arrival.
    fn collect(
        &mut self,
        dispatches: &Dispatches,
        submission: Option<Submission>,
        checkpoints: &[Checkpoint],
        seen: &mut Option<&mut Seen<'_>>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Instant>, EngineError> {
        let Some(submission) = submission else {
            return Ok(None);
        };
        let mut words: Vec<u32> = submission.copy.wait(&self.open)?;
        let arrived = Instant::now();
        self.tuning
            .dispatch_sizing
            .record(submission.steps, arrived - submission.begun);
        let sums = if submission.steps > 0 {
            let sums = words.split_off(dispatches.clock_bytes as usize / 4);
            self.check_clock(&words, &submission.reached)?;
            progress(submission.chain_steps);
            sums
        } else {
            words
        };
        if let (true, Some(seen)) = (submission.moments, seen) {
            let sums = Numbers::new(&self.task, sums);
            let observations = self.observations(&submission.reached, &sums)?;
            seen(&checkpoints[submission.checkpoint], observations);
        }
        Ok(Some(arrived))
    }

    /// Compares the step that each workgroup has reached with the expected one. A difference means that the device skipped
    /// work.
    fn check_clock(&self, clock: &[u32], reached: &[u64]) -> Result<(), EngineError> {
        let buffers = self.buffers();
        let per_block = self.task.layout.block_slots() / u64::from(self.tuning.workgroup);
        for (group, &time) in clock.iter().enumerate() {
            let point = buffers.table[group / per_block as usize].point as usize;
            let expected = reached[point].min(u64::from(NOT_DIVERGED - 1)) as u32;
            if time != expected {
                return Err(EngineError::Incomplete {
                    what: "steps".to_owned(),
                    detail: format!(
                        "workgroup {group} stands at step {time} and not at {expected}"
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Steps of the point with the most steps before a checkpoint.
fn longest(checkpoint: &Checkpoint) -> u64 {
    let segments = checkpoint.segments.iter();
    segments.map(|segment| segment.steps).max().unwrap_or(0)
}
