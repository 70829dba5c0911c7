//! Last stage: the stationary distribution of a problem that has one in closed form.

use super::check::{Check, Stage};
use super::models::problem;
use super::subject::{Subject, worse};
use crate::engine::EngineError;
use crate::measure::{Comoments, Moments};

/// Chains: an error of one percent in a variance is five standard errors, 5 √(2 / chains).
const CHAINS: u32 = 524_288;

/// Steps after which (1 − ηλ)²ⁿ < 1e-13 of the start remains.
const STEPS: u32 = 150;

/// Checks SGD on Σ λ_k x_k² / 2 with Gaussian noise. The x_k ~ N(0, ησ² / (λ_k (2 − ηλ_k))) are
/// independent at any η.
pub(super) fn stationary(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let eta = 0.1;
    let dynamics = format!("kind = \"sgd\"\neta = {eta}");
    let problem = problem(
        "x = 0.0\ny = 0.0",
        "x^2 / 2 + y^2",
        &dynamics,
        "sigma = 1.0",
        CHAINS,
        STEPS,
    );
    let mut engine = subject.engine(&problem.task)?;
    for checkpoint in &problem.timeline.checkpoints {
        engine.step(checkpoint, &|_| {})?;
    }
    // Moments are computed in f64 from the states, so that this stage does not depend on the
    // engine's reductions.
    let states = engine.states()?;
    let column = |k: usize| -> Vec<f64> { states.iter().skip(k).step_by(2).copied().collect() };
    let columns = [column(0), column(1)];
    let mut z = 0.0;
    for (column, lambda) in columns.iter().zip([1.0, 2.0]) {
        let variance = eta / (lambda * (2.0 - eta * lambda));
        z = worse(z, z_of_normal(&Moments::from_slice(column), variance));
    }
    let covariance = Comoments::from_columns(&columns).covariance();
    let size = (covariance[(0, 0)] * covariance[(1, 1)]).sqrt();
    z = worse(
        z,
        (covariance[(0, 1)] / size * f64::from(CHAINS).sqrt()).abs(),
    );
    let what = format!("stationary distribution of a quadratic, {CHAINS} chains: largest |z|");
    let note = "in standard errors; one of 9 figures exceeds 5 by chance with probability 5e-6, \
        and the seed is fixed";
    Ok(vec![subject.check(
        Stage::Distribution,
        &what,
        z,
        5.0,
        note,
    )])
}

/// Largest |z| of mean, variance, skewness and kurtosis of a sample that should be N(0,
/// `variance`).
fn z_of_normal(found: &Moments, variance: f64) -> f64 {
    let n = f64::from(CHAINS);
    let figures = [
        found.mean_estimate().z_against(0.0),
        found.variance_estimate().z_against(variance),
        found.skewness() / (6.0 / n).sqrt(),
        found.excess_kurtosis() / (24.0 / n).sqrt(),
    ];
    figures.into_iter().map(f64::abs).fold(0.0, worse)
}
