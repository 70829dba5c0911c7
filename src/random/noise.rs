//! Draws of mean 0 and variance 1 from blocks of random words, and the assignment of a step's draws to blocks.
//!
//! GPU counterparts: `shaders/noise_gaussian.wgsl` (after `shaders/normal_integer.wgsl` or
//! `shaders/normal_box_muller.wgsl`), `shaders/noise_gaussian_16.wgsl`, `shaders/noise_two_point.wgsl`,
//! `shaders/noise_three_point.wgsl`.

use super::normal_box_muller::normal_pair;
use super::normal_box_muller_16::normal_pair_16;
use super::normal_integer::normal_integer;
use crate::spec::{NoiseKind, NormalTransform};

/// Number of the 65536 16-bit values that give +a, and the number that give −a, in three-point noise.
pub(super) const THREE_POINT_COUNT: u32 = 10_922;
/// Amplitude a = √(65536/21844) of three-point noise, which makes its variance 1.
pub(super) const THREE_POINT_AMPLITUDE: f32 = 1.732_103_6;

impl NoiseKind {
    /// Random bits per draw.
    #[inline(always)]
    pub const fn bits_per_draw(self) -> u32 {
        match self {
            Self::Gaussian(NormalTransform::Integer | NormalTransform::BoxMuller) => 32,
            Self::Gaussian(NormalTransform::BoxMuller16) | Self::ThreePoint => 16,
            Self::TwoPoint => 1,
        }
    }

    /// Draws per block of four random words.
    #[inline(always)]
    pub const fn draws_per_block(self) -> u32 {
        128 / self.bits_per_draw()
    }

    /// Rows of a [`NoiseBlock`] that hold variates after [`variates_from_words`].
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

/// One block of random words for `B` chains, `[word][lane]`, converted in place to variates.
///
/// Rows 0–3 hold the four random words. Rows 4–7 are used by [`NormalTransform::BoxMuller16`] alone, which makes two
/// 32-bit variates of each word.
pub type NoiseBlock<const B: usize> = [[u32; B]; 8];

/// Converts the random words in rows 0–3 to the variates that [`draw`] reads; call it once per block.
///
/// Gaussian noise: word `k` becomes the bits of an `f32` normal in row `k`; [`NormalTransform::BoxMuller16`] puts a second
/// normal into row `k + 4`. The other kinds keep the random words.
#[inline(always)]
pub fn variates_from_words<const B: usize>(kind: NoiseKind, block: &mut NoiseBlock<B>) {
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

/// Fills `out[lane]` with draw number `index` (below [`NoiseKind::draws_per_block`]) of a block of variates.
///
/// The draw comes from word `index` % 4. Of a word that holds several draws, `index` / 4 counts them from the low bits up;
/// [`NormalTransform::BoxMuller16`] gives the cosine before the sine.
#[inline(always)]
pub fn draw<T: From<f32>, const B: usize>(
    kind: NoiseKind,
    variates: &NoiseBlock<B>,
    index: u32,
    out: &mut [T; B],
) {
    let words = &variates[index as usize % 4];
    let shift = index / 4 * kind.bits_per_draw() % 32;
    match kind {
        NoiseKind::Gaussian(_) => fill(&variates[index as usize], out, f32::from_bits),
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

/// +1 if the lowest bit of `word` is 0, else −1.
#[inline(always)]
fn two_point(word: u32) -> f32 {
    f32::from_bits(1f32.to_bits() | (word << 31))
}

/// 0 or ± the amplitude, by the low 16 bits of `word`.
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

/// Assignment of the draws of consecutive steps to blocks; no two steps share a draw.
///
/// A step that fits into one block never straddles two, so that a block serves a whole number of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseLayout {
    /// Draws reserved per step and block: a power of two; all draws of a block if a step needs more than one block.
    pub width: u32,
    /// Steps served by one block; 1 if a step needs several blocks.
    pub steps_per_block: u32,
    /// Blocks used by one step; 1 if a block serves several steps.
    pub blocks_per_step: u32,
}

impl NoiseLayout {
    /// Layout of `draws_per_step` draws of `kind` per step; a step without draws reserves one.
    pub fn new(kind: NoiseKind, draws_per_step: u32) -> Self {
        Self::of_blocks(kind.draws_per_block(), draws_per_step)
    }

    /// Layout of `words_per_step` 32-bit random words per step.
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

    /// Block of draw `draw` of step `step`, and the index of the draw in that block.
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
