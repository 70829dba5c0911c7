//! Quadratic losses, on which SGD and Langevin dynamics are linear recursions with moments known at every step.

use super::error::TheoryError;
use nalgebra::DMatrix;

/// Maximum number of squarings; enough for multipliers up to 1 − 2⁻⁵⁰.
const MAX_DOUBLINGS: usize = 60;

/// The recursion x′ = (1 − h·dt)x + √(η·dt) σ z on the loss ½hx².
///
/// With `dt = eta` this is SGD with additive gradient noise of standard deviation σ; otherwise Langevin dynamics at
/// learning rate η, discretized by Euler–Maruyama with time step dt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quadratic1d {
    /// Curvature h of the loss ½hx².
    pub curvature: f64,
    /// Variance σ² of the gradient noise.
    pub noise_variance: f64,
    /// Learning rate η.
    pub eta: f64,
    /// Time step; equal to η for SGD.
    pub dt: f64,
}

impl Quadratic1d {
    fn multiplier(&self) -> f64 {
        1.0 - self.curvature * self.dt
    }

    /// Stationary variance `V = ησ²/(h(2 − h·dt))`.
    ///
    /// # Errors
    /// |1 − h·dt| ≥ 1: no stationary variance exists.
    pub fn stationary_variance(&self) -> Result<f64, TheoryError> {
        let multiplier = self.multiplier().abs();
        // The product form loses no digits if h·dt is tiny, and the comparison fails for NaN.
        let contraction = self.curvature * (2.0 - self.curvature * self.dt);
        if contraction > 0.0 {
            Ok(self.eta * self.noise_variance / contraction)
        } else {
            Err(TheoryError::Unstable { multiplier })
        }
    }

    /// Mean and variance after `steps` steps from a given mean and variance, stable or not.
    ///
    /// With q = 1 − h·dt and n steps: mean `qⁿ m₀`, variance `q²ⁿ V₀ + η·dt·σ²(1 − q²ⁿ)/(1 − q²)`.
    #[must_use]
    pub fn after(&self, steps: u64, mean: f64, variance: f64) -> (f64, f64) {
        let n = steps as f64;
        let q = self.multiplier();
        let decay = q.abs().powf(n);
        let sign = if q < 0.0 && steps % 2 == 1 { -1.0 } else { 1.0 };
        // 1 − q² = h·dt(2 − h·dt), and 1 − q²ⁿ without cancellation; the ratio tends to n as q² → 1.
        let gap = self.curvature * self.dt * (2.0 - self.curvature * self.dt);
        let sum = if gap == 0.0 {
            n
        } else {
            -(n * (-gap).ln_1p()).exp_m1() / gap
        };
        let kick = self.eta * self.dt * self.noise_variance;
        (sign * decay * mean, decay * decay * variance + kick * sum)
    }
}

/// Stationary covariance S (d × d) of x′ = A x + ξ with Cov ξ = Q: the solution of the discrete Lyapunov equation
/// `S = A S Aᵀ + Q`.
///
/// Method: Smith doubling, S ← S + A S Aᵀ, A ← A². Each pass squares the remainder, so it takes about
/// log₂(relaxation time in steps) + 6 passes with four d × d products each. The relative error is at worst about 1e-15
/// times the relaxation time in steps.
///
/// # Errors
/// The spectral radius of A is at least 1.
pub fn stationary_covariance(
    a: &DMatrix<f64>,
    q: &DMatrix<f64>,
) -> Result<DMatrix<f64>, TheoryError> {
    let (mut power, mut sum) = (a.clone(), q.clone());
    for _ in 0..MAX_DOUBLINGS {
        let added = &power * &sum * power.transpose();
        if !added.iter().all(|x| x.is_finite()) {
            break;
        }
        sum += &added;
        // A negligible addition is not enough: directions without noise must contract too.
        if added.amax() <= 1e-17 * sum.amax() && power.amax() < 1e-8 {
            let symmetric = (&sum + sum.transpose()) * 0.5;
            return Ok(symmetric);
        }
        power = &power * &power;
    }
    Err(TheoryError::Unstable {
        multiplier: spectral_radius(a),
    })
}

/// Spectral radius by the Schur form; NaN if that does not converge, as with some repeated eigenvalues.
fn spectral_radius(a: &DMatrix<f64>) -> f64 {
    const MAX_ITERATIONS: usize = 10_000;
    let schur = nalgebra::Schur::try_new(a.clone(), f64::EPSILON, MAX_ITERATIONS);
    schur.map_or(f64::NAN, |schur| {
        let eigenvalues = schur.complex_eigenvalues();
        eigenvalues
            .iter()
            .map(|z| z.re.hypot(z.im))
            .fold(0.0, f64::max)
    })
}

/// Stationary covariance S (d × d) on the loss ½xᵀHx with gradient noise of covariance C and rates D = diag(r):
/// x′ = (I − dt D H)x + √(η dt) D ξ, so `D H S + S H D − dt D H S H D = η D C D`.
///
/// With `dt = eta` this is SGD with learning rates `η r_k`. If H, C and D are diagonal, the temperatures are
/// `T_k = ½ η r_k σ_k²/(1 − ½ dt r_k h_k)`. [`quadratic_loss`] gives the converged loss.
/// Source: K. Liu, L. Ziyin, M. Ueda, "Noise and fluctuation of finite learning rate stochastic gradient descent", ICML
/// 2021.
///
/// # Errors
/// The recursion is not stable.
pub fn quadratic_covariance(
    hessian: &DMatrix<f64>,
    noise: &DMatrix<f64>,
    rates: &[f64],
    eta: f64,
    dt: f64,
) -> Result<DMatrix<f64>, TheoryError> {
    let d = hessian.nrows();
    let rate = DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(rates));
    let step = DMatrix::identity(d, d) - &rate * hessian * dt;
    let kick = &rate * noise * &rate * (eta * dt);
    stationary_covariance(&step, &kick)
}

/// Mean excess loss ½ tr(HS) of a covariance S on the loss ½xᵀHx.
#[must_use]
pub fn quadratic_loss(hessian: &DMatrix<f64>, covariance: &DMatrix<f64>) -> f64 {
    0.5 * hessian.component_mul(&covariance.transpose()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::tests::reference::continuous_variance;

    #[test]
    fn one_dimension_by_iteration() {
        for (h, dt, eta) in [
            (1.0, 0.3, 0.3),
            (2.0, 0.9, 0.5),
            (1e-9, 0.1, 0.1),
            (0.0, 0.2, 0.2),
            (3.0, 1.0, 1.0),
        ] {
            let model = Quadratic1d {
                curvature: h,
                noise_variance: 1.7,
                eta,
                dt,
            };
            let (mut mean, mut variance) = (0.8, 0.2);
            for _ in 0..37 {
                mean *= 1.0 - h * dt;
                variance = (1.0 - h * dt).powi(2) * variance + eta * dt * 1.7;
            }
            let (m, v) = model.after(37, 0.8, 0.2);
            // 37 steps of a few roundings.
            assert!(
                (m - mean).abs() <= 1e-13 * mean.abs() && (v - variance).abs() <= 1e-13 * variance,
                "{h} {dt}"
            );
        }
    }

    #[test]
    fn the_stationary_variance_is_the_limit_and_refused_if_unstable() {
        let model = Quadratic1d {
            curvature: 2.0,
            noise_variance: 1.0,
            eta: 0.4,
            dt: 0.4,
        };
        let v = model.stationary_variance().unwrap();
        // Rounding of a product and a quotient; the transient has decayed (0.2^400).
        assert!(
            (v - 0.4 / (2.0 * 1.2)).abs() < 1e-15
                && (model.after(200, 3.0, 9.0).1 - v).abs() < 1e-15
        );
        let unstable = Quadratic1d {
            eta: 1.0,
            dt: 1.0,
            ..model
        };
        assert!(unstable.stationary_variance().is_err());
        assert!(
            Quadratic1d {
                curvature: f64::NAN,
                ..model
            }
            .stationary_variance()
            .is_err()
        );
    }

    #[test]
    fn continuous_time_is_the_limit_of_small_steps() {
        let coarse = Quadratic1d {
            curvature: 1.5,
            noise_variance: 2.0,
            eta: 0.1,
            dt: 1e-6,
        };
        let exact = continuous_variance(&coarse, 0.7);
        // Error of order h·dt = 1.5e-6 relative.
        assert!((coarse.after(700_000, 0.0, 0.0).1 / exact - 1.0).abs() < 3e-6);
        let flat = Quadratic1d {
            curvature: 0.0,
            ..coarse
        };
        assert_eq!(continuous_variance(&flat, 3.0), 0.2 * 3.0);
    }

    #[test]
    fn lyapunov_residual_vanishes_and_diagonal_is_known() {
        let h = DMatrix::from_row_slice(3, 3, &[2.0, 0.3, 0.1, 0.3, 1.0, -0.2, 0.1, -0.2, 0.5]);
        let c = DMatrix::from_row_slice(3, 3, &[1.0, 0.5, 0.0, 0.5, 2.0, 0.3, 0.0, 0.3, 0.7]);
        let rates = [1.0, 0.5, 3.0];
        let d = DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(&rates));
        for (eta, dt) in [(0.3, 0.3), (0.3, 1e-4), (0.8, 0.7)] {
            let s = quadratic_covariance(&h, &c, &rates, eta, dt).unwrap();
            let left = &d * &h * &s + &s * &h * &d - &d * &h * &s * &h * &d * dt;
            // The relaxation time is up to 2e4 steps at dt = 1e-4, and the relative error 1e-15 times that.
            assert!((left - &d * &c * &d * eta).amax() < 1e-10, "{eta} {dt}");
        }
        let diagonal =
            |x: [f64; 2]| DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(&x));
        let s = quadratic_covariance(
            &diagonal([1.0, 2.0]),
            &diagonal([1.0, 9.0]),
            &[1.0, 0.2],
            0.5,
            0.5,
        )
        .unwrap();
        // T_k = ½ηr_kσ_k²/(1 − ½dt r_k h_k).
        for (k, (h, r, s2)) in [(1.0, 1.0, 1.0), (2.0, 0.2, 9.0)].into_iter().enumerate() {
            let temperature = 0.25 * r * s2 / (1.0 - 0.25 * r * h);
            assert!((h * s[(k, k)] - temperature).abs() < 1e-13);
        }
        assert!(
            (quadratic_loss(&diagonal([1.0, 2.0]), &s) - 0.5 * (s[(0, 0)] + 2.0 * s[(1, 1)])).abs()
                < 1e-15
        );
    }

    #[test]
    fn unstable_directions_without_noise_are_refused() {
        let h = DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(&[1.0, 5.0]));
        let quiet = DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(&[1.0, 0.0]));
        let Err(TheoryError::Unstable { multiplier }) =
            quadratic_covariance(&h, &quiet, &[1.0, 1.0], 0.5, 0.5)
        else {
            panic!("1 − 0.5 · 5 is beyond −1");
        };
        assert!((multiplier - 1.5).abs() < 1e-12);
    }
}
