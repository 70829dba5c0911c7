//! From what was measured to what is reported: estimates, verdicts and the comparison with theory.

use super::PointRecord;
use super::balance;
use super::compare::PointTheory;
use crate::compile::{HistogramPlan, Point, Problem};
use crate::diagnose::{self, Rounding, Spacing, ks_distance, rounding};
use crate::dynamics::Scale;
use crate::measure::{Estimate, Histogram, Moments, TimeAverages};
use crate::report::{
    self, HistogramAxis, HistogramTable, Trace, TraceParameter, TraceRow, TraceTable,
};
use crate::spec::Kind;
use crate::spec::Precision;
use indexmap::IndexMap;

/// Probabilities of the reported quantiles.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Parameters whose mean and variance are followed over time.
const TRACED: usize = 16;

/// The record of one point with what theory says about it.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) problem: &'a Problem,
    pub(super) index: usize,
    pub(super) record: &'a PointRecord,
    pub(super) theory: PointTheory,
    pub(super) precision: Precision,
    /// Whether it ran on a GPU.
    pub(super) on_gpu: bool,
}

impl Case<'_> {
    pub(super) fn point(&self) -> &Point {
        &self.problem.points[self.index]
    }

    pub(super) fn last(&self, output: usize) -> Moments {
        self.record.last().get(output).copied().unwrap_or_default()
    }

    /// Averages over several kept times.
    fn averages(&self) -> Option<&TimeAverages> {
        (self.record.averages.as_ref()).filter(|averages| averages.times() > 1)
    }

    /// The mean of an output over chains, and over the kept times where there are several.
    pub(super) fn mean(&self, output: usize) -> Estimate {
        match self.averages() {
            Some(averages) => averages.mean(output),
            None => mean_over_chains(&self.last(output)),
        }
    }

    /// Its variance over the same.
    fn variance(&self, output: usize) -> Estimate {
        match self.averages() {
            Some(averages) => averages.variance(output),
            None => {
                let moments = self.last(output);
                let freedom = moments.count.saturating_sub(1) as f64;
                moments.variance_estimate().widened(freedom)
            }
        }
    }

    /// An estimate that needs fourth moments of the parameters, whose error is unknown where these are infinite.
    fn needing_fourth_moments(&self, estimate: Estimate) -> Estimate {
        let missing = self.theory.data().map(|data| data.fourth_moments_exist) == Some(Some(false));
        let se = if missing { f64::INFINITY } else { estimate.se };
        Estimate::new(estimate.mean, se)
    }

    pub(super) fn is_flow(&self) -> bool {
        self.problem.experiment.dynamics.kind.value == Kind::GradientFlow
    }

    /// The report of this point, and what it doubts.
    pub(super) fn report(&self) -> (report::Point, Vec<String>) {
        let (point, outputs) = (self.point(), &self.problem.outputs);
        let (converged, verdict) = self.verdict();
        let observables = (self.problem.experiment.measure.observables.iter())
            .zip(outputs.observables.clone())
            .map(|(observable, output)| (observable.name.value.clone(), self.mean(output)))
            .collect();
        let covariance = self.record.covariance.as_ref().map(|comoments| {
            let matrix = comoments.covariance();
            matrix
                .row_iter()
                .map(|row| row.iter().copied().collect())
                .collect()
        });
        let mut report = report::Point {
            eta: point.eta,
            dt: point.delta,
            steps: point.steps,
            burn_in: point.burn_in,
            kept_times: self
                .averages()
                .map_or(1, |averages| averages.times() as u64),
            effective_draws: self.averages().map(|a| a.effective_draws(outputs.loss)),
            relaxation: self.relaxation(),
            basins: self.basins(),
            time: point.time(point.steps),
            diverged: self.record.divergence.count,
            first_diverged_step: self.record.divergence.first_step,
            converged,
            verdict,
            loss: self.needing_fourth_moments(self.mean(outputs.loss)),
            reduced_loss: outputs.controlled.map(|output| self.reduced_loss(output)),
            validation_loss: (outputs.validation)
                .map(|output| self.needing_fourth_moments(self.mean(output))),
            parameters: self.parameters(),
            covariance,
            observables,
            stationarity: outputs
                .fdr
                .filter(|_| !self.is_flow())
                .map(|fdr| report::Stationarity {
                    fdr_left: self.mean(fdr.left),
                    fdr_right: self.mean(fdr.right),
                    z: self.mean(fdr.difference).z_against(0.0),
                    loss_drift_z: self.loss_drift_z(),
                    nested_rhat: self.nested_rhat().map(|r| r.rhat),
                    nested_rhat_p: self.nested_rhat().map(|r| r.p),
                }),
            gibbs: self.gibbs(),
            discretized: self.discretized(),
            theory: self.theory.report(&self.problem.names),
            goodness_of_fit: self.goodness_of_fit(),
            detailed_balance: self.detailed_balance(),
            tests: Vec::new(),
        };
        report.tests = balance::tests(&report);
        (report, self.doubts())
    }

    fn basins(&self) -> Vec<report::Basin> {
        (self.record.basins.iter())
            .map(|basin| report::Basin {
                minimum: (self.problem.names.iter().cloned())
                    .zip(basin.minimum.iter().copied())
                    .collect(),
                loss: basin.loss,
                weight: basin.weight,
            })
            .collect()
    }

    fn reduced_loss(&self, output: usize) -> report::ReducedLoss {
        let (plain, reduced) = (self.mean(self.problem.outputs.loss), self.mean(output));
        report::ReducedLoss {
            mean: reduced.mean,
            se: self.needing_fourth_moments(reduced).se,
            gain: (plain.se / reduced.se).powi(2),
        }
    }

    /// The longest relaxation time that the run found while it looked for the end of burn-in.
    fn relaxation(&self) -> Option<report::Relaxation> {
        let (steps, of) = self.record.length.as_ref()?.relaxation.clone()?;
        let time = steps * self.point().last().1;
        Some(report::Relaxation { of, steps, time })
    }

    fn parameters(&self) -> IndexMap<String, report::ParameterEstimate> {
        let outputs = &self.problem.outputs;
        (self.problem.measured().iter().enumerate())
            .map(|(k, name)| {
                let output = outputs.parameters.start + k;
                let mean = self.mean(output);
                let temperature = self.mean(outputs.virial.start + k);
                let estimate = report::ParameterEstimate {
                    mean: mean.mean,
                    se: mean.se,
                    variance: self.needing_fourth_moments(self.variance(output)),
                    temperature: self.needing_fourth_moments(temperature),
                    temperature_theory: self.theory.temperature(k),
                    quantiles: self.quantiles(k),
                };
                (name.clone(), estimate)
            })
            .collect()
    }

    fn quantiles(&self, parameter: usize) -> Vec<report::Quantile> {
        let Some(histogram) = self.fine(parameter) else {
            return Vec::new();
        };
        (QUANTILES.iter())
            .filter_map(|&q| {
                histogram
                    .quantile(q)
                    .map(|value| report::Quantile { q, value })
            })
            .collect()
    }

    /// The fine histogram of a parameter, where there is one.
    fn fine(&self, parameter: usize) -> Option<&Histogram> {
        let at = self.problem.fine_histogram(parameter)?;
        self.record.histograms.get(at)
    }

    fn gibbs(&self) -> Option<report::Gibbs> {
        if self.is_flow() {
            return None;
        }
        let temperatures: Vec<Estimate> = (self.problem.outputs.virial.clone())
            .map(|output| self.mean(output))
            .collect();
        let alpha_virial = (self.problem.measured().iter().enumerate())
            .filter_map(|(k, name)| {
                Some((
                    name.clone(),
                    temperatures[k].scaled(1.0 / self.eta_variance(k)?),
                ))
            })
            .collect();
        let single = self.theory.single();
        let alpha = single.and_then(|c| c.fit_alpha(self.mean(self.problem.outputs.loss)));
        let distance = single.and_then(|c| self.distance(|edges| c.gibbs_cdf(edges)));
        Some(report::Gibbs {
            alpha,
            alpha_virial,
            ks_distance: distance.map(|d| d.distance),
            ks_p: distance.map(|d| d.p),
            equal_temperature_p: self.equal_temperature_p(),
        })
    }

    fn discretized(&self) -> Option<report::Discretized> {
        let coordinate = self.theory.single()?;
        let loss = coordinate.discrete_loss()?;
        let distance = self.distance(|edges| coordinate.discrete_cdf(edges))?;
        Some(report::Discretized {
            loss,
            alpha: coordinate.fit_alpha(Estimate::new(loss, 0.0))?.mean,
            ks_distance: distance.distance,
            ks_p: distance.p,
        })
    }

    /// KS distance of the only parameter from a law given by its distribution function.
    fn distance(&self, cdf: impl Fn(&[f64]) -> Option<Vec<f64>>) -> Option<diagnose::Distance> {
        let histogram = self.fine(0)?;
        let exact = cdf(&histogram.axes[0].edges())?;
        Some(ks_distance(histogram, &exact))
    }

    /// η r_k σ_k² (with momentum β over 1 − β) with σ_k² given, or measured over the ensemble where it depends on the state.
    fn eta_variance(&self, k: usize) -> Option<f64> {
        let (eta, _) = self.point().last();
        let variance = match (&self.problem.outputs.variances, self.problem.sigma()) {
            (Some(outputs), _) => self.mean(outputs.start + k).mean,
            (None, Some(sigma)) => sigma[k] * sigma[k],
            (None, None) => return None,
        };
        let rate = eta * self.problem.rates[k] * self.problem.acceleration()?;
        (variance > 0.0).then_some(rate * variance)
    }

    /// What the program doubts about this point, a sentence each.
    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        doubts.extend(self.doubt_of_rounding());
        if matches!(self.problem.model.scale, Some(Scale::State(_))) && !self.is_flow() {
            doubts.push(
                "the noise depends on the parameters: it is taken at the start of each step (Itô)"
                    .to_owned(),
            );
        }
        if let Some(Some(false)) = self.theory.data().map(|data| data.fourth_moments_exist) {
            doubts.push(format!(
                "at η = {} the fourth moments of the parameters are infinite: the mean loss exists, but its standard \
                 error does not, and none is given",
                self.point().last().0
            ));
        }
        doubts.dedup();
        doubts
    }

    /// The parameter whose steps suffer most from rounding, and by how much.
    pub(super) fn rounding(&self) -> Option<(usize, Rounding)> {
        let nobody = self.last(self.problem.outputs.loss).count < 2;
        let sigma = self
            .problem
            .sigma()
            .filter(|_| !self.is_flow() && !nobody)?;
        let point = self.point();
        let ((eta, delta), kind) = (point.last(), self.problem.experiment.dynamics.kind.value);
        let amplitude = if kind == Kind::Sgd {
            eta
        } else {
            (eta * delta).sqrt()
        };
        (self.problem.measured().iter().enumerate())
            .filter(|(k, _)| sigma[*k] > 0.0)
            .map(|(k, _)| {
                let moments = self.last(self.problem.outputs.parameters.start + k);
                let noise = amplitude * self.problem.rates[k] * sigma[k];
                let found = rounding(self.spacing(), moments.mean, moments.sd(), noise);
                (k, found)
            })
            .max_by(|a, b| inflation(a.1).total_cmp(&inflation(b.1)))
    }

    /// How the numbers of this run are spaced.
    fn spacing(&self) -> Spacing {
        let single = f64::from(f32::EPSILON);
        match self.precision {
            Precision::F32 if self.on_gpu => Spacing::Apart(single),
            Precision::F32 => Spacing::Nearest(single),
            Precision::F64 if self.on_gpu => Spacing::Apart(f64::EPSILON),
            Precision::F64 => Spacing::Nearest(f64::EPSILON),
            Precision::F16State => Spacing::AtRandom(f64::from(half::f16::EPSILON)),
            Precision::Compensated => Spacing::Even {
                unit: self.problem.task.fixed_point().unit(),
                read: single,
            },
        }
    }

    fn doubt_of_rounding(&self) -> Option<String> {
        let (k, found) = self.rounding()?;
        let ((eta, _), name) = (self.point().last(), &self.problem.names[k]);
        let percent = 100.0 * inflation(found);
        let remedy = match self.precision {
            Precision::F32 => ", use --precision compensated",
            Precision::F16State => ", use --precision f32",
            Precision::Compensated => ", use --precision f64",
            Precision::F64 => "",
        };
        let inflates = format!(
            "at η = {eta} rounding inflates the variance of {name} by about {percent:.2} %"
        );
        match (found, self.precision) {
            (Rounding::Negligible(_), _) => None,
            (Rounding::Noticeable(_), _) => Some(format!("{inflates}{remedy}")),
            (Rounding::Fatal(_), Precision::F16State) => {
                Some(format!("{inflates}: do not trust this point{remedy}"))
            }
            (Rounding::Fatal(_), _) => Some(format!(
                "at η = {eta} the steps of {name} are lost in rounding (variance wrong by about {percent:.2} % or more): \
                 do not trust this point{remedy}"
            )),
        }
    }

    /// The ensemble over time.
    pub(super) fn trace(&self) -> Trace {
        let outputs = &self.problem.outputs;
        let rows = (self.record.trace.iter())
            .map(|(step, moments)| TraceRow {
                step: *step,
                time: self.point().time(*step),
                loss: mean_over_chains(&moments[outputs.loss]),
                validation_loss: (outputs.validation)
                    .map(|output| mean_over_chains(&moments[output])),
                parameters: (outputs.parameters.clone().take(TRACED))
                    .map(|output| TraceParameter {
                        mean: moments[output].mean,
                        variance: moments[output].variance(),
                    })
                    .collect(),
            })
            .collect();
        Trace {
            point: self.index,
            rows,
        }
    }

    /// The histograms that the user asked for, with what theory expects in each bin.
    pub(super) fn histograms(&self) -> Vec<HistogramTable> {
        (self.problem.histograms.iter().zip(&self.record.histograms))
            .filter(|(plan, _)| plan.shown)
            .map(|(plan, histogram)| HistogramTable {
                point: self.index,
                axes: (plan.axes.iter().zip(&histogram.axes))
                    .map(|(name, axis)| HistogramAxis {
                        name: name.clone(),
                        edges: axis.edges(),
                    })
                    .collect(),
                counts: histogram.counts.clone(),
                below: histogram.below,
                above: histogram.above,
                outside: histogram.outside,
                nan: histogram.nan,
                theory: self.expected(plan, histogram),
            })
            .collect()
    }

    /// The Gibbs density averaged over each bin; a product where there are two axes.
    fn expected(&self, plan: &HistogramPlan, histogram: &Histogram) -> Option<Vec<f64>> {
        let mut factors = Vec::new();
        for (name, axis) in plan.axes.iter().zip(&histogram.axes) {
            let k = self
                .problem
                .measured()
                .iter()
                .position(|known| known == name)?;
            let cdf = self.theory.coordinate(k)?.gibbs_cdf(&axis.edges())?;
            factors.push(
                cdf.windows(2)
                    .map(|pair| (pair[1] - pair[0]) / axis.width())
                    .collect::<Vec<f64>>(),
            );
        }
        match factors.as_slice() {
            [one] => Some(one.clone()),
            [first, second] => Some(
                first
                    .iter()
                    .flat_map(|a| second.iter().map(move |b| a * b))
                    .collect(),
            ),
            _ => None,
        }
    }
}

/// A mean with an error that allows for the number of chains.
fn mean_over_chains(moments: &Moments) -> Estimate {
    let freedom = moments.count.saturating_sub(1) as f64;
    moments.mean_estimate().widened(freedom)
}

/// Names and traces of all points.
pub(super) fn traces(problem: &Problem, cases: &[Case<'_>]) -> TraceTable {
    TraceTable {
        parameters: problem.names.iter().take(TRACED).cloned().collect(),
        traces: cases.iter().map(Case::trace).collect(),
    }
}

fn inflation(rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Negligible(r) | Rounding::Noticeable(r) | Rounding::Fatal(r) => r,
    }
}
