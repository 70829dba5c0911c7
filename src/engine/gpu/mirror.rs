//! The structs that shaders and host share, and the one table of what is bound where.
//!
//! A test compares every offset and size with what naga computes from the WGSL.

use bytemuck::{Pod, Zeroable};

/// `Ensemble` of `shaders/ensemble.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Ensemble {
    /// Key of the noise stream.
    pub key: [u32; 4],
    /// Places in the tile.
    pub places: u32,
    /// Places in a block.
    pub block: u32,
    /// Rows in a block.
    pub rows: u32,
    /// Blocks in the tile.
    pub blocks: u32,
    /// Bits of the largest |x| a chain may reach: low word, high word.
    pub bound: [u32; 2],
    /// First pair of a covariance dispatch.
    pub pairs: u32,
    /// Number of histograms.
    pub requests: u32,
    /// Which data_pass a dispatch passes examples of.
    pub data_pass: u32,
    /// Its first example.
    pub first: u32,
    /// The example after its last.
    pub last: u32,
    /// 0, which compilers do not know.
    pub nothing: u32,
}

/// `Block` of `shaders/ensemble.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Block {
    /// Point of the sweep.
    pub point: u32,
    /// Places that hold a chain.
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
    /// Block of the first words to round the state by: low word, high word.
    pub rounding: [u32; 2],
    /// Steps of that block already done.
    pub phase: u32,
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
    /// Outputs to bin; the second is [`NONE`] in one dimension.
    pub outputs: [u32; 2],
    /// Bins per axis.
    pub bins: [u32; 2],
    /// First slot of point 0, slots per point.
    pub slots: [u32; 2],
    /// First entry in the table of ranges.
    pub ranges: u32,
    /// First slot among those of one point.
    pub within: u32,
}

/// No second output.
pub const NONE: u32 = u32::MAX;

/// The value of `diverged` for a chain that has not left.
pub const NOT_DIVERGED: u32 = u32::MAX;

/// What a shader may do with a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `var<uniform>`
    Uniform,
    /// `var<storage, read>`
    Read,
    /// `var<storage, read_write>`
    Write,
}

/// How many bindings every entry point has.
pub const COMMON: usize = 6;

/// Bindings that every entry point has, where the tables of blocks and segments lie in uniform or storage memory.
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
