//! What theory needs to know of a loss that is a mean over examples, and what follows from it by whole passes.

use super::error::{TheoryError, positive};
use super::linear::quadratic_loss;
use super::modes::{Momentum, discrete_lyapunov};
use super::optimum::{Optimum, find_optimum_of};
use nalgebra::{DMatrix, DVector};

/// A loss L(Φ) = E_i L_i(Φ) over a finite set of examples, each L_i with any regularization in it.
pub trait ExampleLoss {
    /// Number of parameters d.
    fn dimension(&self) -> usize;

    /// Number of examples.
    fn examples(&self) -> usize;

    /// Calls `visit(L_i, ∇L_i)` for every example i at the point `at`, in order.
    fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64]));
}

/// Means over all examples at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct FullPoint {
    /// The loss E L_i.
    pub loss: f64,
    /// The gradient E g_i, length d.
    pub gradient: DVector<f64>,
    /// E g_i g_iᵀ, d × d, about zero and not about the mean gradient; at an optimum it is the gradients' covariance.
    pub second_moment: DMatrix<f64>,
}

/// Loss, gradient and second moment of the examples' gradients at a point, in one pass of N·d² operations.
///
/// # Panics
/// `at` is not as long as the loss has parameters, or there are no examples.
#[must_use]
pub fn full(loss: &dyn ExampleLoss, at: &[f64]) -> FullPoint {
    let d = loss.dimension();
    let mut second = DMatrix::zeros(d, d);
    let (value, gradient) = mean_with(loss, at, &mut |slope| {
        for (k, &g) in slope.iter().enumerate() {
            let column = &mut second.as_mut_slice()[k * d..=k * d + k];
            column
                .iter_mut()
                .zip(slope)
                .for_each(|(sum, h)| *sum += g * h);
        }
    });
    second.fill_lower_triangle_with_upper_triangle();
    FullPoint {
        loss: value,
        gradient: DVector::from_vec(gradient),
        second_moment: second / loss.examples() as f64,
    }
}

/// The loss and its gradient; `also` sees every example's gradient.
fn mean_with(loss: &dyn ExampleLoss, at: &[f64], also: &mut dyn FnMut(&[f64])) -> (f64, Vec<f64>) {
    assert_eq!(
        at.len(),
        loss.dimension(),
        "a point has the loss's dimension"
    );
    let mut sums = Sums::new(at.len());
    loss.visit(at, &mut |value, slope| {
        sums.add(value, slope);
        also(slope);
    });
    sums.mean(loss.examples())
}

/// Sums in blocks, so that rounding grows as the root of the number of examples at most, and small.
struct Sums {
    total: Vec<f64>,
    block: Vec<f64>,
    filled: usize,
}

impl Sums {
    /// Examples of a block: about the root of the largest data sets.
    const BLOCK: usize = 256;

    fn new(d: usize) -> Self {
        Self {
            total: vec![0.0; d + 1],
            block: vec![0.0; d + 1],
            filled: 0,
        }
    }

    fn add(&mut self, value: f64, slope: &[f64]) {
        self.block[0] += value;
        self.block[1..]
            .iter_mut()
            .zip(slope)
            .for_each(|(sum, g)| *sum += g);
        self.filled += 1;
        if self.filled == Self::BLOCK {
            self.close();
        }
    }

    fn close(&mut self) {
        self.total
            .iter_mut()
            .zip(&mut self.block)
            .for_each(|(total, block)| {
                *total += std::mem::take(block);
            });
        self.filled = 0;
    }

    fn mean(mut self, examples: usize) -> (f64, Vec<f64>) {
        self.close();
        let n = examples as f64;
        let gradient = self.total[1..].iter().map(|sum| sum / n).collect();
        (self.total[0] / n, gradient)
    }
}

/// A local minimum of the full loss, with what its examples do there.
#[derive(Debug, Clone, PartialEq)]
pub struct DataOptimum {
    /// Where it is, the loss L*, the Hessian and its eigenvalues.
    pub minimum: Optimum,
    /// C = E g_i g_iᵀ there, d × d.
    pub second_moment: DMatrix<f64>,
}

impl DataOptimum {
    /// Whether it is a point and not a valley: see [`Optimum::is_strict_minimum`].
    #[must_use]
    pub fn is_strict_minimum(&self) -> bool {
        self.minimum.is_strict_minimum()
    }

    /// The converged loss L* + ½ tr(HS) of the local model: the loss is its quadratic part at the minimum and the
    /// gradient noise keeps its covariance C/B there. Right to first order in η, so its slope at zero is the exact one.
    ///
    /// # Errors
    /// The minimum is not strict, η is too large for its curvatures, a rate or η or B is not positive.
    pub fn local_converged_loss(
        &self,
        eta: f64,
        rates: &[f64],
        batch: usize,
        momentum: Momentum,
    ) -> Result<f64, TheoryError> {
        let noise = &self.second_moment / positive("the batch size", batch as f64)?;
        let hessian = &self.minimum.hessian;
        let covariance = discrete_lyapunov(hessian, &noise, rates, eta, momentum)?;
        Ok(self.minimum.loss + quadratic_loss(hessian, &covariance))
    }
}

/// The local minimum of the full loss that [`find_optimum`](super::find_optimum) reaches from `start`.
///
/// About 8d passes over the data and two for each of some ten to a hundred iterations.
///
/// # Errors
/// The start has the wrong length; the loss is not finite there; there are no examples; no minimum is reached.
pub fn find_data_optimum(
    loss: &dyn ExampleLoss,
    start: &[f64],
) -> Result<DataOptimum, TheoryError> {
    same_length("a start", start.len(), loss.dimension())?;
    let minimum = find_optimum_of(&|at| mean_with(loss, at, &mut |_| {}), start)?;
    let second_moment = full(loss, &minimum.parameters).second_moment;
    Ok(DataOptimum {
        minimum,
        second_moment,
    })
}

/// An error where a list is not as long as the parameters are many.
pub(super) fn same_length(what: &'static str, got: usize, want: usize) -> Result<(), TheoryError> {
    if got == want {
        Ok(())
    } else {
        Err(TheoryError::WrongLength { what, got, want })
    }
}

#[cfg(test)]
mod tests;
