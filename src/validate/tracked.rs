//! A number that carries how far from it a device's single precision may be.
//!
//! Programs are generic in their number, so running one on [`Tracked`] gives the exact result and, by running error
//! analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.3), what rounding may do to it on any device
//! that keeps the promises of WGSL: + − × to either neighbour (one ulp, 2⁻²³), division 2.5 ulp, exp (3 + 2|x|) ulp,
//! log 3 ulp or 2⁻²¹ absolutely, sin and cos 2⁻¹¹ on [−π, π]; fusing and reassociation are allowed, subnormal numbers
//! may be flushed to zero.

use crate::loss::Real;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// One unit in the last place relative to a number, at most.
pub(super) const ULP: f64 = 1.0 / 8_388_608.0;

/// A number in f64 with the error that single precision may have made by it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tracked {
    /// The exact value.
    pub(super) value: f64,
    /// The sum of the magnitudes of all terms: what reassociation may round at.
    pub(super) size: f64,
    /// A bound of |single precision − value|, to first order.
    pub(super) error: f64,
}

impl Tracked {
    /// A number that single precision holds exactly.
    pub(super) fn exact(value: f64) -> Self {
        Self {
            value,
            size: value.abs(),
            error: 0.0,
        }
    }

    /// A result of one operation: what its arguments' errors became, and `ulps` units of rounding at its size.
    fn rounded(value: f64, size: f64, inherited: f64, ulps: f64) -> Self {
        Self {
            value,
            size,
            // A subnormal result may become zero.
            error: inherited + ulps * ULP * size + f64::from(f32::MIN_POSITIVE),
        }
    }

    /// A monotone function: at the ends of the interval of its argument it is furthest from its value.
    fn monotone(self, f: impl Fn(f64) -> f64, ulps: f64, absolute: f64) -> Self {
        let value = f(self.value);
        let furthest = |end: f64| {
            let change = (f(end) - value).abs();
            // Beyond the edge of the domain nothing is known that the other end does not say.
            if change.is_nan() { 0.0 } else { change }
        };
        let inherited = furthest(self.value - self.error).max(furthest(self.value + self.error));
        let mut result = Self::rounded(value, value.abs(), inherited, ulps);
        result.error += absolute;
        result
    }

    /// sin or cos, whose slope is at most 1.
    fn wave(self, value: f64) -> Self {
        // WGSL promises nothing beyond π; a reduction in single precision errs by one ulp of the angle.
        let promised = 1.0 / 2048.0 + ULP * self.value.abs();
        Self::rounded(value, value.abs(), self.error + promised, 1.0)
    }
}

impl From<f32> for Tracked {
    fn from(value: f32) -> Self {
        Self::exact(f64::from(value))
    }
}

impl PartialEq for Tracked {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Tracked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Add for Tracked {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::rounded(
            self.value + other.value,
            self.size + other.size,
            self.error + other.error,
            1.0,
        )
    }
}

impl Sub for Tracked {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Tracked {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let inherited = self.value.abs() * other.error
            + other.value.abs() * self.error
            + self.error * other.error;
        Self::rounded(
            self.value * other.value,
            self.size * other.size,
            inherited,
            1.0,
        )
    }
}

impl Div for Tracked {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let divisor = other.value.abs();
        let inherited = (self.error + value.abs() * other.error) / (divisor - other.error).max(0.0);
        let inherited = if inherited.is_nan() { 0.0 } else { inherited };
        Self::rounded(value, self.size / divisor, inherited, 2.5)
    }
}

impl Neg for Tracked {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            value: -self.value,
            ..self
        }
    }
}

impl Real for Tracked {
    const ZERO: Self = Self {
        value: 0.0,
        size: 0.0,
        error: 0.0,
    };
    const ONE: Self = Self {
        value: 1.0,
        size: 1.0,
        error: 0.0,
    };

    /// A constant of the program, which a device holds rounded.
    fn from_f64(value: f64) -> Self {
        Self {
            error: (value - f64::from(value as f32)).abs(),
            ..Self::exact(value)
        }
    }

    fn to_f64(self) -> f64 {
        self.value
    }

    fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }

    fn is_nan(self) -> bool {
        self.value.is_nan()
    }

    fn abs(self) -> Self {
        Self {
            value: self.value.abs(),
            ..self
        }
    }

    fn sqrt(self) -> Self {
        // 1 / inverseSqrt: 2 ulp and a division.
        self.monotone(f64::sqrt, 4.5, 0.0)
    }

    fn exp(self) -> Self {
        self.monotone(f64::exp, 3.0 + 2.0 * self.value.abs(), 0.0)
    }

    fn exp_m1(self) -> Self {
        // exp(x) − 1 from |x| = 0.35 on, a series of 4 ulp below.
        let exp = if self.value.abs() < 0.35 {
            0.0
        } else {
            self.value.exp() * (4.0 + 2.0 * self.value.abs())
        };
        self.monotone(f64::exp_m1, 4.0, exp * ULP)
    }

    fn ln(self) -> Self {
        let near_one = (0.5..=2.0).contains(&self.value);
        self.monotone(f64::ln, 3.0, if near_one { 4.0 * ULP } else { 0.0 })
    }

    fn ln_1p(self) -> Self {
        // log(1 + x) from |x| = 0.25 on, where 1 + x is rounded too; a series of 4 ulp below.
        let far = if self.value.abs() < 0.25 { 0.0 } else { 5.0 };
        self.monotone(f64::ln_1p, 4.0, far * ULP)
    }

    fn sin(self) -> Self {
        self.wave(self.value.sin())
    }

    fn cos(self) -> Self {
        self.wave(self.value.cos())
    }

    fn tanh(self) -> Self {
        // 1 − 2 / (exp(2|x|) + 1): the quotient is at most 0.45 from |x| = 0.625 on, where its exp, sum and division
        // err by up to (3 + 4|x|) + 1 + 2.5 ulp; the product of quotient and that stays below 5 ulp. Below, a series.
        self.monotone(f64::tanh, 6.0, 0.0)
    }

    fn erf(self) -> Self {
        // A series of 4 ulp below 1; above, one minus a number below 0.16 that errs by 1.2e-7 of itself, its rounding
        // and that of exp at −a² ≥ −16: at most 0.16 · (3 + 2 · 2 + 3) ulp near 1, and less further out.
        self.monotone(<f64 as Real>::erf, 6.0, 0.0)
    }

    fn pow(self, exponent: Self) -> Self {
        if self.value == 0.0 || exponent.value == 0.0 {
            return Self::exact(Real::pow(self.value, exponent.value));
        }
        // exp2(y log2 x): errors of the logarithm, of both arguments and of the product are relative ones of the power.
        let log = self.value.ln().abs();
        let near_one = (0.5..=2.0).contains(&self.value);
        let of_log = 3.0 * log + if near_one { 4.0 } else { 0.0 };
        let power = exponent.value.abs() * log;
        let relative = (exponent.value.abs() * of_log + 2.0 * power + 3.0 + 2.0 * power) * ULP
            + exponent.value.abs() * self.error / self.value.abs()
            + exponent.error * log;
        let value = Real::pow(self.value, exponent.value);
        Self::rounded(value, value.abs(), value.abs() * relative, 1.0)
    }
}

/// How far a device's result is from the exact one, as a share of what is allowed; infinite where it is wrong at all
/// where only one answer is right.
pub(super) fn share(found: f64, exact: Tracked) -> f64 {
    // The largest number of single precision: beyond it infinity is right too.
    let largest = f64::from(f32::MAX);
    if !exact.value.is_finite() || exact.value.abs() >= largest {
        let gone = !found.is_finite() || found.abs() >= 0.99 * largest;
        return if gone { 0.0 } else { f64::INFINITY };
    }
    let off = (found - exact.value).abs();
    if off <= f64::from(f32::MIN_POSITIVE) {
        return 0.0;
    }
    let share = off / exact.error;
    if share.is_nan() { f64::INFINITY } else { share }
}
