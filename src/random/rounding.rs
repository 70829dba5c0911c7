//! Rounding at random to 16-bit floats, in integers. Twin: `shaders/rounding.wgsl`.

/// Bits of 2⁻¹⁴, below which 16-bit floats are evenly spaced.
pub(super) const LEAST_NORMAL: u32 = 0x3880_0000;

/// Bits of 2¹⁶, beyond every 16-bit float.
pub(super) const BEYOND: u32 = 0x4780_0000;

/// One of the two 16-bit floats around `x`, as f32, each with the probability that makes the mean x; infinity beyond the
/// largest of them, 65504, and for NaN.
///
/// `word` gives its 16 low bits, of which 13 decide from 2⁻¹⁴ on. The mean is exact there, and below within 2⁻⁴⁰.
/// Rounding to nearest would lose every step of less than half the spacing; this keeps it in the mean.
#[inline(always)]
pub fn round_half(x: f32, word: u32) -> f32 {
    let bits = x.to_bits();
    let (sign, size) = (bits & 0x8000_0000, bits & 0x7fff_ffff);
    let rounded = (size + (word & 0x1fff)) & !0x1fff;
    // Units of 2⁻²⁴ with 16 digits after the point; the product is exact.
    let small = size.min(LEAST_NORMAL);
    let units = (f32::from_bits(small) * f32::from_bits((127 + 40) << 23)) as i32 as u32;
    let even = ((units + (word & 0xffff)) >> 16) as i32 as f32 * f32::from_bits((127 - 24) << 23);
    let found = if size < LEAST_NORMAL {
        even.to_bits()
    } else if rounded >= BEYOND {
        f32::INFINITY.to_bits()
    } else {
        rounded
    };
    f32::from_bits(sign | found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    /// Mean over all words.
    fn mean(x: f32) -> f64 {
        let sum: f64 = (0..=0xffff)
            .map(|word| f64::from(round_half(x, word)))
            .sum();
        // Two neighbouring 16-bit floats 2¹⁶ times: the sum is exact in f64.
        sum / 65_536.0
    }

    #[test]
    fn the_mean_is_the_number_itself() {
        for x in [
            1.0,
            1.000_1,
            -1.499_9,
            0.1,
            65_503.0,
            6.2e-5,
            -777.7,
            2.0 - 1e-6,
        ] {
            assert_eq!(mean(x), f64::from(x), "{x}");
        }
        // Below 2⁻¹⁴ digits beyond 2⁻⁴⁰ are cut off.
        for x in [6.0e-5_f32, -3.3e-6, 5.9e-8, 1e-9] {
            let off = (mean(x) - f64::from(x)) * f64::from(x.signum());
            assert!((-(2f64.powi(-40))..=0.0).contains(&off), "{x}: {off}");
        }
    }

    #[test]
    fn results_are_the_two_neighbours() {
        for x in [1.000_1_f32, -0.333, 3.3e-6, 5e-8, 40_001.0] {
            let nearest = f16::from_f32(x).to_f32();
            for word in [0, 1, 0xfff, 0x1fff, 0x7fff, 0xffff] {
                let rounded = round_half(x, word);
                assert_eq!(f16::from_f32(rounded).to_f32(), rounded, "{x} by {word:#x}");
                // Between two numbers of 11 digits lies one at most 2⁻¹⁰ of their size away, or 2⁻²⁴.
                let spacing = (nearest.abs() / 1024.0).max(2f32.powi(-24));
                assert!((rounded - x).abs() < spacing, "{x} by {word:#x}: {rounded}");
            }
            assert_eq!(
                round_half(nearest, 0xffff),
                nearest,
                "{nearest} is one already"
            );
        }
        assert_eq!(round_half(-0.0, 0xffff).to_bits(), (-0.0f32).to_bits());
    }

    #[test]
    fn what_is_too_large_is_infinite() {
        for x in [65_536.0, 1e30, f32::INFINITY, f32::NAN] {
            assert_eq!(round_half(x, 0), f32::INFINITY, "{x}");
        }
        assert_eq!(round_half(-65_530.0, 0x1fff), f32::NEG_INFINITY);
        assert_eq!(round_half(-65_530.0, 0), -65_504.0);
    }
}
