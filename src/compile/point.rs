//! The points of a sweep: learning rates with their schedules and lengths.

use crate::engine::Task;
use crate::plan::{StopWhen, StoppingRule};
use crate::spec::{BurnIn, Duration, Experiment, RunLength, ScheduleStep};

/// One point of a sweep: a learning rate with its schedule and length.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Learning rate η at the start.
    pub eta: f64,
    /// Time step δ at the start: η for SGD.
    pub dt: f64,
    /// All steps, burn-in included; the limit on them where the run itself decides.
    pub steps: u64,
    /// Steps of the burn-in; 0 where the run itself decides.
    pub burn_in: u64,
    /// When the run ends, where the experiment does not give its length.
    pub stopping_rule: Option<StoppingRule>,
    /// Phases of the schedule; at least one.
    pub phases: Vec<Phase>,
    /// The fractions of the steps at which the phases after the first begin.
    changes: Vec<f64>,
}

/// A part of the schedule with one learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// Learning rate η.
    pub eta: f64,
    /// Time step δ; η itself unless the experiment gives a `dt`.
    pub dt: f64,
}

impl Point {
    /// Time t = Σ δ after `steps` steps.
    pub fn time(&self, steps: u64) -> f64 {
        let mut time = 0.0;
        let mut from = 0u64;
        for (number, phase) in self.phases.iter().enumerate() {
            let end = self
                .changes
                .get(number)
                .map_or(self.steps, |&f| at(f, self.steps))
                .min(steps);
            time += end.saturating_sub(from) as f64 * phase.dt;
            from = from.max(end);
        }
        time
    }

    /// The last phase, in which estimates are taken.
    pub fn last(&self) -> Phase {
        *self
            .phases
            .last()
            .expect("a schedule has at least one phase")
    }
}

fn at(fraction: f64, steps: u64) -> u64 {
    (fraction * steps as f64).round() as u64
}

/// All points of an experiment.
pub(super) fn points(experiment: &Experiment) -> Vec<Point> {
    let dynamics = &experiment.dynamics;
    (dynamics.eta.iter())
        .map(|eta| {
            let eta = eta.value;
            let dt = dynamics
                .dt
                .as_ref()
                .filter(|_| dynamics.kind.value.abilities().has_time_step)
                .map(|dt| dt.value);
            let phases = phases(eta, dt, &dynamics.schedule);
            let changes: Vec<f64> = dynamics.schedule.iter().map(|change| change.at).collect();
            let mean = mean_time_step(&phases, &changes);
            let steps = |length: RunLength| match length {
                RunLength::Steps(steps) => steps,
                // Rounding must not cost a step: 0.3 / 0.1 is 2.9999….
                RunLength::Time(time) => (time / mean - 1e-9).ceil().max(0.0) as u64,
            };
            let ensemble = &experiment.ensemble;
            let burn_in = match ensemble.burn_in {
                BurnIn::Auto => None,
                BurnIn::Fixed(length) => Some(steps(length)),
            };
            let stop_when = match ensemble.duration {
                Duration::LossStandardError(se) => StopWhen::LossStandardError(se),
                Duration::Fixed(length) => StopWhen::Steps(steps(length)),
            };
            let (all, stopping_rule) = match (burn_in, stop_when) {
                (Some(burn_in), StopWhen::Steps(steps)) => ((burn_in + steps).max(1), None),
                _ => {
                    let stopping_rule = StoppingRule {
                        burn_in,
                        stop_when,
                        at_most: ensemble.at_most,
                    };
                    (ensemble.at_most, Some(stopping_rule))
                }
            };
            Point {
                eta,
                dt: phases[0].dt,
                steps: all,
                burn_in: burn_in.unwrap_or(0),
                stopping_rule,
                phases,
                changes,
            }
        })
        .collect()
}

/// Numbers of measurements to choose from where the experiment gives none. Fewer are taken where each is a pass over many
/// examples.
const MEASUREMENTS: [u32; 3] = [100, 50, 20];

/// The largest of [`MEASUREMENTS`] whose passes over the data read no more examples than the steps do, or the smallest of
/// them.
///
/// All three divide 100, so that a run of a multiple of 100 epochs is measured at the ends of epochs.
pub(super) fn affordable_measurements(task: &Task, points: &[Point]) -> u32 {
    let [.., least] = MEASUREMENTS;
    let each: u64 = (task.data_passes.iter())
        .map(|data_pass| u64::from(data_pass.table.count))
        .sum();
    let batch = task.batch.as_ref().map_or(0, |batch| u64::from(batch.size));
    let steps = |point: &Point| match point
        .stopping_rule
        .map(|stopping_rule| stopping_rule.stop_when)
    {
        Some(StopWhen::Steps(steps)) => steps,
        _ => point.steps,
    };
    let taken = points.iter().map(steps).sum::<u64>().saturating_mul(batch);
    let affordable = |count: &u32| u64::from(*count) * each * points.len() as u64 <= taken;
    MEASUREMENTS.into_iter().find(affordable).unwrap_or(least)
}

/// The phases of a schedule that starts with η. A time step of its own stays; one that is η changes with it.
fn phases(eta: f64, dt: Option<f64>, schedule: &[ScheduleStep]) -> Vec<Phase> {
    let mut eta = eta;
    let mut phases = vec![Phase {
        eta,
        dt: dt.unwrap_or(eta),
    }];
    for change in schedule {
        eta *= change.factor;
        phases.push(Phase {
            eta,
            dt: dt.unwrap_or(eta),
        });
    }
    phases
}

/// The time step averaged over the steps of a run.
fn mean_time_step(phases: &[Phase], changes: &[f64]) -> f64 {
    let starts = std::iter::once(0.0).chain(changes.iter().copied());
    let ends = changes.iter().copied().chain(std::iter::once(1.0));
    starts
        .zip(ends)
        .zip(phases)
        .map(|((start, end), phase)| (end - start) * phase.dt)
        .sum()
}
