//! Kinds of dynamics and update rules.

/// The update rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// x ← x − η r (g + σ z).
    Sgd,
    /// The Langevin equation whose stationary temperature SGD has for small η, discretized with step `dt`.
    Langevin,
    /// ẋ = −g, discretized with step `dt`.
    GradientFlow,
}

impl Kind {
    /// The name that experiment files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Langevin => "langevin",
            Self::GradientFlow => "gradient-flow",
        }
    }
}

/// What is done with the stochastic gradient ĝ.
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
}
