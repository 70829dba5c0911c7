//! Word to normal by table and integer arithmetic: the same bits on every device.
//!
//! The sign is the word's top bit; the other 31 bits `p` name the midpoint u = (p + ½)/2³² of a cell of (0, ½), and
//! |z| = −Φ⁻¹(u) ∈ (0, 6.34]. With v = 2p + 1, u = v/2³³: the count of leading zeros of v is the octave of u, the six
//! bits after the leading one its segment, the next 18 the place `t` in the segment. On a segment |z| is a parabola
//! evaluated in fixed point (28 fractional bits) and rounded to 22 fractional bits, or 21 from 4 on: 24 significant
//! bits, so that the conversion to `f32` and the scaling by 2⁻²² are exact. Nothing depends on how floats are rounded, so no
//! compiler or driver can change a bit. Largest error against the quantile: 1.7·10⁻⁷ below 4, 3.6·10⁻⁷ above.
//!
//! Twin: `shaders/normal_integer.wgsl`. The table is data of stream version 1: it is committed, not computed at start-up,
//! since a mathematical library's last bit must not reach the stream. `fit.rs` (compiled for tests) made it.

#[cfg(test)]
mod fit;

use super::cache_line::CacheAligned;

/// Segments of an octave.
const SEGMENTS: usize = 64;

/// Entries of [`TABLE`]: 32 octaves of [`SEGMENTS`].
pub(super) const TABLE_LENGTH: usize = 32 * SEGMENTS;

/// Coefficients by octave·64 + segment, each `[a, b]` packed for the operations of [`normal_integer`].
///
/// `a` is |z| at the segment's start with 28 fractional bits plus the half unit that turns truncation into rounding.
/// The upper 22 bits of `b` are the slope over the segment, the lower 14 bits the curvature, both with 28 fractional
/// bits; four bits serve both, which the fit allows for.
pub static TABLE: [[u32; 2]; TABLE_LENGTH] = include!("normal_integer/table.in");

/// [`TABLE`] as processors read it: by the lower five bits of the exponent that [`locate`] finds, and an entry in one word of 64
/// bits, `a` below.
static BY_EXPONENT: [u64; TABLE_LENGTH] = {
    let mut entries = [0; TABLE_LENGTH];
    let mut index = 0;
    while index < TABLE_LENGTH {
        let (octave, segment) = (index / SEGMENTS, index % SEGMENTS);
        let [a, b] = TABLE[index];
        // In octave 0 it is 157.
        entries[(157 - octave) % 32 * SEGMENTS + segment] = a as u64 | (b as u64) << 32;
        index += 1;
    }
    entries
};

/// The normal of `word` as the bits of an `f32`.
///
/// About 30 integer operations and one table entry (8 bytes of 16 KiB).
#[inline(always)]
pub fn normal_integer(word: u32) -> u32 {
    let (index, place) = locate(word);
    normal(word, place, halves(entry(index))).to_bits()
}

/// How [`normals_integer`] comes by the entries of the table. The normals are the same.
#[derive(Clone, Copy, Debug)]
pub enum Lookup {
    /// As the compiler thinks best.
    Plain,
    /// By shuffles, for code that is compiled for AVX2.
    #[cfg(target_arch = "x86_64")]
    Shuffles(Avx2),
}

/// Exists only where the processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// Asks the processor.
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

/// Turns each word into its [`normal_integer`].
///
/// # Panics
/// There are not as many places as words.
#[inline(always)]
pub fn normals_integer<T: From<f32>>(lookup: Lookup, words: &[u32], out: &mut [T]) {
    assert_eq!(words.len(), out.len());
    match lookup {
        Lookup::Plain => plainly(words, out),
        // SAFETY: what is held shows that the processor has AVX2.
        #[cfg(target_arch = "x86_64")]
        Lookup::Shuffles(Avx2(())) => unsafe { by_shuffles(words, out) },
    }
}

/// In three passes, of which the second is nothing but loads: mixed with the arithmetic they would keep compilers from
/// vector code, or make them use gathering instructions, which are slower than plain loads on many processors.
#[allow(
    clippy::needless_range_loop,
    reason = "all arrays of a pass are read and written at one index"
)]
#[inline(always)]
fn plainly<T: From<f32>>(words: &[u32], out: &mut [T]) {
    /// The fastest of 16 to 512 for AVX-512.
    const CHUNK: usize = 64;
    let (chunks, rest) = words.as_chunks::<CHUNK>();
    let (outs, rest_out) = out.as_chunks_mut::<CHUNK>();
    for (words, out) in chunks.iter().zip(outs) {
        let (mut indices, mut places) = (CacheAligned([0; CHUNK]), CacheAligned([0; CHUNK]));
        for k in 0..CHUNK {
            (indices.0[k], places.0[k]) = locate(words[k]);
        }
        let (mut a, mut b) = (CacheAligned([0; CHUNK]), CacheAligned([0; CHUNK]));
        for k in 0..CHUNK {
            [a.0[k], b.0[k]] = halves(entry(indices.0[k]));
        }
        for k in 0..CHUNK {
            out[k] = T::from(normal(words[k], places.0[k], [a.0[k], b.0[k]]));
        }
    }
    for (word, out) in rest.iter().zip(rest_out) {
        *out = T::from(f32::from_bits(normal_integer(*word)));
    }
}

/// With entries put together by the shuffles of AVX2, in an eighth less time: what compilers make of the loads takes half as many
/// shuffles again, and puts the entries into memory by halves of a vector that is then read whole.
#[allow(
    clippy::needless_range_loop,
    reason = "all arrays of a pass are read and written at one index"
)]
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn by_shuffles<T: From<f32>>(words: &[u32], out: &mut [T]) {
    /// Of less, compilers keep the indices in registers, and take them from there one by one.
    const CHUNK: usize = 128;
    let (chunks, rest) = words.as_chunks::<CHUNK>();
    let (outs, rest_out) = out.as_chunks_mut::<CHUNK>();
    for (words, out) in chunks.iter().zip(outs) {
        let (mut indices, mut places) = (CacheAligned([0; CHUNK]), CacheAligned([0; CHUNK]));
        for k in 0..CHUNK {
            (indices.0[k], places.0[k]) = locate(words[k]);
        }
        for (vector, indices) in indices.0.as_chunks().0.iter().enumerate() {
            let [a, b] = eight_entries(indices);
            for lane in 0..8 {
                let k = 8 * vector + lane;
                out[k] = T::from(normal(words[k], places.0[k], [a[lane], b[lane]]));
            }
        }
    }
    plainly(rest, rest_out);
}

/// The lower and the upper halves of the entries at eight indices.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn eight_entries(indices: &[u32; 8]) -> [[u32; 8]; 2] {
    use std::arch::x86_64::{_mm256_castpd_ps, _mm256_set_pd, _mm256_shuffle_ps};
    let entry = |k: usize| f64::from_bits(entry(indices[k]));
    // Shuffles work in the halves of a vector apart.
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

/// `a` and `b` of an entry.
#[inline(always)]
fn halves(entry: u64) -> [u32; 2] {
    [entry as u32, (entry >> 32) as u32]
}

/// The normal of a word whose place and table entry are known.
#[inline(always)]
fn normal(word: u32, place: u32, [a, b]: [u32; 2]) -> f32 {
    let magnitude = magnitude(a, b, place);
    // Below 2²⁵ with at most 24 significant bits: exact. The signed conversion is the one CPUs have as a vector instruction.
    let z = magnitude as i32 as f32 * (1.0 / 4_194_304.0);
    f32::from_bits(z.to_bits() | (word & 0x8000_0000))
}

/// Where a word lies in [`BY_EXPONENT`], in the lower eleven bits; and its place in the segment, in the upper 18 bits, with what
/// lies below it in the others.
///
/// Octave and segment are exponent and first six digits of the float v/2 = `p` + ½. Clearing the bits that are so many places
/// below others that the float does not hold them keeps rounding from the octave: the last bit that it holds, or the next, is
/// then 0, and no carry goes further. The half is exact up to 2²³, and beyond it vanishes.
#[inline(always)]
fn locate(word: u32) -> (u32, u32) {
    let p = word & 0x7FFF_FFFF;
    let float = ((p & !(p >> 23)) as i32 as f32 + 0.5).to_bits();
    // As many places as v has leading zeros, the leading one and six more.
    let shift = 164 - (float >> 23);
    let v = (word << 1) | 1;
    // Vector instructions shift by more than 31 places as the other branch does.
    let place = if shift < 32 { v << shift } else { 0 };
    (float >> 17, place)
}

/// |z| with 22 fractional bits and at most 24 significant ones.
#[inline(always)]
fn magnitude(a: u32, b: u32, place: u32) -> u32 {
    let q = (a - fall(b, place)) >> 6;
    // From 2²⁴ on (|z| ≥ 4) the quotient is 1 and the lowest bit goes.
    q & !(q >> 24)
}

/// What |z| falls from the segment's start to the place in it, with 28 fractional bits.
#[inline(always)]
fn fall(b: u32, place: u32) -> u32 {
    let slope = (b >> 10) - (((place >> 18) * (b & 0x3FFF)) >> 14);
    // The place t of 18 bits times the slope, over 2¹⁸: with t at the top of a word it is the upper half of the product.
    let t = place & 0xFFFF_C000;
    ((u64::from(t) * u64::from(slope)) >> 32) as u32
}
