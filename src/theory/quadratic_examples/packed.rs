//! Symmetric matrices as vectors of their d(d + 1)/2 entries on and above the diagonal, column by column.

use nalgebra::{DMatrix, DVector};

/// Number of entries for dimension d.
pub(super) fn size(d: usize) -> usize {
    d * (d + 1) / 2
}

/// Index of the entry (i, j).
pub(super) fn index(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

/// The pairs (i, j) with i ≤ j, in the order of their indices.
pub(super) fn pairs(d: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..d).flat_map(|j| (0..=j).map(move |i| (i, j)))
}

pub(super) fn pack(matrix: &DMatrix<f64>) -> DVector<f64> {
    let d = matrix.nrows();
    DVector::from_iterator(size(d), pairs(d).map(|(i, j)| matrix[(i, j)]))
}

pub(super) fn unpack(packed: &DVector<f64>) -> DMatrix<f64> {
    let d = dimension(packed.len());
    DMatrix::from_fn(d, d, |i, j| packed[index(i, j)])
}

/// Dimension of a packed matrix with `size` entries.
fn dimension(size: usize) -> usize {
    let d = (2 * size).isqrt();
    debug_assert_eq!(self::size(d), size, "a triangular number of entries");
    d
}
