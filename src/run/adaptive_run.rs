//! Runs that decide on their own length: when burn-in is over and when enough is measured, at one learning rate.

use super::groups::Groups;
use super::monitor::ConvergenceMonitor;
use crate::diagnose::{self, SettlingWindow, WINDOW, settling};
use crate::measure::{Estimate, TimeAverages, weighted_mean};
use crate::plan::{StopWhen, StoppingRule};

/// The first step at which burn-in may end: the times of the window before it are one step apart.
const FIRST_WINDOW_END: u64 = 2 * (WINDOW as u64 - 1);

/// Least number of kept times where the standard error decides, so that a drift among them shows.
const LEAST_KEPT: usize = 8;

/// The length of a run at one learning rate, found by the run itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Length {
    /// Steps of the burn-in.
    pub burn_in: u64,
    /// All steps.
    pub steps: u64,
    /// The longest relaxation time found, in steps, and the quantity that has it.
    pub relaxation: Option<(f64, String)>,
    /// The goal that the run did not reach, in words.
    pub shortfall: Option<String>,
}

/// A measurement that is planned or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PlannedSample {
    /// Steps done before it.
    step: u64,
    /// True when it counts for averages over time.
    kept: bool,
}

/// The part of the run that comes next.
#[derive(Debug)]
enum Stage {
    /// The start is measured next.
    Start,
    /// Burn-in, in a window that ends at step `end`.
    BurnIn {
        end: u64,
        /// `means[time][quantity][group]` so far.
        means: Vec<Vec<Vec<f64>>>,
    },
    /// After burn-in: one kept time every so many steps, up to step `end`.
    Sampling { every: u64, end: u64 },
    /// No further samples.
    Over,
}

/// The sample points of one learning rate. The first tile with chains of it decides them, and the other tiles repeat them.
#[derive(Debug)]
pub(super) struct AdaptiveRun {
    stopping_rule: StoppingRule,
    /// Measurements at equal distances where the steps after burn-in are given.
    measurements: u32,
    samples: Vec<PlannedSample>,
    /// Samples that the current tile has taken.
    taken: usize,
    stage: Stage,
    length: Length,
    /// Relaxation time of each quantity, in steps.
    relaxation: Vec<Option<f64>>,
    /// Failed tests of the last closed window, in words; burn-in goes on while there are any.
    failed_tests: Vec<String>,
}

impl AdaptiveRun {
    pub(super) fn new(stopping_rule: StoppingRule, measurements: u32) -> Self {
        Self {
            stopping_rule,
            measurements,
            samples: vec![PlannedSample {
                step: 0,
                kept: false,
            }],
            taken: 0,
            stage: Stage::Start,
            length: Length::default(),
            relaxation: Vec::new(),
            failed_tests: Vec::new(),
        }
    }

    /// Goes back to the start, for the chains of another tile.
    pub(super) fn restart(&mut self) {
        self.taken = 0;
    }

    /// Steps done.
    pub(super) fn done(&self) -> u64 {
        self.taken
            .checked_sub(1)
            .map_or(0, |last| self.samples[last].step)
    }

    /// The step of the next measurement; `None` when the run is over.
    pub(super) fn next(&self) -> Option<u64> {
        self.samples.get(self.taken).map(|sample| sample.step)
    }

    /// Moves to the next measurement, and returns true when it counts for averages over time.
    pub(super) fn advance(&mut self) -> bool {
        self.taken += 1;
        self.samples[self.taken - 1].kept
    }

    /// Returns true when the run has not decided yet what follows the last sample.
    pub(super) fn is_open(&self) -> bool {
        self.taken == self.samples.len() && !matches!(self.stage, Stage::Over)
    }

    /// The length chosen so far.
    pub(super) fn length(&self) -> &Length {
        &self.length
    }

    /// Plans the next sample from the chains of the current tile.
    ///
    /// `averages` holds the kept times, and `share` is the tile's share of the ensemble.
    pub(super) fn decide(
        &mut self,
        monitor: &ConvergenceMonitor,
        groups: &Groups,
        averages: Option<&TimeAverages>,
        share: f64,
    ) {
        self.length.steps = self.done();
        if groups.weights().iter().all(|&chains| chains == 0.0) {
            // Diverged chains stay diverged.
            self.stage = Stage::Over;
            return;
        }
        match &mut self.stage {
            Stage::Start => match self.stopping_rule.burn_in {
                Some(burn_in) => self.sample(burn_in),
                None => self.open_window(FIRST_WINDOW_END, Vec::new()),
            },
            Stage::BurnIn { means, .. } => {
                means.push(monitor.means(groups));
                if means.len() == WINDOW {
                    self.close_window(monitor, groups);
                } else {
                    self.plan_in_window();
                }
            }
            &mut Stage::Sampling { every, end } => {
                self.plan_sampling(monitor, averages, share, every, end);
            }
            Stage::Over => {}
        }
    }

    /// Opens a window from half of `end` to `end`. `means` holds its first time, if that is past already.
    fn open_window(&mut self, end: u64, means: Vec<Vec<Vec<f64>>>) {
        if end > self.stopping_rule.at_most {
            self.give_up();
            return;
        }
        self.stage = Stage::BurnIn { end, means };
        self.plan_in_window();
    }

    /// Plans the next time of the window.
    fn plan_in_window(&mut self) {
        if let Stage::BurnIn { end, means } = &self.stage {
            let at = end / 2 + means.len() as u64 * (end / 2) / (WINDOW as u64 - 1);
            self.samples.push(PlannedSample {
                step: at,
                kept: false,
            });
        }
    }

    /// Ends burn-in if every test of the window holds, otherwise opens a window twice as long.
    fn close_window(&mut self, monitor: &ConvergenceMonitor, groups: &Groups) {
        let Stage::BurnIn { end, means } = std::mem::replace(&mut self.stage, Stage::Over) else {
            unreachable!("only burn-in has a window");
        };
        self.failed_tests.clear();
        self.test_quantities(monitor, &means, &groups.weights(), end);
        if monitor.balance.is_some() {
            self.test_balance(monitor.quantities.len(), &means, &groups.weights());
        }
        let superchains = monitor.by_superchain(groups);
        if let Some((name, rhat)) = superchains.as_ref().and_then(|all| monitor.worst(all))
            && !rhat.mixed()
        {
            self.failed_tests.push(format!(
                "superchains have not mixed: nested R-hat of {name} {:.5}",
                rhat.rhat
            ));
        }
        self.length.relaxation = (self.relaxation.iter().zip(&monitor.quantities))
            .filter_map(|(steps, (name, _))| Some(((*steps)?, name.clone())))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if self.failed_tests.is_empty() {
            self.sample(end);
        } else {
            let last = means.last().cloned().into_iter().collect();
            self.open_window(2 * end, last);
        }
    }

    /// Tests every quantity for drift and for memory over a quarter of the run, which has `end` steps so far.
    fn test_quantities(
        &mut self,
        monitor: &ConvergenceMonitor,
        means: &[Vec<Vec<f64>>],
        weights: &[f64],
        end: u64,
    ) {
        self.relaxation.resize(monitor.quantities.len(), None);
        for (k, (name, _)) in monitor.quantities.iter().enumerate() {
            let window = SettlingWindow {
                name: name.clone(),
                values: means.iter().map(|at| at[k].clone()).collect(),
            };
            let found = settling(&window, weights);
            if let Some(steps) = found.relaxation((end / 2) as f64) {
                self.relaxation[k] = Some(steps);
            }
            if !found.drift.holds() {
                self.failed_tests.push(found.drift.objection());
            }
            if found.memory > found.allowed {
                self.failed_tests.push(format!(
                    "the autocorrelation of {name} over a quarter of the run is {:.2}",
                    found.memory
                ));
            }
        }
    }

    /// Tests the fluctuation–dissipation relation, which is in `column` of the means, over the second half of the window.
    fn test_balance(&mut self, column: usize, means: &[Vec<Vec<f64>>], weights: &[f64]) {
        let late = &means[WINDOW / 2..];
        let over =
            |group: usize| late.iter().map(|at| at[column][group]).sum::<f64>() / late.len() as f64;
        let mean = weighted_mean(weights.iter().enumerate().map(|(g, &w)| (w, over(g))));
        let check = diagnose::fluctuation_dissipation(mean);
        if !check.holds() {
            self.failed_tests.push(check.objection());
        }
    }

    /// Starts to sample after `burn_in` steps.
    fn sample(&mut self, burn_in: u64) {
        self.length.burn_in = burn_in;
        let (every, end) = match self.stopping_rule.stop_when {
            StopWhen::Steps(steps) => {
                let end = burn_in.saturating_add(steps);
                if end > self.stopping_rule.at_most {
                    self.length.shortfall = Some(format!(
                        "after a burn-in of {burn_in} steps the {steps} steps of `duration` are more than \
                         `at_most = {}` leaves",
                        self.stopping_rule.at_most
                    ));
                }
                let measurements = u64::from(self.measurements.max(1));
                (
                    steps.div_ceil(measurements),
                    end.min(self.stopping_rule.at_most),
                )
            }
            StopWhen::LossStandardError(_) => {
                // Closer means are nearly copies of each other, distant ones waste steps, and a measurement costs as much
                // as some steps.
                let relaxation = self
                    .length
                    .relaxation
                    .as_ref()
                    .map_or(1.0, |(steps, _)| *steps);
                (
                    (1.5 * relaxation).max(16.0) as u64,
                    self.stopping_rule.at_most,
                )
            }
        };
        let every = every.max(1);
        self.stage = Stage::Sampling { every, end };
        let first = if burn_in > self.done() {
            burn_in
        } else {
            self.done() + every
        };
        self.plan_sample(first, end);
    }

    /// Plans a kept time, at `end` at the latest.
    fn plan_sample(&mut self, at: u64, end: u64) {
        if self.done() >= end {
            self.stage = Stage::Over;
            return;
        }
        self.samples.push(PlannedSample {
            step: at.min(end),
            kept: true,
        });
    }

    /// Plans the next kept time, or ends the run.
    fn plan_sampling(
        &mut self,
        monitor: &ConvergenceMonitor,
        averages: Option<&TimeAverages>,
        share: f64,
        every: u64,
        end: u64,
    ) {
        let (done, mut every) = (self.done(), every);
        if let StopWhen::LossStandardError(wanted) = self.stopping_rule.stop_when {
            let unknown = Estimate::new(f64::NAN, f64::INFINITY);
            let loss = averages.map_or(unknown, |averages| averages.mean(monitor.loss()));
            let (kept, reached) = (
                averages.map_or(0, TimeAverages::times),
                loss.se * share.sqrt(),
            );
            if kept >= LEAST_KEPT && reached <= wanted {
                self.stage = Stage::Over;
                return;
            }
            // NaN when all chains have diverged.
            if done >= end && (reached.is_nan() || reached > wanted) {
                self.length.shortfall = Some(format!(
                    "the loss is known to {reached:.2e} and not to the {wanted:.2e} of `loss_standard_error` after the \
                     {done} steps of `at_most`"
                ));
            }
            if self.stopping_rule.burn_in.is_some() {
                // The autocorrelation time is unknown: limit the number of measurements.
                every = every.max((done - self.length.burn_in) / 64);
            }
        }
        self.plan_sample(done + every, end);
    }

    /// Ends the run because burn-in did not end in time.
    fn give_up(&mut self) {
        self.stage = Stage::Over;
        self.length.burn_in = self.length.steps;
        self.length.shortfall = Some(format!(
            "burn-in did not end within `at_most = {}` steps: {}",
            self.stopping_rule.at_most,
            if self.failed_tests.is_empty() {
                format!("at least {FIRST_WINDOW_END} are needed")
            } else {
                self.failed_tests.join("; ")
            }
        ));
    }
}
