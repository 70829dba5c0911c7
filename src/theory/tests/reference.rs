//! Reference formulas against which the tests compare.

use crate::theory::{Gibbs1d, Quadratic1d, TheoryError, integrate};
use nalgebra::DMatrix;

/// Mean first-passage time of dx = −L′dt + √(2/β) dW from `from` to `to`, in continuous time, with β = 2/(ησ²):
/// `β ∫_from^to dy e^{βL(y)} ∫_{−∞}^y dz e^{−βL(z)}`, mirrored if `to` lies below `from`.
///
/// Source: C. W. Gardiner, "Handbook of Stochastic Methods", chapter 5. Accurate to about 1e-10 by quadrature, with tens of
/// thousands of evaluations of the loss.
///
/// # Errors
/// As [`Gibbs1d::new`].
pub(in crate::theory) fn mean_first_passage_time(
    loss: impl Fn(f64) -> f64,
    beta: f64,
    from: f64,
    to: f64,
) -> Result<f64, TheoryError> {
    let side = if to < from { -1.0 } else { 1.0 };
    let gibbs = Gibbs1d::new(|x: f64| loss(side * x), beta, side * from)?;
    let (start, end) = (side * from, side * to);
    const PIECES: usize = 16;
    let breaks: Vec<f64> = (0..=PIECES)
        .map(|i| start + (end - start) * i as f64 / PIECES as f64)
        .collect();
    // Mass below y over the density at y; the normalization cancels.
    let inner = |y: f64| [gibbs.cdf(&[y])[0] / gibbs.density(y)];
    Ok(beta * integrate(inner, &breaks, 1e-11)[0])
}

/// Variance at `time` from a point start in continuous time (Ornstein–Uhlenbeck process):
/// `Var(t) = (ησ²/2h)(1 − e^{−2ht})`, and ησ²t for h = 0.
pub(in crate::theory) fn continuous_variance(model: &Quadratic1d, time: f64) -> f64 {
    let kick = model.eta * model.noise_variance;
    let rate = 2.0 * model.curvature;
    if rate == 0.0 {
        kick * time
    } else {
        -kick / rate * (-rate * time).exp_m1()
    }
}

/// Slope of the converged loss at η = 0, `¼ Σ_k r_k E gᵢₖ² / B`, from the second moment of the examples' gradients at a
/// strict minimum, for batches of B drawn with replacement.
pub(in crate::theory) fn slope_at_zero(
    second_moment: &DMatrix<f64>,
    rates: &[f64],
    batch: usize,
) -> f64 {
    let diagonal = second_moment.diagonal();
    let trace: f64 = rates.iter().zip(diagonal.iter()).map(|(r, g)| r * g).sum();
    0.25 * trace / batch as f64
}

#[test]
fn slope_by_hand() {
    let second = DMatrix::from_row_slice(2, 2, &[4.0, 1.0, 1.0, 8.0]);
    assert_eq!(slope_at_zero(&second, &[1.0, 0.5], 2), 1.0);
}
