//! Escape over a barrier, from the asymptotic formula and exactly.

use super::error::{TheoryError, positive};
use super::gibbs::Gibbs1d;
use super::quadrature::integrate;

/// Kramers' escape rate per unit time, `√(L″(min)·|L″(max)|)/(2π) · e^{−ΔL/T}`, for dx = −L′dt + √(2T) dW.
///
/// T = ½ησ² is the temperature, `barrier` ΔL. Asymptotic: the relative error is of order T/ΔL (Kramers 1940).
#[must_use]
pub fn kramers_rate(
    curvature_minimum: f64,
    curvature_maximum: f64,
    barrier: f64,
    temperature: f64,
) -> f64 {
    let attempt =
        (curvature_minimum * curvature_maximum.abs()).sqrt() / (2.0 * std::f64::consts::PI);
    attempt * (-barrier / temperature).exp()
}

/// Mean time for dx = −L′dt + √(2/β) dW to reach `to` from `from` for the first time, in continuous time:
/// `β ∫_from^to dy e^{βL(y)} ∫_{−∞}^y dz e^{−βL(z)}`, and its mirror image where `to` lies below (Gardiner, ch. 5).
///
/// Exact by quadrature, to about 1e-10, some tens of thousands of evaluations of the loss. β = 2/(ησ²).
///
/// # Errors
/// As [`Gibbs1d::new`].
pub fn mean_first_passage_time(
    loss: impl Fn(f64) -> f64,
    beta: f64,
    from: f64,
    to: f64,
) -> Result<f64, TheoryError> {
    positive("the inverse temperature", beta)?;
    let side = if to < from { -1.0 } else { 1.0 };
    let gibbs = Gibbs1d::new(|x: f64| loss(side * x), beta, side * from)?;
    let (start, end) = (side * from, side * to);
    const PIECES: usize = 16;
    let breaks: Vec<f64> = (0..=PIECES)
        .map(|i| start + (end - start) * i as f64 / PIECES as f64)
        .collect();
    // Mass below y over the density at y; both normalisations cancel.
    let inner = |y: f64| [gibbs.cdf(&[y])[0] / gibbs.density(y)];
    Ok(beta * integrate(inner, &breaks, 1e-11)[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::function::erf::erf;

    #[test]
    fn brownian_motion_over_a_soft_reflection() {
        // L = ½x²: time from 0 to b is √(π/2)·∫₀^b e^{y²/2}(1 + erf(y/√2)) dy at β = 1 (Ornstein–Uhlenbeck).
        let b = 1.3;
        let exact = integrate(
            |y| {
                [(std::f64::consts::PI / 2.0).sqrt()
                    * (y * y / 2.0).exp()
                    * (1.0 + erf(y / 2_f64.sqrt()))]
            },
            &[0.0, b],
            1e-13,
        )[0];
        let time = mean_first_passage_time(|x| 0.5 * x * x, 1.0, 0.0, b).unwrap();
        assert!(
            (time / exact - 1.0).abs() < 1e-9,
            "{time} {exact}: 1e-11 asked for, 1e-12 in the inner integral"
        );
        let mirrored = mean_first_passage_time(|x| 0.5 * x * x, 1.0, 0.0, -b).unwrap();
        assert!((mirrored / time - 1.0).abs() < 1e-12);
    }

    #[test]
    fn kramers_is_its_limit_at_low_temperature() {
        // Wells at ±1 (L″ = 2), barrier ¼ at 0 (L″ = −1). From −1 to +1 is one escape: time ≈ 1/rate(1 + O(T/ΔL)).
        let loss = |x: f64| (x * x - 1.0).powi(2) / 4.0;
        let error = |temperature: f64| {
            let time = mean_first_passage_time(loss, 1.0 / temperature, -1.0, 1.0).unwrap();
            (time * kramers_rate(2.0, -1.0, 0.25, temperature) - 1.0) / temperature
        };
        // The coefficient of T settles: its own correction is of relative order T, here 1/100 and 1/200 of ΔL⁻¹.
        let (coarse, fine) = (error(0.01), error(0.005));
        assert!(
            (coarse / fine - 1.0).abs() < 0.1 && fine.abs() < 20.0,
            "{coarse} {fine}"
        );
    }
}
