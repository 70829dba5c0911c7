//! Number with a bound on the rounding error of a device.
//!
//! Programs are generic in their number type. Running one on [`Tracked`] gives the exact result
//! and, by running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.3), a
//! bound on the rounding error of any device that conforms to WGSL: + − × to either neighbor (one
//! ulp, 2⁻²³), division 2.5 ulp, exp (3 + 2|x|) ulp, log 3 ulp or 2⁻²¹ absolute, sin and cos 2⁻¹¹
//! absolute on [−π, π]. Fusing and reassociation are allowed, and subnormal numbers may be flushed
//! to zero.
//!
//! In double precision only + − × ÷ and the square root are the device's own. The other functions
//! are those of `shaders/elementary_f64.wgsl`, which have smaller errors.

use crate::loss::Real;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Rounding errors that a precision allows. Errors are in units in the last place (ulp) unless
/// stated otherwise.
pub(super) trait FloatModel: Debug + Copy + Default + Send + Sync + 'static {
    /// Upper bound of one unit in the last place, relative to a number.
    const ULP: f64;
    /// Smallest normal number.
    const LEAST: f64;
    /// Largest finite number.
    const GREATEST: f64;
    /// Nearest number of this precision.
    fn nearest(value: f64) -> f64;
    /// Error of exp(x) in ulp.
    fn exp(x: f64) -> f64;
    /// Error of the logarithm in ulp, and its absolute error in ulp of 1 for arguments between ½
    /// and 2.
    const LOG: [f64; 2];
    /// Absolute error of sine and cosine.
    fn wave(x: f64) -> f64;
    /// Absolute error of `exp(x) − 1` in ulp of 1, in addition to 4 ulp.
    fn exp_m1(x: f64) -> f64;
    /// Absolute error of `log(1 + x)` in ulp of 1, in addition to 4 ulp.
    fn ln_1p(x: f64) -> f64;
    /// Error of x^y in ulp, given |log x|.
    fn pow(log: f64, near_one: bool, y: f64) -> f64;
}

impl FloatModel for f32 {
    const ULP: f64 = 1.0 / 8_388_608.0;
    const LEAST: f64 = Self::MIN_POSITIVE as f64;
    const GREATEST: f64 = Self::MAX as f64;
    const LOG: [f64; 2] = [3.0, 4.0];

    fn nearest(value: f64) -> f64 {
        f64::from(value as Self)
    }

    fn exp(x: f64) -> f64 {
        3.0 + 2.0 * x.abs()
    }

    fn wave(x: f64) -> f64 {
        // WGSL specifies no error beyond π. A range reduction in single precision has an error of
        // one ulp of the angle.
        1.0 / 2048.0 + <Self as FloatModel>::ULP * x.abs()
    }

    fn exp_m1(x: f64) -> f64 {
        // The device computes exp(x) − 1 for |x| ≥ 0.35 and a series below.
        if x.abs() < 0.35 {
            0.0
        } else {
            x.exp() * (4.0 + 2.0 * x.abs())
        }
    }

    fn ln_1p(x: f64) -> f64 {
        // The device computes log(1 + x) for |x| ≥ 0.25, where 1 + x is rounded too, and a series
        // below.
        if x.abs() < 0.25 { 0.0 } else { 5.0 }
    }

    fn pow(log: f64, near_one: bool, y: f64) -> f64 {
        // The device computes exp2(y log2 x). Absolute errors of the logarithm and of the product
        // become relative errors of the power.
        let of_log = 3.0 * log + if near_one { 4.0 } else { 0.0 };
        let power = y.abs() * log;
        y.abs() * of_log + 2.0 * power + 3.0 + 2.0 * power
    }
}

/// The reference is itself computed in double precision, so every unit counts twice: once for the
/// device and once for the reference.
impl FloatModel for f64 {
    const ULP: Self = 2.0 * Self::EPSILON;
    const LEAST: Self = Self::MIN_POSITIVE;
    const GREATEST: Self = Self::MAX;
    const LOG: [Self; 2] = [1.0, 0.0];

    fn nearest(value: Self) -> Self {
        value
    }

    fn exp(_: Self) -> Self {
        1.0
    }

    fn wave(_: Self) -> Self {
        <Self as FloatModel>::ULP
    }

    fn exp_m1(_: Self) -> Self {
        0.0
    }

    fn ln_1p(_: Self) -> Self {
        0.0
    }

    fn pow(_: Self, _: bool, _: Self) -> Self {
        1.0
    }
}

/// Number in f64 with a bound on the error of a device that computes it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tracked<P> {
    /// Exact value.
    pub(super) value: f64,
    /// Sum of the magnitudes of all terms, which bounds intermediate results under reassociation.
    pub(super) size: f64,
    /// Bound of |device's value − `value|` to first order.
    pub(super) error: f64,
    precision: PhantomData<P>,
}

impl<P: FloatModel> Tracked<P> {
    /// Number that the precision represents exactly.
    pub(super) fn exact(value: f64) -> Self {
        Self::new(value, value.abs(), 0.0)
    }

    fn new(value: f64, size: f64, error: f64) -> Self {
        Self {
            value,
            size,
            error,
            precision: PhantomData,
        }
    }

    /// Result of one operation: the propagated error of its arguments plus `ulps` units of rounding
    /// at `size`.
    fn rounded(value: f64, size: f64, inherited: f64, ulps: f64) -> Self {
        // A subnormal result may be flushed to zero.
        Self::new(value, size, inherited + ulps * P::ULP * size + P::LEAST)
    }

    /// Result of a monotone function, which deviates most at an end of the interval of its
    /// argument.
    fn monotone(self, f: impl Fn(f64) -> f64, ulps: f64, absolute: f64) -> Self {
        let value = f(self.value);
        let furthest = |end: f64| {
            let change = (f(end) - value).abs();
            // The function is undefined beyond the edge of its domain. The other end gives the
            // bound.
            if change.is_nan() { 0.0 } else { change }
        };
        let inherited = furthest(self.value - self.error).max(furthest(self.value + self.error));
        let mut result = Self::rounded(value, value.abs(), inherited, ulps);
        result.error += absolute;
        result
    }

    /// Result of sin or cos, whose slope is at most 1.
    fn wave(self, value: f64) -> Self {
        Self::rounded(value, value.abs(), self.error + P::wave(self.value), 1.0)
    }
}

impl<P: FloatModel> From<f32> for Tracked<P> {
    fn from(value: f32) -> Self {
        Self::exact(f64::from(value))
    }
}

impl<P> PartialEq for Tracked<P> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<P> PartialOrd for Tracked<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<P: FloatModel> Add for Tracked<P> {
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

impl<P: FloatModel> Sub for Tracked<P> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<P: FloatModel> Mul for Tracked<P> {
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

impl<P: FloatModel> Div for Tracked<P> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let divisor = other.value.abs();
        let inherited = (self.error + value.abs() * other.error) / (divisor - other.error).max(0.0);
        let inherited = if inherited.is_nan() { 0.0 } else { inherited };
        Self::rounded(value, self.size / divisor, inherited, 2.5)
    }
}

impl<P: FloatModel> Neg for Tracked<P> {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            value: -self.value,
            ..self
        }
    }
}

impl<P: FloatModel> Real for Tracked<P> {
    const ZERO: Self = Self {
        value: 0.0,
        size: 0.0,
        error: 0.0,
        precision: PhantomData,
    };
    const ONE: Self = Self {
        value: 1.0,
        size: 1.0,
        error: 0.0,
        precision: PhantomData,
    };

    /// Constant of the program, which the device stores rounded.
    fn from_f64(value: f64) -> Self {
        Self {
            error: (value - P::nearest(value)).abs(),
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
        self.monotone(f64::exp, P::exp(self.value), 0.0)
    }

    fn exp_m1(self) -> Self {
        self.monotone(f64::exp_m1, 4.0, P::exp_m1(self.value) * P::ULP)
    }

    fn ln(self) -> Self {
        let near_one = (0.5..=2.0).contains(&self.value);
        let [relative, absolute] = P::LOG;
        self.monotone(
            f64::ln,
            relative,
            if near_one { absolute * P::ULP } else { 0.0 },
        )
    }

    fn ln_1p(self) -> Self {
        self.monotone(f64::ln_1p, 4.0, P::ln_1p(self.value) * P::ULP)
    }

    fn sin(self) -> Self {
        self.wave(self.value.sin())
    }

    fn cos(self) -> Self {
        self.wave(self.value.cos())
    }

    fn tanh(self) -> Self {
        // tanh x = 1 − 2 / (exp(2|x|) + 1). For |x| ≥ 0.625 the quotient is at most 0.45, and its
        // exp, sum and division have an error of up to (3 + 4|x|) + 1 + 2.5 ulp. The product of the
        // two stays below 5 ulp. Below 0.625 the device uses a series.
        self.monotone(f64::tanh, 6.0, 0.0)
    }

    fn erf(self) -> Self {
        // Below 1 a series with an error of 4 ulp. Above 1, one minus a number below 0.16. That
        // number has a relative error of 1.2e-7, its rounding, and the error of exp at −a² ≥ −16:
        // at most 0.16 · (3 + 2 · 2 + 3) ulp near 1, and less for larger arguments.
        self.monotone(<f64 as Real>::erf, 6.0, 0.0)
    }

    fn pow(self, exponent: Self) -> Self {
        if self.value == 0.0 || exponent.value == 0.0 {
            return Self::exact(Real::pow(self.value, exponent.value));
        }
        let log = self.value.ln().abs();
        let near_one = (0.5..=2.0).contains(&self.value);
        // Errors of the arguments become relative errors of the power.
        let relative = P::pow(log, near_one, exponent.value) * P::ULP
            + exponent.value.abs() * self.error / self.value.abs()
            + exponent.error * log;
        let value = Real::pow(self.value, exponent.value);
        Self::rounded(value, value.abs(), value.abs() * relative, 1.0)
    }
}

/// Deviation of a device's result as a share of the allowed error. Infinite if only one result is
/// allowed and the device has another.
pub(super) fn share<P: FloatModel>(found: f64, exact: Tracked<P>) -> f64 {
    // Beyond the largest finite number infinity is also allowed.
    let largest = P::GREATEST;
    if !exact.value.is_finite() || exact.value.abs() >= largest {
        let overflowed = !found.is_finite() || found.abs() >= 0.99 * largest;
        return if overflowed { 0.0 } else { f64::INFINITY };
    }
    let off = (found - exact.value).abs();
    if off <= P::LEAST {
        return 0.0;
    }
    let share = off / exact.error;
    if share.is_nan() { f64::INFINITY } else { share }
}
