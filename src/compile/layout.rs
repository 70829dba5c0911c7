//! Positions of chains in memory, of random numbers in streams, and of checkpoints in time.

use super::point::Point;
use super::step::CompiledStep;
use crate::plan::{Layout, Timeline};
use crate::random::{NoiseLayout, Purpose};
use crate::spec::{Experiment, NoiseKind, Sampling};

/// Least number of blocks per point where blocks serve as independent groups.
const GROUPS: u64 = 64;

/// Smallest superchain to which blocks keep. Smaller ones would leave many slots empty.
const LEAST_SUPERCHAIN: u64 = 1024;

/// The grouping of chains into blocks.
pub(super) fn layout(experiment: &Experiment, points: usize) -> Layout {
    let ensemble = &experiment.ensemble;
    if !experiment.ensemble.follows_groups() {
        return Layout::new(ensemble.chains, points);
    }
    let size = (ensemble.superchains).map_or(ensemble.chains, |count| ensemble.chains / count);
    let group = if size < LEAST_SUPERCHAIN {
        ensemble.chains
    } else {
        size
    };
    Layout::grouped(ensemble.chains, points, group, GROUPS)
}

/// Segments and checkpoints of all points; only the start where a point has a stopping rule.
pub(super) fn timeline(experiment: &Experiment, points: &[Point], measurements: u32) -> Timeline {
    if points.iter().any(|point| point.stopping_rule.is_some()) {
        return Timeline::start(points.len());
    }
    let steps: Vec<u64> = points.iter().map(|point| point.steps).collect();
    let schedule = &experiment.dynamics.schedule;
    let changes: Vec<f64> = schedule.iter().map(|change| change.at).collect();
    let burned: Vec<f64> = (points.iter())
        .map(|point| point.burn_in as f64 / point.steps as f64)
        .filter(|&fraction| fraction > 0.0)
        .take(1)
        .collect();
    Timeline::new(&steps, measurements, &burned, &changes)
}

/// Addresses of the random numbers of a step in its stream, and the stream's purpose: draws of the noise, random words of
/// picks, or epochs.
pub(super) fn addresses(noise: NoiseKind, step: &CompiledStep) -> (NoiseLayout, Purpose) {
    match &step.batch {
        Some(batch) if batch.sampling == Sampling::WithReplacement => {
            (NoiseLayout::of_words(batch.size), Purpose::Pick)
        }
        // An epoch's order is addressed by the epoch, and no step shares anything with the next.
        Some(batch) if batch.sampling == Sampling::Shuffle => {
            (NoiseLayout::of_words(4), Purpose::Shuffle)
        }
        _ => (NoiseLayout::new(noise, step.draws.max(1)), Purpose::Noise),
    }
}
