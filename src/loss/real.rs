//! The trait of the number types in which programs run: `f32` and `f64`.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::elementary;

/// A number type in which programs can run.
///
/// Functions of `f64` are those of the standard library. Functions of `f32` are branch-free polynomials, because calls
/// into a mathematics library do not vectorize; [`op`](super::op) states their accuracy.
pub trait Real:
    Copy
    + Send
    + Sync
    + PartialOrd
    + Debug
    + Default
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// Nearest representable number.
    fn from_f64(value: f64) -> Self;
    /// The same number as `f64` (exact).
    fn to_f64(self) -> f64;
    /// `self * b + c` with one rounding.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// Returns true for NaN.
    fn is_nan(self) -> bool;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Square root; NaN below zero.
    fn sqrt(self) -> Self;
    /// Natural exponential.
    fn exp(self) -> Self;
    /// `exp(self) - 1`, accurate near zero.
    fn exp_m1(self) -> Self;
    /// Natural logarithm; −∞ at zero, NaN below.
    fn ln(self) -> Self;
    /// `ln(1 + self)`, accurate near zero.
    fn ln_1p(self) -> Self;
    /// Sine of an angle in radians.
    fn sin(self) -> Self;
    /// Cosine of an angle in radians.
    fn cos(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;
    /// `self` to a real power; NaN for every negative base.
    fn pow(self, exponent: Self) -> Self;
    /// One if the condition holds, else zero.
    #[inline(always)]
    fn indicator(condition: bool) -> Self {
        if condition { Self::ONE } else { Self::ZERO }
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self::mul_add(self, b, c)
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        Self::is_nan(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self::abs(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Self::exp(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        Self::exp_m1(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Self::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        Self::ln_1p(self)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        Self::sin(self)
    }
    #[inline(always)]
    fn cos(self) -> Self {
        Self::cos(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        Self::tanh(self)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        elementary::erf_f64(self)
    }
    #[inline(always)]
    fn pow(self, exponent: Self) -> Self {
        if self < 0.0 {
            Self::NAN
        } else {
            self.powf(exponent)
        }
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to the nearest f32 is the purpose"
    )]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Self::mul_add(self, b, c)
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        Self::is_nan(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self::abs(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        elementary::exp(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        elementary::exp_m1(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        elementary::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        elementary::ln_1p(self)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        elementary::sin_cos(self).0
    }
    #[inline(always)]
    fn cos(self) -> Self {
        elementary::sin_cos(self).1
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        elementary::tanh(self)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        elementary::erf(self)
    }
    #[inline(always)]
    fn pow(self, exponent: Self) -> Self {
        if self < 0.0 {
            Self::NAN
        } else {
            self.powf(exponent)
        }
    }
}
