//! Drives an engine through all tiles and checkpoints of a problem and keeps what it measures.

use super::adaptive_run::Length;
use super::basins::{Basin, basins};
use super::groups::{Groups, are_single, grouped};
use super::keep::keep;
use super::monitor::ConvergenceMonitor;
use super::options::{MeasureCallback, Measurement};
use super::scheduler::{SamplePoint, Scheduler};
use crate::compile::Problem;
use crate::engine::{AtPoint, Bins, Divergence, Engine, EngineError, Observation};
use crate::measure::{Axis, Comoments, Histogram, Moments, TimeAverages};
use crate::plan::{Checkpoint, Tile};

/// What was measured of one point.
#[derive(Debug, Clone, Default)]
pub struct PointRecord {
    /// Steps done and the moments of every output, at every measurement.
    pub trace: Vec<(u64, Vec<Moments>)>,
    /// Co-moments of the parameters at the end, unless they are too many.
    pub covariance: Option<Comoments>,
    /// At the end, in the order of the problem's histograms.
    pub histograms: Vec<Histogram>,
    /// Chains that left.
    pub divergence: Divergence,
    /// Averages over the kept times, where groups of chains are followed.
    pub averages: Option<TimeAverages>,
    /// `superchains[quantity][superchain]` at the end, the loss first and then the parameters, where no group mixes two of them.
    pub superchains: Option<Vec<Vec<Moments>>>,
    /// The minima that the chains of the last tile lie around, where these are several.
    pub basins: Vec<Basin>,
    /// How long the run was, where it decided itself.
    pub length: Option<Length>,
    /// At the end, `[chain][parameter]` of evenly spaced chains, where they were asked for.
    pub kept: Vec<f64>,
}

impl PointRecord {
    /// The moments at the end.
    pub fn last(&self) -> &[Moments] {
        self.trace
            .last()
            .map_or(&[], |(_, moments)| moments.as_slice())
    }
}

/// Parameters up to which the covariance is measured: its cost grows with their square.
pub const COVARIANCE_LIMIT: usize = 64;

/// Runs the whole problem on an engine.
///
/// # Errors
/// The engine's.
pub fn execute(
    problem: &Problem,
    engine: &mut dyn Engine,
    tiles: &[Tile],
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<PointRecord>, EngineError> {
    execute_with(problem, engine, tiles, progress, &Extras::default())
}

/// Additions to a run that its results do not depend on.
#[derive(Default)]
pub(super) struct Extras<'a> {
    /// Most chains per point whose final states stay in its record.
    pub(super) keep: u64,
    /// Called at each measurement of each point.
    pub(super) on_measure: Option<&'a MeasureCallback>,
}

/// Runs the whole problem on an engine, with additions.
///
/// # Errors
/// As [`execute`].
pub(super) fn execute_with(
    problem: &Problem,
    engine: &mut dyn Engine,
    tiles: &[Tile],
    progress: &(dyn Fn(u64) + Sync),
    extras: &Extras<'_>,
) -> Result<Vec<PointRecord>, EngineError> {
    // A thread of the pool drives the engine: from outside every call would wait until one has woken.
    rayon::scope(|_| drive(problem, engine, tiles, progress, extras))
}

fn drive(
    problem: &Problem,
    engine: &mut dyn Engine,
    tiles: &[Tile],
    progress: &(dyn Fn(u64) + Sync),
    extras: &Extras<'_>,
) -> Result<Vec<PointRecord>, EngineError> {
    let mut records = vec![PointRecord::default(); problem.points.len()];
    // Bins of a point are fixed by its first block and used for all its later tiles.
    let mut bins: Vec<Option<Vec<Bins>>> = vec![None; problem.points.len()];
    let watch = ConvergenceMonitor::new(problem);
    let mut scheduler = Scheduler::new(problem);
    for &tile in tiles {
        engine.init_tile(tile)?;
        scheduler.begin(problem, tile);
        records.iter_mut().for_each(PointRecord::begin_tile);
        let mut notes = Notes {
            problem,
            tile,
            watch: &watch,
            scheduler: &mut scheduler,
            records: &mut records,
            bins: &mut bins,
            seen: vec![0; problem.points.len()],
            last: problem.points.iter().map(|_| None).collect(),
            on_measure: extras.on_measure,
        };
        if notes.scheduler.is_fixed() && !(problem.follows_groups() && are_single(problem)) {
            let mut seen = |checkpoint: &Checkpoint, observations: Vec<Observation>| {
                let stops = notes.scheduler.sample_points(problem, checkpoint);
                notes.take(&stops, &observations, &[]);
            };
            engine.run_to_checkpoints(&problem.timeline.checkpoints, &mut seen, progress)?;
        } else {
            notes.visit(engine, progress)?;
        }
        for (record, group) in notes.records.iter_mut().zip(notes.last) {
            record.add_superchains(group.and_then(|group| watch.by_superchain(&group)));
        }
        engine.set_active_points(&vec![true; problem.points.len()]);
        finish(problem, engine, &bins, &mut records)?;
        if problem.looks_for_basins() {
            for (point, basins) in basins(problem, tile, engine)? {
                records[point].basins = basins;
            }
        }
        if extras.keep > 0 {
            keep(problem, engine, tile, extras.keep, &mut records)?;
        }
    }
    for (record, length) in records.iter_mut().zip(scheduler.lengths()) {
        record.length = length;
    }
    Ok(records)
}

/// What is noted of a tile.
struct Notes<'a> {
    problem: &'a Problem,
    tile: Tile,
    watch: &'a ConvergenceMonitor,
    scheduler: &'a mut Scheduler,
    records: &'a mut [PointRecord],
    bins: &'a mut [Option<Vec<Bins>>],
    /// Measurements of each point so far.
    seen: Vec<usize>,
    /// The groups of each point when they were last wanted.
    last: Vec<Option<Groups>>,
    on_measure: Option<&'a MeasureCallback>,
}

impl Notes<'_> {
    /// Does one checkpoint after the other: the next may depend on what is seen, or single chains are looked at.
    fn visit(
        &mut self,
        engine: &mut dyn Engine,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        while let Some(checkpoint) = self.scheduler.next(self.problem) {
            engine.step(&checkpoint, progress)?;
            if !checkpoint.measured {
                continue;
            }
            let stops = self.scheduler.sample_points(self.problem, &checkpoint);
            // Learning rates whose adaptive_run is over stand still while others go on.
            let watched: Vec<bool> = stops.iter().map(|stop| stop.step.is_some()).collect();
            engine.set_active_points(&watched);
            let observations = engine.observe()?;
            let values = if are_single(self.problem) && stops.iter().any(SamplePoint::wants_groups)
            {
                engine.values()?
            } else {
                Vec::new()
            };
            self.take(&stops, &observations, &values);
        }
        Ok(())
    }

    /// Takes down what was seen at an checkpoint, and lets adaptive_runs that are open go on.
    fn take(&mut self, stops: &[SamplePoint], observations: &[Observation], values: &[f64]) {
        let problem = self.problem;
        let groups = if stops.iter().any(SamplePoint::wants_groups) {
            grouped(problem, self.tile, observations, values)
        } else {
            Vec::new()
        };
        for observation in observations {
            let point = observation.point;
            let Some(step) = stops[point].step else {
                continue;
            };
            let record = &mut self.records[point];
            let seen = &mut self.seen[point];
            if record.trace.len() == *seen {
                let empty = vec![Moments::default(); problem.task.observe.output_count()];
                record.trace.push((step, empty));
            }
            // Block by block, so that the bits do not depend on where tiles end.
            for block in &observation.blocks {
                merge(&mut record.trace[*seen].1, block);
            }
            if let Some(callback) = self.on_measure {
                callback(&measurement(problem, point, step, &record.trace[*seen].1));
            }
            *seen += 1;
            if let Some(pilot) = observation.pilot() {
                self.bins[point] = Some(axes(problem, pilot));
            }
        }
        for group in groups {
            let stop = stops[group.point];
            let record = &mut self.records[group.point];
            if stop.kept {
                record.keep(stop.step.unwrap_or(0), &group);
            }
            if stop.open {
                let share = group.weights().iter().sum::<f64>() / problem.task.layout.chains as f64;
                self.scheduler
                    .decide(&group, self.watch, record.averages.as_ref(), share);
            }
            // Of a large ensemble groups take megabytes.
            if group.superchains.is_some() {
                let point = group.point;
                self.last[point] = Some(group);
            }
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
        loss: loss.mean_estimate(),
    }
}

impl PointRecord {
    fn begin_tile(&mut self) {
        if let Some(averages) = &mut self.averages {
            averages.next_tile();
        }
    }

    fn keep(&mut self, step: u64, groups: &Groups) {
        let averages = self.averages.get_or_insert_with(|| {
            // Near enough to the means of all: those of the first group that is there.
            let first = groups
                .parts
                .iter()
                .find(|parts| parts.iter().all(|p| p.count > 0.0 && p.mean.is_finite()));
            let outputs = groups.parts.first().map_or(0, Vec::len);
            TimeAverages::new(first.map_or_else(
                || vec![0.0; outputs],
                |parts| parts.iter().map(|part| part.mean).collect(),
            ))
        });
        averages.add(step, &groups.parts);
    }

    fn add_superchains(&mut self, more: Option<Vec<Vec<Moments>>>) {
        let Some(more) = more else { return };
        let Some(all) = &mut self.superchains else {
            self.superchains = Some(more);
            return;
        };
        for (a, b) in all.iter_mut().flatten().zip(more.iter().flatten()) {
            a.merge(b);
        }
    }
}

/// What is measured once, at the end of a tile.
fn finish(
    problem: &Problem,
    engine: &mut dyn Engine,
    bins: &[Option<Vec<Bins>>],
    records: &mut [PointRecord],
) -> Result<(), EngineError> {
    let unused = axes(problem, &[]);
    let bins: Vec<Vec<Bins>> = bins
        .iter()
        .map(|bins| bins.clone().unwrap_or_else(|| unused.clone()))
        .collect();
    for AtPoint {
        point,
        value: histograms,
    } in engine.histograms(&bins)?
    {
        let all = &mut records[point].histograms;
        if all.is_empty() {
            *all = histograms;
        } else {
            for (a, b) in all.iter_mut().zip(&histograms) {
                a.merge(b);
            }
        }
    }
    if problem.names.len() <= COVARIANCE_LIMIT {
        for AtPoint {
            point,
            value: blocks,
        } in engine.covariance()?
        {
            let all = records[point]
                .covariance
                .get_or_insert_with(|| Comoments::new(problem.names.len()));
            blocks.iter().for_each(|block| all.merge(block));
        }
    }
    for AtPoint { point, value } in engine.divergence()? {
        records[point].divergence.merge(value);
    }
    Ok(())
}

fn merge(all: &mut [Moments], more: &[Moments]) {
    for (a, b) in all.iter_mut().zip(more) {
        a.merge(b);
    }
}

/// The bins of every histogram: the user's range, else one that holds nearly all chains of the pilot block.
fn axes(problem: &Problem, pilot: &[Moments]) -> Vec<Bins> {
    (problem.histograms.iter().zip(&problem.task.histograms))
        .map(|(plan, request)| {
            (plan.ranges.iter().zip(&request.outputs).zip(&request.bins))
                .map(|((range, &output), &bins)| {
                    let (from, to) = range.unwrap_or_else(|| automatic(pilot.get(output)));
                    // A range that f32 cannot divide falls back to one that it can.
                    Axis::new(from, to, bins).unwrap_or(Axis {
                        from: 0.0,
                        to: 1.0,
                        bins,
                    })
                })
                .collect()
        })
        .collect()
}

/// Six standard deviations around the mean, but not much further than chains were seen.
fn automatic(moments: Option<&Moments>) -> (f64, f64) {
    let Some(moments) = moments.filter(|m| m.count > 0 && m.mean.is_finite()) else {
        return (0.0, 1.0);
    };
    let spread = moments.max - moments.min;
    if spread <= 0.0 {
        let half = 0.5 * moments.mean.abs().max(1.0);
        return (moments.mean - half, moments.mean + half);
    }
    let (sd, margin) = (moments.sd(), 0.15 * spread);
    let from = (moments.mean - 6.0 * sd).max(moments.min - margin);
    let to = (moments.mean + 6.0 * sd).min(moments.max + margin);
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_was_seen() {
        for seen in [&[7.5][..], &[7.5, 7.5], &[-2.0, 9.0, 4.0], &[1e-30, 3e-30]] {
            let (from, to) = automatic(Some(&Moments::from_slice(seen)));
            assert!(
                from < to && seen.iter().all(|&x| from <= x && x < to),
                "{seen:?} in {from} to {to}"
            );
        }
        assert_eq!(automatic(Some(&Moments::default())), (0.0, 1.0));
    }
}
