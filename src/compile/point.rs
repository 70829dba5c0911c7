//! The points of a sweep: how many steps at which learning rates.

use crate::engine::Task;
use crate::plan::{StopWhen, StoppingRule};
use crate::spec::{BurnIn, Duration, Experiment, Kind, RunLength};

/// One learning rate of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// η at the start.
    pub eta: f64,
    /// Time step at the start: η for SGD.
    pub delta: f64,
    /// All steps, burn-in included; the most it can be where the run decides.
    pub steps: u64,
    /// Steps of the burn-in; none where the run decides.
    pub burn_in: u64,
    /// What decides, where the experiment does not say how long it takes.
    pub stopping_rule: Option<StoppingRule>,
    /// (η, δ) of each stretch of the schedule.
    pub phases: Vec<(f64, f64)>,
    /// The fractions of the steps at which the phases begin, after the first.
    changes: Vec<f64>,
}

impl Point {
    /// Time t = Σ δ after so many steps.
    pub fn time(&self, steps: u64) -> f64 {
        let mut time = 0.0;
        let mut from = 0u64;
        for (phase, &(_, delta)) in self.phases.iter().enumerate() {
            let end = self
                .changes
                .get(phase)
                .map_or(self.steps, |&f| at(f, self.steps))
                .min(steps);
            time += end.saturating_sub(from) as f64 * delta;
            from = from.max(end);
        }
        time
    }

    /// η and δ in the last stretch, where estimates are taken.
    pub fn last(&self) -> (f64, f64) {
        *self
            .phases
            .last()
            .expect("a schedule has at least one stretch")
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
                .filter(|_| dynamics.kind.value != Kind::Sgd)
                .map(|dt| dt.value);
            let mut phases = vec![(eta, dt.unwrap_or(eta))];
            for change in &dynamics.schedule {
                let (last, _) = phases[phases.len() - 1];
                // A time step of its own stays; one that is η changes with it.
                phases.push((last * change.factor, dt.unwrap_or(last * change.factor)));
            }
            let changes: Vec<f64> = dynamics.schedule.iter().map(|change| change.at).collect();
            let mean = mean_delta(&phases, &changes);
            let steps = |length: RunLength| match length {
                RunLength::Steps(steps) => steps,
                // A hair less than whole must not cost a step: 0.3 / 0.1 is 2.9999….
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
                delta: phases[0].1,
                steps: all,
                burn_in: burn_in.unwrap_or(0),
                stopping_rule,
                phases,
                changes,
            }
        })
        .collect()
}

/// Measurements on the way where the experiment does not tell their number, and fewer where each is a pass over many examples.
const MEASUREMENTS: [u32; 3] = [100, 50, 20];

/// The most of [`MEASUREMENTS`] whose passes over the data take no more examples than the steps do, or the least of them.
///
/// All three divide 100, so that steps that are a multiple of 100 epochs are measured at the ends of epochs.
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

/// The time step averaged over the steps of a run.
fn mean_delta(phases: &[(f64, f64)], changes: &[f64]) -> f64 {
    let starts = std::iter::once(0.0).chain(changes.iter().copied());
    let ends = changes.iter().copied().chain(std::iter::once(1.0));
    starts
        .zip(ends)
        .zip(phases)
        .map(|((start, end), phase)| (end - start) * phase.1)
        .sum()
}
