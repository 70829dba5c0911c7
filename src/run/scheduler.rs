//! What the points of a tile do next: the checkpoints that were planned before, or what each point's adaptive_run says.

use super::adaptive_run::{AdaptiveRun, Length, Watch};
use super::groups::Grouped;
use crate::compile::{Point, Problem};
use crate::measure::TimeAverages;
use crate::plan::{Checkpoint, Segment, Tile};

/// What a measurement means for one point.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stop {
    /// Steps done; `None` where the point is not measured.
    pub(super) step: Option<u64>,
    /// Whether it counts for averages over time.
    pub(super) kept: bool,
    /// Whether it is to be decided what comes next.
    pub(super) open: bool,
}

impl Stop {
    pub(super) fn wants_groups(&self) -> bool {
        self.kept || self.open
    }
}

/// The order of a run.
#[derive(Debug)]
pub(super) enum Scheduler {
    /// Events that are known before; the next one.
    Fixed(usize),
    /// One adaptive_run for each point, and whether the tile holds chains of it.
    Adaptive(Vec<(AdaptiveRun, bool)>),
}

impl Scheduler {
    pub(super) fn new(problem: &Problem) -> Self {
        let aims: Option<Vec<_>> = problem
            .points
            .iter()
            .map(|point| point.stopping_rule)
            .collect();
        match aims {
            None => Self::Fixed(0),
            Some(aims) => Self::Adaptive(
                aims.into_iter()
                    .map(|stopping_rule| {
                        (AdaptiveRun::new(stopping_rule, problem.measurements), false)
                    })
                    .collect(),
            ),
        }
    }

    /// Starts again, for the chains of a tile.
    pub(super) fn begin(&mut self, problem: &Problem, tile: Tile) {
        match self {
            Self::Fixed(next) => *next = 0,
            Self::Adaptive(adaptive_runs) => {
                for (point, (adaptive_run, here)) in adaptive_runs.iter_mut().enumerate() {
                    adaptive_run.restart();
                    *here = tile
                        .range()
                        .any(|block| problem.task.layout.point_of(block) == point);
                }
            }
        }
    }

    /// Whether what comes next does not depend on what is measured.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The next checkpoint; none when every point has done all of its steps.
    pub(super) fn next(&mut self, problem: &Problem) -> Option<Checkpoint> {
        match self {
            Self::Fixed(next) => {
                *next += 1;
                problem.timeline.checkpoints.get(*next - 1).cloned()
            }
            Self::Adaptive(adaptive_runs) => {
                let due = |(adaptive_run, here): &(AdaptiveRun, bool)| {
                    adaptive_run.next().filter(|_| *here)
                };
                adaptive_runs.iter().find_map(due)?;
                let segment = |all: &(AdaptiveRun, bool)| {
                    let begin = all.0.done();
                    let steps = due(all).map_or(0, |at| at - begin);
                    Segment { begin, steps }
                };
                Some(Checkpoint {
                    segments: adaptive_runs.iter().map(segment).collect(),
                    phase: 0,
                    measured: true,
                })
            }
        }
    }

    /// Marks an checkpoint that was measured as done and says what it means for each point.
    pub(super) fn arrive(&mut self, problem: &Problem, checkpoint: &Checkpoint) -> Vec<Stop> {
        match self {
            Self::Fixed(_) => {
                let last = problem.timeline.checkpoints.last() == Some(checkpoint);
                (problem.points.iter().zip(&checkpoint.segments))
                    .map(|(point, segment)| {
                        let step = segment.begin + segment.steps;
                        Stop {
                            step: Some(step),
                            kept: problem.follows_groups()
                                && (last || is_kept(point, checkpoint, step)),
                            open: false,
                        }
                    })
                    .collect()
            }
            Self::Adaptive(adaptive_runs) => (adaptive_runs.iter_mut())
                .map(|(adaptive_run, here)| {
                    if !*here || adaptive_run.next().is_none() {
                        return Stop::default();
                    }
                    let kept = adaptive_run.advance();
                    Stop {
                        step: Some(adaptive_run.done()),
                        kept,
                        open: adaptive_run.is_open(),
                    }
                })
                .collect(),
        }
    }

    /// Lets an open adaptive_run go on.
    pub(super) fn decide(
        &mut self,
        grouped: &Grouped,
        watch: &Watch,
        averages: Option<&TimeAverages>,
        share: f64,
    ) {
        if let Self::Adaptive(adaptive_runs) = self {
            adaptive_runs[grouped.point]
                .0
                .decide(watch, grouped, averages, share);
        }
    }

    /// How long the run was at each point, where it decided itself.
    pub(super) fn lengths(&self) -> Vec<Option<Length>> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Adaptive(adaptive_runs) => (adaptive_runs.iter())
                .map(|(adaptive_run, _)| Some(adaptive_run.length().clone()))
                .collect(),
        }
    }
}

/// Whether a planned measurement lies behind the burn-in, at the last learning rate.
fn is_kept(point: &Point, checkpoint: &Checkpoint, step: u64) -> bool {
    point.burn_in > 0 && step >= point.burn_in && checkpoint.phase + 1 == point.phases.len()
}
