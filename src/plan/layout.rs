//! Where a chain lies in memory, and with whom it is summed.

/// Chains that lie side by side: one row of the CPU's vector code, and the stride of a device's partial sums.
pub const LANES: u32 = 128;

/// The most rows of [`LANES`] chains in one block, so that a partial sum has at most this many terms and f32 keeps it.
const MAX_ROWS: u64 = 128;

/// The grouping of an ensemble, fixed by its size alone so that sums do not depend on tiles or workgroups.
///
/// Each point of a sweep (one η) owns `chains` chains. They fill whole blocks of `rows × LANES` chains; the last block
/// of a point is padded with places that no chain fills. Blocks of consecutive points follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Chains per point.
    pub chains: u64,
    /// Points of the sweep.
    pub points: usize,
    /// Rows of [`LANES`] chains in a block.
    pub rows: u32,
}

impl Layout {
    /// The layout of `points` ensembles of `chains` chains each.
    pub fn new(chains: u64, points: usize) -> Self {
        let rows = chains.div_ceil(u64::from(LANES)).clamp(1, MAX_ROWS);
        Self {
            chains,
            points,
            rows: rows as u32,
        }
    }

    /// Places in a block.
    pub fn block(&self) -> u64 {
        u64::from(self.rows) * u64::from(LANES)
    }

    /// Blocks that one point fills.
    pub fn blocks_per_point(&self) -> u64 {
        self.chains.div_ceil(self.block())
    }

    /// Blocks of the whole sweep.
    pub fn blocks(&self) -> u64 {
        self.blocks_per_point() * self.points as u64
    }

    /// The point that owns a block.
    pub fn point_of(&self, block: u64) -> usize {
        (block / self.blocks_per_point()) as usize
    }

    /// The first chain of a block, counted within its point.
    pub fn first_chain(&self, block: u64) -> u64 {
        block % self.blocks_per_point() * self.block()
    }

    /// How many places of the row of [`LANES`] places that begins at `chain` (within a point) hold a chain.
    pub fn filled(&self, chain: u64) -> usize {
        self.chains.saturating_sub(chain).min(u64::from(LANES)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chain_has_exactly_one_place() {
        for (chains, points) in [
            (1, 1),
            (127, 3),
            (128, 1),
            (129, 2),
            (16_384, 2),
            (40_001, 3),
            (1 << 20, 1),
        ] {
            let layout = Layout::new(chains, points);
            let mut seen = vec![0u64; points];
            for block in 0..layout.blocks() {
                let point = layout.point_of(block);
                for row in 0..u64::from(layout.rows) {
                    let chain = layout.first_chain(block) + row * u64::from(LANES);
                    seen[point] += layout.filled(chain) as u64;
                }
            }
            assert_eq!(seen, vec![chains; points], "{layout:?}");
        }
    }

    #[test]
    fn a_block_has_at_most_16384_places_and_small_ensembles_waste_less_than_a_row() {
        assert_eq!(Layout::new(1 << 20, 1).block(), 16_384);
        assert_eq!(Layout::new(1_000, 64).block(), 1_024);
        assert_eq!(Layout::new(1, 1).block(), 128);
    }
}
