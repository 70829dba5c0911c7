//! Events one after the other: the device always has the next dispatch before the last is waited for.

use super::buffers::{self, Arriving, Bound};
use super::mirror::{NOT_DIVERGED, Segment};
use super::numbers::Numbers;
use super::{Entry, Gpu, generate, limits};
use crate::engine::{EngineError, Observation};
use crate::plan::Checkpoint;
use std::time::Instant;
use wgpu::Buffer;

/// What all dispatches of a run share.
#[derive(Debug)]
struct Ready {
    advance: Bound,
    /// What sums, and where it leaves its sums, where they are wanted.
    moments: Option<(Bound, Buffer)>,
    clock_bytes: u64,
    sum_bytes: u64,
    /// Copies for the host arrive in one of them while the other is read.
    staging: [Buffer; 2],
    /// Submissions so far.
    turn: usize,
    /// The stretch of the schedule whose numbers the device has.
    phase: Option<usize>,
}

/// What the device was given to do at once.
#[derive(Debug)]
struct Given {
    arriving: Arriving,
    /// Number of its checkpoint.
    checkpoint: usize,
    /// Where each point's steps will be.
    reached: Vec<u64>,
    /// Steps, and steps of all chains.
    steps: u64,
    chain_steps: u64,
    /// Steps of the checkpoint when it is done.
    done: u64,
    /// Whether sums come with it, of all chains at the end of the checkpoint.
    sums: bool,
    begun: Instant,
}

/// Told of every checkpoint that is measured, and what was seen.
pub(super) type Seen<'a> = dyn FnMut(&Checkpoint, Vec<Observation>) + 'a;

impl Gpu {
    /// Does the segments of checkpoints; where somebody is to be told, with the sums after those that are measured.
    pub(super) fn run_through(
        &mut self,
        checkpoints: &[Checkpoint],
        mut seen: Option<&mut Seen<'_>>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        let mut ready = self.ready(seen.is_some())?;
        let mut last: Option<Given> = None;
        for (number, checkpoint) in checkpoints.iter().enumerate() {
            let mut done = 0;
            while let Some(given) = self.give(&mut ready, checkpoints, number, done)? {
                done = given.done;
                let before = last.replace(given);
                let arrived = self.arrive(&ready, before, checkpoints, &mut seen, progress)?;
                if let (Some(arrived), Some(last)) = (arrived, &mut last) {
                    // It could not begin before.
                    last.begun = arrived;
                }
                if done >= longest(checkpoint) {
                    break;
                }
            }
        }
        self.arrive(&ready, last, checkpoints, &mut seen, progress)?;
        Ok(())
    }

    fn ready(&self, measured: bool) -> Result<Ready, EngineError> {
        let buffers = self.buffers();
        let clock_bytes = u64::from(buffers.places / self.tuning.workgroup) * 4;
        let advance = self.pipeline(Entry::Advance)?.bind(
            &self.open,
            buffers,
            &self.with_table(&buffers.clock),
        );
        let (moments, sum_bytes) = if measured {
            let sums = buffers.scratch(&self.open, self.partial_bytes());
            let pipeline = self.pipeline(Entry::Moments)?;
            let bound = pipeline.bind(&self.open, buffers, &[sums.as_entire_binding()]);
            (Some((bound, sums)), self.partial_bytes())
        } else {
            (None, 0)
        };
        Ok(Ready {
            advance,
            moments,
            clock_bytes,
            sum_bytes,
            staging: [(); 2].map(|()| buffers::staging(&self.open, clock_bytes + sum_bytes)),
            turn: 0,
            phase: None,
        })
    }

    /// Gives the device as many steps of an checkpoint, of which `done` are done, as it should do at once, and lets it sum what is seen
    /// at the end of an checkpoint that is measured; none where there is nothing to do.
    fn give(
        &mut self,
        ready: &mut Ready,
        checkpoints: &[Checkpoint],
        number: usize,
        done: u64,
    ) -> Result<Option<Given>, EngineError> {
        let checkpoint = &checkpoints[number];
        let steps = self
            .tuning
            .dispatch_sizing
            .steps()
            .min(limits::most_steps(&self.task, &self.open))
            .min(longest(checkpoint) - done)
            .min(u64::from(u32::MAX));
        let segments: Vec<Segment> = (checkpoint.segments.iter())
            .map(|segment| {
                let begin = done.min(segment.steps);
                self.segment(segment.begin + begin, steps.min(segment.steps - begin))
            })
            .collect();
        let done = done + steps;
        for (now, segment) in self.now.iter_mut().zip(&checkpoint.segments) {
            *now = (segment.begin + done.min(segment.steps), checkpoint.phase);
        }
        let over = done >= longest(checkpoint);
        let moments = (ready.moments.as_ref()).filter(|_| over && checkpoint.measured);
        if steps == 0 && moments.is_none() {
            return Ok(None);
        }
        self.set_segments(&segments);
        if ready.phase.replace(checkpoint.phase) != Some(checkpoint.phase) {
            self.set_uniforms();
        }
        let buffers = self.buffers();
        let mut commands = self.open.device.create_command_encoder(&Default::default());
        ready.turn += 1;
        let staging = &ready.staging[ready.turn % 2];
        let mut length = 0;
        if steps > 0 {
            let groups = buffers.groups(self.tuning.workgroup);
            ready.advance.encode(&mut commands, groups);
            commands.copy_buffer_to_buffer(&buffers.clock, 0, staging, 0, ready.clock_bytes);
            length = ready.clock_bytes;
        }
        if let Some((moments, sums)) = moments {
            if generate::sums_stay_in_memory(&self.task, self.target()) {
                // They are added to.
                commands.clear_buffer(sums, 0, None);
            }
            moments.encode(&mut commands, self.groups_of_moments());
            commands.copy_buffer_to_buffer(sums, 0, staging, length, ready.sum_bytes);
            length += ready.sum_bytes;
        }
        let chain_steps = (segments.iter().zip(self.chains_in_tile()))
            .map(|(segment, chains)| u64::from(segment.steps) * chains)
            .sum();
        let what = if steps > 0 { "steps" } else { "moments" };
        Ok(Some(Given {
            arriving: Arriving::submit(&self.open, commands, staging, length, what),
            checkpoint: number,
            reached: self.now.iter().map(|now| now.0).collect(),
            steps,
            chain_steps,
            done,
            sums: moments.is_some(),
            begun: Instant::now(),
        }))
    }

    /// Waits for what the device was given, if anything, tells of it, and says when it had arrived.
    fn arrive(
        &mut self,
        ready: &Ready,
        given: Option<Given>,
        checkpoints: &[Checkpoint],
        seen: &mut Option<&mut Seen<'_>>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Instant>, EngineError> {
        let Some(given) = given else {
            return Ok(None);
        };
        let mut words: Vec<u32> = given.arriving.wait(&self.open)?;
        let arrived = Instant::now();
        self.tuning
            .dispatch_sizing
            .record(given.steps, arrived - given.begun);
        let sums = if given.steps > 0 {
            let sums = words.split_off(ready.clock_bytes as usize / 4);
            self.check_clock(&words, &given.reached)?;
            progress(given.chain_steps);
            sums
        } else {
            words
        };
        if let (true, Some(seen)) = (given.sums, seen) {
            let sums = Numbers::new(&self.task, sums);
            let observations = self.observations(&given.reached, &sums)?;
            seen(&checkpoints[given.checkpoint], observations);
        }
        Ok(Some(arrived))
    }

    /// Every workgroup has set its clock to the step it reached; anything else means that work was skipped.
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

fn longest(checkpoint: &Checkpoint) -> u64 {
    checkpoint
        .segments
        .iter()
        .map(|segment| segment.steps)
        .max()
        .unwrap_or(0)
}
