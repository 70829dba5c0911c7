//! Losses with quadratic examples, such as linear regression with or without regularization: exact moments of SGD at every
//! learning rate.

mod build;
mod evolution;
mod fourth;
mod packed;
mod stationary;

use super::error::{TheoryError, positive};
use super::example_loss::ExampleLoss;
use super::modes::Momentum;
use fourth::FourthMoments;
use nalgebra::{DMatrix, DVector};
use std::sync::OnceLock;

pub use evolution::EnsembleMoments;
pub use stationary::Stationary;

/// Maximum dimension; a symmetric matrix then has 2,080 entries and the operator on them four million.
const MAX_DIMENSION: usize = 64;

/// A mean of quadratic losses L_i(Φ) = L_i(Φ*) + g_iᵀΔ + ½ΔᵀH_iΔ with Δ = Φ − Φ*, at the minimum Φ* of the mean.
///
/// SGD with batches of B examples drawn with replacement and rates D = diag(r) is the linear recursion
/// Δ′ = (I − ηDĤ)Δ − ηDĝ, where Ĥ and ĝ are the batch's means of H_i and g_i. So the first two moments of Δ obey closed
/// linear equations for any H_i. The second moment about Φ* satisfies M′ = E\[(I − ηDĤ)M(I − ηDĤ)ᵀ\] + η²DCD/B with
/// E ĤMĤ = HMH + (E_i H_iMH_i − HMH)/B.
#[derive(Debug, Clone)]
pub struct QuadraticExamples {
    /// Φ*, length d.
    optimum: DVector<f64>,
    /// L*.
    least_loss: f64,
    /// H = E H_i, d × d.
    hessian: DMatrix<f64>,
    /// C = E g_i g_iᵀ at Φ*, d × d.
    noise: DMatrix<f64>,
    /// The map M ↦ E H_i M H_i on packed symmetric matrices.
    spread: DMatrix<f64>,
    /// E H_i,jk g_i,l with (j, k) packed, d(d + 1)/2 × d.
    cross: DMatrix<f64>,
    /// Largest trace of an H_i; `None` if an H_i has a negative curvature.
    greatest_trace: Option<f64>,
    /// All H_i, packed and concatenated; empty if they are too many.
    packed_hessians: Vec<f64>,
    /// Computed by the first call that needs it.
    fourth: OnceLock<Option<FourthMoments>>,
}

impl QuadraticExamples {
    /// Computes Φ*, H, C and the operator on second moments from gradients: H_i has the columns g_i(Φ* + e_k) − g_i(Φ*).
    ///
    /// Cost: about 3d passes over the data if the N·d² numbers of all H_i fit into 64 MB, d more for each further 64 MB, and
    /// N·d⁴/4 operations.
    ///
    /// # Errors
    /// A gradient is not affine (tested at two further points for every example); the minimum is not unique; d exceeds 64;
    /// there are no examples.
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

    /// E H_i M H_i for a symmetric M, d × d.
    fn spread_of(&self, moment: &DMatrix<f64>) -> DMatrix<f64> {
        packed::unpack(&(&self.spread * packed::pack(moment)))
    }

    /// Covariance (E H_iMH_i − HMH)/B of a batch's gradient that the spread of the H_i adds, for a second moment M of Δ.
    fn curvature_noise(&self, moment: &DMatrix<f64>, batch: usize) -> DMatrix<f64> {
        (self.spread_of(moment) - &self.hessian * moment * &self.hessian) / batch as f64
    }

    /// True if the fourth moments of Δ, and so the variance of the loss, exist under plain SGD; `None` if unknown.
    ///
    /// They exist if the spectral radius of E\[(I − ηDĤ)^{⊗4}\] on symmetric tensors is below 1. The result is exact if the
    /// work, which the first call does, stays within about ten seconds: for d ≤ 12 if all H_i have rank one, otherwise for
    /// d ≤ 8 at 20,000 examples. Beyond that, the result is true if η r tr H_i ≤ 2 for every example, with the largest
    /// rate r (then no step lengthens Δ in the norm of D⁻¹, and the fourth moments shrink with the second); false if the
    /// second moments grow; unknown in between.
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

/// Returns an error unless η and B are positive.
fn checked(eta: f64, batch: usize) -> Result<(), TheoryError> {
    positive("the learning rate", eta)?;
    positive("the batch size", batch as f64).map(|_| ())
}

#[cfg(test)]
mod tests;
