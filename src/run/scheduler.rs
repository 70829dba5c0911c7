//! The next checkpoint of a tile: planned in advance, or decided by the adaptive run of each point.

use super::adaptive_run::{AdaptiveRun, Length};
use super::groups::Groups;
use super::monitor::ConvergenceMonitor;
use crate::compile::{Point, Problem};
use crate::measure::TimeAverages;
use crate::plan::{Checkpoint, Segment, Tile};

/// The use of a measurement at one sweep point.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SamplePoint {
    /// Steps done; `None` where the point is not measured.
    pub(super) step: Option<u64>,
    /// True when it counts for averages over time.
    pub(super) kept: bool,
    /// True when it decides what the run does next.
    pub(super) open: bool,
}

impl SamplePoint {
    pub(super) fn wants_groups(&self) -> bool {
        self.kept || self.open
    }
}

/// The order of a run's checkpoints.
#[derive(Debug)]
pub(super) enum Scheduler {
    /// Checkpoints planned in advance; the index of the next one.
    Fixed(usize),
    /// The adaptive run of each point, with true when the tile holds chains of the point.
    Adaptive(Vec<(AdaptiveRun, bool)>),
}

impl Scheduler {
    pub(super) fn new(problem: &Problem) -> Self {
        let rules: Option<Vec<_>> = problem
            .points
            .iter()
            .map(|point| point.stopping_rule)
            .collect();
        match rules {
            None => Self::Fixed(0),
            Some(rules) => Self::Adaptive(
                rules
                    .into_iter()
                    .map(|stopping_rule| {
                        (AdaptiveRun::new(stopping_rule, problem.measurements), false)
                    })
                    .collect(),
            ),
        }
    }

    /// Starts again for the chains of a tile.
    pub(super) fn begin(&mut self, problem: &Problem, tile: Tile) {
        match self {
            Self::Fixed(next) => *next = 0,
            Self::Adaptive(runs) => {
                for (point, (run, here)) in runs.iter_mut().enumerate() {
                    run.restart();
                    *here = tile
                        .range()
                        .any(|block| problem.task.layout.point_of(block) == point);
                }
            }
        }
    }

    /// Returns true when the checkpoints do not depend on measurements.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The next checkpoint; `None` when every point has done all of its steps.
    pub(super) fn next(&mut self, problem: &Problem) -> Option<Checkpoint> {
        match self {
            Self::Fixed(next) => {
                *next += 1;
                problem.timeline.checkpoints.get(*next - 1).cloned()
            }
            Self::Adaptive(runs) => {
                let due = |(run, here): &(AdaptiveRun, bool)| run.next().filter(|_| *here);
                runs.iter().find_map(due)?;
                let segment = |all: &(AdaptiveRun, bool)| {
                    let begin = all.0.done();
                    let steps = due(all).map_or(0, |at| at - begin);
                    Segment { begin, steps }
                };
                Some(Checkpoint {
                    segments: runs.iter().map(segment).collect(),
                    phase: 0,
                    measured: true,
                })
            }
        }
    }

    /// Marks a measured checkpoint as done, and returns the use of the measurement at each point.
    pub(super) fn sample_points(
        &mut self,
        problem: &Problem,
        checkpoint: &Checkpoint,
    ) -> Vec<SamplePoint> {
        match self {
            Self::Fixed(_) => {
                let last = problem.timeline.checkpoints.last() == Some(checkpoint);
                (problem.points.iter().zip(&checkpoint.segments))
                    .map(|(point, segment)| {
                        let step = segment.begin + segment.steps;
                        SamplePoint {
                            step: Some(step),
                            kept: problem.follows_groups()
                                && (last || is_kept(point, checkpoint, step)),
                            open: false,
                        }
                    })
                    .collect()
            }
            Self::Adaptive(runs) => (runs.iter_mut())
                .map(|(run, here)| {
                    if !*here || run.next().is_none() {
                        return SamplePoint::default();
                    }
                    let kept = run.advance();
                    SamplePoint {
                        step: Some(run.done()),
                        kept,
                        open: run.is_open(),
                    }
                })
                .collect(),
        }
    }

    /// Lets the adaptive run of one point decide what follows.
    pub(super) fn decide(
        &mut self,
        groups: &Groups,
        monitor: &ConvergenceMonitor,
        averages: Option<&TimeAverages>,
        share: f64,
    ) {
        if let Self::Adaptive(runs) = self {
            runs[groups.point]
                .0
                .decide(monitor, groups, averages, share);
        }
    }

    /// The length that the run chose at each point; empty where it was given.
    pub(super) fn lengths(&self) -> Vec<Option<Length>> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Adaptive(runs) => (runs.iter())
                .map(|(run, _)| Some(run.length().clone()))
                .collect(),
        }
    }
}

/// Returns true when a planned measurement lies after burn-in, in the last phase of the schedule.
fn is_kept(point: &Point, checkpoint: &Checkpoint, step: u64) -> bool {
    point.burn_in > 0 && step >= point.burn_in && checkpoint.phase + 1 == point.phases.len()
}
