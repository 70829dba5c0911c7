//! dL/dη at η = 0: the slope of the measured sweep, and the theorem's number.

use crate::experiment::DynamicsKind;
use crate::measure::Estimate;
use crate::problem::Problem;
use crate::report::{self, Optimum, Slope};
use crate::theory;

/// Fewer learning rates give no slope.
const LEAST_POINTS: usize = 3;

/// The slope of a sweep of SGD, where its points have settled at an L(η) and the optimum is known.
pub(super) fn slope(
    problem: &Problem,
    points: &[report::Point],
    optimum: Option<&Optimum>,
) -> Option<Slope> {
    let dynamics = &problem.experiment.dynamics;
    let theory = theoretical(problem)?;
    if dynamics.kind.value != DynamicsKind::Sgd {
        return None;
    }
    let excess: Vec<(f64, Estimate)> = (points.iter().zip(&problem.points))
        .filter(|(point, _)| point.converged && point.diverged == 0)
        .map(|(point, plan)| {
            (
                plan.last().0,
                point.loss.shifted(-optimum.map_or(f64::NAN, |o| o.loss)),
            )
        })
        .filter(|(_, loss)| loss.mean.is_finite() && loss.se > 0.0)
        .collect();
    if excess.len() < LEAST_POINTS {
        return None;
    }
    let fit = theory::fit_slope(&excess).ok()?;
    Some(Slope {
        measured: fit.slope,
        theory,
    })
}

/// ¼ Σ_k r_k E ĝ_k² at the optimum, over 1 − β with momentum: with replacement, since the noise of an epoch's order cancels
/// to first order.
fn theoretical(problem: &Problem) -> Option<f64> {
    let sigma = problem.sigma()?;
    let terms = sigma.iter().zip(&problem.rates).map(|(s, r)| r * s * s);
    Some(0.25 * problem.acceleration()? * terms.sum::<f64>())
}
