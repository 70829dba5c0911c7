//! What the points of a tile do next: the events that were planned before, or what each point's course says.

use super::course::{Course, Length, Watch};
use super::groups::Grouped;
use crate::measure::TimeAverages;
use crate::plan::{Event, Leg, Tile};
use crate::problem::{Point, Problem};

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
pub(super) enum Agenda {
    /// Events that are known before; the next one.
    Fixed(usize),
    /// One course for each point, and whether the tile holds chains of it.
    Adaptive(Vec<(Course, bool)>),
}

impl Agenda {
    pub(super) fn new(problem: &Problem) -> Self {
        let aims: Option<Vec<_>> = problem.points.iter().map(|point| point.aim).collect();
        match aims {
            None => Self::Fixed(0),
            Some(aims) => Self::Adaptive(
                aims.into_iter()
                    .map(|aim| (Course::new(aim, problem.measurements), false))
                    .collect(),
            ),
        }
    }

    /// Starts again, for the chains of a tile.
    pub(super) fn begin(&mut self, problem: &Problem, tile: Tile) {
        match self {
            Self::Fixed(next) => *next = 0,
            Self::Adaptive(courses) => {
                for (point, (course, here)) in courses.iter_mut().enumerate() {
                    course.restart();
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

    /// The next event; none when every point has done all of its steps.
    pub(super) fn next(&mut self, problem: &Problem) -> Option<Event> {
        match self {
            Self::Fixed(next) => {
                *next += 1;
                problem.timeline.events.get(*next - 1).cloned()
            }
            Self::Adaptive(courses) => {
                let due = |(course, here): &(Course, bool)| course.next().filter(|_| *here);
                courses.iter().find_map(due)?;
                let leg = |all: &(Course, bool)| {
                    let begin = all.0.done();
                    let steps = due(all).map_or(0, |at| at - begin);
                    Leg { begin, steps }
                };
                Some(Event {
                    legs: courses.iter().map(leg).collect(),
                    phase: 0,
                    measured: true,
                })
            }
        }
    }

    /// Marks an event that was measured as done and says what it means for each point.
    pub(super) fn arrive(&mut self, problem: &Problem, event: &Event) -> Vec<Stop> {
        match self {
            Self::Fixed(_) => {
                let last = problem.timeline.events.last() == Some(event);
                (problem.points.iter().zip(&event.legs))
                    .map(|(point, leg)| {
                        let step = leg.begin + leg.steps;
                        Stop {
                            step: Some(step),
                            kept: problem.follows_groups() && (last || is_kept(point, event, step)),
                            open: false,
                        }
                    })
                    .collect()
            }
            Self::Adaptive(courses) => (courses.iter_mut())
                .map(|(course, here)| {
                    if !*here || course.next().is_none() {
                        return Stop::default();
                    }
                    let kept = course.advance();
                    Stop {
                        step: Some(course.done()),
                        kept,
                        open: course.is_open(),
                    }
                })
                .collect(),
        }
    }

    /// Lets an open course go on.
    pub(super) fn decide(
        &mut self,
        grouped: &Grouped,
        watch: &Watch,
        averages: Option<&TimeAverages>,
        share: f64,
    ) {
        if let Self::Adaptive(courses) = self {
            courses[grouped.point]
                .0
                .decide(watch, grouped, averages, share);
        }
    }

    /// How long the run was at each point, where it decided itself.
    pub(super) fn lengths(&self) -> Vec<Option<Length>> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Adaptive(courses) => (courses.iter())
                .map(|(course, _)| Some(course.length().clone()))
                .collect(),
        }
    }
}

/// Whether a planned measurement lies behind the burn-in, at the last learning rate.
fn is_kept(point: &Point, event: &Event, step: u64) -> bool {
    point.burn_in > 0 && step >= point.burn_in && event.phase + 1 == point.phases.len()
}
