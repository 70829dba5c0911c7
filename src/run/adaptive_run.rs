//! Decides at one learning rate when burn-in is over and when enough is measured.

use super::groups::Grouped;
use crate::compile::Problem;
use crate::diagnose::{self, NestedRhat, WINDOW, Window, nested_rhat, settling};
use crate::measure::{Estimate, Moments, TimeAverages, weighted_mean};
use crate::plan::{StopWhen, StoppingRule};

/// The first time at which burn-in may end, in steps: the window before it has one step between times.
const FIRST_WINDOW_END: u64 = 2 * (WINDOW as u64 - 1);

/// Kept times at least where the standard error decides, so that a drift among them can be seen.
const LEAST_KEPT: usize = 8;

/// Parameters of which it is awaited that they come to rest; of more these are the first.
const WATCHED: usize = 16;

/// The quantities that must come to rest.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    /// In words, with the output of each; the first is the loss.
    pub(super) quantities: Vec<(String, usize)>,
    /// The output that is zero in mean when the fluctuation–dissipation relation holds.
    pub(super) balance: Option<usize>,
    /// Number of superchains.
    pub(super) superchains: usize,
}

impl Watch {
    pub(super) fn new(problem: &Problem) -> Self {
        let outputs = &problem.outputs;
        let parameters = (problem.measured().iter().zip(outputs.parameters.clone()))
            .take(WATCHED)
            .map(|(name, output)| (format!("the mean of {name}"), output));
        Self {
            quantities: std::iter::once(("the loss".to_owned(), outputs.loss))
                .chain(parameters)
                .collect(),
            balance: outputs.fdr.map(|fdr| fdr.difference),
            superchains: problem.experiment.ensemble.superchains.unwrap_or(1) as usize,
        }
    }

    fn loss(&self) -> usize {
        self.quantities[0].1
    }

    /// Every quantity's moments by superchain, where chains form some.
    pub(super) fn by_superchain(&self, grouped: &Grouped) -> Option<Vec<Vec<Moments>>> {
        (self.quantities.iter())
            .map(|(_, output)| grouped.by_superchain(*output, self.superchains))
            .collect()
    }

    /// The R-hat that speaks most against mixing. Its p is that of the smallest of so many (Bonferroni).
    pub(super) fn worst(&self, superchains: &[Vec<Moments>]) -> Option<(&str, NestedRhat)> {
        let found: Vec<_> = (self.quantities.iter().zip(superchains))
            .filter_map(|((name, _), moments)| {
                let seen: Vec<_> = moments.iter().filter(|m| m.count > 0).copied().collect();
                Some((name.as_str(), nested_rhat(&seen)?))
            })
            .collect();
        let number = found.len() as f64;
        let worst = found.into_iter().min_by(|a, b| a.1.p.total_cmp(&b.1.p));
        worst.map(|(name, rhat)| {
            let p = (number * rhat.p).min(1.0);
            (name, NestedRhat { p, ..rhat })
        })
    }
}

/// How long a run turned out to be at one learning rate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Length {
    /// Steps of the burn-in.
    pub burn_in: u64,
    /// All steps.
    pub steps: u64,
    /// The longest relaxation time that was seen, in steps, and whose it is.
    pub relaxation: Option<(f64, String)>,
    /// What the run ended without.
    pub shortfall: Option<String>,
}

/// The next measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Planned {
    at: u64,
    kept: bool,
}

#[derive(Debug)]
enum Stage {
    /// The start is measured next.
    Start,
    /// Towards the end of a window; `values[time]` is what its times showed so far.
    BurnIn {
        end: u64,
        times: Vec<Vec<Vec<f64>>>,
    },
    /// Kept times follow each other at this distance.
    Sampling {
        every: u64,
        end: u64,
    },
    Over,
}

/// The adaptive_run of a run at one learning rate: written while the first tile that holds chains of it runs, and followed by the
/// others.
#[derive(Debug)]
pub(super) struct AdaptiveRun {
    stopping_rule: StoppingRule,
    /// Measurements at equal distances where the steps after burn-in are given.
    measurements: u32,
    stops: Vec<Planned>,
    /// Stops that the current tile has made.
    made: usize,
    stage: Stage,
    length: Length,
    /// By quantity.
    relaxation: Vec<Option<f64>>,
    /// What the last window had against an end of burn-in.
    against: Vec<String>,
}

impl AdaptiveRun {
    pub(super) fn new(stopping_rule: StoppingRule, measurements: u32) -> Self {
        Self {
            stopping_rule,
            measurements,
            stops: vec![Planned { at: 0, kept: false }],
            made: 0,
            stage: Stage::Start,
            length: Length::default(),
            relaxation: Vec::new(),
            against: Vec::new(),
        }
    }

    /// Back to the start, for other chains.
    pub(super) fn restart(&mut self) {
        self.made = 0;
    }

    /// Steps done.
    pub(super) fn done(&self) -> u64 {
        self.made
            .checked_sub(1)
            .map_or(0, |last| self.stops[last].at)
    }

    /// Steps after which the next measurement is due.
    pub(super) fn next(&self) -> Option<u64> {
        self.stops.get(self.made).map(|stop| stop.at)
    }

    /// Goes on to it, and says whether it counts for estimates.
    pub(super) fn advance(&mut self) -> bool {
        self.made += 1;
        self.stops[self.made - 1].kept
    }

    /// Whether the last stop is one at which the adaptive_run is still open.
    pub(super) fn is_open(&self) -> bool {
        self.made == self.stops.len() && !matches!(self.stage, Stage::Over)
    }

    pub(super) fn length(&self) -> &Length {
        &self.length
    }

    /// Looks at what the chains of an open adaptive_run show and plans the next stop. `share` is the part of the ensemble that
    /// they are; `averages` holds the kept times.
    pub(super) fn decide(
        &mut self,
        watch: &Watch,
        grouped: &Grouped,
        averages: Option<&TimeAverages>,
        share: f64,
    ) {
        self.length.steps = self.done();
        if grouped.weights().iter().all(|&chains| chains == 0.0) {
            // What has left does not come back.
            self.stage = Stage::Over;
            return;
        }
        match &mut self.stage {
            Stage::Start => match self.stopping_rule.burn_in {
                Some(burn_in) => self.sample(burn_in),
                None => self.open_window(FIRST_WINDOW_END, Vec::new()),
            },
            Stage::BurnIn { times, .. } => {
                times.push(watched(watch, grouped));
                if times.len() == WINDOW {
                    self.close_window(watch, grouped);
                } else {
                    self.plan_in_window();
                }
            }
            &mut Stage::Sampling { every, end } => {
                self.plan_sampling(watch, averages, share, every, end);
            }
            Stage::Over => {}
        }
    }

    /// A window from half of `end` to `end`; `times` holds the first of its times, if that is behind already.
    fn open_window(&mut self, end: u64, times: Vec<Vec<Vec<f64>>>) {
        if end > self.stopping_rule.at_most {
            self.give_up();
            return;
        }
        self.stage = Stage::BurnIn { end, times };
        self.plan_in_window();
    }

    fn plan_in_window(&mut self) {
        if let Stage::BurnIn { end, times } = &self.stage {
            let at = end / 2 + times.len() as u64 * (end / 2) / (WINDOW as u64 - 1);
            self.stops.push(Planned { at, kept: false });
        }
    }

    fn close_window(&mut self, watch: &Watch, grouped: &Grouped) {
        let Stage::BurnIn { end, times } = std::mem::replace(&mut self.stage, Stage::Over) else {
            unreachable!("only a burn-in has a window");
        };
        let weights = grouped.weights();
        self.relaxation.resize(watch.quantities.len(), None);
        self.against.clear();
        for (k, (name, _)) in watch.quantities.iter().enumerate() {
            let values = times.iter().map(|at| at[k].clone()).collect();
            let found = settling(
                &Window {
                    name: name.clone(),
                    values,
                },
                &weights,
            );
            if let Some(steps) = found.relaxation((end / 2) as f64) {
                self.relaxation[k] = Some(steps);
            }
            if !found.drift.holds() {
                self.against.push(diagnose::against(&found.drift));
            }
            if found.memory > found.allowed {
                self.against.push(format!(
                    "{name} remembers {:.0} % of what it was a quarter of the run ago",
                    100.0 * found.memory
                ));
            }
        }
        if watch.balance.is_some() {
            let column = watch.quantities.len();
            let late = &times[WINDOW / 2..];
            let over = |group: usize| {
                late.iter().map(|at| at[column][group]).sum::<f64>() / late.len() as f64
            };
            let mean = weighted_mean(weights.iter().enumerate().map(|(g, &w)| (w, over(g))));
            let check = diagnose::fluctuation_dissipation(mean);
            if !check.holds() {
                self.against.push(diagnose::against(&check));
            }
        }
        let superchains = watch.by_superchain(grouped);
        if let Some((name, rhat)) = superchains.as_ref().and_then(|all| watch.worst(all))
            && !rhat.mixed()
        {
            self.against.push(format!(
                "superchains have not mixed: nested R-hat of {name} {:.5}",
                rhat.rhat
            ));
        }
        self.length.relaxation = (self.relaxation.iter().zip(&watch.quantities))
            .filter_map(|(steps, (name, _))| Some(((*steps)?, name.clone())))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if self.against.is_empty() {
            self.sample(end);
        } else {
            let last = times.last().cloned().into_iter().collect();
            self.open_window(2 * end, last);
        }
    }

    /// Measuring begins when `burn_in` steps are done.
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
                // Closer times tell little that is new, further ones waste steps, and a measurement costs as much as some steps.
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
        self.plan_stop(first, end);
    }

    fn plan_stop(&mut self, at: u64, end: u64) {
        if self.done() >= end {
            self.stage = Stage::Over;
            return;
        }
        self.stops.push(Planned {
            at: at.min(end),
            kept: true,
        });
    }

    fn plan_sampling(
        &mut self,
        watch: &Watch,
        averages: Option<&TimeAverages>,
        share: f64,
        every: u64,
        end: u64,
    ) {
        let (done, mut every) = (self.done(), every);
        if let StopWhen::LossStandardError(wanted) = self.stopping_rule.stop_when {
            let unknown = Estimate::new(f64::NAN, f64::INFINITY);
            let loss = averages.map_or(unknown, |averages| averages.mean(watch.loss()));
            let (kept, reached) = (
                averages.map_or(0, TimeAverages::times),
                loss.se * share.sqrt(),
            );
            if kept >= LEAST_KEPT && reached <= wanted {
                self.stage = Stage::Over;
                return;
            }
            // NaN where no chain is left.
            if done >= end && (reached.is_nan() || reached > wanted) {
                self.length.shortfall = Some(format!(
                    "the loss is known to {reached:.2e} and not to the {wanted:.2e} of `loss_standard_error` after the \
                     {done} steps of `at_most`"
                ));
            }
            if self.stopping_rule.burn_in.is_some() {
                // Nobody has looked how fast chains forget: not more than some hundred measurements.
                every = every.max((done - self.length.burn_in) / 64);
            }
        }
        self.plan_stop(done + every, end);
    }

    fn give_up(&mut self) {
        self.stage = Stage::Over;
        self.length.burn_in = self.length.steps;
        self.length.shortfall = Some(format!(
            "burn-in did not end within `at_most = {}` steps: {}",
            self.stopping_rule.at_most,
            if self.against.is_empty() {
                format!("at least {FIRST_WINDOW_END} are needed")
            } else {
                self.against.join("; ")
            }
        ));
    }
}

/// Group means of every watched quantity, then of the fluctuation–dissipation difference.
fn watched(watch: &Watch, grouped: &Grouped) -> Vec<Vec<f64>> {
    (watch.quantities.iter().map(|(_, output)| *output))
        .chain(watch.balance)
        .map(|output| grouped.means(output))
        .collect()
}
