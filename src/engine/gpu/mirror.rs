//! Structs, constants and binding numbers that shaders and host share.
//!
//! A test compares every offset and size with what naga computes from the WGSL.

use bytemuck::{Pod, Zeroable};

/// `Ensemble` of `shaders/ensemble.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Ensemble {
    /// Key of the noise stream.
    pub key: [u32; 4],
    /// Slots for chains in the tile.
    pub slots: u32,
    /// Slots for chains in a block.
    pub block: u32,
    /// Rows in a block.
    pub rows: u32,
    /// Blocks in the tile.
    pub blocks: u32,
    /// Bits of the largest |x| that counts as not diverged: low word, high word.
    pub bound: [u32; 2],
    /// First pair of a covariance dispatch.
    pub pairs: u32,
    /// Number of histograms.
    pub requests: u32,
    /// Data pass of the dispatch.
    pub data_pass: u32,
    /// First example of the dispatch.
    pub first: u32,
    /// Example after the last one of the dispatch.
    pub last: u32,
    /// Always 0, which compilers cannot know: it keeps them from unrolling loops.
    pub zero: u32,
}

/// `Block` of `shaders/ensemble.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Block {
    /// Point of the sweep.
    pub point: u32,
    /// Slots that hold a chain.
    pub filled: u32,
    /// Number of the first chain: low word, high word.
    pub chain: [u32; 2],
}

/// `Segment` of `shaders/ensemble.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Segment {
    /// Noise block of the first step: low word, high word.
    pub block: [u32; 2],
    /// First block of random words that round the state: low word, high word.
    pub rounding: [u32; 2],
    /// Steps of that block already done.
    pub offset: u32,
    /// Steps to do.
    pub steps: u32,
    /// Steps done before, low word.
    pub begin: u32,
    /// Padding.
    pub unused: u32,
}

/// `Request` of `shaders/histogram.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Request {
    /// Outputs to bin; the second is [`NO_OUTPUT`] if there is one axis.
    pub outputs: [u32; 2],
    /// Bins per axis.
    pub bins: [u32; 2],
    /// First count of point 0, counts per point.
    pub counts: [u32; 2],
    /// First entry in the table of ranges.
    pub ranges: u32,
    /// First count among those of one point.
    pub within: u32,
}

/// Placeholder for the second output in the request of a histogram with one axis.
pub const NO_OUTPUT: u32 = u32::MAX;

/// Entry of the buffer `diverged` for a chain that has not diverged; for others it is the step of divergence.
pub const NOT_DIVERGED: u32 = u32::MAX;

/// Memory of a binding and access of shaders to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `var<uniform>`
    Uniform,
    /// `var<storage, read>`
    Read,
    /// `var<storage, read_write>`
    Write,
}

/// Number of bindings that all entry points share.
pub const COMMON: usize = 6;

/// Number of the first binding that each entry point uses in its own way.
pub(super) const FIRST_OWN: u32 = COMMON as u32;

/// Number of the binding of the data sets.
pub(super) const EXAMPLES: u32 = 9;

/// Number of the binding of the memory of chains that do not fit into registers.
pub const MEMORY: u32 = 10;

/// Access to the shared bindings, given that to the tables of blocks and segments.
pub const fn common([blocks, segments]: [Access; 2]) -> [Access; COMMON] {
    [
        Access::Uniform, // 0 ensemble
        blocks,          // 1
        segments,        // 2
        Access::Read,    // 3 uniforms
        Access::Write,   // 4 state
        Access::Write,   // 5 diverged
    ]
}
