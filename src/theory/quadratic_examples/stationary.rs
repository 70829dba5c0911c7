//! Where the second moments settle, and up to which learning rate they do.

use super::super::krylov;
use super::super::linear::quadratic_loss;
use super::super::modes::Modes;
use super::{Momentum, QuadraticExamples, TheoryError, checked};
use nalgebra::{DMatrix, DVector};

/// Exact stationary moments of SGD.
#[derive(Debug, Clone, PartialEq)]
pub struct Stationary {
    /// The covariance M of Φ about its mean Φ*, d × d.
    pub covariance: DMatrix<f64>,
    /// L(η) − L* = ½ tr(HM).
    pub excess_loss: f64,
    /// The converged loss L(η).
    pub loss: f64,
    /// The temperatures T_k = E Δ_k ∂_kL = (HM)_kk; their sum is twice the excess loss.
    pub temperatures: Vec<f64>,
    /// (η/4) Σ_k r_k E ĝ_k², which without momentum equals the excess loss (at B = 1 and r = 1 the lecture's
    /// (η/4) E_Φ E_i‖g_i + H_iΔ‖²); with momentum it does not.
    pub quarter_gradient: f64,
}

impl QuadraticExamples {
    /// The stationary moments at learning rate η, rates r and batches of B drawn with replacement, exactly.
    ///
    /// M = Π(C/B + (E H_iMH_i − HMH)/B), where Π is what gradient noise that does not depend on Φ becomes in the long
    /// run; it is diagonal in the modes of the loss, so that momentum costs nothing more. Solved by GMRES to about 1e-14
    /// times the distance from the limit of stability; d⁴/4 operations for each of some ten to a hundred iterations.
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
        // The map keeps the cone of covariances, so it contracts exactly where noise in every direction has an answer
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

    /// The solution x, in modes, of x = R∘(noise + curvature noise of x).
    fn settle(
        &self,
        modes: &Modes,
        responses: &DMatrix<f64>,
        batch: usize,
        noise: &DMatrix<f64>,
    ) -> Option<DMatrix<f64>> {
        let d = noise.nrows();
        // Unknowns over the size of their response, which evens out fast and slow modes; it is positive on the diagonal.
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

    /// The largest learning rate below which plain SGD has a stationary covariance.
    ///
    /// Second moments are kept by the map exactly where ηQM = LM, LM = DHM + MHD, QM = D(E ĤMĤ)D. Both keep the
    /// cone of covariances (L backwards), so the spectral radius is an eigenvalue, and in the modes of the loss L is
    /// diagonal and Q symmetric: η is one over the largest eigenvalue of L^{−½}QL^{−½}, by Lanczos to 1e-12.
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

    /// The error that names the growth of second moments in a step.
    fn unstable(&self, eta: f64, rates: &[f64], batch: usize, momentum: Momentum) -> TheoryError {
        // Close to the limit the iteration may not have seen the growth yet.
        let multiplier = self.growth(eta, rates, batch, momentum).max(1.0);
        TheoryError::Unstable { multiplier }
    }
}
