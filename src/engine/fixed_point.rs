//! Parameters as 64-bit integers, so that no step is too small to be added to them.
//!
//! A number x is held as the integer x · 2^fraction in two's complement. A step's increment is a float, which becomes an
//! integer of the same unit (to nearest, halves away from zero) and is added exactly; programs read the float nearest to the
//! sum. Everything but the increment itself is integer arithmetic, which no compiler may shorten: compensated sums of
//! floats, which it may, would not survive every driver. Twin: `shaders/fixed_point.wgsl`, equal bit by bit.

/// `fixed_add(held, increment)` and `fixed_view(held)`; wants [`wgsl_constants`](FixedPoint::wgsl_constants).
pub const WGSL: &str = include_str!("../../shaders/fixed_point.wgsl");

/// What stands for a number that has left the range, and stays there: it is read as infinity.
pub const LOST: i64 = i64::MIN;

/// Exponent of the widest range: ± 2²⁰, in units of 2⁻⁴³ = 1.1·10⁻¹³.
const WIDEST: i32 = 20;

/// The unit in which numbers are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedPoint {
    /// The unit is 2^−fraction, and the range ± 2^(63 − fraction).
    pub fraction: u32,
}

impl FixedPoint {
    /// The finest unit whose range holds ± `bound`, but no range narrower than ± 1 or wider than ± 2²⁰.
    pub fn holding(bound: f64) -> Self {
        let exponent = (0..WIDEST)
            .find(|&exponent| f64::from(exponent).exp2() >= bound)
            .unwrap_or(WIDEST);
        Self {
            fraction: (63 - exponent) as u32,
        }
    }

    /// Declarations of what the shader shares with this file.
    pub fn wgsl_constants(self) -> String {
        let fraction = self.fraction;
        format!("const FRACTION: u32 = {fraction}u;\nconst FIXED_MOST_LEFT: i32 = {MOST_LEFT};\n\n")
    }

    /// The unit.
    pub fn unit(self) -> f64 {
        (-f64::from(self.fraction)).exp2()
    }

    /// The nearest number of the range, [`LOST`] beyond it.
    pub fn held(self, x: f64) -> i64 {
        let units = (x / self.unit()).round();
        // −2⁶³ itself is the mark; NaN compares as false.
        if units.abs() < 63f64.exp2() {
            units as i64
        } else {
            LOST
        }
    }

    /// The number as f64, to its 53 digits.
    pub fn exact(self, held: i64) -> f64 {
        if held == LOST {
            f64::INFINITY
        } else {
            held as f64 * self.unit()
        }
    }

    /// The nearest float, infinity for [`LOST`]. The unit is a power of two, so that the product is exact.
    #[inline(always)]
    pub fn view(self, held: i64) -> f32 {
        let unit = f32::from_bits((127 - self.fraction) << 23);
        if held == LOST {
            f32::INFINITY
        } else {
            held as f32 * unit
        }
    }

    /// The number after a step by `increment`; [`LOST`] once it leaves the range.
    #[inline(always)]
    pub fn add(self, held: i64, increment: f32) -> i64 {
        let bits = increment.to_bits();
        let exponent = (bits >> 23) & 255;
        // Subnormal numbers are far below half a unit.
        let mantissa = if exponent == 0 {
            0
        } else {
            u64::from(bits & 0x007f_ffff | 0x0080_0000)
        };
        // The increment is mantissa · 2^(exponent − 150): so many digits to the left, or to the right.
        let shift = exponent as i32 - 150 + self.fraction as i32;
        let left = shift.clamp(0, MOST_LEFT) as u32;
        let right = (-shift).clamp(0, 31) as u32;
        let units = (((mantissa << left) + ((1 << right) >> 1)) >> right) as i64;
        let change = if bits >> 31 == 0 { units } else { -units };
        let sum = held.wrapping_add(change);
        let overflow = ((held ^ sum) & (change ^ sum)) < 0;
        if shift > MOST_LEFT || overflow || held == LOST {
            LOST
        } else {
            sum
        }
    }
}

/// The integer of its low and high word.
#[inline(always)]
pub fn joined(low: u32, high: u32) -> i64 {
    (u64::from(high) << 32 | u64::from(low)) as i64
}

/// The most digits by which 24 digits may move to the left within 63. Infinity and NaN would have to move by more.
const MOST_LEFT: i32 = 39;

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: FixedPoint = FixedPoint { fraction: 53 };

    #[test]
    fn ranges_hold_the_bound_and_units_are_as_fine_as_they_can_be() {
        for (bound, exponent) in [
            (1e-3, 0),
            (1.0, 0),
            (1.1, 1),
            (1000.0, 10),
            (1024.0, 10),
            (1e6, 20),
            (1e18, 20),
        ] {
            let fixed = FixedPoint::holding(bound);
            assert_eq!(fixed.fraction, 63 - exponent, "{bound}");
        }
    }

    #[test]
    fn increments_are_rounded_to_the_nearest_unit() {
        let unit = UNIT.unit() as f32;
        for (units, expected) in [
            (0.0, 0),
            (0.499, 0),
            (0.5, 1),
            (-0.5, -1),
            (1.5, 2),
            (-2.25, -2),
            (1e6, 1_000_000),
            (f32::MIN_POSITIVE, 0),
        ] {
            assert_eq!(UNIT.add(0, units * unit), expected, "{units} units");
            assert_eq!(
                UNIT.add(-7, units * unit),
                expected - 7,
                "{units} units from −7"
            );
        }
        // 24 digits that move to the left by up to 39.
        let largest = 1_023.999_9_f32;
        assert_eq!(
            UNIT.add(0, largest),
            (f64::from(largest) * 53f64.exp2()) as i64
        );
        assert_eq!(
            UNIT.add(5, -largest),
            5 - (f64::from(largest) * 53f64.exp2()) as i64
        );
    }

    #[test]
    fn ten_million_small_steps_are_all_there() {
        // In f32 each of them would be lost beside 1.
        let mut held = UNIT.held(1.0);
        for _ in 0..10_000_000 {
            held = UNIT.add(held, 1e-9);
        }
        // Half a unit of 1.1e-16 for each step at most.
        assert!((UNIT.exact(held) - 1.0 - 1e7 * f64::from(1e-9_f32)).abs() < 1e7 * 0.6e-16);
    }

    #[test]
    fn what_leaves_the_range_is_lost_for_good() {
        for (held, increment) in [
            (0, 1024.0),
            (0, -1024.0),
            (UNIT.held(1023.9), 0.2),
            (UNIT.held(-1023.9), -0.2),
            (0, f32::INFINITY),
            (0, f32::NEG_INFINITY),
            (0, f32::NAN),
            (LOST, 1.0),
            (LOST, -1.0),
        ] {
            assert_eq!(UNIT.add(held, increment), LOST, "{held} and {increment}");
        }
        for x in [1024.0, -1024.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(UNIT.held(x), LOST, "{x}");
        }
        assert!(UNIT.view(LOST).is_infinite() && UNIT.exact(LOST).is_infinite());
    }

    #[test]
    fn views_are_the_nearest_floats() {
        for x in [
            0.0,
            1.0,
            -1.0,
            1.0 + 2f64.powi(-24),
            1.0 + 3.0 * 2f64.powi(-24),
            0.1,
            -777.7,
            1e-16,
        ] {
            let held = UNIT.held(x);
            assert_eq!(UNIT.view(held), UNIT.exact(held) as f32, "{x}");
        }
    }
}
