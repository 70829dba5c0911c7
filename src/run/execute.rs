//! Drives an engine through all tiles and checkpoints of a problem.

use super::basins::basins;
use super::bins::axes;
use super::keep::keep;
use super::monitor::ConvergenceMonitor;
use super::options::MeasureCallback;
use super::record::PointRecord;
use super::recorder::Recorder;
use super::scheduler::Scheduler;
use crate::compile::Problem;
use crate::engine::{AtPoint, Bins, Engine, EngineError};
use crate::measure::Comoments;
use crate::plan::Tile;

/// Most parameters whose covariance is measured: its cost grows with their square.
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
    // A thread of the pool drives the engine. From outside, every call would wait for a thread to wake.
    rayon::scope(|_| drive(problem, engine, tiles, progress, extras))
}

/// Runs all tiles and merges their measurements.
fn drive(
    problem: &Problem,
    engine: &mut dyn Engine,
    tiles: &[Tile],
    progress: &(dyn Fn(u64) + Sync),
    extras: &Extras<'_>,
) -> Result<Vec<PointRecord>, EngineError> {
    let points = problem.points.len();
    let mut records = vec![PointRecord::default(); points];
    let mut bins: Vec<Option<Vec<Bins>>> = vec![None; points];
    let monitor = ConvergenceMonitor::new(problem);
    let mut scheduler = Scheduler::new(problem);
    for &tile in tiles {
        engine.init_tile(tile)?;
        scheduler.begin(problem, tile);
        records.iter_mut().for_each(PointRecord::begin_tile);
        let mut recorder = Recorder {
            problem,
            tile,
            monitor: &monitor,
            scheduler: &mut scheduler,
            records: &mut records,
            bins: &mut bins,
            measured: vec![0; points],
            last: (0..points).map(|_| None).collect(),
            on_measure: extras.on_measure,
        };
        recorder.run(engine, progress)?;
        for (record, groups) in recorder.records.iter_mut().zip(recorder.last) {
            record.add_superchains(groups.and_then(|groups| monitor.by_superchain(&groups)));
        }
        engine.set_active_points(&vec![true; points]);
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

/// Takes the measurements at the end of a tile: histograms, covariance and divergence.
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
