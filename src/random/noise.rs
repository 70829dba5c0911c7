//! Draws of mean 0 and variance 1 from blocks of words, and how the draws of a step lie in blocks.
//!
//! Twins: `shaders/noise_gaussian.wgsl` (after `shaders/normal_integer.wgsl` or `shaders/normal_box_muller.wgsl`),
//! `shaders/noise_gaussian_16.wgsl`, `shaders/noise_two_point.wgsl`, `shaders/noise_three_point.wgsl`.

use super::normal_box_muller::normal_pair;
use super::normal_box_muller_16::normal_pair_16;
use super::normal_integer::normal_integer;
use crate::spec::{NoiseKind, NormalTransform};

/// How many of the 65536 pieces give each of ±a in three-point noise.
pub(super) const THREE_POINT_COUNT: u32 = 10_922;
/// a = √(65536/21844) of three-point noise.
pub(super) const THREE_POINT_AMPLITUDE: f32 = 1.732_103_6;

impl NoiseKind {
    /// Bits of a word that one draw takes.
    #[inline(always)]
    pub const fn bits_per_draw(self) -> u32 {
        match self {
            Self::Gaussian(NormalTransform::Integer | NormalTransform::BoxMuller) => 32,
            Self::Gaussian(NormalTransform::BoxMuller16) | Self::ThreePoint => 16,
            Self::TwoPoint => 1,
        }
    }

    /// Draws that a block of four words holds.
    #[inline(always)]
    pub const fn draws_per_block(self) -> u32 {
        128 / self.bits_per_draw()
    }

    /// Rows of a [`Block`] that are in use once it is prepared.
    #[inline(always)]
    pub const fn rows(self) -> usize {
        match self {
            Self::Gaussian(NormalTransform::BoxMuller16) => 8,
            Self::Gaussian(NormalTransform::Integer | NormalTransform::BoxMuller)
            | Self::TwoPoint
            | Self::ThreePoint => 4,
        }
    }
}

/// Four words of each of `B` chains and room for as many more, which draws that are longer than their words take.
pub type Block<const B: usize> = [[u32; B]; 8];

/// Turns the raw words in the first four rows, for `B` chains, into what [`draw`] reads; once per block.
///
/// Gaussian: each word becomes the bits of an `f32` normal, or in [`NormalTransform::BoxMuller16`] of two, the second in the
/// row after the next three. The other kinds read raw words.
#[inline(always)]
pub fn prepare<const B: usize>(kind: NoiseKind, block: &mut Block<B>) {
    let [words @ .., e, f, g, h] = block;
    match kind {
        NoiseKind::Gaussian(NormalTransform::Integer) => {
            for word in words.as_flattened_mut() {
                *word = normal_integer(*word);
            }
        }
        NoiseKind::Gaussian(NormalTransform::BoxMuller) => {
            let [a, b, c, d] = words;
            for (first, second) in [(a, b), (c, d)] {
                for (x, y) in first.iter_mut().zip(second) {
                    let [cosine, sine] = normal_pair(*x, *y);
                    (*x, *y) = (cosine.to_bits(), sine.to_bits());
                }
            }
        }
        NoiseKind::Gaussian(NormalTransform::BoxMuller16) => {
            for (words, more) in words.iter_mut().zip([e, f, g, h]) {
                for (x, y) in words.iter_mut().zip(more) {
                    let [cosine, sine] = normal_pair_16(*x);
                    (*x, *y) = (cosine.to_bits(), sine.to_bits());
                }
            }
        }
        NoiseKind::TwoPoint | NoiseKind::ThreePoint => {}
    }
}

/// Draw number `index` (below [`NoiseKind::draws_per_block`]) of a prepared block, for `B` chains.
///
/// It comes of word `index` % 4: of its piece `index` / 4 from the low end, or the cosine before the sine.
#[inline(always)]
pub fn draw<T: From<f32>, const B: usize>(
    kind: NoiseKind,
    prepared: &Block<B>,
    index: u32,
    out: &mut [T; B],
) {
    let words = &prepared[index as usize % 4];
    let shift = index / 4 * kind.bits_per_draw() % 32;
    match kind {
        NoiseKind::Gaussian(_) => fill(&prepared[index as usize], out, f32::from_bits),
        NoiseKind::TwoPoint => fill(words, out, |word| two_point(word >> shift)),
        NoiseKind::ThreePoint => fill(words, out, |word| three_point(word >> shift)),
    }
}

#[inline(always)]
fn fill<T: From<f32>, const B: usize>(
    words: &[u32; B],
    out: &mut [T; B],
    value: impl Fn(u32) -> f32,
) {
    for (z, &word) in out.iter_mut().zip(words) {
        *z = T::from(value(word));
    }
}

/// 1 with the sign of the lowest bit.
#[inline(always)]
fn two_point(word: u32) -> f32 {
    f32::from_bits(1f32.to_bits() | (word << 31))
}

/// 0 or plus or minus the amplitude by the low 16 bits.
#[inline(always)]
fn three_point(word: u32) -> f32 {
    let piece = word & 0xFFFF;
    let positive = if piece >= 65_536 - THREE_POINT_COUNT {
        THREE_POINT_AMPLITUDE
    } else {
        0.0
    };
    if piece < THREE_POINT_COUNT {
        -THREE_POINT_AMPLITUDE
    } else {
        positive
    }
}

/// How the draws of consecutive steps lie in blocks: no step straddles blocks, no two steps share a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseLayout {
    /// Draws reserved per step: a power of two, at most the draws of a block; the whole block where a step needs several.
    pub width: u32,
    /// Steps served by one block; 1 where a step needs several.
    pub steps_per_block: u32,
    /// Blocks of one step; 1 where a block serves several steps.
    pub blocks_per_step: u32,
}

impl NoiseLayout {
    /// The layout for `draws_per_step` draws of `kind` in each step; a step without draws reserves one.
    pub fn new(kind: NoiseKind, draws_per_step: u32) -> Self {
        Self::of_blocks(kind.draws_per_block(), draws_per_step)
    }

    /// The layout for so many whole words in each step.
    pub fn of_words(words_per_step: u32) -> Self {
        Self::of_blocks(4, words_per_step)
    }

    fn of_blocks(block: u32, draws_per_step: u32) -> Self {
        if draws_per_step <= block {
            let width = draws_per_step.max(1).next_power_of_two();
            Self {
                width,
                steps_per_block: block / width,
                blocks_per_step: 1,
            }
        } else {
            Self {
                width: block,
                steps_per_block: 1,
                blocks_per_step: draws_per_step.div_ceil(block),
            }
        }
    }

    /// The block and the index within it of draw `draw` of step `step`.
    #[inline(always)]
    pub fn locate(self, step: u64, draw: u32) -> (u64, u32) {
        let within = (step % u64::from(self.steps_per_block)) as u32;
        let block = step / u64::from(self.steps_per_block) * u64::from(self.blocks_per_step);
        (
            block + u64::from(draw / self.width),
            within * self.width + draw % self.width,
        )
    }
}
