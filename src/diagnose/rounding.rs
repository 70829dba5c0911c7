//! Effect of rounding the state on the stationary variance: a lower bound for the learning rate.

use serde::Serialize;

/// Relative inflation of the variance from which on the user is warned; ησ/|x| = 1e-5 in f32.
const WARN_INFLATION: f64 = 1.2e-5;

/// Relative inflation of the variance from which on a run is refused; ησ/|x| = 1e-6 in f32.
const REFUSE_INFLATION: f64 = 1.2e-3;

/// Limit for stochastic rounding, which loses no step however small, so that the predicted inflation is reliable.
const REFUSE_AT_RANDOM: f64 = 2e-2;

/// Spacing of the numbers of a state, and the rounding of a step to them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spacing {
    /// Floats, rounded to nearest; the field is their spacing at 1, 2⁻²³ for f32.
    Nearest(f64),
    /// As [`Self::Nearest`], but the drift of a step may be rounded separately from its noise, as WGSL allows.
    Apart(f64),
    /// Floats, rounded stochastically to one of the two neighbors with the exact mean; the field is their spacing at 1, 2⁻¹⁰
    /// for f16.
    AtRandom(f64),
    /// Multiples of a unit, rounded to nearest.
    Even {
        /// The unit, the same for all sizes of numbers.
        unit: f64,
        /// Spacing at 1 of the floats that steps and measurements read in place of the multiples.
        read: f64,
    },
}

/// Effect of rounding the state on a run; the fields are relative inflations of the stationary variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// Relative inflation that is negligible.
    Negligible(f64),
    /// Relative inflation that is large enough for a warning.
    Noticeable(f64),
    /// Relative inflation of a run that must be refused, because the inflation is too large or the steps are too small.
    Fatal(f64),
}

/// Relative inflation r = (ulp/step_noise)²/12 of the stationary variance of a parameter by rounding.
///
/// `step_noise` is the standard deviation of the noise of a step: ησ (or √(η·dt)σ) times the parameter's rate. Rounding to
/// nearest adds the variance ulp²/12 of a uniform error to each step. Stochastic rounding adds twice that: f (1 − f) ulp² at
/// the fraction f of the spacing, with mean ulp²/6 over f.
///
/// ulp² is the mean square of the spacing over a normal with the `mean` and `sd` of the stored numbers, by Gauss quadrature
/// with the two points mean ± sd. In f32 around 1, the function warns below ησ = 1e-5 and refuses below 1e-6.
///
/// A drift that is rounded separately acts as a staircase. Over a normal with standard deviation s (in spacings), its mean
/// slope is 1 − 2 exp(−2π²s²), by the first harmonic of the staircase, and the variance grows by the missing slope. Here
/// s = step_noise²/(2 sd), from the balance of drift and noise in a stationary chain.
///
/// Evenly spaced numbers are read as floats, which adds (ulp/sd)²/12 to the measured variance.
#[must_use]
pub fn rounding(spacing: Spacing, mean: f64, sd: f64, step_noise: f64) -> Rounding {
    let square = |epsilon: f64| {
        let ulp = |x: f64| epsilon * x.abs().log2().floor().exp2();
        0.5 * (ulp(mean - sd).powi(2) + ulp(mean + sd).powi(2))
    };
    let share = |square: f64, of: f64| {
        if square == 0.0 {
            0.0
        } else {
            square / (of * of) / 12.0
        }
    };
    let lost = |epsilon: f64| {
        let spacings =
            |x: f64| step_noise.powi(2) / (2.0 * sd) / (epsilon * x.abs().log2().floor().exp2());
        let lacking = |s: f64| 2.0 * (-2.0 * (std::f64::consts::PI * s).powi(2)).exp();
        0.5 * (lacking(spacings(mean - sd)) + lacking(spacings(mean + sd)))
    };
    let (inflation, refused) = match spacing {
        Spacing::Apart(epsilon) => (
            share(square(epsilon), step_noise) + if sd > 0.0 { lost(epsilon) } else { 0.0 },
            REFUSE_INFLATION,
        ),
        Spacing::Nearest(epsilon) => (share(square(epsilon), step_noise), REFUSE_INFLATION),
        Spacing::AtRandom(epsilon) => (2.0 * share(square(epsilon), step_noise), REFUSE_AT_RANDOM),
        Spacing::Even { unit, read } => (
            share(unit * unit, step_noise) + share(square(read), sd),
            REFUSE_INFLATION,
        ),
    };
    if inflation < WARN_INFLATION {
        Rounding::Negligible(inflation)
    } else if inflation < refused {
        Rounding::Noticeable(inflation)
    } else {
        Rounding::Fatal(inflation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_the_learning_rate() {
        let at = |eta: f64, epsilon: f64| rounding(Spacing::Nearest(epsilon), 1.0, 0.0, eta);
        let (f32s, f16s) = (f64::from(f32::EPSILON), 2_f64.powi(-10));
        let Rounding::Negligible(r) = at(1e-3, f32s) else {
            panic!("1e-3 is large enough")
        };
        // ulp²/12 = 1.184e-15.
        assert!((r / 1.184e-9 - 1.0).abs() < 1e-3);
        assert!(matches!(at(1.1e-5, f32s), Rounding::Negligible(_)));
        assert!(matches!(at(0.9e-5, f32s), Rounding::Noticeable(_)));
        assert!(matches!(at(0.9e-6, f32s), Rounding::Fatal(_)));
        assert!(matches!(at(1e-3, f16s), Rounding::Fatal(r) if r > 0.07));
    }

    #[test]
    fn awkward_inputs() {
        let at = |mean: f64, eta: f64| rounding(Spacing::Nearest(1e-7), mean, 0.0, eta);
        assert_eq!(at(0.0, 1e-9), Rounding::Negligible(0.0));
        assert!(matches!(at(1.0, 0.0), Rounding::Fatal(_)));
        assert!(matches!(at(f64::NAN, 1.0), Rounding::Fatal(_)));
    }

    #[test]
    fn stochastic_rounding_adds_twice_the_variance() {
        // Spacing 2⁻¹⁰ at 1.5: (2⁻¹⁰/0.05)²/6 = 6.36e-5, and 100 times that at a tenth of the noise.
        let at = |noise: f64| rounding(Spacing::AtRandom(2_f64.powi(-10)), 1.5, 0.1, noise);
        assert!(matches!(at(0.05), Rounding::Noticeable(r) if (r / 6.358e-5 - 1.0).abs() < 1e-3));
        assert!(matches!(at(0.005), Rounding::Noticeable(r) if (r / 6.358e-3 - 1.0).abs() < 1e-3));
        assert!(matches!(at(0.001), Rounding::Fatal(r) if (r / 0.158_95 - 1.0).abs() < 1e-3));
    }

    #[test]
    fn numbers_on_both_sides_of_a_power_of_two_have_both_spacings() {
        // Half of the numbers are spaced by 2⁻²³ and half by 2⁻²⁴: (1 + 1/4)/2 of the inflation above 1.
        let above = f64::from(f32::EPSILON).powi(2) / 12.0;
        let Rounding::Fatal(r) =
            rounding(Spacing::Nearest(f64::from(f32::EPSILON)), 1.0, 1e-5, 1e-7)
        else {
            panic!("ησ = 1e-7 is too small")
        };
        assert!((r / (0.625 * above / 1e-14) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_drift_that_is_rounded_separately_may_be_lost() {
        // η = 2e-6 on 250 (x − 1)²: sd 4.5e-5; the drift at one sd is 0.375 spacings above 1 and 0.75 below.
        // exp(−2π² 0.375²) = 6.2 %; 5.9 % were measured on a software rasterizer.
        let (mean, sd, noise) = (1.0, 4.473e-5, 2e-6);
        let single = f64::from(f32::EPSILON);
        let Rounding::Fatal(r) = rounding(Spacing::Apart(single), mean, sd, noise) else {
            panic!("the drift is lost")
        };
        assert!((r - 0.0622).abs() < 2e-3, "{r}");
        let together = rounding(Spacing::Nearest(single), mean, sd, noise);
        assert!(matches!(together, Rounding::Noticeable(r) if r < 2e-4));
        // η = 1e-3 on (x − 1)²/2: a drift of 188 spacings.
        let large = rounding(Spacing::Apart(single), 1.0, 2.2e-2, 1e-3);
        assert!(matches!(large, Rounding::Negligible(_)));
    }

    #[test]
    fn evenly_spaced_numbers_fail_only_if_floats_cannot_resolve_them() {
        let spacing = Spacing::Even {
            unit: 2_f64.powi(-43),
            read: f64::from(f32::EPSILON),
        };
        // η = 1e-7 on (x − 1)²/2: sd 2.2e-4, 1850 spacings above 1 and twice as many below: 1.5e-8.
        assert!(
            matches!(rounding(spacing, 1.0, 2.2e-4, 1e-7), Rounding::Negligible(r) if r > 1e-8)
        );
        // The standard deviation is two spacings.
        assert!(matches!(
            rounding(spacing, 1.0, 2.4e-7, 1e-12),
            Rounding::Fatal(_)
        ));
        // The noise of a step is one unit.
        assert!(matches!(
            rounding(spacing, 1.0, 1e-3, 1e-13),
            Rounding::Fatal(_)
        ));
    }

    #[test]
    fn simulated_rounding_inflates_as_stated() {
        // x′ = 0.5 x + z rounded to a grid of ½, with s = 1: V = (s² + 1/48)/(1 − 1/4). The distribution on the grid follows
        // from 60 deterministic steps with Gaussian cell probabilities; its rounding error is nearly uniform.
        let (s, grid, fine) = (1.0_f64, 0.5_f64, 40);
        let n = 81_i32;
        let cell = |i: i32| f64::from(i - n / 2) * grid;
        let mass = |from: f64, to: f64| {
            let h = grid / f64::from(fine);
            let point = |k: i32| {
                (-0.5 * ((to + (f64::from(k) + 0.5) * h - 0.5 * grid - 0.5 * from) / s).powi(2))
                    .exp()
            };
            (0..fine).map(point).sum::<f64>() * h / (s * (2.0 * std::f64::consts::PI).sqrt())
        };
        let mut p: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == n / 2))).collect();
        for _ in 0..60 {
            p = (0..n)
                .map(|j| (0..n).map(|i| p[i as usize] * mass(cell(i), cell(j))).sum())
                .collect();
        }
        let variance: f64 = (0..n).map(|i| p[i as usize] * cell(i).powi(2)).sum();
        let Rounding::Fatal(inflation) = rounding(Spacing::Nearest(grid), 1.0, 0.0, s) else {
            panic!("a grid of half the noise is coarse")
        };
        // The midpoint rule with 40 points per cell has a relative error of h²/24.
        assert!(
            (variance / (s * s / 0.75) - 1.0 - inflation).abs() < 1e-4,
            "{variance}"
        );
    }
}
