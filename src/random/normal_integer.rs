//! Random word to standard normal by a table and integer arithmetic: the same bits on every device.
//!
//! The word's top bit is the sign. The other 31 bits `p` select the midpoint u = (p + ½)/2³² of a cell of (0, ½), and
//! |z| = −Φ⁻¹(u) ∈ (0, 6.34] with the normal quantile Φ⁻¹. Let v = 2p + 1, so that u = v/2³³. The count of leading zeros of v is
//! the octave of u, the six bits after the leading one its segment, and the next 18 bits the offset `t` in the segment. On
//! each segment a parabola approximates |z|. It is evaluated in fixed point with 28 fractional bits and rounded to 22
//! fractional bits, or 21 from |z| = 4 on: at most 24 significant bits, so that the conversion to `f32` and the scaling by
//! 2⁻²² are exact. No step depends on floating-point rounding, so no compiler or driver can change a bit.
//! Largest error against the quantile: 1.7·10⁻⁷ below 4, 3.6·10⁻⁷ above.
//!
//! GPU counterpart: `shaders/normal_integer.wgsl`. The table belongs to stream version 1. It is committed rather than
//! computed at start-up, because the last bit of a mathematical library must not reach the stream; `fit.rs` (compiled for
//! tests) computes it.

#[cfg(test)]
mod fit;

use super::cache_line::CacheAligned;

/// Segments per octave.
const SEGMENTS: usize = 64;

/// Number of entries of [`TABLE`]: 32 octaves of [`SEGMENTS`].
pub(super) const TABLE_LENGTH: usize = 32 * SEGMENTS;

/// Parabola coefficients `[a, b]` of each segment, at index octave·64 + segment.
///
/// `a` is |z| at the segment's start with 28 fractional bits, plus the half unit that turns truncation into rounding.
/// The upper 22 bits of `b` are the slope over the segment and the lower 14 bits the curvature, both with 28 fractional
/// bits. Four bits belong to both; the fit accounts for them.
pub static TABLE: [[u32; 2]; TABLE_LENGTH] = include!("normal_integer/table.in");

/// [`TABLE`] in the form that the CPU reads: indexed by the low five bits of the exponent in [`locate`], with each entry in
/// one 64-bit word whose lower half is `a`.
static BY_EXPONENT: [u64; TABLE_LENGTH] = {
    let mut entries = [0; TABLE_LENGTH];
    let mut index = 0;
    while index < TABLE_LENGTH {
        let (octave, segment) = (index / SEGMENTS, index % SEGMENTS);
        let [a, b] = TABLE[index];
        // The exponent in octave 0 is 157.
        entries[(157 - octave) % 32 * SEGMENTS + segment] = a as u64 | (b as u64) << 32;
        index += 1;
    }
    entries
};

/// Bits of the `f32` normal that `word` gives.
///
/// Cost: about 30 integer operations and one table entry (8 bytes of 16 KiB).
#[inline(always)]
pub fn normal_integer(word: u32) -> u32 {
    let (index, offset) = locate(word);
    normal(word, offset, halves(entry(index))).to_bits()
}

/// Method by which [`normals_integer`] reads the table; the normals do not depend on it.
#[derive(Clone, Copy, Debug)]
pub enum Lookup {
    /// Loads and arithmetic as the compiler vectorizes them.
    Plain,
    /// Explicit AVX2 shuffles of the loaded entries.
    #[cfg(target_arch = "x86_64")]
    Shuffles(Avx2),
}

/// Proof that the CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// Returns the proof if the CPU has AVX2.
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// Fills `out` with the [`normal_integer`] of each word.
///
/// # Panics
/// `words` and `out` differ in length.
#[inline(always)]
pub fn normals_integer<T: From<f32>>(lookup: Lookup, words: &[u32], out: &mut [T]) {
    assert_eq!(words.len(), out.len());
    match lookup {
        Lookup::Plain => plainly(words, out),
        // SAFETY: a value of type `Avx2` exists only if the CPU has AVX2.
        #[cfg(target_arch = "x86_64")]
        Lookup::Shuffles(Avx2(())) => unsafe { by_shuffles(words, out) },
    }
}

/// [`normals_integer`] in three passes per chunk: locate, load, evaluate.
///
/// The loads have a pass of their own. Mixed with the arithmetic they would prevent vectorization, or make the compiler use
/// vector gather instructions, which are slower than scalar loads on many CPUs.
#[allow(
    clippy::needless_range_loop,
    reason = "all arrays of a pass are read and written at one index"
)]
#[inline(always)]
fn plainly<T: From<f32>>(words: &[u32], out: &mut [T]) {
    /// The fastest size from 16 to 512 with AVX-512.
    const CHUNK: usize = 64;
    let (chunks, rest) = words.as_chunks::<CHUNK>();
    let (outs, rest_out) = out.as_chunks_mut::<CHUNK>();
    for (words, out) in chunks.iter().zip(outs) {
        let (mut indices, mut offsets) = (CacheAligned([0; CHUNK]), CacheAligned([0; CHUNK]));
        for k in 0..CHUNK {
            (indices.0[k], offsets.0[k]) = locate(words[k]);
        }
        let (mut a, mut b) = (CacheAligned([0; CHUNK]), CacheAligned([0; CHUNK]));
        for k in 0..CHUNK {
            [a.0[k], b.0[k]] = halves(entry(indices.0[k]));
        }
        for k in 0..CHUNK {
            out[k] = T::from(normal(words[k], offsets.0[k], [a.0[k], b.0[k]]));
        }
    }
    for (word, out) in rest.iter().zip(rest_out) {
        *out = T::from(f32::from_bits(normal_integer(*word)));
    }
}

/// [`normals_integer`] with AVX2 shuffles, in 7/8 of the time of [`plainly`].
///
/// The compiler's code for the loads needs 1.5 times as many shuffles, and it stores the entries as half vectors that it
/// then loads as whole ones.
#[allow(
    clippy::needless_range_loop,
    reason = "all arrays of a pass are read and written at one index"
)]
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn by_shuffles<T: From<f32>>(words: &[u32], out: &mut [T]) {
    /// With smaller chunks the compiler keeps the indices in vector registers and extracts them one by one.
    const CHUNK: usize = 128;
    let (chunks, rest) = words.as_chunks::<CHUNK>();
    let (outs, rest_out) = out.as_chunks_mut::<CHUNK>();
    for (words, out) in chunks.iter().zip(outs) {
        let (mut indices, mut offsets) = (CacheAligned([0; CHUNK]), CacheAligned([0; CHUNK]));
        for k in 0..CHUNK {
            (indices.0[k], offsets.0[k]) = locate(words[k]);
        }
        for (vector, indices) in indices.0.as_chunks().0.iter().enumerate() {
            let [a, b] = eight_entries(indices);
            for lane in 0..8 {
                let k = 8 * vector + lane;
                out[k] = T::from(normal(words[k], offsets.0[k], [a[lane], b[lane]]));
            }
        }
    }
    plainly(rest, rest_out);
}

/// Lower and upper halves, `[a, b]`, of the entries at eight indices.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn eight_entries(indices: &[u32; 8]) -> [[u32; 8]; 2] {
    use std::arch::x86_64::{_mm256_castpd_ps, _mm256_set_pd, _mm256_shuffle_ps};
    let entry = |k: usize| f64::from_bits(entry(indices[k]));
    // AVX shuffles work within each 128-bit half of a vector.
    let early = _mm256_castpd_ps(_mm256_set_pd(entry(5), entry(4), entry(1), entry(0)));
    let late = _mm256_castpd_ps(_mm256_set_pd(entry(7), entry(6), entry(3), entry(2)));
    [
        bytemuck::cast(_mm256_shuffle_ps::<0b10_00_10_00>(early, late)),
        bytemuck::cast(_mm256_shuffle_ps::<0b11_01_11_01>(early, late)),
    ]
}

#[inline(always)]
fn entry(index: u32) -> u64 {
    BY_EXPONENT[index as usize % TABLE_LENGTH]
}

/// Splits an entry into `[a, b]`.
#[inline(always)]
fn halves(entry: u64) -> [u32; 2] {
    [entry as u32, (entry >> 32) as u32]
}

/// The normal of `word`, given its offset in the segment and its table entry.
#[inline(always)]
fn normal(word: u32, offset: u32, [a, b]: [u32; 2]) -> f32 {
    let magnitude = magnitude(a, b, offset);
    // Below 2²⁵ with at most 24 significant bits, so exact. CPUs have a vector instruction for the signed conversion only.
    let z = magnitude as i32 as f32 * (1.0 / 4_194_304.0);
    f32::from_bits(z.to_bits() | (word & 0x8000_0000))
}

/// Index of `word` in [`BY_EXPONENT`] (in the low eleven bits) and its offset in the segment (in the top 18 bits; the bits
/// below are the finer digits).
///
/// Octave and segment are the exponent and the first six fraction bits of the float v/2 = `p` + ½. Rounding to `f32` must
/// not carry into them. `p & !(p >> 23)` clears bits too far below the leading bit for an `f32` to represent, so that the last
/// represented bit or the one after it is 0 and stops every carry. The ½ is exact up to 2²³ and vanishes beyond.
#[inline(always)]
fn locate(word: u32) -> (u32, u32) {
    let p = word & 0x7FFF_FFFF;
    let float = ((p & !(p >> 23)) as i32 as f32 + 0.5).to_bits();
    // Shifts out the leading zeros of v, its leading one and the six segment bits.
    let shift = 164 - (float >> 23);
    let v = (word << 1) | 1;
    // Vector shift instructions give 0 for shifts above 31, so the branch costs nothing.
    let offset = if shift < 32 { v << shift } else { 0 };
    (float >> 17, offset)
}

/// |z| with 22 fractional bits and at most 24 significant bits.
#[inline(always)]
fn magnitude(a: u32, b: u32, offset: u32) -> u32 {
    let q = (a - fall(b, offset)) >> 6;
    // From 2²⁴ on (|z| ≥ 4), `q >> 24` is 1 and clears the lowest bit.
    q & !(q >> 24)
}

/// Decrease of |z| from the segment's start to `offset`, with 28 fractional bits.
#[inline(always)]
fn fall(b: u32, offset: u32) -> u32 {
    let slope = (b >> 10) - (((offset >> 18) * (b & 0x3FFF)) >> 14);
    // t · slope / 2¹⁸ for the 18-bit offset t: with t in the top bits, the quotient is the high word of the product.
    let t = offset & 0xFFFF_C000;
    ((u64::from(t) * u64::from(slope)) >> 32) as u32
}
