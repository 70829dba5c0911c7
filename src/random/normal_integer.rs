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
    let (index, normalized) = locate(word);
    normal(word, normalized, entry(index))
}

/// Words that [`normals_integer`] takes through all its passes at a time; the fastest of 16 to 512 for AVX2 and AVX-512.
const CHUNK: usize = 64;

/// Turns each word into its [`normal_integer`].
///
/// In three passes, of which the second is nothing but loads: mixed with the arithmetic they would keep compilers from
/// vector code, or make them use gathering instructions, which are slower than plain loads on many processors.
#[inline(always)]
pub(super) fn normals_integer(words: &mut [u32]) {
    let (chunks, rest) = words.as_chunks_mut::<CHUNK>();
    for words in chunks {
        let (mut indices, mut normalized) = ([0; CHUNK], [0; CHUNK]);
        for k in 0..CHUNK {
            (indices[k], normalized[k]) = locate(words[k]);
        }
        let (mut a, mut b) = ([0; CHUNK], [0; CHUNK]);
        for k in 0..CHUNK {
            [a[k], b[k]] = entry(indices[k]);
        }
        for k in 0..CHUNK {
            words[k] = normal(words[k], normalized[k], [a[k], b[k]]);
        }
    }
    for word in rest {
        *word = normal_integer(*word);
    }
}

#[inline(always)]
fn entry(index: u32) -> [u32; 2] {
    TABLE[index as usize & (TABLE_LENGTH - 1)]
}

/// The normal of a word whose table entry is known.
#[inline(always)]
fn normal(word: u32, normalized: u32, [a, b]: [u32; 2]) -> u32 {
    let magnitude = magnitude(a, b, normalized);
    // Below 2²⁵ with at most 24 significant bits: exact. The signed conversion is the one CPUs have as a vector instruction.
    let z = magnitude as i32 as f32 * (1.0 / 4_194_304.0);
    z.to_bits() | (word & 0x8000_0000)
}

/// Table index, and the word shifted until its leading one is the top bit: then come six bits of the segment and 18 of the
/// place in it.
#[inline(always)]
fn locate(word: u32) -> (u32, u32) {
    let zeros = leading_zeros_doubled(word & 0x7FFF_FFFF);
    let normalized = ((word << 1) | 1) << zeros;
    ((zeros << 6) | ((normalized >> 25) & 63), normalized)
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
fn magnitude(a: u32, b: u32, normalized: u32) -> u32 {
    let q = (a - fall(b, normalized)) >> 6;
    // From 2²⁴ on (|z| ≥ 4) the quotient is 1 and the lowest bit goes.
    q & !(q >> 24)
}

/// What |z| falls from the segment's start to the place in it, with 28 fractional bits.
#[inline(always)]
fn fall(b: u32, normalized: u32) -> u32 {
    let slope = (b >> 10) - ((((normalized >> 11) & 0x3FFF) * (b & 0x3FFF)) >> 14);
    // The place t of 18 bits times the slope, over 2¹⁸: with t at the top of a word it is the upper half of the product.
    let t = (normalized << 7) & 0xFFFF_C000;
    ((u64::from(t) * u64::from(slope)) >> 32) as u32
}
