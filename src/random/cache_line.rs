//! Alignment to cache lines: vectors that straddle two lines cost a tenth of a double-well step.

/// Size of a cache line in bytes. No vector access at a multiple of it straddles two lines.
pub(crate) const CACHE_LINE: usize = 64;

/// A value that begins on a cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct CacheAligned<A>(pub(crate) A);
