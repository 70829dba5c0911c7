//! Results that an engine returns, per sweep point of the current tile.

use crate::measure::Moments;
use bytemuck::{Pod, Zeroable};

/// A result for one sweep point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtPoint<R> {
    /// Index of the sweep point.
    pub point: usize,
    /// The result.
    pub value: R,
}

/// Moments of every output of the observing program over one sweep point's chains in the tile.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Index of the sweep point.
    pub point: usize,
    /// Moments over the chains that have not diverged: `blocks[block][output]`. Merging blocks in order is bit-identical
    /// for any tiling.
    pub blocks: Vec<Vec<Moments>>,
    /// True when `blocks[0]` is the point's first block. Its moments set the ranges of the histograms, so the ranges do
    /// not depend on the tiling either.
    pub first: bool,
}

impl Observation {
    /// Moments over the point's chains in this tile.
    pub fn moments(&self) -> Vec<Moments> {
        let mut all = vec![Moments::default(); self.blocks.first().map_or(0, Vec::len)];
        for block in &self.blocks {
            for (a, b) in all.iter_mut().zip(block) {
                a.merge(b);
            }
        }
        all
    }

    /// Moments over the point's first block, if this tile contains it.
    pub fn pilot(&self) -> Option<&[Moments]> {
        self.blocks
            .first()
            .filter(|_| self.first)
            .map(Vec::as_slice)
    }
}

/// Diverged chains of one sweep point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Divergence {
    /// Number of diverged chains.
    pub count: u64,
    /// Number of steps after which the first of them exceeded the bound; 0 means at the start.
    pub first_step: Option<u64>,
}

impl Divergence {
    /// Adds the diverged chains of another part of the same point.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first_step = [self.first_step, other.first_step]
            .into_iter()
            .flatten()
            .min();
    }
}

/// Noise block of one chain, from random words to variates. The shader `draws` writes the same layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ChainNoise {
    /// Raw output of the generator.
    pub random_words: [u32; 4],
    /// Bits of the f32 uniform that each random word stands for.
    pub uniform_bits: [u32; 4],
    /// First half of the variates, as bits in the form that the noise's transform leaves them in.
    pub variates: [u32; 4],
    /// Second half of the variates; zero if the transform makes one variate per random word.
    pub more_variates: [u32; 4],
}

impl ChainNoise {
    /// Both halves of the variates in the order in which steps read them.
    pub fn all_variates(&self) -> [u32; 8] {
        std::array::from_fn(|index| match index {
            0..4 => self.variates[index],
            _ => self.more_variates[index - 4],
        })
    }
}
