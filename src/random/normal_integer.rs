//! Word to normal by table and integer arithmetic: the same bits on every device.
//!
//! The sign is the word's top bit; the other 31 bits `p` name the midpoint u = (p + ½)/2³² of a cell of (0, ½), and
//! |z| = −Φ⁻¹(u) ∈ (0, 6.34]. With v = 2p + 1, u = v/2³³: the count of leading zeros of v is the octave of u, the six
//! bits after the leading one its segment, the next 18 the place `t` in the segment. On a segment |z| is a parabola
//! evaluated in fixed point (28 fractional bits) and rounded to 22 fractional bits, or 21 from 4 on: 24 significant
//! bits, so that the conversion to `f32` and the scaling by 2⁻²² are exact. No operation rounds by a floating-point
//! rule, so no compiler or driver can change a bit. Largest error against the quantile: 1.7·10⁻⁷ below 4, 3.6·10⁻⁷ above.
//!
//! Twin: `shaders/normal_integer.wgsl`. The table is data of stream version 1: it is committed, not computed at start-up,
//! since a mathematical library's last bit must not reach the stream. `fit.rs` (compiled for tests) made it.

#[cfg(test)]
mod fit;

/// Entries of [`TABLE`]: 32 octaves of 64 segments.
pub(super) const TABLE_LENGTH: usize = 2048;

/// Coefficients by octave·64 + segment, each `[a, b]` packed for the operations of [`normal_integer`].
///
/// `a` is |z| at the segment's start with 28 fractional bits plus the half unit that turns truncation into rounding.
/// The upper 22 bits of `b` are the slope over the segment, the lower 14 bits the curvature, both with 28 fractional
/// bits; four bits serve both, which the fit allows for.
pub static TABLE: [[u32; 2]; TABLE_LENGTH] = include!("normal_integer/table.in");

/// The normal of `word` as the bits of an `f32`.
///
/// About 30 integer operations and one table entry (8 bytes of 16 KiB).
#[inline(always)]
pub fn normal_integer(word: u32) -> u32 {
    let (index, t) = locate(word);
    let [a, b] = TABLE[index as usize & (TABLE_LENGTH - 1)];
    let magnitude = magnitude(a, b, t);
    // Below 2²⁵ with at most 24 significant bits: exact. The signed conversion is the one CPUs have as a vector instruction.
    let z = magnitude as i32 as f32 * (1.0 / 4_194_304.0);
    z.to_bits() | (word & 0x8000_0000)
}

/// Table index and place within the segment, in units of 2⁻¹⁸ of it.
#[inline(always)]
fn locate(word: u32) -> (u32, u32) {
    let zeros = leading_zeros_doubled(word & 0x7FFF_FFFF);
    let normalized = ((word << 1) | 1) << zeros;
    (
        (zeros << 6) | ((normalized >> 25) & 63),
        (normalized >> 7) & 0x3_FFFF,
    )
}

/// Leading zeros of 2`p` + 1 for `p` < 2³¹.
///
/// AVX2 cannot count them, but it converts to `f32`. Clearing every bit whose upper neighbour is set keeps the leading
/// one and puts a zero after it, so that no rounding reaches the next power of two and the exponent is exact.
#[inline(always)]
fn leading_zeros_doubled(p: u32) -> u32 {
    let exponent = ((p & !(p >> 1)) as i32 as f32).to_bits() >> 23;
    // p = 0 has exponent field 0 and 31 zeros; otherwise the field is 127 + floor(log2 p).
    (157 - exponent).min(31)
}

/// |z| with 22 fractional bits and at most 24 significant ones.
#[inline(always)]
fn magnitude(a: u32, b: u32, t: u32) -> u32 {
    let q = (a - fall(b, t)) >> 6;
    // From 2²⁴ on (|z| ≥ 4) the quotient is 1 and the lowest bit goes.
    q & !(q >> 24)
}

/// What |z| falls from the segment's start to place `t`, with 28 fractional bits.
#[inline(always)]
fn fall(b: u32, t: u32) -> u32 {
    let slope = (b >> 10) - (((t >> 4) * (b & 0x3FFF)) >> 14);
    // t·slope has 40 bits; the two halves of t give 31 each.
    ((t >> 9) * slope + (((t & 511) * slope) >> 9)) >> 9
}
