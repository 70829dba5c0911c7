//! Theory for one sweep point: Gibbs densities by quadrature, and for few independent parameters the exact distribution of
//! the discretized chain.

use super::over_data::{DataMoments, DataPoint, DataTheory};
use crate::compile::Problem;
use crate::measure::Estimate;
use crate::report;
use crate::theory::{self, DiscreteStationary1d, Gibbs1d};
use std::fmt;

/// A theoretical mean below this share of the standard deviation is 0: symmetry up to the error of the quadrature.
const ROUNDING: f64 = 1e-9;

type Function = Box<dyn Fn(f64) -> f64>;

/// Theory of one coordinate whose loss is a function of it alone.
pub(in crate::run) struct Coordinate {
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
    pub(in crate::run) fn fit_alpha(&self, mean_loss: Estimate) -> Option<Estimate> {
        theory::fit_alpha(mean_loss, &*self.loss, self.eta_variance, self.hint).ok()
    }

    /// The Gibbs distribution function at increasing points.
    pub(in crate::run) fn gibbs_cdf(&self, points: &[f64]) -> Option<Vec<f64>> {
        self.gibbs.as_ref().map(|gibbs| gibbs.cdf(points))
    }

    /// E[x] and Var[x] under Gibbs.
    fn gibbs_moments(&self) -> Option<(f64, f64)> {
        self.gibbs
            .as_ref()
            .map(|gibbs| clean(gibbs.mean(), gibbs.variance()))
    }

    /// The distribution function of the discretized chain.
    pub(in crate::run) fn discrete_cdf(&self, points: &[f64]) -> Option<Vec<f64>> {
        self.discrete.as_ref().map(|(chain, _)| chain.cdf(points))
    }

    /// E[L] of the discretized chain.
    pub(in crate::run) fn discrete_loss(&self) -> Option<f64> {
        self.discrete.as_ref().map(|(_, loss)| *loss)
    }

    /// E[x] and Var[x] of the discretized chain.
    fn discrete_moments(&self) -> Option<(f64, f64)> {
        let (chain, _) = self.discrete.as_ref()?;
        let mean = chain.expectation(|x| x);
        Some(clean(mean, chain.expectation(|x| (x - mean).powi(2))))
    }

    /// E[L] under Gibbs.
    fn gibbs_loss(&self) -> Option<f64> {
        self.gibbs.as_ref().map(Gibbs1d::mean_loss)
    }
}

const EXACT: &str = "exact distribution of the chain at this step size";
const GIBBS: &str = "Gibbs distribution at α = ½, the limit of small steps";

/// Theory of one point.
#[derive(Debug)]
pub(in crate::run) struct PointTheory {
    /// One for each parameter, where the loss is a sum over parameters and their noise is independent and constant.
    coordinates: Vec<Coordinate>,
    temperatures: Option<Vec<f64>>,
    /// E[L].
    loss: Option<f64>,
    /// True when theory is the exact distribution of the chain, false when it is the limit of small steps.
    exact: bool,
    /// Theory over data, where the loss is a mean over examples.
    data: Option<DataPoint>,
}

impl PointTheory {
    /// Computes the theory for point `index`.
    pub(in crate::run) fn new(
        problem: &Problem,
        data: Option<&DataTheory<'_>>,
        index: usize,
    ) -> Self {
        let data = data.map(|data| data.at(index));
        let dynamics = &problem.experiment.dynamics;
        let sigma = problem
            .sigma()
            .filter(|_| dynamics.kind.value.is_stochastic() && problem.noise_is_independent());
        let (Some(sigma), Some(acceleration)) = (sigma, problem.acceleration()) else {
            return Self {
                coordinates: Vec::new(),
                temperatures: None,
                loss: None,
                exact: false,
                data,
            };
        };
        let delta = problem.points[index].last().dt;
        let noise_rate = problem.noise_rate(index);
        let eta_variances: Vec<f64> = sigma
            .iter()
            .zip(&problem.rates)
            .map(|(sigma, rate)| acceleration * noise_rate * rate * sigma * sigma)
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
        // For Gaussian steps, a distribution that could not be computed does not exist. No theory is then better than the
        // limit of small steps, from which such a chain is far.
        let exact = steps_are_gaussian(problem) && coordinates.len() <= DISCRETE_LIMIT;
        let loss = if exact {
            Coordinate::discrete_loss
        } else {
            Coordinate::gibbs_loss
        };
        Self {
            loss: mean_loss(problem, &coordinates, loss),
            exact,
            data,
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
    pub(in crate::run) fn single(&self) -> Option<&Coordinate> {
        match self.coordinates.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Theory of parameter `k`.
    pub(in crate::run) fn coordinate(&self, k: usize) -> Option<&Coordinate> {
        self.coordinates.get(k)
    }

    /// Theory over data.
    pub(in crate::run) fn data(&self) -> Option<&DataPoint> {
        self.data.as_ref()
    }

    /// E[x_k ∂L/∂x_k]: exact over data, else ½ η r_k σ_k².
    pub(in crate::run) fn temperature(&self, k: usize) -> Option<f64> {
        if let Some(moments) = self
            .data
            .as_ref()
            .and_then(|data| data.moments.as_ref().ok())
        {
            return Some(moments.temperatures[k]);
        }
        self.temperatures.as_ref().map(|all| all[k])
    }

    /// Name of the theory that the predictions come from; `None` where there are none.
    pub(in crate::run) fn source(&self) -> Option<&'static str> {
        if let Some(data) = &self.data {
            return data.moments.is_ok().then_some(data.source);
        }
        let source = if self.exact { EXACT } else { GIBBS };
        (!self.coordinates.is_empty()).then_some(source)
    }

    /// The distribution function of parameter `k` under the theory that [`Self::source`] names; `None` where only moments are
    /// known.
    pub(in crate::run) fn cdf(&self, k: usize, points: &[f64]) -> Option<Vec<f64>> {
        if let Some(data) = &self.data {
            return data.normal_cdf(k, points);
        }
        let coordinate = self.coordinate(k)?;
        if self.exact {
            coordinate.discrete_cdf(points)
        } else {
            coordinate.gibbs_cdf(points)
        }
    }

    /// Returns true when the parameters are independent under that theory.
    pub(in crate::run) fn is_product(&self) -> bool {
        self.data.is_none()
    }

    /// Theory for the report: the exact distribution of the chain where it was computed, otherwise the limit of small steps.
    pub(in crate::run) fn report(&self, names: &[String]) -> Option<report::Theory> {
        if let Some(data) = &self.data {
            let moments = data.moments.as_ref().ok()?;
            return Some(over_data(data.source, moments, names));
        }
        let source = self.source()?;
        let moments = if self.exact {
            Coordinate::discrete_moments
        } else {
            Coordinate::gibbs_moments
        };
        let parameters = (names.iter().zip(&self.coordinates))
            .map(|(name, coordinate)| {
                let moments = moments(coordinate);
                let theory = report::ParameterTheory {
                    mean: moments.map(|(mean, _)| mean),
                    variance: moments.map(|(_, variance)| variance),
                };
                (name.clone(), theory)
            })
            .collect();
        Some(report::Theory {
            source: source.to_owned(),
            loss: self.loss,
            parameters,
        })
    }
}

fn over_data(source: &str, moments: &DataMoments, names: &[String]) -> report::Theory {
    let parameters = (names.iter().enumerate())
        .map(|(k, name)| {
            let theory = report::ParameterTheory {
                mean: moments.means.as_ref().map(|means| means[k]),
                variance: Some(moments.covariance[(k, k)]),
            };
            (name.clone(), theory)
        })
        .collect();
    report::Theory {
        source: source.to_owned(),
        loss: Some(moments.loss),
        parameters,
    }
}

/// The values of the other parameters while one is varied: the start, because any values do for a separable loss.
fn reference(problem: &Problem) -> Option<Vec<f64>> {
    // The distributions below are those of plain steps.
    let plain = problem.acceleration() == Some(1.0);
    (plain && problem.model.separable).then(|| problem.model.start.clone())
}

fn coordinate(
    problem: &Problem,
    reference: &[f64],
    k: usize,
    eta_variance: f64,
    delta: f64,
) -> Coordinate {
    let loss = || -> Function { problem.model.along(k, reference) };
    let gradient = |x: f64| {
        let mut at = reference.to_vec();
        at[k] = x;
        problem.model.gradient(&at)[k]
    };
    let hint = reference[k];
    let gibbs = Gibbs1d::langevin(loss(), eta_variance, hint).ok();
    let gaussian = steps_are_gaussian(problem) && problem.names.len() <= DISCRETE_LIMIT;
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
        .map(|chain| {
            let mean = chain.expectation(loss());
            (chain, mean)
        });
    Coordinate {
        loss: loss(),
        eta_variance,
        hint,
        gibbs,
        discrete,
    }
}

/// E[L] of a separable loss: the loss at the reference plus the mean increment of each coordinate.
fn mean_loss(
    problem: &Problem,
    coordinates: &[Coordinate],
    of: fn(&Coordinate) -> Option<f64>,
) -> Option<f64> {
    let at_reference = problem.model.loss(&reference(problem)?);
    let mut sum = at_reference;
    for coordinate in coordinates {
        sum += of(coordinate)? - at_reference;
    }
    (!coordinates.is_empty()).then_some(sum)
}

/// Most coordinates for which the distribution of the discretized chain is computed, at some milliseconds each.
const DISCRETE_LIMIT: usize = 8;

fn steps_are_gaussian(problem: &Problem) -> bool {
    problem.experiment.noise.kind.is_gaussian()
}

/// Sets a mean to zero when it is only the rounding of a quadrature.
fn clean(mean: f64, variance: f64) -> (f64, f64) {
    let mean = if mean.abs() < ROUNDING * variance.sqrt() {
        0.0
    } else {
        mean
    };
    (mean, variance)
}
