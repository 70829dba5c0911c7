//! The report of one sweep point: estimates and the comparison with theory.

use super::balance;
use super::case::Case;
use crate::compile::VALIDATION_LOSS;
use crate::diagnose::{self, ks_distance};
use crate::measure::Estimate;
use crate::report;
use indexmap::IndexMap;

/// Probabilities of the reported quantiles.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

impl Case<'_> {
    /// The report of this point, and its warnings.
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
        let mut quantities = self.quantities();
        let mut report = report::Point {
            eta: point.eta,
            dt: point.dt,
            steps: self.steps(),
            burn_in: self.burn_in(),
            kept_times: self
                .averages()
                .map_or(1, |averages| averages.times() as u64),
            effective_draws: self.averages().map(|a| a.effective_draws(outputs.loss)),
            relaxation: self.relaxation(),
            basins: self.basins(),
            time: point.time(self.steps()),
            diverged: self.record.divergence.count,
            first_diverged_step: self.record.divergence.first_step,
            converged,
            verdict,
            loss: self.needing_fourth_moments(self.mean(outputs.loss)),
            reduced_loss: outputs.controlled.map(|output| self.reduced_loss(output)),
            validation_loss: quantities.shift_remove(VALIDATION_LOSS),
            quantities,
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
        (report, self.warnings())
    }

    /// The scalar quantities by their keys.
    fn quantities(&self) -> IndexMap<String, Estimate> {
        (self.problem.outputs.quantities.iter())
            .map(|&(quantity, output)| {
                let mean = self.mean(output);
                let estimate = if quantity.needs_fourth_moments {
                    self.needing_fourth_moments(mean)
                } else {
                    mean
                };
                (quantity.key.to_owned(), estimate)
            })
            .collect()
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
        let time = steps * self.point().last().dt;
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

    /// KS distance of the only parameter from a distribution function.
    fn distance(&self, cdf: impl Fn(&[f64]) -> Option<Vec<f64>>) -> Option<diagnose::Distance> {
        let histogram = self.fine(0)?;
        let exact = cdf(&histogram.axes[0].edges())?;
        Some(ks_distance(histogram, &exact))
    }

    /// η r_k σ_k² (with momentum β over 1 − β) with σ_k² given, or measured over the ensemble where it depends on the state.
    fn eta_variance(&self, k: usize) -> Option<f64> {
        let variance = match (&self.problem.outputs.variances, self.problem.sigma()) {
            (Some(outputs), _) => self.mean(outputs.start + k).mean,
            (None, Some(sigma)) => sigma[k] * sigma[k],
            (None, None) => return None,
        };
        let rate = self.problem.noise_rate(self.index)
            * self.problem.rates[k]
            * self.problem.acceleration()?;
        (variance > 0.0).then_some(rate * variance)
    }
}
