//! dL/dη at η = 0: the slope of the measured sweep, and the theorem's number.

use super::record::PointRecord;
use crate::compile::Problem;
use crate::measure::{Estimate, weighted_mean};
use crate::report::{self, LossDifference, Optimum, Slope};
use crate::theory::{self, SlopeFit};

/// Fewer learning rates give no slope.
const LEAST_POINTS: usize = 3;

/// The slope of a sweep of SGD, where its points have settled at an L(η) and the optimum is known.
pub(super) fn slope(
    problem: &Problem,
    points: &[report::Point],
    optimum: Option<&Optimum>,
    records: &[PointRecord],
) -> Option<Slope> {
    let dynamics = &problem.experiment.dynamics;
    let theory = theoretical(problem)?;
    if !dynamics.kind.value.abilities().has_loss_slope {
        return None;
    }
    let outputs = &problem.outputs;
    let least = optimum.map_or(f64::NAN, |o| o.loss);
    let loss = Sweep {
        losses: usable(problem, points, |point| Some(point.loss)),
        output: outputs.loss,
        records,
    };
    let (fit, measured, common) = loss.slope(problem, least)?;
    let reduced = outputs.controlled.and_then(|output| {
        let losses = usable(problem, points, |point| {
            point
                .reduced_loss
                .as_ref()
                .map(|reduced| reduced.estimate())
        });
        let sweep = Sweep {
            losses,
            output,
            records,
        };
        Some(sweep.slope(problem, least)?.1)
    });
    Some(Slope {
        measured,
        theory,
        reduced,
        common_noise_gain: common.then(|| (fit.slope.se / measured.se).powi(2)),
        least_loss: loss.least_loss(problem),
    })
}

/// By how much the loss changes from each learning rate to the next, where they share their noise.
pub(super) fn differences(
    problem: &Problem,
    points: &[report::Point],
    records: &[PointRecord],
) -> Vec<LossDifference> {
    if !problem.experiment.ensemble.common_noise {
        return Vec::new();
    }
    let losses = usable(problem, points, |point| Some(point.loss));
    let pairs = losses.windows(2).filter_map(|pair| {
        let [(i, from, first), (j, to, second)] = pair else {
            unreachable!("windows of two")
        };
        let means = |point: usize| {
            let averages = records[point].averages.as_ref()?;
            Some(averages.group_means(problem.outputs.loss))
        };
        let changes = means(*i)?.zip(means(*j)?).map(|(a, b)| (a.0, b.1 - a.1));
        let difference = weighted_mean(changes);
        Some(LossDifference {
            from: *from,
            to: *to,
            difference,
            gain: (second.minus(*first).se / difference.se).powi(2),
        })
    });
    pairs.collect()
}

/// The points that have settled: (number, η, L(η)).
fn usable(
    problem: &Problem,
    points: &[report::Point],
    loss: impl Fn(&report::Point) -> Option<Estimate>,
) -> Vec<(usize, f64, Estimate)> {
    (points.iter().zip(&problem.points).enumerate())
        .filter(|(_, (point, _))| point.converged && point.diverged == 0)
        .filter_map(|(k, (point, plan))| Some((k, plan.last().eta, loss(point)?)))
        .filter(|(_, _, loss)| loss.mean.is_finite() && loss.se > 0.0 && loss.se.is_finite())
        .collect()
}

/// The losses of a sweep, of which group by group is known what they are.
struct Sweep<'a> {
    losses: Vec<(usize, f64, Estimate)>,
    output: usize,
    records: &'a [PointRecord],
}

impl Sweep<'_> {
    /// The fit, and the slope with the error that holds for noise that learning rates share, if they do.
    fn slope(&self, problem: &Problem, least: f64) -> Option<(SlopeFit, Estimate, bool)> {
        if self.losses.len() < LEAST_POINTS {
            return None;
        }
        let excess: Vec<_> = (self.losses.iter())
            .map(|(_, eta, loss)| (*eta, loss.shifted(-least)))
            .collect();
        let fit = theory::fit_slope(&excess).ok()?;
        let common = problem.experiment.ensemble.common_noise;
        let measured = if common {
            self.paired(fit.slope.mean, &fit.weights, least)?
        } else {
            fit.slope
        };
        Some((fit, measured, common))
    }

    /// A weighted sum over learning rates of the losses above `least`, with the error of the same sum group by group: what
    /// groups share cancels.
    fn paired(&self, sum: f64, weights: &[(f64, f64)], least: f64) -> Option<Estimate> {
        let mut columns = Vec::new();
        for (eta, weight) in weights {
            let (point, _, _) = self.losses.iter().find(|(_, known, _)| known == eta)?;
            let averages = self.records[*point].averages.as_ref()?;
            let means: Vec<(f64, f64)> = averages.group_means(self.output).collect();
            columns.push((*weight, means));
        }
        let groups = columns.first().map_or(0, |(_, means)| means.len());
        let sums: Vec<(f64, f64)> = (0..groups)
            .map(|g| {
                let sum = columns
                    .iter()
                    .map(|(weight, means)| weight * (means[g].1 - least));
                (columns[0].1[g].0, sum.sum())
            })
            .collect();
        let spread = weighted_mean(sums.iter().copied());
        Some(Estimate::new(sum, spread.se))
    }

    /// L at η = 0 by extrapolation, without any knowledge of the optimum.
    fn least_loss(&self, problem: &Problem) -> Option<Estimate> {
        if self.losses.len() <= LEAST_POINTS {
            return None;
        }
        let points: Vec<_> = self
            .losses
            .iter()
            .map(|(_, eta, loss)| (*eta, *loss))
            .collect();
        let fit = theory::fit_slope_and_least_loss(&points).ok()?;
        if problem.experiment.ensemble.common_noise {
            self.paired(fit.intercept?.mean, &fit.intercept_weights, 0.0)
        } else {
            fit.intercept
        }
    }
}

/// ¼ Σ_k r_k E ĝ_k² at the optimum, over 1 − β with momentum: with replacement, since the noise of an epoch's order cancels
/// to first order.
fn theoretical(problem: &Problem) -> Option<f64> {
    let sigma = problem.sigma()?;
    let terms = sigma.iter().zip(&problem.rates).map(|(s, r)| r * s * s);
    Some(0.25 * problem.acceleration()? * terms.sum::<f64>())
}
