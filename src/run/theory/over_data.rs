//! Theory for a loss that is a mean over examples: exact second moments of linear regression, and a local quadratic model of
//! every other loss.

use crate::compile::{Phase, Problem};
use crate::dynamics::DataNoise;
use crate::objective::OverData;
use crate::spec::{Kind, Momentum, Sampling};
use crate::theory::{self, QuadraticExamples};
use nalgebra::DMatrix;
use statrs::distribution::{ContinuousCDF, Normal};

/// Theory of a whole sweep.
#[derive(Debug)]
pub(in crate::run) struct DataTheory<'a> {
    problem: &'a Problem,
    data: &'a OverData,
    momentum: Momentum,
    /// Exact moments, where every example's loss is quadratic.
    exact: Option<QuadraticExamples>,
}

/// Theory of one learning rate.
#[derive(Debug, Clone)]
pub(in crate::run) struct DataPoint {
    pub(in crate::run) source: &'static str,
    /// The stationary moments, or the reason that there are none.
    pub(in crate::run) moments: Result<DataMoments, String>,
    /// True when the fourth moments exist, on which the standard error of the mean loss rests; `None` when unknown.
    pub(in crate::run) fourth_moments_exist: Option<bool>,
    /// True when the distribution is normal: linear steps with Gaussian noise.
    normal: bool,
}

impl DataPoint {
    /// The distribution function of parameter `k`, where it is normal.
    pub(in crate::run) fn normal_cdf(&self, k: usize, points: &[f64]) -> Option<Vec<f64>> {
        let moments = self.moments.as_ref().ok().filter(|_| self.normal)?;
        let (mean, variance) = (moments.means.as_ref()?[k], moments.covariance[(k, k)]);
        let normal = Normal::new(mean, variance.sqrt()).ok()?;
        Some(points.iter().map(|&x| normal.cdf(x)).collect())
    }
}

/// Stationary moments.
#[derive(Debug, Clone)]
pub(in crate::run) struct DataMoments {
    pub(in crate::run) loss: f64,
    /// E Φ, where it is known exactly.
    pub(in crate::run) means: Option<Vec<f64>>,
    pub(in crate::run) covariance: DMatrix<f64>,
    pub(in crate::run) temperatures: Vec<f64>,
}

const EXACT: &str = "exact second moments of SGD on these examples";
const EXACT_LANGEVIN: &str = "exact distribution of the chain at this step size";
const LOCAL: &str = "quadratic model of the loss at the optimum, to first order in η";

impl<'a> DataTheory<'a> {
    /// `None` where no theory is known: no data, no optimum, batches in the order of epochs, adaptive optimizers.
    pub(in crate::run) fn new(problem: &'a Problem) -> Option<Self> {
        let data = problem.data.as_ref()?;
        let dynamics = &problem.experiment.dynamics;
        if !dynamics.kind.value.is_stochastic() || dynamics.sampling == Sampling::Shuffle {
            return None;
        }
        data.optimum.as_ref()?;
        let momentum = dynamics.optimizer.value.rule().momentum()?;
        let exact = data
            .is_quadratic()
            .then(|| QuadraticExamples::new(&data.examples).ok())
            .flatten();
        Some(Self {
            problem,
            data,
            momentum,
            exact,
        })
    }

    /// Theory of point `index`, in the last phase of its schedule.
    pub(in crate::run) fn at(&self, index: usize) -> DataPoint {
        let Phase { eta, dt } = self.problem.points[index].last();
        let rates = &self.problem.rates;
        let batch = self.batch();
        if self.kind().abilities().data_noise == DataNoise::CovarianceAtOptimum {
            return self.langevin(eta, dt);
        }
        let Some(exact) = &self.exact else {
            return self.local(eta);
        };
        let stationary = exact.stationary(eta, rates, batch, self.momentum);
        let plain = self.momentum == Momentum::NONE;
        DataPoint {
            source: EXACT,
            normal: false,
            fourth_moments_exist: (plain && stationary.is_ok())
                .then(|| exact.fourth_moment_exists(eta, rates, batch))
                .flatten(),
            moments: stationary
                .map(|stationary| DataMoments {
                    loss: stationary.loss,
                    means: Some(exact.optimum().to_vec()),
                    covariance: stationary.covariance,
                    temperatures: stationary.temperatures,
                })
                .map_err(|error| error.to_string()),
        }
    }

    fn kind(&self) -> Kind {
        self.problem.experiment.dynamics.kind.value
    }

    fn batch(&self) -> usize {
        self.problem.experiment.dynamics.batch.value as usize
    }

    /// Covariance of the mean gradient of a batch at the optimum.
    fn noise(&self) -> Option<DMatrix<f64>> {
        let optimum = self.data.optimum.as_ref()?;
        Some(&optimum.second_moment / self.batch() as f64)
    }

    /// The linear recursion with the noise of the optimum: exact for Langevin steps on a quadratic loss.
    fn langevin(&self, eta: f64, dt: f64) -> DataPoint {
        let source = if self.exact.is_some() {
            EXACT_LANGEVIN
        } else {
            LOCAL
        };
        let covariance = |hessian: &DMatrix<f64>| {
            let given = self.problem.sigma().filter(|_| self.is_given());
            let noise = match given {
                Some(sigma) => DMatrix::from_diagonal(&nalgebra::DVector::from_vec(
                    sigma.iter().map(|s| s * s).collect(),
                )),
                None => self.noise().unwrap_or_else(|| hessian.clone() * 0.0),
            };
            let rates = &self.problem.rates;
            theory::quadratic_covariance(hessian, &noise, rates, eta, dt)
        };
        self.described(source, covariance)
    }

    /// Returns true when the experiment file gives the noise.
    fn is_given(&self) -> bool {
        self.problem.experiment.noise.scale != crate::spec::NoiseScale::None
    }

    fn local(&self, eta: f64) -> DataPoint {
        self.described(LOCAL, |hessian| {
            let noise = self.noise().unwrap_or_else(|| hessian.clone() * 0.0);
            theory::discrete_lyapunov(hessian, &noise, &self.problem.rates, eta, self.momentum)
        })
    }

    fn described(
        &self,
        source: &'static str,
        covariance: impl Fn(&DMatrix<f64>) -> Result<DMatrix<f64>, theory::TheoryError>,
    ) -> DataPoint {
        let optimum = self.data.optimum.as_ref();
        let minimum = &optimum
            .expect("theory over data begins with an optimum")
            .minimum;
        let moments = covariance(&minimum.hessian).map(|covariance| DataMoments {
            loss: minimum.loss + theory::quadratic_loss(&minimum.hessian, &covariance),
            means: self.exact.is_some().then(|| minimum.parameters.clone()),
            temperatures: (&minimum.hessian * &covariance)
                .diagonal()
                .as_slice()
                .to_vec(),
            covariance,
        });
        let gaussian = self.problem.experiment.noise.kind.is_gaussian();
        DataPoint {
            source,
            normal: source == EXACT_LANGEVIN && gaussian,
            moments: moments.map_err(|error| error.to_string()),
            fourth_moments_exist: None,
        }
    }
}
