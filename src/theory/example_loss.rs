//! Losses that are means over examples, and their minima, by full-data passes.

use super::error::TheoryError;
use super::optimum::{Optimum, find_optimum_of};
use nalgebra::{DMatrix, DVector};

/// A loss L(Φ) = E_i L_i(Φ) over a finite set of examples; each L_i includes any regularization.
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
    /// Loss E L_i.
    pub loss: f64,
    /// Gradient E g_i, length d.
    pub gradient: DVector<f64>,
    /// Second moment E g_i g_iᵀ, d × d, about zero; at an optimum it is the covariance of the examples' gradients.
    pub second_moment: DMatrix<f64>,
}

/// Loss, gradient and second moment of the examples' gradients at a point, in one pass with O(N·d²) operations.
///
/// # Panics
/// The length of `at` is not the number of parameters.
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

/// Loss and gradient at a point; calls `also` with every example's gradient.
fn mean_with(loss: &dyn ExampleLoss, at: &[f64], also: &mut dyn FnMut(&[f64])) -> (f64, Vec<f64>) {
    assert_eq!(
        at.len(),
        loss.dimension(),
        "a point has the loss's dimension"
    );
    let mut sums = BlockedSums::new(at.len());
    loss.visit(at, &mut |value, slope| {
        sums.add(value, slope);
        also(slope);
    });
    sums.mean(loss.examples())
}

/// Sums of losses and gradients over blocks of examples, which keeps the rounding error small for large data sets.
struct BlockedSums {
    total: Vec<f64>,
    block: Vec<f64>,
    filled: usize,
}

impl BlockedSums {
    /// Examples per block: about the square root of the size of the largest data sets.
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

/// A local minimum of the full loss, with the second moment of the examples' gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct DataOptimum {
    /// Parameters, loss L*, Hessian and its eigenvalues at the minimum.
    pub minimum: Optimum,
    /// C = E g_i g_iᵀ at the minimum, d × d.
    pub second_moment: DMatrix<f64>,
}

impl DataOptimum {
    /// True if the minimum is a point and not a valley; see [`Optimum::is_strict_minimum`].
    #[must_use]
    pub fn is_strict_minimum(&self) -> bool {
        self.minimum.is_strict_minimum()
    }
}

/// The local minimum of the full loss that [`find_optimum`](super::find_optimum) reaches from `start`.
///
/// Cost: about 8d passes over the data, and two passes for each of ten to a hundred iterations.
///
/// # Errors
/// The start has the wrong length; the loss is not finite there; no minimum is reached.
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

/// Returns an error unless a list has one entry per parameter.
pub(super) fn same_length(what: &'static str, got: usize, want: usize) -> Result<(), TheoryError> {
    if got == want {
        Ok(())
    } else {
        Err(TheoryError::WrongLength { what, got, want })
    }
}

#[cfg(test)]
mod tests;
