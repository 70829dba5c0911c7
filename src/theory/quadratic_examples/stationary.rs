//! Stationary second moments, and the largest learning rate at which they exist.

use super::super::krylov;
use super::super::linear::quadratic_loss;
use super::super::modes::Modes;
use super::{Momentum, QuadraticExamples, TheoryError, checked};
use nalgebra::{DMatrix, DVector};

/// Exact stationary moments of SGD.
#[derive(Debug, Clone, PartialEq)]
pub struct Stationary {
    /// Covariance M of Φ about its mean Φ*, d × d.
    pub covariance: DMatrix<f64>,
    /// Excess loss L(η) − L* = ½ tr(HM).
    pub excess_loss: f64,
    /// Converged loss L(η).
    pub loss: f64,
    /// Temperatures T_k = E Δ_k ∂_kL = (HM)_kk; their sum is twice the excess loss.
    pub temperatures: Vec<f64>,
    /// (η/4) Σ_k r_k E ĝ_k², which equals the excess loss without momentum but not with it. At B = 1 and r = 1 it is the
    /// lecture's (η/4) E_Φ E_i‖g_i + H_iΔ‖².
    pub quarter_gradient: f64,
}

impl QuadraticExamples {
    /// Exact stationary moments at learning rate η with rates r and batches of B drawn with replacement.
    ///
    /// Solves M = Π(C/B + (E H_iMH_i − HMH)/B), where Π maps the covariance of gradient noise that does not depend on Φ to
    /// the stationary covariance. Π is diagonal in the modes of the loss, so momentum adds no cost. GMRES gives a relative
    /// error of about 1e-14 over the relative distance from the limit of stability, with d⁴/4 operations in each of ten to a
    /// hundred iterations.
    ///
    /// # Errors
    /// The chain diverges in mean square; a rate, η or B is not positive.
    pub fn stationary(
        &self,
        eta: f64,
        rates: &[f64],
        batch: usize,
        momentum: Momentum,
    ) -> Result<Stationary, TheoryError> {
        checked(eta, batch)?;
        let modes = Modes::new(&self.hessian, rates)?;
        let responses = modes.responses(eta, momentum)?;
        let unstable = || self.unstable(eta, rates, batch, momentum);
        let settle = |noise: &DMatrix<f64>| self.settle(&modes, &responses, batch, noise);
        // The map preserves the cone of covariances, so it contracts if and only if noise in every direction has a solution
        // that is a covariance. Noise λ gives every mode a variance of about η/2.
        let everywhere = DMatrix::from_diagonal(&modes.curvatures);
        let probe = settle(&everywhere).ok_or_else(unstable)?;
        if probe.cholesky().is_none() {
            return Err(unstable());
        }
        let noise = modes.noise(&self.noise) / batch as f64;
        let moment = settle(&noise).ok_or_else(unstable)?;
        Ok(self.describe(modes.back(&moment), eta, rates, batch))
    }

    /// Solution x, in modes, of x = R∘(noise + curvature noise of x).
    fn settle(
        &self,
        modes: &Modes,
        responses: &DMatrix<f64>,
        batch: usize,
        noise: &DMatrix<f64>,
    ) -> Option<DMatrix<f64>> {
        let d = noise.nrows();
        // The unknowns are divided by the size of their response, so that fast and slow modes have similar sizes.
        let size = DMatrix::from_fn(d, d, |i, j| {
            (responses[(i, i)] * responses[(j, j)]).sqrt().sqrt()
        });
        let weight = responses.component_div(&size);
        let matrix = |x: &DVector<f64>| DMatrix::from_column_slice(d, d, x.as_slice());
        let flat = |x: &DMatrix<f64>| DVector::from_column_slice(x.as_slice());
        let map = |x: &DVector<f64>| {
            let moment = modes.back(&matrix(x).component_mul(&size));
            let spread = modes.noise(&self.curvature_noise(&moment, batch));
            x - flat(&spread.component_mul(&weight))
        };
        let solution = krylov::solve(map, &flat(&noise.component_mul(&weight)))?;
        Some(matrix(&solution).component_mul(&size))
    }

    /// The stationary quantities that follow from the covariance.
    fn describe(
        &self,
        covariance: DMatrix<f64>,
        eta: f64,
        rates: &[f64],
        batch: usize,
    ) -> Stationary {
        let pressure = &self.hessian * &covariance;
        let spread = self.curvature_noise(&covariance, batch) + &self.noise / batch as f64;
        let gradient = &pressure * &self.hessian + spread;
        let excess_loss = quadratic_loss(&self.hessian, &covariance);
        let squares = rates.iter().enumerate().map(|(k, r)| r * gradient[(k, k)]);
        Stationary {
            excess_loss,
            loss: self.least_loss + excess_loss,
            temperatures: pressure.diagonal().as_slice().to_vec(),
            quarter_gradient: 0.25 * eta * squares.sum::<f64>(),
            covariance,
        }
    }

    /// Supremum of the learning rates at which plain SGD has a stationary covariance.
    ///
    /// A step leaves the second moment M unchanged if ηQM = LM with LM = DHM + MHD and QM = D(E ĤMĤ)D. Q and L⁻¹ preserve
    /// the cone of covariances, so the spectral radius of L⁻¹Q is an eigenvalue. In the modes of the loss L is diagonal and Q
    /// symmetric: the limit is one over the largest eigenvalue of L^{−½}QL^{−½}, by the Lanczos method to 1e-12.
    ///
    /// # Errors
    /// A rate or B is not positive.
    pub fn mean_square_limit(&self, rates: &[f64], batch: usize) -> Result<f64, TheoryError> {
        checked(1.0, batch)?;
        let modes = Modes::new(&self.hessian, rates)?;
        let d = rates.len();
        let root = DMatrix::from_fn(d, d, |i, j| {
            (modes.curvatures[i] + modes.curvatures[j]).sqrt()
        });
        let map = |x: &DVector<f64>| {
            let x = DMatrix::from_column_slice(d, d, x.as_slice()).component_div(&root);
            let moment = modes.back(&x);
            let mean = &self.hessian * &moment * &self.hessian;
            let all = modes.noise(&(mean + self.curvature_noise(&moment, batch)));
            DVector::from_column_slice(all.component_div(&root).as_slice())
        };
        let start = DVector::from_column_slice(DMatrix::<f64>::identity(d, d).as_slice());
        Ok(1.0 / krylov::largest_eigenvalue(map, &start))
    }

    /// The error for an unstable chain, with the growth of its second moments per step.
    fn unstable(&self, eta: f64, rates: &[f64], batch: usize, momentum: Momentum) -> TheoryError {
        // Close to the limit, the iteration may not resolve the growth.
        let multiplier = self.growth(eta, rates, batch, momentum).max(1.0);
        TheoryError::Unstable { multiplier }
    }
}
