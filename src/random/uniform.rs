//! Words to uniforms and to picks, both without bias that could be seen and without rounding.
//!
//! Twin: `shaders/uniform.wgsl`.

/// A uniform in the open interval (0, 1): the odd multiple of 2⁻²⁴ given by the top 23 bits of `word`.
///
/// The odd multiples are the midpoints of 2²³ equal cells, so 0 and 1 never occur and the mean is exactly ½. Each fits
/// the 24 bits of an `f32`: the conversion is exact on every device, whatever its rounding.
#[inline(always)]
pub fn uniform(word: u32) -> f32 {
    ((word >> 8) | 1) as f32 * (1.0 / 16_777_216.0)
}

/// One of 0, …, `n` − 1: the high word of `word`·`n`.
///
/// A probability is off by at most 2⁻³² (Lemire 2019 without rejection, since a rejection would make the number of
/// words a step needs random). `n` = 0 gives 0.
#[inline(always)]
pub fn pick(word: u32, n: u32) -> u32 {
    ((u64::from(word) * u64::from(n)) >> 32) as u32
}
