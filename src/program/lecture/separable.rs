//! Exact values for losses that are sums over parameters with independent noise.

use super::error::LectureError;
use crate::compile::{Phase, Problem};
use crate::report::HistogramTable;
use crate::theory::{DiscreteStationary1d, Gibbs1d};

/// Loss and its derivative as functions of parameter `k`, with the other parameters at their start.
pub(super) fn along(
    problem: &Problem,
    k: usize,
) -> (impl Fn(f64) -> f64 + '_, impl Fn(f64) -> f64 + '_) {
    let at = move |x: f64| {
        let mut at = problem.model.start.clone();
        at[k] = x;
        at
    };
    (
        move |x| problem.model.loss(&at(x)),
        move |x| problem.model.gradient(&at(x))[k],
    )
}

/// Stationary distribution of parameter `k` at the experiment's time step.
///
/// # Errors
/// The distribution does not exist.
pub(super) fn stationary(
    problem: &Problem,
    point: usize,
    k: usize,
) -> Result<DiscreteStationary1d, LectureError> {
    let (loss, gradient) = along(problem, k);
    let Phase { eta, dt: delta } = problem.points[point].last();
    let sigma = problem
        .sigma()
        .expect("the embedded experiments have constant noise")[k];
    let rate = problem.rates[k];
    Ok(DiscreteStationary1d::new(
        loss,
        gradient,
        problem.model.start[k],
        delta * rate,
        eta * rate * sigma * sigma,
    )?)
}

/// E[x ∂L/∂x] of every parameter at the experiment's time step.
///
/// # Errors
/// A stationary distribution does not exist.
pub(super) fn temperatures(problem: &Problem, point: usize) -> Result<Vec<f64>, LectureError> {
    (0..problem.names.len())
        .map(|k| {
            let (_, gradient) = along(problem, k);
            Ok(stationary(problem, point, k)?.expectation(|x| x * gradient(x)))
        })
        .collect()
}

/// Product of the Gibbs densities of the histogram's parameters at one temperature, averaged over
/// each bin.
///
/// # Errors
/// A density cannot be normalized.
pub(super) fn gibbs_density(
    problem: &Problem,
    histogram: &HistogramTable,
    temperature: f64,
) -> Result<Vec<f64>, LectureError> {
    let mut product = vec![1.0];
    for axis in &histogram.axes {
        let k = problem
            .names
            .iter()
            .position(|name| *name == axis.name)
            .expect("the embedded experiments have histograms of parameters");
        let (loss, _) = along(problem, k);
        let gibbs = Gibbs1d::new(loss, 1.0 / temperature, problem.model.start[k])?;
        let cdf = gibbs.cdf(&axis.edges);
        let density: Vec<f64> = cdf
            .windows(2)
            .zip(axis.edges.windows(2))
            .map(|(mass, edges)| (mass[1] - mass[0]) / (edges[1] - edges[0]))
            .collect();
        product = product
            .iter()
            .flat_map(|a| density.iter().map(move |b| a * b))
            .collect();
    }
    Ok(product)
}
