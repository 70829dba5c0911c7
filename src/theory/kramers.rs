//! Kramers' rate of escape over a barrier.

/// Kramers' escape rate per unit time, `√(L″(min)·|L″(max)|)/(2π) · e^{−ΔL/T}`, for dx = −L′dt + √(2T) dW.
///
/// T = ½ησ² is the temperature and `barrier` is ΔL. The rate is asymptotic, with a relative error of order T/ΔL.
/// Source: H. A. Kramers, "Brownian motion in a field of force and the diffusion model of chemical reactions", Physica 7
/// (1940).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::integrate;
    use crate::theory::tests::reference::mean_first_passage_time;
    use statrs::function::erf::erf;

    #[test]
    fn first_passage_time_of_the_ornstein_uhlenbeck_process() {
        // L = ½x² at β = 1: the time from 0 to b is √(π/2)·∫₀^b e^{y²/2}(1 + erf(y/√2)) dy.
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
            "{time} {exact}: tolerance 1e-11, 1e-12 in the inner integral"
        );
        let mirrored = mean_first_passage_time(|x| 0.5 * x * x, 1.0, 0.0, -b).unwrap();
        assert!((mirrored / time - 1.0).abs() < 1e-12);
    }

    #[test]
    fn first_passage_time_tends_to_kramers_at_low_temperature() {
        // Wells at ±1 (L″ = 2), barrier ¼ at 0 (L″ = −1). From −1 to +1 is one escape: time · rate = 1 + O(T/ΔL).
        let loss = |x: f64| (x * x - 1.0).powi(2) / 4.0;
        let error = |temperature: f64| {
            let time = mean_first_passage_time(loss, 1.0 / temperature, -1.0, 1.0).unwrap();
            (time * kramers_rate(2.0, -1.0, 0.25, temperature) - 1.0) / temperature
        };
        // The coefficient of T converges: its own correction is of relative order T.
        let (coarse, fine) = (error(0.01), error(0.005));
        assert!(
            (coarse / fine - 1.0).abs() < 0.1 && fine.abs() < 20.0,
            "{coarse} {fine}"
        );
    }
}
