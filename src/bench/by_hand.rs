//! The double well with Gaussian or two-point noise as one would write it for itself, nothing but this loss and no check of
//! anything; and the random numbers alone.

use crate::engine::Level;
use crate::random::{Block, NoiseKind, Stream, draw, prepare};
use rayon::prelude::*;
use std::ops::Range;

/// Chains of one inner loop: the fastest of 8, 16, 32, 64 and 128 for AVX2 and AVX-512.
const WIDTH: usize = 32;

/// Chains that a thread takes at a time.
pub(super) const PIECE: usize = 1024;

/// Numbers of the kernel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Well {
    pub(super) stream: Stream,
    pub(super) noise: NoiseKind,
    /// Factor of the gradient.
    pub(super) drift: f32,
    /// Factor of the noise.
    pub(super) amplitude: f32,
}

impl Well {
    /// Does the steps of `blocks` for the chains from number 0 on, on every core.
    pub(super) fn advance(&self, level: Level, states: &mut [f32], blocks: Range<u64>) {
        states
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, states)| {
                let first = (piece * PIECE) as u64;
                match level {
                    Level::Portable => self.piece(states, first, blocks.clone()),
                    // SAFETY: a level is only ever one that the processor has.
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => unsafe { self.piece_avx2(states, first, blocks.clone()) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => unsafe { self.piece_avx512(states, first, blocks.clone()) },
                }
            });
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn piece_avx2(&self, states: &mut [f32], first: u64, blocks: Range<u64>) {
        self.piece(states, first, blocks);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
    fn piece_avx512(&self, states: &mut [f32], first: u64, blocks: Range<u64>) {
        self.piece(states, first, blocks);
    }

    #[inline(always)]
    fn piece(&self, states: &mut [f32], first: u64, blocks: Range<u64>) {
        let (groups, rest) = states.as_chunks_mut::<WIDTH>();
        assert!(rest.is_empty(), "chains in multiples of {WIDTH}");
        let mut z = [0.0; WIDTH];
        for (x, chain) in groups.iter_mut().zip((first..).step_by(WIDTH)) {
            let mut words: Block<WIDTH> = [[0; WIDTH]; 8];
            for block in blocks.clone() {
                let raw = words.first_chunk_mut().expect("four of eight rows");
                self.stream.rows(block, chain, raw);
                prepare(self.noise, &mut words);
                for index in 0..self.noise.draws_per_block() {
                    draw(self.noise, &words, index, &mut z);
                    self.step(x, &z);
                }
            }
        }
    }

    #[inline(always)]
    fn step(&self, x: &mut [f32; WIDTH], z: &[f32; WIDTH]) {
        for (x, &z) in x.iter_mut().zip(z) {
            let gradient = *x * x.mul_add(*x, -1.0);
            let descended = (-self.drift).mul_add(gradient, *x);
            *x = self.amplitude.mul_add(z, descended);
        }
    }
}

/// Makes the prepared words of `blocks` for so many chains, on every core, and throws them away; their sum is returned so that
/// they are made at all.
pub(super) fn generate(
    stream: Stream,
    noise: NoiseKind,
    level: Level,
    chains: u64,
    blocks: &Range<u64>,
) -> u32 {
    let piece = |piece: u64| {
        let first = piece * PIECE as u64;
        match level {
            Level::Portable => generate_piece(stream, noise, first, blocks.clone()),
            // SAFETY: as in `Well::advance`.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { generate_avx2(stream, noise, first, blocks.clone()) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { generate_avx512(stream, noise, first, blocks.clone()) },
        }
    };
    (0..chains / PIECE as u64)
        .into_par_iter()
        .map(piece)
        .reduce(|| 0, u32::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn generate_avx2(stream: Stream, noise: NoiseKind, first: u64, blocks: Range<u64>) -> u32 {
    generate_piece(stream, noise, first, blocks)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn generate_avx512(stream: Stream, noise: NoiseKind, first: u64, blocks: Range<u64>) -> u32 {
    generate_piece(stream, noise, first, blocks)
}

#[inline(always)]
fn generate_piece(stream: Stream, noise: NoiseKind, first: u64, blocks: Range<u64>) -> u32 {
    let mut words: Block<WIDTH> = [[0; WIDTH]; 8];
    let mut sum = [0u32; WIDTH];
    for chain in (first..).step_by(WIDTH).take(PIECE / WIDTH) {
        for block in blocks.clone() {
            let raw = words.first_chunk_mut().expect("four of eight rows");
            stream.rows(block, chain, raw);
            prepare(noise, &mut words);
            for row in &words[..noise.rows()] {
                for (sum, &word) in sum.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(word);
                }
            }
        }
    }
    sum.into_iter().fold(0, u32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{NormalTransform, Purpose, normal_integer};

    /// The sum over chains and blocks, one number at a time.
    #[test]
    fn what_is_generated_is_what_the_stream_says() {
        let stream = Stream::new(5, Purpose::Noise);
        let one = |chain, block| -> u32 {
            let normals = stream.block(block, chain).map(normal_integer);
            normals.into_iter().fold(0, u32::wrapping_add)
        };
        let expected = (0..2048)
            .flat_map(|chain| (3..5).map(move |block| (chain, block)))
            .fold(0u32, |sum, (chain, block)| {
                sum.wrapping_add(one(chain, block))
            });
        for level in Level::available() {
            let noise = NoiseKind::Gaussian(NormalTransform::Integer);
            assert_eq!(generate(stream, noise, level, 2048, &(3..5)), expected);
        }
    }
}
