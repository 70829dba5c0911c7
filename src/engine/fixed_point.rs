//! Fixed-point parameters: 64-bit integers, so that no step is too small to be added.
//!
//! A number x is stored as the integer x · 2^fraction in two's complement. The increment of a step is a float. It is rounded
//! to an integer of the same unit (to nearest, halves away from zero) and added exactly; programs read the float nearest to
//! the sum. All arithmetic except that of the increment itself is on integers, so no compiler may simplify it. Compensated
//! sums of floats are an alternative that some drivers' compilers would break. `shaders/fixed_point.wgsl` has the same
//! functions, equal bit by bit.

/// `fixed_add(stored, increment)` and `fixed_view(stored)`; requires [`wgsl_constants`](FixedPoint::wgsl_constants).
pub const WGSL: &str = include_str!("../../shaders/fixed_point.wgsl");

/// Mark of a number that has left the range. It reads as infinity and no increment changes it.
pub const OUT_OF_RANGE: i64 = i64::MIN;

/// Exponent of the widest range: ± 2²⁰, in units of 2⁻⁴³ = 1.1·10⁻¹³.
const MAX_EXPONENT: i32 = 20;

/// Largest left shift of a 24-bit mantissa that stays within 63 bits. Infinity and NaN would need a larger one.
const MAX_LEFT_SHIFT: i32 = 39;

/// Unit of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedPoint {
    /// The unit is 2^−fraction, and the range ± 2^(63 − fraction).
    pub fraction: u32,
}

impl FixedPoint {
    /// Finest unit whose range contains ± `bound`; the range is at least ± 1 and at most ± 2²⁰.
    pub fn for_bound(bound: f64) -> Self {
        let exponent = (0..MAX_EXPONENT)
            .find(|&exponent| f64::from(exponent).exp2() >= bound)
            .unwrap_or(MAX_EXPONENT);
        Self {
            fraction: (63 - exponent) as u32,
        }
    }

    /// WGSL declarations of the constants that the shader shares with this file.
    pub fn wgsl_constants(self) -> String {
        let fraction = self.fraction;
        format!(
            "const FRACTION: u32 = {fraction}u;\nconst FIXED_MOST_LEFT: i32 = {MAX_LEFT_SHIFT};\n\n"
        )
    }

    /// The unit, 2^−fraction.
    pub fn unit(self) -> f64 {
        (-f64::from(self.fraction)).exp2()
    }

    /// Stored number nearest to `x`; [`OUT_OF_RANGE`] beyond the range and for NaN.
    pub fn nearest(self, x: f64) -> i64 {
        let units = (x / self.unit()).round();
        // −2⁶³ itself is the mark; NaN compares as false.
        if units.abs() < 63f64.exp2() {
            units as i64
        } else {
            OUT_OF_RANGE
        }
    }

    /// Value of a stored number, rounded to the 53 bits of f64.
    pub fn to_f64(self, stored: i64) -> f64 {
        if stored == OUT_OF_RANGE {
            f64::INFINITY
        } else {
            stored as f64 * self.unit()
        }
    }

    /// Float nearest to a stored number; infinity for [`OUT_OF_RANGE`]. The unit is a power of two, so the product is exact.
    #[inline(always)]
    pub fn to_f32(self, stored: i64) -> f32 {
        let unit = f32::from_bits((127 - self.fraction) << 23);
        if stored == OUT_OF_RANGE {
            f32::INFINITY
        } else {
            stored as f32 * unit
        }
    }

    /// Adds an increment; [`OUT_OF_RANGE`] once the sum leaves the range.
    #[inline(always)]
    pub fn add(self, stored: i64, increment: f32) -> i64 {
        let bits = increment.to_bits();
        let exponent = (bits >> 23) & 255;
        // Subnormal increments are far below half a unit.
        let mantissa = if exponent == 0 {
            0
        } else {
            u64::from(bits & 0x007f_ffff | 0x0080_0000)
        };
        // The increment is mantissa · 2^(exponent − 150) = mantissa · 2^shift units.
        let shift = exponent as i32 - 150 + self.fraction as i32;
        let left = shift.clamp(0, MAX_LEFT_SHIFT) as u32;
        let right = (-shift).clamp(0, 31) as u32;
        let units = (((mantissa << left) + ((1 << right) >> 1)) >> right) as i64;
        let change = if bits >> 31 == 0 { units } else { -units };
        let sum = stored.wrapping_add(change);
        let overflow = ((stored ^ sum) & (change ^ sum)) < 0;
        if shift > MAX_LEFT_SHIFT || overflow || stored == OUT_OF_RANGE {
            OUT_OF_RANGE
        } else {
            sum
        }
    }
}

/// Joins the low and the high word of a stored number.
#[inline(always)]
pub fn join_words(low: u32, high: u32) -> i64 {
    (u64::from(high) << 32 | u64::from(low)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: FixedPoint = FixedPoint { fraction: 53 };

    #[test]
    fn ranges_contain_the_bound_with_the_finest_unit() {
        for (bound, exponent) in [
            (1e-3, 0),
            (1.0, 0),
            (1.1, 1),
            (1000.0, 10),
            (1024.0, 10),
            (1e6, 20),
            (1e18, 20),
        ] {
            let fixed = FixedPoint::for_bound(bound);
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
        // The largest left shift of a mantissa.
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
    fn ten_million_small_steps_are_all_added() {
        // In f32, 1 + 1e-9 rounds to 1.
        let mut stored = UNIT.nearest(1.0);
        for _ in 0..10_000_000 {
            stored = UNIT.add(stored, 1e-9);
        }
        // Each step rounds by at most half a unit of 1.1e-16.
        assert!((UNIT.to_f64(stored) - 1.0 - 1e7 * f64::from(1e-9_f32)).abs() < 1e7 * 0.6e-16);
    }

    #[test]
    fn a_number_out_of_range_stays_out_of_range() {
        for (stored, increment) in [
            (0, 1024.0),
            (0, -1024.0),
            (UNIT.nearest(1023.9), 0.2),
            (UNIT.nearest(-1023.9), -0.2),
            (0, f32::INFINITY),
            (0, f32::NEG_INFINITY),
            (0, f32::NAN),
            (OUT_OF_RANGE, 1.0),
            (OUT_OF_RANGE, -1.0),
        ] {
            assert_eq!(
                UNIT.add(stored, increment),
                OUT_OF_RANGE,
                "{stored} and {increment}"
            );
        }
        for x in [1024.0, -1024.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(UNIT.nearest(x), OUT_OF_RANGE, "{x}");
        }
        assert!(UNIT.to_f32(OUT_OF_RANGE).is_infinite() && UNIT.to_f64(OUT_OF_RANGE).is_infinite());
    }

    #[test]
    fn floats_are_rounded_to_nearest() {
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
            let stored = UNIT.nearest(x);
            assert_eq!(UNIT.to_f32(stored), UNIT.to_f64(stored) as f32, "{x}");
        }
    }
}
