use super::*;
use crate::measure::Moments;
use rand::{RngExt, SeedableRng};
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

fn close(a: f64, b: f64, relative: f64) {
    assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
}

#[test]
fn quadratic_with_the_minimum_far_from_the_hint() {
    // x ~ N(c, 1/(βh)), E L = 1/(2β) + offset, Var L = 1/(2β²).
    for (center, h, beta, hint) in [
        (0.0, 1.0, 20.0, 0.0),
        (1e3, 2.0, 5.0, 0.0),
        (-37.0, 1e-2, 1e4, 12.0),
        (5.0, 3.0, 2e8, -1.0),
    ] {
        let gibbs =
            Gibbs1d::new(|x: f64| 0.5 * h * (x - center).powi(2) - 3.0, beta, hint).unwrap();
        let variance = 1.0 / (beta * h);
        // x − c has a rounding error of |c| 2⁻⁵³ relative to the width, the loss one of 3 · 2⁻⁵³ relative to 1/β.
        let noise = 1e-12 + 1e-15 * (center.abs() / variance.sqrt() + 3.0 * beta);
        close(gibbs.variance(), variance, noise);
        close(gibbs.mean_loss() + 3.0, 0.5 / beta, noise);
        close(gibbs.variance_loss(), 0.5 / (beta * beta), noise);
        assert!((gibbs.mean() - center).abs() < noise * (variance.sqrt() + center.abs()));
        let log_z = 0.5 * (2.0 * std::f64::consts::PI * variance).ln() + 3.0 * beta;
        let found = gibbs.mass().ln() - beta * gibbs.support.floor;
        assert!((found - log_z).abs() < 1e-11 + 1e-15 * log_z.abs() + noise);
    }
}

#[test]
fn pure_powers() {
    // L = x⁴: equipartition E L = 1/(4β), Var L = 1/(4β²), E x² = Γ(3/4)/Γ(1/4) β^{−1/2}.
    let beta = 7.0;
    let gibbs = Gibbs1d::new(|x: f64| x.powi(4), beta, 3.0).unwrap();
    let ratio = (ln_gamma(0.75) - ln_gamma(0.25)).exp();
    // Integrals to 1e-13; ln Γ of statrs to about 1e-14.
    close(gibbs.mean_loss(), 0.25 / beta, 1e-12);
    close(gibbs.variance_loss(), 0.25 / (beta * beta), 1e-12);
    close(gibbs.variance(), ratio / beta.sqrt(), 1e-12);
    // A kink: L = |x| has E L = 1/β, Var x = 2/β².
    let laplace = Gibbs1d::new(|x: f64| (x - 0.3).abs(), beta, 0.0).unwrap();
    close(laplace.mean_loss(), 1.0 / beta, 1e-11);
    close(laplace.variance(), 2.0 / (beta * beta), 1e-11);
}

#[test]
fn normal_distribution_function_and_quantiles() {
    let gibbs = Gibbs1d::langevin(|x: f64| 0.5 * x * x, 2.0, 0.7).unwrap();
    let normal = Normal::new(0.0, 1.0).unwrap();
    // Φ(x) from the C library's erfc, 16 digits.
    let known = [
        (-8.0, 6.220_960_574_271_82e-16),
        (-5.0, 2.866_515_718_791_946e-7),
        (-2.8, 0.002_555_130_330_427_937),
        (-1.0, 0.158_655_253_931_457_07),
        (0.0, 0.5),
        (0.5, 0.691_462_461_274_013_1),
        (3.0, 0.998_650_101_968_369_9),
    ];
    let points = known.map(|(x, _)| x);
    for (p, (x, exact)) in gibbs.cdf(&points).iter().zip(known) {
        // Integrals to 1e-13; a mass of 1e-20 is cut off on each side.
        assert!((p - exact).abs() < 1e-13 * exact + 1e-19, "{x} {p} {exact}");
    }
    for q in [1e-6, 0.025, 0.3, 0.5, 0.9, 0.9999] {
        // The quantile function of statrs is accurate to about 1e-11.
        assert!(
            (gibbs.quantile(q) - normal.inverse_cdf(q)).abs() < 1e-9,
            "{q}"
        );
        assert!((gibbs.cdf(&[gibbs.quantile(q)])[0] - q).abs() < 1e-13);
    }
    close(
        gibbs.density(0.4),
        (-0.08_f64).exp() / (2.0 * std::f64::consts::PI).sqrt(),
        1e-13,
    );
}

#[test]
fn two_wells_from_either_side_and_cold() {
    // Symmetric wells at ±1 with the hint in one of them: the mean must vanish and the virial be 1/β at any temperature.
    let loss = |x: f64| (x * x - 1.0).powi(2) / 4.0;
    for beta in [0.5, 20.0, 2e3, 2e6] {
        for hint in [-1.0, 0.0, 5.0] {
            let gibbs = Gibbs1d::new(loss, beta, hint).unwrap();
            // Rounding of x near 1 against the width of a well (β = 2e6: 5e-4), times its share of the mass.
            assert!(gibbs.mean().abs() < 1e-11, "{beta} {hint} {}", gibbs.mean());
            let [low, high] = gibbs.support();
            let virial = integrate(
                |x| [x * (x * x * x - x) * gibbs.density(x)],
                &gibbs.support.breaks,
                ACCURACY,
            )[0];
            close(virial, 1.0 / beta, 1e-10);
            assert!(low < -1.0 && high > 1.0);
        }
    }
}

#[test]
fn losses_without_a_normalizable_density_are_refused_with_the_side() {
    let refused = |loss: fn(f64) -> f64| Gibbs1d::new(loss, 1.0, 0.0).map(|_| ()).unwrap_err();
    assert_eq!(
        refused(|x| x),
        TheoryError::NotNormalizable {
            beta: 1.0,
            end: "minus"
        }
    );
    assert_eq!(
        refused(|x| (-x).exp()),
        TheoryError::NotNormalizable {
            beta: 1.0,
            end: "plus"
        }
    );
    assert!(matches!(
        refused(f64::cos),
        TheoryError::NotNormalizable { .. }
    ));
    assert!(matches!(
        refused(|x| -x * x),
        TheoryError::NotNormalizable { .. }
    ));
    assert!(matches!(
        refused(|_| f64::NAN),
        TheoryError::NoFiniteLoss { .. }
    ));
    assert!(Gibbs1d::new(|x: f64| x * x, -1.0, 0.0).is_err());
}

#[test]
fn a_half_line_is_a_domain() {
    // L = x − ln x on x > 0 at β = 1: Gamma(2), mean 2, variance 2; NaN on x < 0.
    let gibbs = Gibbs1d::new(|x: f64| x - x.ln(), 1.0, 1.0).unwrap();
    close(gibbs.mean(), 2.0, 1e-11);
    close(gibbs.variance(), 2.0, 1e-11);
}

#[test]
fn alpha_of_a_quadratic_is_known() {
    // E_β L = 1/(2β) = m, so α = 1/(βησ²) = 2m/(ησ²) and se(α) = 2 se(m)/(ησ²).
    let alpha = fit_alpha(Estimate::new(0.013, 1e-4), |x| 0.5 * x * x, 0.1, 0.0).unwrap();
    close(alpha.mean, 0.26, 1e-10);
    close(alpha.se, 2e-3, 1e-10);
    assert!(matches!(
        fit_alpha(Estimate::new(-0.1, 1.0), |x| 0.5 * x * x, 0.1, 0.0),
        Err(TheoryError::MeanBelowMinimum { .. })
    ));
}

#[test]
fn fitted_alpha_covers_the_truth() {
    // 1000 samples of 300 from the double well by inversion. The interval covers with probability 0.95; the binomial
    // standard deviation over 1000 is 0.7 %, so 93–97 % is ±2.9 of them (false alarm 0.4 %, fixed seeds).
    let loss = |x: f64| (x * x - 1.0).powi(2) / 4.0;
    let (eta_sigma2, alpha) = (0.4, 0.5);
    let truth = Gibbs1d::new(loss, 1.0 / (alpha * eta_sigma2), 0.0).unwrap();
    let table: Vec<f64> = (0..4096)
        .map(|i| truth.quantile((f64::from(i) + 0.5) / 4096.0))
        .collect();
    let mut rng = rand_philox::Philox::seed_from_u64(5);
    let mut hits = 0;
    for _ in 0..1000 {
        let losses: Vec<f64> = (0..300)
            .map(|_| loss(table[rng.random_range(0..4096)]))
            .collect();
        let fitted = fit_alpha(
            Moments::from_slice(&losses).mean_estimate(),
            loss,
            eta_sigma2,
            0.0,
        )
        .unwrap();
        let [low, high] = fitted.interval95();
        hits += i32::from(low < alpha && alpha < high);
    }
    assert!((930..=970).contains(&hits), "{hits}");
}

#[test]
fn fast_enough_for_every_point_of_a_sweep() {
    let start = std::time::Instant::now();
    let gibbs = Gibbs1d::langevin(|x: f64| (x * x - 1.0).powi(2) / 4.0, 0.1, 0.0).unwrap();
    assert!(gibbs.mean_loss() > 0.0);
    // 1 ms is usual; the bound leaves room for a loaded machine.
    assert!(start.elapsed().as_millis() < 50, "{:?}", start.elapsed());
}
