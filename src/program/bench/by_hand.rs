//! Hand-written double well with any noise: a kernel for this loss only, without any checks. Also
//! the random numbers alone.

use crate::engine::SimdLevel;
use crate::random::{
    CacheAligned, Lookup, NoiseBlock, Stream, draw, normals_integer, variates_from_words,
};
use crate::spec::{NoiseKind, NormalTransform};
use rayon::prelude::*;
use std::hint::black_box;
use std::ops::Range;

/// Chains of one inner loop; the fastest of 8, 16, 32, 64 and 128 for AVX2 and AVX-512.
const WIDTH: usize = 32;

/// Chains per unit of work of a thread.
pub(super) const CHUNK: usize = 1024;

/// Parameters of the kernel.
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
    /// Advances the chains from number 0 on by the steps of noise blocks `blocks`, on all cores.
    pub(super) fn advance(&self, level: SimdLevel, states: &mut [f32], blocks: Range<u64>) {
        states
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, states)| {
                let first = (chunk * CHUNK) as u64;
                let source = Source::new(self.stream, self.noise, level);
                match level {
                    SimdLevel::Portable => self.chunk(source, states, first, blocks.clone()),
                    // SAFETY: a `SimdLevel` only exists if the processor has it.
                    #[cfg(target_arch = "x86_64")]
                    SimdLevel::Avx2 => unsafe {
                        self.chunk_avx2(source, states, first, blocks.clone())
                    },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    SimdLevel::Avx512 => unsafe {
                        self.chunk_avx512(source, states, first, blocks.clone())
                    },
                }
            });
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn chunk_avx2(&self, source: Source, states: &mut [f32], first: u64, blocks: Range<u64>) {
        self.chunk(source, states, first, blocks);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
    fn chunk_avx512(&self, source: Source, states: &mut [f32], first: u64, blocks: Range<u64>) {
        self.chunk(source, states, first, blocks);
    }

    #[inline(always)]
    fn chunk(&self, source: Source, states: &mut [f32], first: u64, blocks: Range<u64>) {
        let (groups, rest) = states.as_chunks_mut::<WIDTH>();
        assert!(rest.is_empty(), "chains in multiples of {WIDTH}");
        for (x, chain) in groups.iter_mut().zip((first..).step_by(WIDTH)) {
            let mut drawn = BlockDraws::new();
            for block in blocks.clone() {
                source.begin(block, chain, &mut drawn);
                for index in 0..self.noise.draws_per_block() {
                    self.step(x, source.draw(index, &mut drawn));
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

/// Source of draws.
#[derive(Debug, Clone, Copy)]
struct Source {
    stream: Stream,
    noise: NoiseKind,
    lookup: Lookup,
}

/// Draws of a noise block.
struct BlockDraws {
    words: CacheAligned<NoiseBlock<WIDTH>>,
    /// Integer normals.
    normals: CacheAligned<[[f32; WIDTH]; 4]>,
    /// A draw of the other kinds of noise.
    draw: CacheAligned<[f32; WIDTH]>,
}

impl BlockDraws {
    #[inline(always)]
    fn new() -> Self {
        Self {
            words: CacheAligned([[0; WIDTH]; 8]),
            normals: CacheAligned([[0.0; WIDTH]; 4]),
            draw: CacheAligned([0.0; WIDTH]),
        }
    }
}

impl Source {
    fn new(stream: Stream, noise: NoiseKind, level: SimdLevel) -> Self {
        let lookup = level.lookup();
        Self {
            stream,
            noise,
            lookup,
        }
    }

    fn is_integer(self) -> bool {
        self.noise == NoiseKind::Gaussian(NormalTransform::Integer)
    }

    /// Makes the random words of a noise block and the variates of its draws.
    #[inline(always)]
    fn begin(self, block: u64, chain: u64, drawn: &mut BlockDraws) {
        let raw: &mut [[u32; WIDTH]; 4] =
            drawn.words.0.first_chunk_mut().expect("four of eight rows");
        self.stream.rows(block, chain, raw);
        if self.is_integer() {
            normals_integer(
                self.lookup,
                raw.as_flattened(),
                drawn.normals.0.as_flattened_mut(),
            );
        } else {
            variates_from_words(self.noise, &mut drawn.words.0);
        }
    }

    /// A draw of the noise block made last.
    #[inline(always)]
    fn draw(self, index: u32, drawn: &mut BlockDraws) -> &[f32; WIDTH] {
        if self.is_integer() {
            return &drawn.normals.0[index as usize];
        }
        draw(self.noise, &drawn.words.0, index, &mut drawn.draw.0);
        &drawn.draw.0
    }

    /// All draws of a noise block, as bits.
    #[inline(always)]
    fn bits(self, drawn: &BlockDraws) -> &[[u32; WIDTH]] {
        if self.is_integer() {
            bytemuck::cast_slice(&drawn.normals.0)
        } else {
            &drawn.words.0[..self.noise.rows()]
        }
    }
}

/// Makes the variates of `blocks` for `chains` chains on all cores and discards them. Returns their
/// sum so that the compiler cannot remove the work.
pub(super) fn generate(
    stream: Stream,
    noise: NoiseKind,
    level: SimdLevel,
    chains: u64,
    blocks: &Range<u64>,
) -> u32 {
    let source = Source::new(stream, noise, level);
    let chunk = |chunk: u64| {
        let first = chunk * CHUNK as u64;
        match level {
            SimdLevel::Portable => generate_chunk(source, first, blocks.clone()),
            // SAFETY: as in `Well::advance`.
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => unsafe { generate_avx2(source, first, blocks.clone()) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => unsafe { generate_avx512(source, first, blocks.clone()) },
        }
    };
    (0..chains / CHUNK as u64)
        .into_par_iter()
        .map(chunk)
        .reduce(|| 0, u32::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn generate_avx2(source: Source, first: u64, blocks: Range<u64>) -> u32 {
    generate_chunk(source, first, blocks)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn generate_avx512(source: Source, first: u64, blocks: Range<u64>) -> u32 {
    generate_chunk(source, first, blocks)
}

#[inline(always)]
fn generate_chunk(source: Source, first: u64, blocks: Range<u64>) -> u32 {
    let mut drawn = BlockDraws::new();
    let mut sum = CacheAligned([0u32; WIDTH]);
    for chain in (first..).step_by(WIDTH).take(CHUNK / WIDTH) {
        for block in blocks.clone() {
            source.begin(block, chain, &mut drawn);
            for row in source.bits(&drawn) {
                // One row at a time: if the compiler sees several rows it shuffles their lanes,
                // which takes 1.5 times as long.
                for (sum, &word) in sum.0.iter_mut().zip(black_box(row)) {
                    *sum = sum.wrapping_add(word);
                }
            }
        }
    }
    sum.0.into_iter().fold(0, u32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, normal_integer};
    use crate::spec::NormalTransform;

    /// Adds up over chains and blocks one number at a time.
    #[test]
    fn generated_numbers_are_those_of_the_stream() {
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
        for level in SimdLevel::available() {
            let noise = NoiseKind::Gaussian(NormalTransform::Integer);
            assert_eq!(generate(stream, noise, level, 2048, &(3..5)), expected);
        }
    }
}
