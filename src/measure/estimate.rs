//! A number with its standard error.

use serde::{Deserialize, Deserializer, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Half-width of the central 95 % interval of a standard normal, in standard deviations.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// A measured number and its standard error.
///
/// An unknown error is `f64::INFINITY`: its interval is the whole line. JSON has no infinity and no NaN; both are
/// written as `null`, and `null` is read back as NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Estimated value.
    #[serde(deserialize_with = "null_as_nan")]
    pub mean: f64,
    /// Standard error, in the same unit.
    #[serde(deserialize_with = "null_as_nan")]
    pub se: f64,
}

impl Estimate {
    /// Estimate from its two numbers.
    #[must_use]
    pub const fn new(mean: f64, se: f64) -> Self {
        Self { mean, se }
    }

    /// Exactly known number, with standard error 0.
    #[must_use]
    pub const fn exact(mean: f64) -> Self {
        Self { mean, se: 0.0 }
    }

    /// Central 95 % confidence interval `mean ± 1.96 se`, exact for a normal distribution.
    #[must_use]
    pub fn interval95(&self) -> [f64; 2] {
        [
            self.mean - NORMAL_95 * self.se,
            self.mean + NORMAL_95 * self.se,
        ]
    }

    /// Widens a standard error that was estimated with `freedom` degrees of freedom, so that mean ± 1.96 se covers 95 %: the factor
    /// is the ratio of Student's 97.5 % quantile to the normal one.
    #[must_use]
    pub fn widened(self, freedom: f64) -> Self {
        // With more degrees of freedom the factor is 1 to four digits; without any the error is unknown already.
        if !(freedom > 0.0 && freedom < 20_000.0) {
            return self;
        }
        let student =
            StudentsT::new(0.0, 1.0, freedom).expect("the degrees of freedom are positive");
        Self::new(self.mean, self.se * student.inverse_cdf(0.975) / NORMAL_95)
    }

    /// Difference from `value` in standard errors, positive if the estimate is larger.
    ///
    /// Without an error (`se = 0`) the result is 0 for equality and ±∞ otherwise.
    #[must_use]
    pub fn z_against(&self, value: f64) -> f64 {
        let difference = self.mean - value;
        if difference == 0.0 {
            0.0
        } else {
            difference / self.se
        }
    }

    /// Product with a known factor.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self::new(self.mean * factor, self.se * factor.abs())
    }

    /// Sum with a known number.
    #[must_use]
    pub fn shifted(self, offset: f64) -> Self {
        Self::new(self.mean + offset, self.se)
    }

    /// Sum of two independent estimates.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::new(self.mean + other.mean, self.se.hypot(other.se))
    }

    /// Difference of two independent estimates. For paired quantities take the moments of their difference instead.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self::new(self.mean - other.mean, self.se.hypot(other.se))
    }

    /// Ratio of two independent estimates, by the delta method. Accurate if the divisor is many of its standard errors away from
    /// zero.
    #[must_use]
    pub fn divided_by(self, other: Self) -> Self {
        let ratio = self.mean / other.mean;
        Self::new(ratio, self.se.hypot(ratio * other.se) / other.mean.abs())
    }
}

fn null_as_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_of_independent_errors() {
        let a = Estimate::new(3.0, 0.3);
        let b = Estimate::new(-2.0, 0.4);
        // 3-4-5 triangle: exact up to one rounding of hypot.
        assert!((a.plus(b).se - 0.5).abs() < 1e-15 && (a.minus(b).se - 0.5).abs() < 1e-15);
        assert_eq!((a.plus(b).mean, a.minus(b).mean), (1.0, 5.0));
        assert_eq!(b.scaled(-2.0), Estimate::new(4.0, 0.8));
        assert_eq!(a.shifted(1.0), Estimate::new(4.0, 0.3));
        // Relative errors 0.1 and 0.2 add in quadrature; a few roundings.
        let ratio = a.divided_by(b);
        assert!((ratio.se / ratio.mean.abs() - 0.05_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn z_of_a_known_number_is_zero_or_infinite() {
        assert_eq!(Estimate::exact(2.0).z_against(2.0), 0.0);
        assert_eq!(Estimate::exact(2.0).z_against(3.0), f64::NEG_INFINITY);
        assert_eq!(Estimate::new(2.0, 0.5).z_against(1.0), 2.0);
        assert_eq!(Estimate::new(2.0, f64::INFINITY).z_against(1.0), 0.0);
    }

    #[test]
    fn interval_contains_95_percent_of_a_normal() {
        let [low, high] = Estimate::new(1.0, 2.0).interval95();
        // Known quantile of the standard normal, 12 digits.
        assert!(
            (high - 1.0 - 2.0 * 1.959_963_984_540).abs() < 1e-11
                && (low + high - 2.0).abs() < 1e-15
        );
    }

    #[test]
    fn json_keeps_numbers_and_turns_unknown_into_null() {
        let text = serde_json::to_string(&Estimate::new(0.1, f64::INFINITY)).unwrap();
        assert_eq!(text, r#"{"mean":0.1,"se":null}"#);
        let back: Estimate = serde_json::from_str(&text).unwrap();
        assert!(back.mean == 0.1 && back.se.is_nan());
    }
}
