//! Values that begin on a cache line: vectors that straddle two cost a tenth of a double-well step.

/// A cache line in bytes: what begins at its multiples is read and written whole by every vector instruction.
pub(crate) const LINE: usize = 64;

/// Something that begins on a cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct OnLine<A>(pub(crate) A);
