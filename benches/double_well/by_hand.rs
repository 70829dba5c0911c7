//! The double well with Gaussian noise as one would write it for itself: nothing but this loss, no check of anything.

use etascope::random::{NoiseKind, Stream, prepare};
use rayon::prelude::*;
use std::ops::Range;

/// Chains of one inner loop: the fastest of 8, 16, 32, 64 and 128 for AVX2 and AVX-512. Fewer wait for the table.
const WIDTH: usize = 32;

/// Steps that one block of four words serves.
pub(crate) const STEPS_PER_BLOCK: u64 = 4;

/// Numbers of the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Well {
    pub(crate) stream: Stream,
    pub(crate) noise: NoiseKind,
    /// Factor of the gradient.
    pub(crate) drift: f32,
    /// Factor of the normal.
    pub(crate) amplitude: f32,
}

/// Which vector instructions to compile for; the engine's choice decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Well {
    /// Does the steps of `blocks` for the chains from number 0 on, on every core.
    pub(crate) fn advance(
        &self,
        instructions: Instructions,
        states: &mut [f32],
        blocks: Range<u64>,
    ) {
        const PIECE: usize = 1024;
        states
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, states)| {
                let first = (piece * PIECE) as u64;
                match instructions {
                    Instructions::Portable => self.piece(states, first, blocks.clone()),
                    // SAFETY: the engine runs at this level, so the processor has it.
                    #[cfg(target_arch = "x86_64")]
                    Instructions::Avx2 => unsafe { self.piece_avx2(states, first, blocks.clone()) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    Instructions::Avx512 => unsafe {
                        self.piece_avx512(states, first, blocks.clone());
                    },
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
        for (x, chain) in groups.iter_mut().zip((first..).step_by(WIDTH)) {
            let mut words = [[0; WIDTH]; 4];
            for block in blocks.clone() {
                self.stream.rows(block, chain, &mut words);
                prepare(self.noise, &mut words);
                for normals in &words {
                    self.step(x, normals);
                }
            }
        }
    }

    #[inline(always)]
    fn step(&self, x: &mut [f32; WIDTH], normals: &[u32; WIDTH]) {
        for (x, &z) in x.iter_mut().zip(normals) {
            let gradient = *x * x.mul_add(*x, -1.0);
            let descended = (-self.drift).mul_add(gradient, *x);
            *x = self.amplitude.mul_add(f32::from_bits(z), descended);
        }
    }
}

/// Words, or normals where `noise` says how, made and thrown away: their sum is returned so that they are made at all.
pub(crate) fn draw(
    stream: Stream,
    noise: NoiseKind,
    instructions: Instructions,
    chains: u64,
    blocks: Range<u64>,
) -> u32 {
    let pieces = chains / WIDTH as u64;
    let sum = |piece: u64| match instructions {
        Instructions::Portable => draw_piece(stream, noise, piece * WIDTH as u64, blocks.clone()),
        // SAFETY: as in `Well::advance`.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe {
            draw_avx2(stream, noise, piece * WIDTH as u64, blocks.clone())
        },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe {
            draw_avx512(stream, noise, piece * WIDTH as u64, blocks.clone())
        },
    };
    (0..pieces)
        .into_par_iter()
        .map(sum)
        .reduce(|| 0, u32::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn draw_avx2(stream: Stream, noise: NoiseKind, first: u64, blocks: Range<u64>) -> u32 {
    draw_piece(stream, noise, first, blocks)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn draw_avx512(stream: Stream, noise: NoiseKind, first: u64, blocks: Range<u64>) -> u32 {
    draw_piece(stream, noise, first, blocks)
}

#[inline(always)]
fn draw_piece(stream: Stream, noise: NoiseKind, first: u64, blocks: Range<u64>) -> u32 {
    let mut words = [[0; WIDTH]; 4];
    let mut sum = [0u32; WIDTH];
    for block in blocks {
        stream.rows(block, first, &mut words);
        prepare(noise, &mut words);
        for row in &words {
            for (sum, &word) in sum.iter_mut().zip(row) {
                *sum = sum.wrapping_add(word);
            }
        }
    }
    sum.into_iter().fold(0, u32::wrapping_add)
}
