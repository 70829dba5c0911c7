//! A number that carries how far from it a device's arithmetic may be.
//!
//! Programs are generic in their number, so running one on [`Tracked`] gives the exact result and, by running error
//! analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.3), what rounding may do to it on any device
//! that keeps the promises of WGSL: + − × to either neighbour (one ulp, 2⁻²³), division 2.5 ulp, exp (3 + 2|x|) ulp,
//! log 3 ulp or 2⁻²¹ absolutely, sin and cos 2⁻¹¹ on [−π, π]; fusing and reassociation are allowed, subnormal numbers
//! may be flushed to zero. Of double precision nothing but + − × ÷ and the root is a device's own: the functions are those
//! of `shaders/elementary_f64.wgsl`, which promise more.

use crate::loss::Real;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What a precision promises: errors in units in the last place where nothing else is said.
pub(super) trait FloatModel: Debug + Copy + Default + Send + Sync + 'static {
    /// One unit in the last place relative to a number, at most.
    const ULP: f64;
    /// The least normal number.
    const LEAST: f64;
    /// The greatest number.
    const GREATEST: f64;
    /// The nearest number of this precision.
    fn nearest(value: f64) -> f64;
    /// Of the exponential.
    fn exp(x: f64) -> f64;
    /// Of the logarithm, and absolutely where its argument is between ½ and 2.
    const LOG: [f64; 2];
    /// Of sine and cosine, absolutely and not in units.
    fn wave(x: f64) -> f64;
    /// Of `exp(x) − 1`, beside 4.
    fn exp_m1(x: f64) -> f64;
    /// Of `log(1 + x)`, absolutely, beside 4.
    fn ln_1p(x: f64) -> f64;
    /// Of x^y, given the logarithm of x.
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
        // WGSL promises nothing beyond π; a reduction in single precision errs by one ulp of the angle.
        1.0 / 2048.0 + <Self as FloatModel>::ULP * x.abs()
    }

    fn exp_m1(x: f64) -> f64 {
        // exp(x) − 1 from |x| = 0.35 on, a series below.
        if x.abs() < 0.35 {
            0.0
        } else {
            x.exp() * (4.0 + 2.0 * x.abs())
        }
    }

    fn ln_1p(x: f64) -> f64 {
        // log(1 + x) from |x| = 0.25 on, where 1 + x is rounded too; a series below.
        if x.abs() < 0.25 { 0.0 } else { 5.0 }
    }

    fn pow(log: f64, near_one: bool, y: f64) -> f64 {
        // exp2(y log2 x): errors of the logarithm and of the product are relative ones of the power.
        let of_log = 3.0 * log + if near_one { 4.0 } else { 0.0 };
        let power = y.abs() * log;
        y.abs() * of_log + 2.0 * power + 3.0 + 2.0 * power
    }
}

/// The exact value is itself computed in double precision: every unit counts twice, once for the device and once for that.
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

/// A number in f64 with the error that a precision may have made by it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tracked<P> {
    /// The exact value.
    pub(super) value: f64,
    /// The sum of the magnitudes of all terms: what reassociation may round at.
    pub(super) size: f64,
    /// A bound of |what the device has − value|, to first order.
    pub(super) error: f64,
    precision: PhantomData<P>,
}

impl<P: FloatModel> Tracked<P> {
    /// A number that the precision holds exactly.
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

    /// A result of one operation: what its arguments' errors became, and `ulps` units of rounding at its size.
    fn rounded(value: f64, size: f64, inherited: f64, ulps: f64) -> Self {
        // A subnormal result may become zero.
        Self::new(value, size, inherited + ulps * P::ULP * size + P::LEAST)
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

    /// A constant of the program, which a device holds rounded.
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
        let log = self.value.ln().abs();
        let near_one = (0.5..=2.0).contains(&self.value);
        // Errors of the arguments are relative ones of the power too.
        let relative = P::pow(log, near_one, exponent.value) * P::ULP
            + exponent.value.abs() * self.error / self.value.abs()
            + exponent.error * log;
        let value = Real::pow(self.value, exponent.value);
        Self::rounded(value, value.abs(), value.abs() * relative, 1.0)
    }
}

/// How far a device's result is from the exact one, as a share of what is allowed; infinite where it is wrong at all
/// where only one answer is right.
pub(super) fn share<P: FloatModel>(found: f64, exact: Tracked<P>) -> f64 {
    // Beyond the greatest number infinity is right too.
    let largest = P::GREATEST;
    if !exact.value.is_finite() || exact.value.abs() >= largest {
        let gone = !found.is_finite() || found.abs() >= 0.99 * largest;
        return if gone { 0.0 } else { f64::INFINITY };
    }
    let off = (found - exact.value).abs();
    if off <= P::LEAST {
        return 0.0;
    }
    let share = off / exact.error;
    if share.is_nan() { f64::INFINITY } else { share }
}
