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
