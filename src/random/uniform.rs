//! Random words to uniform floats and uniform integers, with exact arithmetic and a bias of at most 2⁻³².
//!
//! GPU counterpart: `shaders/uniform.wgsl`.

/// Uniform number in the open interval (0, 1): the odd multiple of 2⁻²⁴ given by the top 23 bits of `word`.
///
/// The odd multiples are the midpoints of 2²³ equal cells, so 0 and 1 never occur and the mean is exactly ½. Each fits
/// the 24-bit significand of an `f32`, so the conversion is exact on every device and under every rounding mode.
#[inline(always)]
pub fn uniform(word: u32) -> f32 {
    ((word >> 8) | 1) as f32 * (1.0 / 16_777_216.0)
}

/// Uniform integer from 0 to `n` − 1: the high word of `word`·`n`; 0 for `n` = 0.
///
/// Each probability is off by at most 2⁻³². Source: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS
/// 29 (2019), without its rejection step, which would make the number of words per step random.
#[inline(always)]
pub fn pick(word: u32, n: u32) -> u32 {
    ((u64::from(word) * u64::from(n)) >> 32) as u32
}
