//! Records the measurements of one tile.

use super::bins::axes;
use super::case::mean_over_chains;
use super::groups::{Groups, are_single, grouped};
use super::monitor::ConvergenceMonitor;
use super::options::{MeasureCallback, Measurement};
use super::record::PointRecord;
use super::scheduler::{SamplePoint, Scheduler};
use crate::compile::Problem;
use crate::engine::{Bins, Engine, EngineError, Observation};
use crate::measure::Moments;
use crate::plan::{Checkpoint, Tile};

/// Records the measurements of one tile, and lets adaptive runs decide on the next ones.
pub(super) struct Recorder<'a> {
    pub(super) problem: &'a Problem,
    pub(super) tile: Tile,
    pub(super) monitor: &'a ConvergenceMonitor,
    pub(super) scheduler: &'a mut Scheduler,
    pub(super) records: &'a mut [PointRecord],
    /// Bins of each sweep point. Its first block fixes them for all tiles.
    pub(super) bins: &'a mut [Option<Vec<Bins>>],
    /// Measurements of each point so far.
    pub(super) measured: Vec<usize>,
    /// The groups of each point at its last measurement that used them.
    pub(super) last: Vec<Option<Groups>>,
    pub(super) on_measure: Option<&'a MeasureCallback>,
}

impl Recorder<'_> {
    /// Runs the tile. Checkpoints that are known in advance go to the engine all at once, unless a measurement needs the values
    /// of single chains.
    ///
    /// # Errors
    /// The engine's.
    pub(super) fn run(
        &mut self,
        engine: &mut dyn Engine,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        let problem = self.problem;
        if !self.scheduler.is_fixed() || (problem.follows_groups() && are_single(problem)) {
            return self.run_one_by_one(engine, progress);
        }
        let mut on_measured = |checkpoint: &Checkpoint, observations: Vec<Observation>| {
            let samples = self.scheduler.sample_points(problem, checkpoint);
            self.record(&samples, &observations, &[]);
        };
        engine.run_to_checkpoints(&problem.timeline.checkpoints, &mut on_measured, progress)
    }

    /// Runs one checkpoint after the other, because the next may depend on this measurement, or because single chains are
    /// read back.
    fn run_one_by_one(
        &mut self,
        engine: &mut dyn Engine,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        while let Some(checkpoint) = self.scheduler.next(self.problem) {
            engine.step(&checkpoint, progress)?;
            if !checkpoint.measured {
                continue;
            }
            let samples = self.scheduler.sample_points(self.problem, &checkpoint);
            // Learning rates whose run is over stand still while others go on.
            let active: Vec<bool> = samples.iter().map(|sample| sample.step.is_some()).collect();
            engine.set_active_points(&active);
            let observations = engine.observe()?;
            let single = are_single(self.problem);
            let values = if single && samples.iter().any(SamplePoint::wants_groups) {
                engine.values()?
            } else {
                Vec::new()
            };
            self.record(&samples, &observations, &values);
        }
        Ok(())
    }

    /// Records a measurement, and lets open adaptive runs plan the next one.
    fn record(&mut self, samples: &[SamplePoint], observations: &[Observation], values: &[f64]) {
        for observation in observations {
            if let Some(step) = samples[observation.point].step {
                self.add_to_trace(observation, step);
            }
        }
        if samples.iter().any(SamplePoint::wants_groups) {
            for groups in grouped(self.problem, self.tile, observations, values) {
                self.use_groups(samples[groups.point], groups);
            }
        }
    }

    /// Adds the moments of a point at a step to its trace.
    fn add_to_trace(&mut self, observation: &Observation, step: u64) {
        let (problem, point) = (self.problem, observation.point);
        let record = &mut self.records[point];
        let measured = &mut self.measured[point];
        if record.trace.len() == *measured {
            let empty = vec![Moments::default(); problem.task.observe.output_count()];
            record.trace.push((step, empty));
        }
        let moments = &mut record.trace[*measured].1;
        // Block by block, so that the bits do not depend on where tiles end.
        for block in &observation.blocks {
            merge(moments, block);
        }
        if let Some(callback) = self.on_measure {
            callback(&measurement(problem, point, step, moments));
        }
        *measured += 1;
        if let Some(pilot) = observation.pilot() {
            self.bins[point] = Some(axes(problem, pilot));
        }
    }

    /// Uses the groups of one point: for averages over time, for the decision on the next sample, and for superchains.
    fn use_groups(&mut self, sample: SamplePoint, groups: Groups) {
        let record = &mut self.records[groups.point];
        if sample.kept {
            record.keep(sample.step.unwrap_or(0), &groups);
        }
        if sample.open {
            let chains = self.problem.task.layout.chains as f64;
            let share = groups.weights().iter().sum::<f64>() / chains;
            self.scheduler
                .decide(&groups, self.monitor, record.averages.as_ref(), share);
        }
        // Groups of a large ensemble take megabytes: only superchains need them later.
        if groups.superchains.is_some() {
            let point = groups.point;
            self.last[point] = Some(groups);
        }
    }
}

/// The caller's view of a measurement, from the moments of every output.
fn measurement(problem: &Problem, point: usize, step: u64, moments: &[Moments]) -> Measurement {
    let loss = &moments[problem.outputs.loss];
    Measurement {
        point,
        eta: problem.points[point].eta,
        step,
        time: problem.points[point].time(step),
        chains: loss.count,
        loss: mean_over_chains(loss),
    }
}

/// Merges moments output by output.
fn merge(all: &mut [Moments], more: &[Moments]) {
    for (a, b) in all.iter_mut().zip(more) {
        a.merge(b);
    }
}
