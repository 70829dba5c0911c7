//! Integer normals in AVX2 intrinsics, one register of words at a time. They are the reference for
//! the speed of the generator, which is portable Rust that the compiler vectorizes. See
//! `src/random/threefry.rs` and `src/random/normal_integer.rs` for the meaning of the operations.

use super::by_hand::CHUNK;
use crate::random::{NORMAL_TABLE, Stream};
use rayon::prelude::*;
use std::arch::x86_64::*;
use std::ops::Range;

/// Lanes of a register.
const LANES: usize = 8;

/// Makes integer normals as [`generate`](super::by_hand::generate) does.
///
/// # Panics
/// The processor has no AVX2.
pub(super) fn generate(stream: Stream, chains: u64, blocks: &Range<u64>) -> u32 {
    assert!(is_x86_feature_detected!("avx2"), "AVX2");
    (0..chains / CHUNK as u64)
        .into_par_iter()
        // SAFETY: checked above.
        .map(|chunk| unsafe { generate_chunk(stream, chunk * CHUNK as u64, blocks.clone()) })
        .reduce(|| 0, u32::wrapping_add)
}

#[target_feature(enable = "avx2")]
fn generate_chunk(stream: Stream, first: u64, blocks: Range<u64>) -> u32 {
    let keys = stream.round_keys();
    let mut sum = all(0);
    for chain in (first..).step_by(LANES).take(CHUNK / LANES) {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let chains = _mm256_add_epi32(all(chain as u32), lanes);
        for block in blocks.clone() {
            for words in threefry(block as u32, chains, keys) {
                sum = _mm256_add_epi32(sum, normal(words));
            }
        }
    }
    let mut lanes = [0; LANES];
    // SAFETY: the array is as long as the register.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
    lanes.into_iter().fold(0, u32::wrapping_add)
}

#[inline]
#[target_feature(enable = "avx2")]
fn all(value: u32) -> __m256i {
    _mm256_set1_epi32(value as i32)
}

/// Random words for block and chain numbers below 2³².
#[inline]
#[target_feature(enable = "avx2")]
fn threefry(block: u32, chains: __m256i, keys: [u32; 5]) -> [__m256i; 4] {
    let mut x = [all(block), all(0), chains, all(0)];
    inject(&mut x, keys, 0);
    rounds_0_to_3(&mut x);
    inject(&mut x, keys, 1);
    mix_even::<6, 26, 20, 12>(&mut x);
    mix_odd::<17, 15, 11, 21>(&mut x);
    mix_even::<25, 7, 10, 22>(&mut x);
    mix_odd::<18, 14, 20, 12>(&mut x);
    inject(&mut x, keys, 2);
    rounds_0_to_3(&mut x);
    inject(&mut x, keys, 3);
    mix_even::<6, 26, 20, 12>(&mut x);
    x
}

#[inline]
#[target_feature(enable = "avx2")]
fn inject(x: &mut [__m256i; 4], keys: [u32; 5], number: usize) {
    for (k, x) in x.iter_mut().enumerate() {
        let count = if k == 3 { number as u32 } else { 0 };
        *x = _mm256_add_epi32(*x, all(keys[(number + k) % 5].wrapping_add(count)));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn rounds_0_to_3(x: &mut [__m256i; 4]) {
    mix_even::<10, 22, 26, 6>(x);
    mix_odd::<11, 21, 21, 11>(x);
    mix_even::<13, 19, 27, 5>(x);
    mix_odd::<23, 9, 5, 27>(x);
}

/// Rotates left by `L`; `R` is 32 − `L`.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const L: i32, const R: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi32::<L>(x), _mm256_srli_epi32::<R>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn mix_even<const A: i32, const AR: i32, const B: i32, const BR: i32>(x: &mut [__m256i; 4]) {
    x[0] = _mm256_add_epi32(x[0], x[1]);
    x[2] = _mm256_add_epi32(x[2], x[3]);
    x[1] = _mm256_xor_si256(rotate::<A, AR>(x[1]), x[0]);
    x[3] = _mm256_xor_si256(rotate::<B, BR>(x[3]), x[2]);
}

#[inline]
#[target_feature(enable = "avx2")]
fn mix_odd<const A: i32, const AR: i32, const B: i32, const BR: i32>(x: &mut [__m256i; 4]) {
    x[0] = _mm256_add_epi32(x[0], x[3]);
    x[2] = _mm256_add_epi32(x[2], x[1]);
    x[1] = _mm256_xor_si256(rotate::<B, BR>(x[1]), x[2]);
    x[3] = _mm256_xor_si256(rotate::<A, AR>(x[3]), x[0]);
}

#[inline]
#[target_feature(enable = "avx2")]
fn normal(words: __m256i) -> __m256i {
    let p = _mm256_and_si256(words, all(0x7FFF_FFFF));
    let leading = _mm256_andnot_si256(_mm256_srli_epi32::<1>(p), p);
    let exponent = _mm256_srli_epi32::<23>(_mm256_castps_si256(_mm256_cvtepi32_ps(leading)));
    let zeros = _mm256_min_epi32(_mm256_sub_epi32(all(157), exponent), all(31));
    let doubled = _mm256_or_si256(_mm256_slli_epi32::<1>(words), all(1));
    let normalized = _mm256_sllv_epi32(doubled, zeros);
    let segment = _mm256_and_si256(_mm256_srli_epi32::<25>(normalized), all(63));
    let index = _mm256_or_si256(_mm256_slli_epi32::<6>(zeros), segment);
    let table = NORMAL_TABLE.as_ptr().cast::<i32>();
    // SAFETY: `zeros` is at most 31, so an index is below 2048, the number of 8-byte entries of the
    // table.
    let (a, b) = unsafe {
        (
            _mm256_i32gather_epi32::<8>(table, index),
            _mm256_i32gather_epi32::<8>(table.add(1), index),
        )
    };
    let low = all(0x3FFF);
    let fraction = _mm256_and_si256(_mm256_srli_epi32::<11>(normalized), low);
    let curvature = _mm256_madd_epi16(fraction, _mm256_and_si256(b, low));
    let slope = _mm256_sub_epi32(
        _mm256_srli_epi32::<10>(b),
        _mm256_srli_epi32::<14>(curvature),
    );
    let t = _mm256_and_si256(_mm256_slli_epi32::<7>(normalized), all(0xFFFF_C000));
    let even = _mm256_srli_epi64::<32>(_mm256_mul_epu32(t, slope));
    let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(t), _mm256_srli_epi64::<32>(slope));
    let fall = _mm256_blend_epi32::<0b1010_1010>(even, odd);
    let q = _mm256_srli_epi32::<6>(_mm256_sub_epi32(a, fall));
    let magnitude = _mm256_andnot_si256(_mm256_srli_epi32::<24>(q), q);
    let z = _mm256_mul_ps(
        _mm256_cvtepi32_ps(magnitude),
        _mm256_set1_ps(1.0 / 4_194_304.0),
    );
    let sign = _mm256_and_si256(words, all(0x8000_0000));
    _mm256_or_si256(_mm256_castps_si256(z), sign)
}
