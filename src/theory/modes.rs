//! Modes of a quadratic loss under per-parameter learning rates, and the stationary response of each pair to noise.

use super::error::{TheoryError, positive};
use super::example_loss::same_length;
use nalgebra::{DMatrix, DVector};

pub use crate::spec::Momentum;

impl Momentum {
    /// Factors [m, g] of the velocity term βv and of the gradient ĝ in a step: Φ′ = Φ − ηD(m·βv + g·ĝ).
    pub(super) fn shares(self) -> [f64; 2] {
        if self.nesterov {
            [self.beta, 1.0 + self.beta]
        } else {
            [1.0, 1.0]
        }
    }

    pub(super) fn checked(self) -> Result<Self, TheoryError> {
        if (0.0..1.0).contains(&self.beta) {
            Ok(self)
        } else {
            // 1 − β is the friction; without friction no stationary state exists.
            Err(TheoryError::NotPositive {
                name: "1 - beta of the momentum",
                value: 1.0 - self.beta,
            })
        }
    }

    /// Spectral radius of a step on a mode with a = ηλ: the largest modulus of the roots of z² − Pz + Q.
    pub(super) fn multiplier(self, a: f64) -> f64 {
        let Self { beta, .. } = self;
        let (p, q) = if self.nesterov {
            ((1.0 + beta) * (1.0 - a), beta * (1.0 - a))
        } else {
            (1.0 + beta - a, beta)
        };
        let discriminant = 0.25 * p * p - q;
        if discriminant < 0.0 {
            q.sqrt()
        } else {
            0.5 * p.abs() + discriminant.sqrt()
        }
    }

    /// Stationary covariance of two modes x, y per unit of noise: E\[xy\]/(η²E\[nm\]), where n, m are the noises of their
    /// gradients, a = ηλ_x and b = ηλ_y.
    ///
    /// Heavy ball: x′ = (1 + β − a)x − βx₋ − ηn is an AR(2) process. Its Yule–Walker equations give
    /// (1 − β²)/((1−β)²(1+β)(a+b) + β(a−b)² − (1−β)²ab); for a = b that is the known variance (1+β)/((1−β)a(2(1+β) − a)).
    /// Nesterov: x′ = (1+β)(1−a)x − β(1−a)x₋ − η((1+β)n − βn₋) is an ARMA(2, 1) process. Both denominators are
    /// expanded so that no digits cancel as a, b → 0.
    pub(super) fn response(self, a: f64, b: f64) -> f64 {
        let beta = self.beta;
        let (keep, lose) = (1.0 + beta, (1.0 - beta) * (1.0 - beta));
        let (sum, product) = (a + b, a * b);
        if !self.nesterov {
            let below = lose * keep * sum + beta * (a - b) * (a - b) - lose * product;
            return (1.0 - beta * beta) / below;
        }
        let (square, both) = (keep * keep, keep * keep + beta * beta);
        // (1 − a)(1 − b) = 1 − gap.
        let gap = sum - product;
        let pair = 1.0 - gap;
        let above = (both - beta * square * (2.0 - sum)) * (1.0 - beta * beta * pair)
            + beta * beta * square * pair * (2.0 - beta * (2.0 - sum));
        let of_product = both * (1.0 - beta * beta) - 2.0 * beta.powi(3) * keep
            + beta * square * (4.0 * beta - 2.0);
        let below = lose * keep * sum - of_product * product + beta * square * sum * gap
            - beta * beta * (1.0 + 2.0 * beta) * gap * gap;
        above / below
    }
}

/// Coordinates x with Δ = D^½U x, in which D H acts as diag(λ): D^½HD^½ = U diag(λ) Uᵀ.
#[derive(Debug, Clone)]
pub(super) struct Modes {
    /// Eigenvalues λ in any order, length d.
    pub(super) curvatures: DVector<f64>,
    /// D^½U, d × d.
    pub(super) basis: DMatrix<f64>,
}

impl Modes {
    /// Modes of the Hessian (d × d) under `rates` (length d).
    ///
    /// # Errors
    /// A rate is not positive, or the number of rates is not the number of parameters.
    pub(super) fn new(hessian: &DMatrix<f64>, rates: &[f64]) -> Result<Self, TheoryError> {
        same_length("the list of rates", rates.len(), hessian.nrows())?;
        for &rate in rates {
            positive("a rate", rate)?;
        }
        let root = DMatrix::from_diagonal(&DVector::from_column_slice(rates).map(f64::sqrt));
        let eigen = (&root * hessian * &root).symmetric_eigen();
        Ok(Self {
            basis: root * eigen.eigenvectors,
            curvatures: eigen.eigenvalues,
        })
    }

    /// Covariance of Δ from the covariance of x.
    pub(super) fn back(&self, modes: &DMatrix<f64>) -> DMatrix<f64> {
        let all = &self.basis * modes * self.basis.transpose();
        (&all + all.transpose()) * 0.5
    }

    /// Covariance of the gradient noise in modes.
    pub(super) fn noise(&self, covariance: &DMatrix<f64>) -> DMatrix<f64> {
        self.basis.transpose() * covariance * &self.basis
    }

    /// Factor from the noise covariance of each pair of modes to their stationary covariance, d × d.
    ///
    /// # Errors
    /// The mean of some mode does not converge.
    pub(super) fn responses(
        &self,
        eta: f64,
        momentum: Momentum,
    ) -> Result<DMatrix<f64>, TheoryError> {
        positive("the learning rate", eta)?;
        momentum.checked()?;
        let shares = &self.curvatures * eta;
        let multiplier = shares
            .iter()
            .map(|&a| momentum.multiplier(a))
            .fold(0.0, f64::max);
        // A curvature of zero has the multiplier 1. The comparison must fail for NaN.
        let settles = multiplier < 1.0 && shares.iter().all(|&a| a > 0.0);
        if !settles {
            return Err(TheoryError::Unstable { multiplier });
        }
        let d = shares.len();
        Ok(DMatrix::from_fn(d, d, |i, j| {
            eta * eta * momentum.response(shares[i], shares[j])
        }))
    }
}

/// Stationary covariance (d × d) of SGD with or without momentum on ½xᵀHx, with gradient noise of covariance C that does
/// not depend on x, rates D and learning rate η.
///
/// Exact, with O(d³) operations. Without momentum it solves DHS + SHD − ηDHSHD = ηDCD.
/// [`quadratic_loss`](super::quadratic_loss) gives its converged loss.
///
/// # Errors
/// The recursion is unstable, because a curvature is not positive or too large for η; a rate or η is not positive; β is
/// not in [0, 1).
pub fn discrete_lyapunov(
    hessian: &DMatrix<f64>,
    noise_covariance: &DMatrix<f64>,
    rates: &[f64],
    eta: f64,
    momentum: Momentum,
) -> Result<DMatrix<f64>, TheoryError> {
    let modes = Modes::new(hessian, rates)?;
    let responses = modes.responses(eta, momentum)?;
    Ok(modes.back(&responses.component_mul(&modes.noise(noise_covariance))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::quadratic_covariance;

    const KINDS: [Momentum; 5] = [
        Momentum::NONE,
        Momentum {
            beta: 0.5,
            nesterov: false,
        },
        Momentum {
            beta: 0.9,
            nesterov: false,
        },
        Momentum {
            beta: 0.5,
            nesterov: true,
        },
        Momentum {
            beta: 0.9,
            nesterov: true,
        },
    ];

    #[test]
    fn one_mode_of_the_heavy_ball_is_known() {
        for (beta, h, eta, s2) in [
            (0.0, 1.0, 0.3, 1.0),
            (0.9, 2.0, 1.7, 0.3),
            (0.5, 1e-3, 1e-6, 2.0),
        ] {
            let one = |x: f64| DMatrix::from_element(1, 1, x);
            let momentum = Momentum {
                beta,
                nesterov: false,
            };
            let v = discrete_lyapunov(&one(h), &one(s2), &[1.0], eta, momentum).unwrap()[(0, 0)];
            let exact =
                eta * s2 * (1.0 + beta) / ((1.0 - beta) * h * (2.0 * (1.0 + beta) - eta * h));
            // 1 − β is rounded in another order.
            assert!((v / exact - 1.0).abs() < 1e-13, "{beta} {v} {exact}");
        }
    }

    fn matrices() -> (DMatrix<f64>, DMatrix<f64>) {
        (
            DMatrix::from_row_slice(3, 3, &[2.0, 0.3, 0.1, 0.3, 1.0, -0.2, 0.1, -0.2, 0.5]),
            DMatrix::from_row_slice(3, 3, &[1.0, 0.5, 0.0, 0.5, 2.0, 0.3, 0.0, 0.3, 0.7]),
        )
    }

    /// Covariance of Δ after 5000 steps of the definition on (Δ, v).
    fn iterated(
        h: &DMatrix<f64>,
        c: &DMatrix<f64>,
        rates: &[f64],
        eta: f64,
        kind: Momentum,
    ) -> DMatrix<f64> {
        let d = h.nrows();
        let rate = DMatrix::from_diagonal(&DVector::from_column_slice(rates)) * eta;
        let unit = DMatrix::<f64>::identity(d, d);
        let [velocity, gradient] = kind.shares();
        let mut step = DMatrix::zeros(2 * d, 2 * d);
        step.view_mut((0, 0), (d, d))
            .copy_from(&(&unit - &rate * h * gradient));
        step.view_mut((0, d), (d, d))
            .copy_from(&(&rate * (-velocity * kind.beta)));
        step.view_mut((d, 0), (d, d)).copy_from(h);
        step.view_mut((d, d), (d, d))
            .copy_from(&(&unit * kind.beta));
        let mut push = DMatrix::zeros(2 * d, d);
        push.view_mut((0, 0), (d, d))
            .copy_from(&(&rate * -gradient));
        push.view_mut((d, 0), (d, d)).copy_from(&unit);
        let kick = &push * c * push.transpose();
        let mut s = DMatrix::zeros(2 * d, 2 * d);
        for _ in 0..5000 {
            s = &step * &s * step.transpose() + &kick;
        }
        s.view((0, 0), (d, d)).into_owned()
    }

    #[test]
    fn iterating_the_definition_gives_the_same() {
        let (h, c) = matrices();
        let rates = [1.0, 0.4, 2.0];
        for kind in KINDS {
            for eta in [0.05, 0.4] {
                let s = discrete_lyapunov(&h, &c, &rates, eta, kind).unwrap();
                let direct = iterated(&h, &c, &rates, eta, kind);
                // The slowest multiplier is about 0.99: converged, with the rounding of a few hundred steps.
                assert!(
                    (&s - &direct).amax() < 1e-12 * s.amax(),
                    "{kind:?} {eta} {s} {direct}"
                );
            }
        }
    }

    #[test]
    fn without_momentum_it_is_the_equation_of_the_additive_model() {
        let (h, c) = matrices();
        let rates = [1.0, 0.5, 3.0];
        let s = discrete_lyapunov(&h, &c, &rates, 0.3, Momentum::NONE).unwrap();
        let doubled = quadratic_covariance(&h, &c, &rates, 0.3, 0.3).unwrap();
        assert!((&s - doubled).amax() < 1e-13 * s.amax());
    }

    #[test]
    fn small_learning_rates_keep_their_digits() {
        // E xy/η² → 1/((1−β)(a + b)) as a, b → 0, with a first correction of their order, for both kinds.
        for kind in KINDS {
            let (a, b) = (1e-12, 3e-12);
            let limit = 1.0 / ((1.0 - kind.beta) * (a + b));
            // Corrections a/(1 − β)², and a hundred rounding errors magnified by 1/(1 − β)².
            assert!((kind.response(a, b) / limit - 1.0).abs() < 1e-9, "{kind:?}");
        }
    }

    #[test]
    fn limits_of_stability() {
        let one = DMatrix::from_element(1, 1, 1.0);
        for kind in KINDS {
            let limit = if kind.nesterov {
                2.0 * (1.0 + kind.beta) / (1.0 + 2.0 * kind.beta)
            } else {
                2.0 * (1.0 + kind.beta)
            };
            let at = |eta: f64| discrete_lyapunov(&one, &one, &[1.0], eta, kind);
            let inside = at(limit * 0.999).unwrap()[(0, 0)];
            assert!(inside > 0.0 && inside.is_finite(), "{kind:?}");
            let Err(TheoryError::Unstable { multiplier }) = at(limit * 1.001) else {
                panic!("{kind:?}")
            };
            assert!(
                multiplier > 1.0 && multiplier < 1.05,
                "{kind:?} {multiplier}"
            );
        }
        let flat = DMatrix::from_element(1, 1, 0.0);
        assert!(discrete_lyapunov(&flat, &one, &[1.0], 0.1, Momentum::NONE).is_err());
        let lossless = Momentum {
            beta: 1.0,
            nesterov: false,
        };
        assert!(discrete_lyapunov(&one, &one, &[1.0], 0.1, lossless).is_err());
        assert!(discrete_lyapunov(&one, &one, &[0.0], 0.1, Momentum::NONE).is_err());
        assert!(discrete_lyapunov(&one, &one, &[1.0, 1.0], 0.1, Momentum::NONE).is_err());
    }
}
