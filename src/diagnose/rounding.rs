//! Is the learning rate large enough for the precision of the state?

use serde::Serialize;

/// A step's noise must exceed this share of |x|, in units of f32: below, the law is distorted by more than about 1e-5.
const WARN_INFLATION: f64 = 1.2e-5;

/// Beyond this inflation of the variance (ησ/|x| = 1e-6 in f32) the result would be wrong.
const REFUSE_INFLATION: f64 = 1.2e-3;

/// What rounding the state does to a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// The stationary variance is inflated by this share, which is negligible.
    Negligible(f64),
    /// It is inflated by this share, which must be told.
    Noticeable(f64),
    /// It is inflated by this share, or steps vanish altogether: the run must be refused.
    Fatal(f64),
}

/// Relative inflation of the stationary variance, `r = (ulp/step_noise)²/12`: rounding to nearest adds the variance
/// ulp²/12 of a uniform error to each step's own, `step_noise` = ησ (or √(η·dt)σ, times the rate).
///
/// `magnitude` is that of the stored number (the offset from its reference point), and `epsilon` the spacing of floats
/// at 1: 2⁻²³ for f32, 2⁻¹⁰ for f16. In f32 at magnitude 1 it warns below ησ = 1e-5 and refuses below 1e-6.
#[must_use]
pub fn rounding(magnitude: f64, step_noise: f64, epsilon: f64) -> Rounding {
    let ulp = magnitude.abs() * epsilon;
    let inflation = if ulp == 0.0 {
        0.0
    } else {
        (ulp / step_noise).powi(2) / 12.0
    };
    if inflation < WARN_INFLATION {
        Rounding::Negligible(inflation)
    } else if inflation < REFUSE_INFLATION {
        Rounding::Noticeable(inflation)
    } else {
        Rounding::Fatal(inflation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_learning_rates() {
        let at = |eta: f64, epsilon: f64| rounding(1.0, eta, epsilon);
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
        assert_eq!(rounding(0.0, 1e-9, 1e-7), Rounding::Negligible(0.0));
        assert!(matches!(rounding(1.0, 0.0, 1e-7), Rounding::Fatal(_)));
        assert!(matches!(rounding(f64::NAN, 1.0, 1e-7), Rounding::Fatal(_)));
    }

    #[test]
    fn simulated_rounding_inflates_as_stated() {
        // x' = 0.5 x + z rounded to a grid of 1/2: V = (s² + 1/48)/(1 − 1/4), at s = 1, by the exact cell sums of a
        // long deterministic Gaussian convolution on a fine grid. Rounding error is uniform up to e^{−2π²·4·…}.
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
        let Rounding::Fatal(inflation) = rounding(1.0, s, grid) else {
            panic!("a grid of half the noise is coarse")
        };
        // Midpoint rule of 40 points per cell: h²/24 relative.
        assert!(
            (variance / (s * s / 0.75) - 1.0 - inflation).abs() < 1e-4,
            "{variance}"
        );
    }
}
