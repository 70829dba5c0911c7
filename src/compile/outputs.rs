//! The outputs of the observing program: positions of the measured quantities.

use super::balance::Balance;
use super::quantities::Quantity;
use std::ops::Range;

/// Positions of the measured quantities among the outputs of the observing program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// L(x).
    pub loss: usize,
    /// x_k ∂L/∂x_k of the first [`MEASURED`](super::MEASURED) parameters.
    pub virial: Range<usize>,
    /// x_k of the first [`MEASURED`](super::MEASURED) parameters.
    pub parameters: Range<usize>,
    /// The fluctuation–dissipation relation, where the update rule has one.
    pub fdr: Option<Fdr>,
    /// The loss less a control variate of mean zero, where the fluctuation–dissipation relation and an optimum are known.
    pub controlled: Option<usize>,
    /// The variance of ĝ_k, where it depends on the state.
    pub variances: Option<Range<usize>>,
    /// Tests of a common temperature and of detailed balance.
    pub balance: Balance,
    /// Scalar quantities of the table in `quantities.rs` that this experiment has.
    pub quantities: Vec<(&'static Quantity, usize)>,
    /// The user's observables.
    pub observables: Range<usize>,
}

impl Outputs {
    /// Number of leading outputs that must be finite: the loss, its gradient, and the squares that are made of them.
    pub(super) fn checked(&self) -> usize {
        let last = self.controlled.or(self.fdr.map(|fdr| fdr.difference));
        last.map_or(self.parameters.end, |last| last + 1)
    }
}

/// Positions of the fluctuation–dissipation relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fdr {
    /// 2 x·g.
    pub left: usize,
    /// The side that equals it in mean in a stationary ensemble: Σ_k r_k (δ g_k² + η σ_k²) for plain steps.
    pub right: usize,
    /// Left minus right, chain by chain.
    pub difference: usize,
}
