//! Kinds of dynamics: each answers for its abilities, so that no other module asks for its name.

mod gradient_flow;
mod langevin;
mod sgd;

use crate::spec::Kind;

/// The abilities and needs of one kind of dynamics.
#[derive(Debug)]
pub struct Abilities {
    /// Name in experiment files and in `summary.json`.
    pub name: &'static str,
    /// Name in sentences.
    pub title: &'static str,
    /// True when steps are random. Otherwise there is no stationary distribution and no temperature, and gradients
    /// have no noise unless the experiment file asks for it.
    pub is_stochastic: bool,
    /// The noise of a loss over data for which the experiment file has no `[noise]`.
    pub data_noise: DataNoise,
    /// True when the time step `dt` may differ from η.
    pub has_time_step: bool,
    /// True when an optimizer may transform the gradient.
    pub takes_optimizer: bool,
    /// True when the loss it converges to has a slope dL/dη at η = 0 that theory knows.
    pub has_loss_slope: bool,
    /// The factor of the gradient in a step, from η and `dt`, without the rate of the parameter.
    pub drift: fn(f64, f64) -> f64,
    /// The factor of σ z in a step, from η and `dt`, without the rate of the parameter.
    pub amplitude: fn(f64, f64) -> f64,
    /// The variance of a step's noise over σ² and the drift, from η and `dt`: amplitude² / drift. It is the η of the
    /// stationary temperature ½ η r σ² and of the fluctuation–dissipation relation.
    pub noise_rate: fn(f64, f64) -> f64,
}

/// The noise of dynamics on a loss over data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataNoise {
    /// Each step takes the gradient of a batch of examples, and the choice of the batch is the noise.
    Batches,
    /// Steps take the gradient of all examples and add Gaussian noise with the covariance that the gradient of a batch
    /// has at the optimum.
    CovarianceAtOptimum,
    /// Steps take the gradient of all examples and add nothing.
    None,
}

impl Kind {
    /// Every kind, in the order of the manual.
    pub const ALL: [Self; 3] = [Self::Sgd, Self::Langevin, Self::GradientFlow];

    /// The abilities of this kind.
    pub const fn abilities(self) -> &'static Abilities {
        match self {
            Self::Sgd => &sgd::ABILITIES,
            Self::Langevin => &langevin::ABILITIES,
            Self::GradientFlow => &gradient_flow::ABILITIES,
        }
    }

    /// The name in experiment files.
    pub const fn name(self) -> &'static str {
        self.abilities().name
    }

    /// Returns true when steps are random.
    pub const fn is_stochastic(self) -> bool {
        self.abilities().is_stochastic
    }

    /// Returns true when each step takes a batch of examples and not all of them.
    pub fn takes_batches(self) -> bool {
        self.abilities().data_noise == DataNoise::Batches
    }
}
