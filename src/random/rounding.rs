//! Stochastic rounding to 16-bit floats, in integer arithmetic. GPU counterpart: `shaders/rounding.wgsl`.

/// f32 bits of 2⁻¹⁴, the smallest normal 16-bit float; below it 16-bit floats are evenly spaced.
pub(super) const LEAST_NORMAL: u32 = 0x3880_0000;

/// f32 bits of 2¹⁶, which exceeds every 16-bit float.
pub(super) const BEYOND: u32 = 0x4780_0000;

/// One of the two 16-bit floats next to `x`, as `f32`, chosen at random so that the mean is `x`.
///
/// Values beyond the largest 16-bit float, 65504, and NaN give infinity. The low 16 bits of `word` decide; from 2⁻¹⁴ on
/// only 13 of them matter. The mean is exact from 2⁻¹⁴ on and within 2⁻⁴⁰ below.
/// Rounding to nearest would lose every step smaller than half the spacing; stochastic rounding keeps it in the mean.
#[inline(always)]
pub fn round_half(x: f32, word: u32) -> f32 {
    let bits = x.to_bits();
    let (sign, size) = (bits & 0x8000_0000, bits & 0x7fff_ffff);
    let rounded = (size + (word & 0x1fff)) & !0x1fff;
    // Below 2⁻¹⁴: units of 2⁻²⁴ with 16 fractional bits. The product is exact.
    let small = size.min(LEAST_NORMAL);
    let units = (f32::from_bits(small) * f32::from_bits((127 + 40) << 23)) as i32 as u32;
    let subnormal =
        ((units + (word & 0xffff)) >> 16) as i32 as f32 * f32::from_bits((127 - 24) << 23);
    let found = if size < LEAST_NORMAL {
        subnormal.to_bits()
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

    /// Mean of the rounded values over all 2¹⁶ words.
    fn mean(x: f32) -> f64 {
        let sum: f64 = (0..=0xffff)
            .map(|word| f64::from(round_half(x, word)))
            .sum();
        // 2¹⁶ terms, each one of two neighboring 16-bit floats: the sum is exact in f64.
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
        // Below 2⁻¹⁴, bits below 2⁻⁴⁰ are truncated.
        for x in [6.0e-5_f32, -3.3e-6, 5.9e-8, 1e-9] {
            let off = (mean(x) - f64::from(x)) * f64::from(x.signum());
            assert!((-(2f64.powi(-40))..=0.0).contains(&off), "{x}: {off}");
        }
    }

    #[test]
    fn results_are_the_two_neighbors() {
        for x in [1.000_1_f32, -0.333, 3.3e-6, 5e-8, 40_001.0] {
            let nearest = f16::from_f32(x).to_f32();
            for word in [0, 1, 0xfff, 0x1fff, 0x7fff, 0xffff] {
                let rounded = round_half(x, word);
                assert_eq!(f16::from_f32(rounded).to_f32(), rounded, "{x} by {word:#x}");
                // Neighboring 16-bit floats are at most 2⁻¹⁰ of their size apart, or 2⁻²⁴ if subnormal.
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
    fn too_large_values_become_infinite() {
        for x in [65_536.0, 1e30, f32::INFINITY, f32::NAN] {
            assert_eq!(round_half(x, 0), f32::INFINITY, "{x}");
        }
        assert_eq!(round_half(-65_530.0, 0x1fff), f32::NEG_INFINITY);
        assert_eq!(round_half(-65_530.0, 0), -65_504.0);
    }
}
