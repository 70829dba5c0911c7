//! Computation of the moments of quadratic examples from their gradients.

use super::super::example_loss::{ExampleLoss, full};
use super::packed::{index, pairs, size};
use super::{MAX_DIMENSION, QuadraticExamples, TheoryError};
use nalgebra::{DMatrix, DVector};
use std::sync::OnceLock;

/// Maximum number of gradient entries in memory: 64 MB.
const WINDOW: usize = 8 << 20;

/// Maximum number of entries of packed Hessians kept for the fourth moments: 128 MB.
const KEPT: usize = 16 << 20;

/// Maximum deviation of a gradient from an affine function, relative to its terms; rounding errors are far below.
const TOLERANCE: f64 = 1e-9;

pub(super) fn build(loss: &dyn ExampleLoss) -> Result<QuadraticExamples, TheoryError> {
    let (d, n) = (loss.dimension(), loss.examples());
    if d > MAX_DIMENSION {
        return Err(TheoryError::TooLarge {
            what: "the dimension of a quadratic problem",
            size: d,
            limit: MAX_DIMENSION,
        });
    }
    if d == 0 || n == 0 {
        return Err(TheoryError::NoFiniteLoss { hint: 0.0 });
    }
    let optimum = minimum(loss)?;
    let least_loss = full(loss, optimum.as_slice()).loss;
    let mut sums = ExampleSums::new(d, n);
    let window = (WINDOW / (d * (d + 3))).max(1);
    for first in (0..n).step_by(window) {
        let gradients = GradientWindow::read(loss, &optimum, first..(first + window).min(n));
        sums.add(&gradients)?;
    }
    Ok(sums.finish(optimum, least_loss))
}

/// Minimum of the mean loss; an error if the mean is not quadratic.
fn minimum(loss: &dyn ExampleLoss) -> Result<DVector<f64>, TheoryError> {
    let d = loss.dimension();
    let slope = |at: &DVector<f64>| full(loss, at.as_slice()).gradient;
    let zero = DVector::zeros(d);
    let start = slope(&zero);
    let mut hessian = DMatrix::zeros(d, d);
    for k in 0..d {
        let mut unit = zero.clone();
        unit[k] = 1.0;
        hessian.set_column(k, &(slope(&unit) - &start));
    }
    let probe = probe(d, 3.0);
    let expected = &start + &hessian * &probe;
    let scale = start.amax() + hessian.amax() * probe.lp_norm(1);
    let deviation = (slope(&probe) - expected).amax() / scale;
    if deviation.is_nan() || deviation > TOLERANCE {
        return Err(TheoryError::NotQuadratic { deviation });
    }
    let eigen = ((&hessian + hessian.transpose()) * 0.5).symmetric_eigen();
    if eigen.eigenvalues.min() <= 1e-12 * eigen.eigenvalues.amax() {
        return Err(TheoryError::NoUniqueMinimum {
            least: eigen.eigenvalues.min(),
            most: eigen.eigenvalues.max(),
        });
    }
    let solve = |g: &DVector<f64>| {
        let modes = eigen.eigenvectors.transpose() * g;
        &eigen.eigenvectors * modes.component_div(&eigen.eigenvalues)
    };
    let mut at = -solve(&start);
    // Newton steps again, because the first solution carries the rounding errors of the gradients at zero.
    for _ in 0..2 {
        at -= solve(&slope(&at));
    }
    Ok(at)
}

/// An irregular point whose coordinates have magnitudes between 0.5 and 1.5 times `scale`.
fn probe(d: usize, scale: f64) -> DVector<f64> {
    DVector::from_fn(d, |k, _| {
        let turn = (1.0 + k as f64 * 0.618_033_988_749_895).fract();
        let sign = if (k * k + k / 3) % 2 == 0 { 1.0 } else { -1.0 };
        sign * scale * (0.5 + turn)
    })
}

/// Gradients of a range of examples at Φ*, at a step along each axis, and at two probes.
struct GradientWindow {
    /// Offset from Φ* of each point after the first.
    offsets: Vec<DVector<f64>>,
    /// Σ_k |Φ*_k|, the size that rounding errors are relative to.
    reach: f64,
    /// One matrix for each point, d × examples.
    gradients: Vec<DMatrix<f64>>,
}

impl GradientWindow {
    fn read(loss: &dyn ExampleLoss, optimum: &DVector<f64>, which: std::ops::Range<usize>) -> Self {
        let d = optimum.len();
        // Steps of the size of the optimum limit the rounding errors of the differences.
        let step = optimum.amax().max(1.0).log2().ceil().exp2();
        let axes = (0..d).map(|k| DVector::from_fn(d, |i, _| if i == k { step } else { 0.0 }));
        let probes = [1.0, 16.0].map(|scale| probe(d, scale * step));
        let points: Vec<DVector<f64>> = std::iter::once(DVector::zeros(d))
            .chain(axes)
            .chain(probes)
            .map(|offset| optimum + offset)
            .collect();
        let gradients = points
            .iter()
            .map(|point| gradients_at(loss, point, which.clone()))
            .collect();
        Self {
            // The offsets after rounding.
            offsets: points[1..].iter().map(|point| point - optimum).collect(),
            reach: optimum.lp_norm(1),
            gradients,
        }
    }

    fn examples(&self) -> usize {
        self.gradients[0].ncols()
    }

    /// Symmetrized H_i of the example in column `i`; an error if its gradient is not affine.
    fn hessian(&self, i: usize) -> Result<DMatrix<f64>, TheoryError> {
        let d = self.gradients[0].nrows();
        let base = self.gradients[0].column(i);
        let mut all = DMatrix::zeros(d, d);
        for k in 0..d {
            let column = (self.gradients[k + 1].column(i) - base) / self.offsets[k][k];
            all.set_column(k, &column);
        }
        let symmetric = (&all + all.transpose()) * 0.5;
        let mut deviation: f64 = (&all - &symmetric).amax() / all.amax().max(f64::MIN_POSITIVE);
        // The gradient sets the scale, so that an example without curvature, whose differences are rounding errors, passes.
        deviation *= all.amax() / (all.amax() + base.amax()).max(f64::MIN_POSITIVE);
        for (offset, gradients) in self.offsets.iter().zip(&self.gradients[1..]).skip(d) {
            let expected = base + &symmetric * offset;
            let scale = base.amax() + symmetric.amax() * (offset.lp_norm(1) + self.reach);
            let error = (gradients.column(i) - expected).amax();
            deviation = deviation.max(error / scale.max(f64::MIN_POSITIVE));
        }
        if deviation <= TOLERANCE {
            Ok(symmetric)
        } else {
            Err(TheoryError::NotQuadratic { deviation })
        }
    }
}

/// Gradients of the examples in `which` at `point`, d × examples.
fn gradients_at(
    loss: &dyn ExampleLoss,
    point: &DVector<f64>,
    which: std::ops::Range<usize>,
) -> DMatrix<f64> {
    let mut gradients = DMatrix::zeros(point.len(), which.len());
    let mut example = 0;
    loss.visit(point.as_slice(), &mut |_, slope| {
        if which.contains(&example) {
            gradients
                .column_mut(example - which.start)
                .copy_from_slice(slope);
        }
        example += 1;
    });
    gradients
}

/// Sums over examples of H_i, and of products of H_i and g_i.
struct ExampleSums {
    n: usize,
    d: usize,
    hessian: DMatrix<f64>,
    /// Second moments of (packed H_i, g_i).
    products: DMatrix<f64>,
    greatest_trace: Option<f64>,
    /// Packed Hessians for the fourth moments.
    kept: Vec<f64>,
}

impl ExampleSums {
    fn new(d: usize, n: usize) -> Self {
        let all = size(d) + d;
        Self {
            n,
            d,
            hessian: DMatrix::zeros(d, d),
            products: DMatrix::zeros(all, all),
            greatest_trace: Some(0.0),
            kept: Vec::new(),
        }
    }

    fn add(&mut self, window: &GradientWindow) -> Result<(), TheoryError> {
        let (entries, m) = (size(self.d), window.examples());
        let keeps = self.n * entries <= KEPT;
        let mut rows = DMatrix::zeros(entries + self.d, m);
        for i in 0..m {
            let hessian = window.hessian(i)?;
            let mut row = rows.column_mut(i);
            for (p, (j, k)) in pairs(self.d).enumerate() {
                row[p] = hessian[(j, k)];
            }
            row.rows_mut(entries, self.d)
                .copy_from(&window.gradients[0].column(i));
            if keeps {
                self.kept.extend(row.rows(0, entries).iter());
            }
            self.greatest_trace = match self.greatest_trace {
                Some(trace) if has_no_negative_curvature(&hessian) => {
                    Some(trace.max(hessian.trace()))
                }
                _ => None,
            };
            self.hessian += hessian;
        }
        self.products.gemm(1.0, &rows, &rows.transpose(), 1.0);
        Ok(())
    }

    fn finish(self, optimum: DVector<f64>, least_loss: f64) -> QuadraticExamples {
        let (d, entries) = (self.d, size(self.d));
        let products = self.products / self.n as f64;
        let noise = products.view((entries, entries), (d, d)).into_owned();
        let mut spread = DMatrix::zeros(entries, entries);
        for (row, (k, l)) in pairs(d).enumerate() {
            for (column, (i, j)) in pairs(d).enumerate() {
                // (H M H)_kl = Σ_ij H_ki M_ij H_jl; M_ij = M_ji is a single unknown.
                let one = products[(index(k, i), index(j, l))];
                let other = products[(index(k, j), index(i, l))];
                spread[(row, column)] = if i == j { one } else { one + other };
            }
        }
        QuadraticExamples {
            optimum,
            least_loss,
            hessian: self.hessian / self.n as f64,
            noise: (&noise + noise.transpose()) * 0.5,
            spread,
            cross: products.view((0, entries), (entries, d)).into_owned(),
            greatest_trace: self.greatest_trace,
            packed_hessians: self.kept,
            fourth: OnceLock::new(),
        }
    }
}

/// True if a symmetric matrix is positive semidefinite up to rounding, by pivoted Cholesky factorization.
fn has_no_negative_curvature(matrix: &DMatrix<f64>) -> bool {
    let mut rest = matrix.clone();
    let nothing = 1e-12 * matrix.amax();
    for _ in 0..matrix.nrows() {
        let pivot = rest.diagonal().imax();
        let top = rest[(pivot, pivot)];
        if top <= nothing {
            break;
        }
        let column = rest.column(pivot).into_owned();
        rest.ger(-1.0 / top, &column, &column, 1.0);
    }
    rest.amax() <= 10.0 * nothing
}
