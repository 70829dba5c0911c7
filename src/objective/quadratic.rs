//! Losses that are quadratic for every example, such as linear regression. The loss over the whole data set, its gradient
//! and the covariance of a batch's gradient are then polynomials of degree two. Their coefficients are found once, in f64.
//!
//! A measurement or a Langevin step then costs d² operations instead of a pass over the data, and L(Φ) − L(Φ*) is computed
//! without cancellation.

use super::example_model::ExampleModel;
use crate::theory::ExampleLoss;
use nalgebra::{DMatrix, DVector};

/// Most parameters for which the coefficients are computed.
pub(crate) const QUADRATIC_LIMIT: usize = 32;

/// constant + linear · Δ + Δᵀ matrix Δ.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) constant: f64,
    pub(crate) linear: DVector<f64>,
    pub(crate) matrix: DMatrix<f64>,
}

/// The coefficients, all in Δ = Φ − `center`.
#[derive(Debug, Clone)]
pub(crate) struct Quadratic {
    /// The minimum Φ* of the loss.
    pub(crate) center: Vec<f64>,
    /// L(Φ).
    pub(crate) loss: Form,
    /// The loss over the held-out examples.
    pub(crate) validation: Option<Form>,
    /// Var_i g_{i,k}(Φ) for every parameter k.
    pub(crate) variances: Vec<Form>,
}

impl Quadratic {
    /// The coefficients, where every example's loss is quadratic in the parameters and the mean loss has a strict minimum.
    pub(crate) fn new(training: &ExampleModel, validation: Option<&ExampleModel>) -> Option<Self> {
        let size = training.dimension();
        if size > QUADRATIC_LIMIT || !is_affine(training) {
            return None;
        }
        let at_zero = loss_form(training, &vec![0.0; size]);
        let hessian = &at_zero.matrix * 2.0;
        let center = hessian.cholesky()?.solve(&-&at_zero.linear);
        let center: Vec<f64> = center.iter().copied().collect();
        let mut loss = loss_form(training, &center);
        // At the minimum the gradient is rounding.
        loss.linear.fill(0.0);
        Some(Self {
            validation: validation.map(|model| loss_form(model, &center)),
            variances: variance_forms(training, &center),
            loss,
            center,
        })
    }
}

impl Form {
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        Self {
            constant: self.constant * factor,
            linear: &self.linear * factor,
            matrix: &self.matrix * factor,
        }
    }
}

/// Relative rounding error in differences of gradients.
const AFFINE: f64 = 1e-8;

/// Returns true when gradients are affine functions, checked at near and far points along three directions.
fn is_affine(model: &ExampleModel) -> bool {
    let size = model.dimension();
    let direction = |angle: f64| -> Vec<f64> {
        (0..size)
            .map(|k| (angle * (k + 1) as f64).sin() + 0.1)
            .collect()
    };
    [(0.7, 1.0), (1.9, 30.0), (2.9, -7.0)]
        .iter()
        .all(|&(angle, length)| {
            let direction = direction(angle);
            let gradients = |times: f64| {
                let at: Vec<f64> = direction.iter().map(|x| times * length * x).collect();
                let mut all = Vec::with_capacity(size * model.examples());
                model.visit(&at, &mut |_, slope| all.extend_from_slice(slope));
                all
            };
            let (zero, one, two) = (gradients(0.0), gradients(1.0), gradients(2.0));
            let size = |values: &[f64]| values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let scale = size(&zero).max(size(&one)).max(size(&two));
            let bent = (zero.iter().zip(&one).zip(&two))
                .all(|((a, b), c)| (a - 2.0 * b + c).abs() <= AFFINE * scale);
            scale.is_finite() && bent
        })
}

/// The mean loss around `center`, exactly, from gradients one unit away along every axis.
fn loss_form(model: &ExampleModel, center: &[f64]) -> Form {
    let size = center.len();
    let (constant, slope) = model.mean(center);
    let mut matrix = DMatrix::zeros(size, size);
    for k in 0..size {
        let mut at = center.to_vec();
        at[k] += 1.0;
        let (_, moved) = model.mean(&at);
        for j in 0..size {
            matrix[(j, k)] = 0.5 * (moved[j] - slope[j]);
        }
    }
    let matrix = (&matrix + matrix.transpose()) * 0.5;
    Form {
        constant,
        linear: DVector::from_vec(slope),
        matrix,
    }
}

/// Var_i g_{i,k} around `center`: g_{i,k} is h · (1, Δ), and its variance the quadratic form of the covariance of h.
fn variance_forms(model: &ExampleModel, center: &[f64]) -> Vec<Form> {
    let (size, count) = (center.len(), model.examples());
    // gradients[p] holds those of all examples at `center` (p = 0) and one unit along axis p − 1.
    let gradients: Vec<Vec<f64>> = (0..=size)
        .map(|point| {
            let mut at = center.to_vec();
            if point > 0 {
                at[point - 1] += 1.0;
            }
            let mut all = Vec::with_capacity(size * count);
            model.visit(&at, &mut |_, slope| all.extend_from_slice(slope));
            all
        })
        .collect();
    (0..size)
        .map(|k| {
            let mut mean = DVector::zeros(size + 1);
            let mut square = DMatrix::zeros(size + 1, size + 1);
            for example in 0..count {
                let at = example * size + k;
                let h = DVector::from_fn(size + 1, |point, _| {
                    let base = gradients[0][at];
                    if point == 0 {
                        base
                    } else {
                        gradients[point][at] - base
                    }
                });
                mean += &h;
                square.ger(1.0, &h, &h, 1.0);
            }
            mean /= count as f64;
            let covariance = square / count as f64 - &mean * mean.transpose();
            Form {
                constant: covariance[(0, 0)],
                linear: covariance.view((1, 0), (size, 1)).column(0) * 2.0,
                matrix: covariance.view((1, 1), (size, size)).into_owned(),
            }
        })
        .collect()
}
