//! Losses whose every example is quadratic (linear regression, with or without regularization): the moments of SGD
//! are known exactly at every learning rate.

mod build;
mod evolution;
mod fourth;
mod packed;
mod stationary;

use super::example_loss::ExampleLoss;
use super::modes::Momentum;
use super::{TheoryError, error::positive};
use fourth::FourthMoments;
use nalgebra::{DMatrix, DVector};
use std::sync::OnceLock;

pub use evolution::Moments;
pub use stationary::Stationary;

/// Largest dimension: a symmetric matrix then has 2,080 entries and the operator on them four million.
const MAX_DIMENSION: usize = 64;

/// A mean of quadratic losses L_i(Φ) = L_i(Φ*) + g_iᵀΔ + ½ΔᵀH_iΔ, Δ = Φ − Φ*, at the minimum Φ* of the mean.
///
/// SGD with batches of B examples drawn with replacement and rates D = diag(r) is the linear recursion
/// Δ′ = (I − ηDĤ)Δ − ηDĝ with Ĥ and ĝ the batch's means of H_i and g_i, so that the first two moments of Δ obey
/// closed linear equations, whatever the H_i: M′ = E\[(I − ηDĤ)M(I − ηDĤ)ᵀ\] + η²DCD/B about Φ*, E Ĥ M Ĥ =
/// HMH + (E_i H_iMH_i − HMH)/B.
#[derive(Debug, Clone)]
pub struct QuadraticExamples {
    optimum: DVector<f64>,
    least_loss: f64,
    hessian: DMatrix<f64>,
    noise: DMatrix<f64>,
    /// M ↦ E H_i M H_i on packed symmetric matrices.
    spread: DMatrix<f64>,
    /// E H_i,jk g_i,l with (j, k) packed, d(d + 1)/2 × d.
    cross: DMatrix<f64>,
    /// Greatest trace of an H_i, where none has a negative curvature.
    greatest_trace: Option<f64>,
    /// Every H_i, packed, one after another; empty where there would be too many.
    packed_hessians: Vec<f64>,
    fourth: OnceLock<Option<FourthMoments>>,
}

impl QuadraticExamples {
    /// Finds Φ*, H, C and the operator on second moments from gradients, which are affine: H_i has the columns
    /// g_i(Φ* + e_k) − g_i(Φ*).
    ///
    /// About 3d passes over the data where the N·d² numbers of all H_i fit into 64 MB, d more for each further 64 MB; and
    /// N·d⁴/4 operations.
    ///
    /// # Errors
    /// The gradients are not affine, as seen at two further points for every example; the minimum is not unique; d
    /// exceeds 64; there are no examples.
    pub fn new(loss: &dyn ExampleLoss) -> Result<Self, TheoryError> {
        build::build(loss)
    }

    /// Number of parameters d.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.optimum.len()
    }

    /// The minimum Φ*, length d.
    #[must_use]
    pub fn optimum(&self) -> &[f64] {
        self.optimum.as_slice()
    }

    /// The least loss L*.
    #[must_use]
    pub fn least_loss(&self) -> f64 {
        self.least_loss
    }

    /// The Hessian H = E H_i, d × d.
    #[must_use]
    pub fn hessian(&self) -> &DMatrix<f64> {
        &self.hessian
    }

    /// The second moment C = E g_i g_iᵀ of the examples' gradients at Φ*, d × d.
    #[must_use]
    pub fn second_moment(&self) -> &DMatrix<f64> {
        &self.noise
    }

    /// E H_i M H_i for a symmetric M.
    fn spread_of(&self, moment: &DMatrix<f64>) -> DMatrix<f64> {
        packed::unpack(&(&self.spread * packed::pack(moment)))
    }

    /// Covariance of a batch's gradient for Δ of second moment M about Φ*, from the spread of H_i alone:
    /// (E H_iMH_i − HMH)/B.
    fn curvature_noise(&self, moment: &DMatrix<f64>, batch: usize) -> DMatrix<f64> {
        (self.spread_of(moment) - &self.hessian * moment * &self.hessian) / batch as f64
    }

    /// Whether the fourth moments of Δ exist under plain SGD, and so the variance of the loss: whether the spectral
    /// radius of E\[(I − ηDĤ)^{⊗4}\] on symmetric tensors is below 1. `None`: not known.
    ///
    /// Exact where the work, which the first call does, stays within some ten seconds: for d ≤ 12 where all H_i have
    /// rank one, otherwise for d ≤ 8 at 20,000 examples. Beyond that, yes where η Σ_k r_k H_i,kk ≤ 2 for every example
    /// with the greatest rate for all (then no step lengthens Δ in the norm of D⁻¹, and the fourth moments shrink with
    /// the second), no where the second moments grow, and not known in between.
    #[must_use]
    pub fn fourth_moment_exists(&self, eta: f64, rates: &[f64], batch: usize) -> Option<bool> {
        let limit = self.mean_square_limit(rates, batch).ok()?;
        if eta.is_nan() || eta <= 0.0 || eta >= limit {
            return Some(false);
        }
        let steepest = rates.iter().copied().fold(0.0, f64::max);
        if self
            .greatest_trace
            .is_some_and(|trace| eta * steepest * trace <= 2.0)
        {
            return Some(true);
        }
        let fourth = self
            .fourth
            .get_or_init(|| FourthMoments::new(self.dimension(), &self.packed_hessians));
        fourth
            .as_ref()
            .map(|moments| moments.contract(eta, rates, batch))
    }
}

/// η and B, checked; a batch as a number.
fn checked(eta: f64, batch: usize) -> Result<(), TheoryError> {
    positive("the learning rate", eta)?;
    positive("the batch size", batch as f64).map(|_| ())
}

#[cfg(test)]
mod tests;
