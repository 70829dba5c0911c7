//! Moments after a number of steps from a given start.

use super::super::example_loss::same_length;
use super::super::linear::quadratic_loss;
use super::{Momentum, QuadraticExamples, TheoryError, checked, packed};
use nalgebra::{DMatrix, DVector};

/// Mean and second moment of Φ over an ensemble of chains.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// E Φ, length d.
    pub mean: Vec<f64>,
    /// The covariance of Φ about its mean, d × d.
    pub covariance: DMatrix<f64>,
    /// E L(Φ).
    pub loss: f64,
}

/// Moments of z = (Δ, v) about Φ* and no velocity.
struct State {
    mean: DVector<f64>,
    second: DMatrix<f64>,
}

/// What a step is made of.
struct Step {
    /// E of the 2d × 2d matrix of the step.
    matrix: DMatrix<f64>,
    /// Where a batch's gradient goes, 2d × d.
    push: DMatrix<f64>,
    batch: usize,
}

impl QuadraticExamples {
    /// Moments after `steps` steps of chains that start without velocity at Φ of mean `start` and covariance `spread`;
    /// stable or not. Exact recursion, some d⁴/4 + 40 d³ operations a step.
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
    ) -> Result<Moments, TheoryError> {
        let d = self.dimension();
        checked(eta, batch)?;
        momentum.checked()?;
        same_length("a start", start.len(), d)?;
        same_length("a row of the start's covariance", spread.ncols(), d)?;
        same_length("a column of the start's covariance", spread.nrows(), d)?;
        same_length("the list of rates", rates.len(), d)?;
        let step = self.step(eta, rates, batch, momentum);
        let offset = DVector::from_column_slice(start) - &self.optimum;
        let mut state = State {
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
        Ok(Moments {
            loss: self.least_loss + quadratic_loss(&self.hessian, &second),
            covariance: second - &mean * mean.transpose(),
            mean: (mean + &self.optimum).as_slice().to_vec(),
        })
    }

    fn step(&self, eta: f64, rates: &[f64], batch: usize, momentum: Momentum) -> Step {
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
        Step {
            matrix,
            push,
            batch,
        }
    }

    /// One step: the mean matrix on both sides, and the covariance of the batch's gradient pushed in.
    fn advance(&self, state: &mut State, step: &Step, noisy: bool) {
        let d = self.dimension();
        let position = state.second.view((0, 0), (d, d)).into_owned();
        let mut noise = self.curvature_noise(&position, step.batch);
        if noisy {
            // E (H_iΔ̄ + g_i)(…)ᵀ: where the mean is not yet at the optimum the two noises are correlated.
            let mean = state.mean.rows(0, d);
            let cross = DMatrix::from_fn(d, d, |j, l| {
                (0..d)
                    .map(|k| self.cross[(packed::place(j, k), l)] * mean[k])
                    .sum::<f64>()
            });
            noise += (&self.noise + &cross + cross.transpose()) / step.batch as f64;
        }
        state.second = &step.matrix * &state.second * step.matrix.transpose()
            + &step.push * noise * step.push.transpose();
        state.mean = &step.matrix * &state.mean;
    }

    /// Growth of second moments in a step in the long run, without the noise of the gradients at the optimum: the
    /// spectral radius, by iteration on the cone to some digits.
    pub(super) fn growth(&self, eta: f64, rates: &[f64], batch: usize, momentum: Momentum) -> f64 {
        const STEPS: i32 = 300;
        let d = self.dimension();
        let step = self.step(eta, rates, batch, momentum);
        let mut state = State {
            mean: DVector::zeros(2 * d),
            second: DMatrix::identity(2 * d, 2 * d),
        };
        let mut logarithm = 0.0;
        for k in 0..2 * STEPS {
            self.advance(&mut state, &step, false);
            let size = state.second.trace();
            state.second /= size;
            // The mean over many steps, since complex multipliers make the size swing.
            if k >= STEPS {
                logarithm += size.ln();
            }
        }
        (logarithm / f64::from(STEPS)).exp()
    }
}
