//! Kinds of dynamics and update rules, as an experiment names them. [`crate::dynamics`] says how each behaves.

/// The stochastic process that chains follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Stochastic gradient descent: x ← x − η r (g + σ z).
    Sgd,
    /// The Langevin equation that has the stationary temperature of SGD at small η, discretized with step `dt`.
    Langevin,
    /// Gradient flow ẋ = −g, discretized with step `dt`.
    GradientFlow,
}

/// The rule that turns the stochastic gradient ĝ into an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// x ← x − η r ĝ.
    Sgd,
    /// v ← β v + ĝ, x ← x − η r v; with `nesterov` x ← x − η r (β v + ĝ) with the new v.
    Momentum {
        /// 0 ≤ β < 1.
        beta: f64,
        /// Nesterov's variant.
        nesterov: bool,
    },
    /// s ← β₂ s + (1 − β₂) ĝ², x ← x − η r ĝ / (√s + ε).
    RmsProp {
        /// 0 ≤ β₂ < 1; default 0.99.
        beta2: f64,
        /// ε > 0; default 10⁻⁸.
        epsilon: f64,
    },
    /// Adam with its correction of bias (Kingma and Ba 2015).
    Adam {
        /// 0 ≤ β₁ < 1; default 0.9.
        beta1: f64,
        /// 0 ≤ β₂ < 1; default 0.999.
        beta2: f64,
        /// ε > 0; default 10⁻⁸.
        epsilon: f64,
    },
    /// x ← x − η r sign(β₁ m + (1 − β₁) ĝ), m ← β₂ m + (1 − β₂) ĝ (Chen et al. 2023).
    Lion {
        /// 0 ≤ β₁ < 1; default 0.9.
        beta1: f64,
        /// 0 ≤ β₂ < 1; default 0.99.
        beta2: f64,
    },
}

/// Heavy-ball or Nesterov momentum with gradient ĝ and rates D: v′ = βv + ĝ, then x′ = x − ηDv′ (heavy ball) or
/// x′ = x − ηD(βv′ + ĝ) (Nesterov).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    /// The share β of the velocity that a step keeps, in [0, 1).
    pub beta: f64,
    /// True for Nesterov's variant, false for the heavy ball.
    pub nesterov: bool,
}

impl Momentum {
    /// No momentum: plain SGD.
    pub const NONE: Self = Self {
        beta: 0.0,
        nesterov: false,
    };

    /// The factor by which momentum multiplies the learning rate in the limit of small ones: 1 / (1 − β).
    pub fn acceleration(self) -> f64 {
        1.0 / (1.0 - self.beta)
    }

    /// a and c of the update direction a v + c ĝ, with the velocity v before the step.
    pub fn direction(self) -> (f64, f64) {
        let Self { beta, nesterov } = self;
        if nesterov {
            (beta * beta, 1.0 + beta)
        } else {
            (beta, 1.0)
        }
    }
}
