//! Rows: one number of [`LANES`] chains side by side, the unit of the CPU's vector code.

use crate::loss::{Program, Real};
use crate::plan;
use crate::random::CACHE_LINE;

/// Chains in a row.
pub(super) const LANES: usize = plan::LANES as usize;

/// Divergence step of a chain that has not diverged.
pub(super) const NOT_DIVERGED: u32 = u32::MAX;

/// Lanes below `filled` whose chains have not diverged.
pub(super) fn alive<'a>(
    diverged: &'a [u32; LANES],
    filled: usize,
) -> impl Iterator<Item = usize> + 'a {
    (0..filled).filter(|&lane| diverged[lane] == NOT_DIVERGED)
}

/// Rows that begin on a cache line.
#[derive(Debug)]
pub(super) struct Rows<T> {
    /// The rows, after the elements that precede the first cache line.
    values: Vec<T>,
    first: usize,
}

impl<T: Real> Rows<T> {
    fn new(count: usize) -> Self {
        let values = vec![T::ZERO; count * LANES + CACHE_LINE / size_of::<T>()];
        // `align_offset` may return `usize::MAX`; the rows are then unaligned and only slower.
        let first = values
            .as_ptr()
            .align_offset(CACHE_LINE)
            .min(CACHE_LINE / size_of::<T>());
        Self { values, first }
    }

    /// Rows of a program, with its constants filled in.
    pub(super) fn for_program(program: &Program) -> Self {
        Self::with_count(program, program.row_count())
    }

    /// Rows of `program`, with its constants filled in, and further rows after them, `count` in all.
    pub(super) fn with_count(program: &Program, count: usize) -> Self {
        let mut rows = Self::new(count);
        program.prepare(rows.as_mut());
        rows
    }

    #[inline(always)]
    pub(super) fn as_mut(&mut self) -> &mut [[T; LANES]] {
        self.values[self.first..].as_chunks_mut().0
    }

    /// One row.
    pub(super) fn get(&self, row: usize) -> &[T; LANES] {
        &self.values[self.first..].as_chunks().0[row]
    }
}
