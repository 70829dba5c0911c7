//! Moments after a given number of steps from a given start.

use super::super::example_loss::same_length;
use super::super::linear::quadratic_loss;
use super::{Momentum, QuadraticExamples, TheoryError, checked, packed};
use nalgebra::{DMatrix, DVector};

/// Exact mean, covariance and mean loss of an ensemble of chains.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleMoments {
    /// E Φ, length d.
    pub mean: Vec<f64>,
    /// Covariance of Φ about its mean, d × d.
    pub covariance: DMatrix<f64>,
    /// E L(Φ).
    pub loss: f64,
}

/// Moments of z = (Δ, v), with Δ = Φ − Φ* and the velocity v.
struct PhaseMoments {
    /// E z, length 2d.
    mean: DVector<f64>,
    /// E zzᵀ, 2d × 2d.
    second: DMatrix<f64>,
}

/// Linear map of a step on z = (Δ, v), averaged over batches, and the effect of a batch's gradient on z.
struct StepMap {
    /// Mean of the step's matrix over batches, 2d × 2d.
    matrix: DMatrix<f64>,
    /// Map from a batch's gradient to the change of z, 2d × d.
    push: DMatrix<f64>,
    batch: usize,
}

impl QuadraticExamples {
    /// Moments after `steps` steps of chains that start without velocity, at Φ with mean `start` and covariance `spread`.
    ///
    /// Holds for stable and unstable chains. Exact recursion with about d⁴/4 + 40 d³ operations per step.
    ///
    /// # Errors
    /// A list of the wrong length; a rate, η or B is not positive.
    #[expect(clippy::too_many_arguments, reason = "a start, a rule and a time")]
    pub fn after(
        &self,
        steps: u64,
        start: &[f64],
        spread: &DMatrix<f64>,
        eta: f64,
        rates: &[f64],
        batch: usize,
        momentum: Momentum,
    ) -> Result<EnsembleMoments, TheoryError> {
        let d = self.dimension();
        checked(eta, batch)?;
        momentum.checked()?;
        same_length("a start", start.len(), d)?;
        same_length("a row of the start's covariance", spread.ncols(), d)?;
        same_length("a column of the start's covariance", spread.nrows(), d)?;
        same_length("the list of rates", rates.len(), d)?;
        let step = self.step(eta, rates, batch, momentum);
        let offset = DVector::from_column_slice(start) - &self.optimum;
        let mut state = PhaseMoments {
            mean: DVector::zeros(2 * d),
            second: DMatrix::zeros(2 * d, 2 * d),
        };
        state.mean.rows_mut(0, d).copy_from(&offset);
        let second = spread + &offset * offset.transpose();
        state.second.view_mut((0, 0), (d, d)).copy_from(&second);
        for _ in 0..steps {
            self.advance(&mut state, &step, true);
        }
        let mean = state.mean.rows(0, d).into_owned();
        let second = state.second.view((0, 0), (d, d)).into_owned();
        Ok(EnsembleMoments {
            loss: self.least_loss + quadratic_loss(&self.hessian, &second),
            covariance: second - &mean * mean.transpose(),
            mean: (mean + &self.optimum).as_slice().to_vec(),
        })
    }

    fn step(&self, eta: f64, rates: &[f64], batch: usize, momentum: Momentum) -> StepMap {
        let d = self.dimension();
        let rate = DMatrix::from_diagonal(&DVector::from_column_slice(rates)) * eta;
        let unit = DMatrix::<f64>::identity(d, d);
        let [velocity, gradient] = momentum.shares();
        let mut push = DMatrix::zeros(2 * d, d);
        push.view_mut((0, 0), (d, d))
            .copy_from(&(&rate * -gradient));
        push.view_mut((d, 0), (d, d)).copy_from(&unit);
        let mut matrix = DMatrix::zeros(2 * d, 2 * d);
        matrix
            .view_mut((0, 0), (2 * d, d))
            .copy_from(&(&push * &self.hessian));
        matrix
            .view_mut((0, d), (d, d))
            .copy_from(&(&rate * (-velocity * momentum.beta)));
        matrix
            .view_mut((d, d), (d, d))
            .copy_from(&(&unit * momentum.beta));
        (0..d).for_each(|k| matrix[(k, k)] += 1.0);
        StepMap {
            matrix,
            push,
            batch,
        }
    }

    /// Advances the moments by one step: the mean matrix on both sides, plus the noise of the batch's gradient.
    ///
    /// Without `noisy`, the noise of the gradients at the optimum is left out.
    fn advance(&self, state: &mut PhaseMoments, step: &StepMap, noisy: bool) {
        let d = self.dimension();
        let position = state.second.view((0, 0), (d, d)).into_owned();
        let mut noise = self.curvature_noise(&position, step.batch);
        if noisy {
            // E (H_iΔ̄ + g_i)(H_iΔ̄ + g_i)ᵀ has cross terms unless the mean Δ̄ is zero.
            let mean = state.mean.rows(0, d);
            let cross = DMatrix::from_fn(d, d, |j, l| {
                (0..d)
                    .map(|k| self.cross[(packed::index(j, k), l)] * mean[k])
                    .sum::<f64>()
            });
            noise += (&self.noise + &cross + cross.transpose()) / step.batch as f64;
        }
        state.second = &step.matrix * &state.second * step.matrix.transpose()
            + &step.push * noise * step.push.transpose();
        state.mean = &step.matrix * &state.mean;
    }

    /// Asymptotic growth of second moments per step, without the noise of the gradients at the optimum.
    ///
    /// This is the spectral radius, by power iteration on the cone of covariances, to a few digits.
    pub(super) fn growth(&self, eta: f64, rates: &[f64], batch: usize, momentum: Momentum) -> f64 {
        const STEPS: i32 = 300;
        let d = self.dimension();
        let step = self.step(eta, rates, batch, momentum);
        let mut state = PhaseMoments {
            mean: DVector::zeros(2 * d),
            second: DMatrix::identity(2 * d, 2 * d),
        };
        let mut logarithm = 0.0;
        for k in 0..2 * STEPS {
            self.advance(&mut state, &step, false);
            let size = state.second.trace();
            state.second /= size;
            // The mean over many steps, because complex multipliers make the size oscillate.
            if k >= STEPS {
                logarithm += size.ln();
            }
        }
        (logarithm / f64::from(STEPS)).exp()
    }
}
