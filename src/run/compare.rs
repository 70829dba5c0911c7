//! What theory says about one point of a sweep: Gibbs densities by quadrature, and in one dimension the exact law of the
//! discretized chain.

use super::summarize::parameter_theory;
use crate::experiment::{DynamicsKind, NoiseKind};
use crate::measure::Estimate;
use crate::problem::Problem;
use crate::report;
use crate::theory::{self, DiscreteStationary1d, Gibbs1d};
use std::fmt;

/// A theoretical mean below this share of the standard deviation is 0: symmetry up to the error of the quadrature.
const ROUNDING: f64 = 1e-9;

type Function = Box<dyn Fn(f64) -> f64>;

/// Theory of one coordinate whose loss is a function of it alone.
pub(super) struct Coordinate {
    loss: Function,
    eta_variance: f64,
    hint: f64,
    gibbs: Option<Gibbs1d<Function>>,
    discrete: Option<(DiscreteStationary1d, f64)>,
}

impl fmt::Debug for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinate")
            .field("eta_variance", &self.eta_variance)
            .finish_non_exhaustive()
    }
}

impl Coordinate {
    /// Maximum-likelihood α of p ∝ exp(−L/(αησ²)) for a mean loss.
    pub(super) fn fit_alpha(&self, mean_loss: Estimate) -> Option<Estimate> {
        theory::fit_alpha(mean_loss, &*self.loss, self.eta_variance, self.hint).ok()
    }

    /// The Gibbs distribution function at increasing points.
    pub(super) fn gibbs_cdf(&self, points: &[f64]) -> Option<Vec<f64>> {
        self.gibbs.as_ref().map(|gibbs| gibbs.cdf(points))
    }

    /// E[x] under Gibbs; exactly 0 where it differs from 0 by the rounding of the quadrature alone.
    pub(super) fn gibbs_mean(&self) -> Option<f64> {
        let gibbs = self.gibbs.as_ref()?;
        let (mean, sd) = (gibbs.mean(), gibbs.variance().sqrt());
        Some(if mean.abs() < ROUNDING * sd {
            0.0
        } else {
            mean
        })
    }

    /// Var[x] under Gibbs.
    pub(super) fn gibbs_variance(&self) -> Option<f64> {
        self.gibbs.as_ref().map(Gibbs1d::variance)
    }

    /// The distribution function of the discretized chain.
    pub(super) fn discrete_cdf(&self, points: &[f64]) -> Option<Vec<f64>> {
        self.discrete.as_ref().map(|(law, _)| law.cdf(points))
    }

    /// E[L] of the discretized chain.
    pub(super) fn discrete_loss(&self) -> Option<f64> {
        self.discrete.as_ref().map(|(_, loss)| *loss)
    }
}

/// Theory of one point.
#[derive(Debug)]
pub(super) struct PointTheory {
    /// One for each parameter, where the loss is a sum over parameters and their noise is independent and constant.
    coordinates: Vec<Coordinate>,
    temperatures: Option<Vec<f64>>,
    loss: Option<f64>,
}

impl PointTheory {
    /// Resolves what can be said about point `index`.
    pub(super) fn new(problem: &Problem, index: usize) -> Self {
        let dynamics = &problem.experiment.dynamics;
        let sigma = problem.sigma().filter(|_| {
            dynamics.kind.value != DynamicsKind::GradientFlow && problem.noise_is_independent()
        });
        let Some(sigma) = sigma else {
            return Self {
                coordinates: Vec::new(),
                temperatures: None,
                loss: None,
            };
        };
        let (eta, delta) = problem.points[index].last();
        let eta_variances: Vec<f64> = sigma
            .iter()
            .zip(&problem.rates)
            .map(|(sigma, rate)| eta * rate * sigma * sigma)
            .collect();
        let coordinates: Vec<Coordinate> = match reference(problem) {
            Some(reference) if eta_variances.iter().all(|&variance| variance > 0.0) => {
                (eta_variances.iter())
                    .enumerate()
                    .map(|(k, &variance)| coordinate(problem, &reference, k, variance, delta))
                    .collect()
            }
            _ => Vec::new(),
        };
        Self {
            loss: mean_loss(problem, &coordinates),
            temperatures: Some(
                eta_variances
                    .iter()
                    .map(|variance| 0.5 * variance)
                    .collect(),
            ),
            coordinates,
        }
    }

    /// The only coordinate of a one-dimensional problem.
    pub(super) fn single(&self) -> Option<&Coordinate> {
        match self.coordinates.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Theory of parameter `k`.
    pub(super) fn coordinate(&self, k: usize) -> Option<&Coordinate> {
        self.coordinates.get(k)
    }

    /// ½ η r_k σ_k².
    pub(super) fn temperature(&self, k: usize) -> Option<f64> {
        self.temperatures.as_ref().map(|all| all[k])
    }

    /// As the report writes it.
    pub(super) fn report(&self, names: &[String]) -> Option<report::Theory> {
        let known = self
            .coordinates
            .iter()
            .any(|coordinate| coordinate.gibbs.is_some());
        known.then(|| report::Theory {
            source: "Gibbs distribution at α = ½, by quadrature".to_owned(),
            loss: self.loss,
            parameters: names
                .iter()
                .cloned()
                .zip(self.coordinates.iter().map(parameter_theory))
                .collect(),
        })
    }
}

/// Where the other parameters stand while one is varied: the start, for a separable loss any place will do.
fn reference(problem: &Problem) -> Option<Vec<f64>> {
    problem.model.separable.then(|| problem.model.start.clone())
}

fn coordinate(
    problem: &Problem,
    reference: &[f64],
    k: usize,
    eta_variance: f64,
    delta: f64,
) -> Coordinate {
    let place = move |x: f64, at: &[f64]| {
        let mut at = at.to_vec();
        at[k] = x;
        at
    };
    let loss = || -> Function {
        let (model, at) = (problem.model.clone(), reference.to_vec());
        Box::new(move |x| model.loss(&place(x, &at)))
    };
    let gradient = |x: f64| problem.model.gradient(&place(x, reference))[k];
    let hint = reference[k];
    let gibbs = Gibbs1d::langevin(loss(), eta_variance, hint).ok();
    // The law of the discretized chain is computed for Gaussian steps of one parameter: others would take a d-dimensional
    // kernel, or are not Gaussian.
    let gaussian = problem.experiment.noise.kind == NoiseKind::Gaussian && problem.names.len() == 1;
    let discrete = gaussian
        .then(|| {
            DiscreteStationary1d::new(
                loss(),
                gradient,
                hint,
                delta * problem.rates[k],
                eta_variance,
            )
            .ok()
        })
        .flatten()
        .map(|law| {
            let mean = law.expectation(loss());
            (law, mean)
        });
    Coordinate {
        loss: loss(),
        eta_variance,
        hint,
        gibbs,
        discrete,
    }
}

/// E[L] under Gibbs: for a separable loss the sum of what each coordinate adds to the loss at the reference.
fn mean_loss(problem: &Problem, coordinates: &[Coordinate]) -> Option<f64> {
    let at_reference = problem.model.loss(&reference(problem)?);
    let mut sum = at_reference;
    for coordinate in coordinates {
        sum += coordinate.gibbs.as_ref()?.mean_loss() - at_reference;
    }
    (!coordinates.is_empty()).then_some(sum)
}
