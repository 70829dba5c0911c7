//! From what was measured to what is reported: estimates, verdicts and the comparison with theory.

use super::PointRecord;
use super::compare::PointTheory;
use crate::cli::Precision;
use crate::diagnose::{
    self, Check, Rounding, Spacing, equal_means, fluctuation_dissipation, ks_distance, rounding,
    stationarity,
};
use crate::dynamics::Scale;
use crate::experiment::DynamicsKind;
use crate::measure::{Estimate, Histogram, Moments};
use crate::problem::{HistogramPlan, Point, Problem};
use crate::report::{
    self, HistogramAxis, HistogramTable, Named, Trace, TraceParameter, TraceRow, TraceTable,
};

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
    fn point(&self) -> &Point {
        &self.problem.points[self.index]
    }

    fn last(&self, output: usize) -> Moments {
        self.record.last().get(output).copied().unwrap_or_default()
    }

    fn is_flow(&self) -> bool {
        self.problem.experiment.dynamics.kind.value == DynamicsKind::GradientFlow
    }

    /// The report of this point, and what it doubts.
    pub(super) fn report(&self) -> (report::Point, Vec<String>) {
        let (point, outputs) = (self.point(), &self.problem.outputs);
        let (converged, verdict) = self.verdict();
        let observables = (self.problem.experiment.measure.observables.iter())
            .zip(outputs.observables.clone())
            .map(|(observable, output)| {
                (
                    observable.name.value.clone(),
                    self.last(output).mean_estimate(),
                )
            })
            .collect();
        let covariance = self.record.covariance.as_ref().map(|comoments| {
            let matrix = comoments.covariance();
            matrix
                .row_iter()
                .map(|row| row.iter().copied().collect())
                .collect()
        });
        let report = report::Point {
            eta: point.eta,
            dt: point.delta,
            steps: point.steps,
            time: point.time(point.steps),
            diverged: self.record.departures.count,
            first_diverged_step: self.record.departures.first_step,
            converged,
            verdict,
            loss: self.last(outputs.loss).mean_estimate(),
            validation_loss: (outputs.validation).map(|output| self.last(output).mean_estimate()),
            parameters: self.parameters(),
            covariance,
            observables,
            stationarity: outputs
                .fdr
                .filter(|_| !self.is_flow())
                .map(|fdr| report::Stationarity {
                    fdr_left: self.last(fdr.left).mean_estimate(),
                    fdr_right: self.last(fdr.right).mean_estimate(),
                    z: self.last(fdr.difference).mean_estimate().z_against(0.0),
                    nested_rhat: None,
                }),
            gibbs: self.gibbs(),
            discretized: self.discretized(),
            theory: self.theory.report(&self.problem.names),
        };
        (report, self.doubts())
    }

    fn parameters(&self) -> Named<report::ParameterEstimate> {
        let outputs = &self.problem.outputs;
        (self.problem.measured().iter().enumerate())
            .map(|(k, name)| {
                let moments = self.last(outputs.parameters.start + k);
                let mean = moments.mean_estimate();
                let estimate = report::ParameterEstimate {
                    mean: mean.mean,
                    se: mean.se,
                    variance: moments.variance_estimate(),
                    temperature: self.last(outputs.virial.start + k).mean_estimate(),
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
        let output = self.problem.outputs.parameters.start + parameter;
        let mut all = self
            .problem
            .histograms
            .iter()
            .zip(&self.problem.task.histograms)
            .zip(&self.record.histograms);
        all.find(|((plan, request), _)| !plan.shown && request.outputs == [output])
            .map(|(_, histogram)| histogram)
    }

    /// Whether the ensemble stands still, and the reasons in words.
    fn verdict(&self) -> (bool, String) {
        let diverged = self.record.departures.count;
        let chains = self.problem.task.layout.chains;
        if diverged == chains {
            return (false, "every chain diverged".to_owned());
        }
        if self.is_flow() {
            return (
                true,
                "gradient flow has no stationary distribution to converge to".to_owned(),
            );
        }
        if let Some(Err(why)) = self.theory.data().map(|data| &data.moments) {
            return (
                false,
                format!("there is no L(η) at this learning rate: {why}"),
            );
        }
        if let Some((k, Rounding::Fatal(_))) = self.rounding() {
            let name = &self.problem.names[k];
            return (false, format!("rounding spoils the steps of {name}"));
        }
        let outputs = &self.problem.outputs;
        let relation = outputs
            .fdr
            .map(|fdr| fluctuation_dissipation(&self.last(fdr.difference)));
        let mut checks: Vec<Check> = relation.into_iter().collect();
        if let Some(earlier) = self.half_way() {
            let change = |name: &str, output: usize| {
                let (a, b) = (
                    earlier[output].mean_estimate(),
                    self.last(output).mean_estimate(),
                );
                // Chains that remember make the true error smaller, so that this check is lenient at worst.
                Check::new(
                    format!("the change of {name} since half of the run"),
                    b.minus(a),
                )
            };
            checks.push(change("the loss", outputs.loss));
            for (k, name) in self.problem.measured().iter().enumerate().take(TRACED) {
                checks.push(change(
                    &format!("the mean of {name}"),
                    outputs.parameters.start + k,
                ));
            }
        }
        let verdict = stationarity(&checks, None, diverged);
        if verdict.converged {
            return (
                true,
                format!("all {} tests of stationarity hold", checks.len()),
            );
        }
        (false, verdict.reasons.join("; "))
    }

    /// The measurement nearest to half of the run, which is neither the start nor the end.
    fn half_way(&self) -> Option<&[Moments]> {
        let (half, end) = (self.point().steps / 2, self.point().steps);
        let between = (self.record.trace.iter()).filter(|(steps, _)| (1..end).contains(steps));
        between
            .min_by_key(|(steps, _)| steps.abs_diff(half))
            .map(|(_, moments)| moments.as_slice())
    }

    fn gibbs(&self) -> Option<report::Gibbs> {
        if self.is_flow() {
            return None;
        }
        let temperatures: Vec<Estimate> = (self.problem.outputs.virial.clone())
            .map(|output| self.last(output).mean_estimate())
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
        let alpha =
            single.and_then(|c| c.fit_alpha(self.last(self.problem.outputs.loss).mean_estimate()));
        let distance = single.and_then(|c| self.distance(|edges| c.gibbs_cdf(edges)));
        Some(report::Gibbs {
            alpha,
            alpha_virial,
            ks_distance: distance.map(|d| d.distance),
            ks_p: distance.map(|d| d.p),
            equal_temperature_p: (temperatures.len() > 1).then(|| equal_means(&temperatures).p),
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
            (Some(outputs), _) => self.last(outputs.start + k).mean,
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
                 error does not, and the one that is given is too small",
                self.point().last().0
            ));
        }
        doubts.dedup();
        doubts
    }

    /// The parameter whose steps suffer most from rounding, and by how much.
    fn rounding(&self) -> Option<(usize, Rounding)> {
        let nobody = self.last(self.problem.outputs.loss).count < 2;
        let sigma = self
            .problem
            .sigma()
            .filter(|_| !self.is_flow() && !nobody)?;
        let point = self.point();
        let ((eta, delta), kind) = (point.last(), self.problem.experiment.dynamics.kind.value);
        let amplitude = if kind == DynamicsKind::Sgd {
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
                loss: moments[outputs.loss].mean_estimate(),
                validation_loss: (outputs.validation).map(|output| moments[output].mean_estimate()),
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
