//! Where a chain lies in memory, and with whom it is summed.

/// Chains that lie side by side: one row of the CPU's vector code, and the stride of a device's partial sums.
pub const LANES: u32 = 128;

/// The most rows of [`LANES`] chains in one block, so that a partial sum has at most this many terms and f32 keeps it.
const MAX_ROWS: u64 = 128;

/// The grouping of an ensemble, fixed by its size alone so that sums do not depend on tiles or workgroups.
///
/// Each point of a sweep (one η) owns `chains` chains, in groups of `group` consecutive ones of which the last may be
/// smaller. Every group fills whole blocks of `rows × LANES` chains; its last block is padded with places that no chain
/// fills. Blocks of consecutive groups and points follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Chains per point.
    pub chains: u64,
    /// Points of the sweep.
    pub points: usize,
    /// Chains that no block mixes with others.
    pub group: u64,
    /// Rows of [`LANES`] chains in a block.
    pub rows: u32,
}

impl Layout {
    /// The layout of `points` ensembles of `chains` chains each, in as few blocks as possible.
    pub fn new(chains: u64, points: usize) -> Self {
        Self::grouped(chains, points, chains, 1)
    }

    /// Such a layout whose blocks keep to groups of `group` chains, with about `blocks` blocks for each point at least, as far as
    /// rows are not cut.
    pub fn grouped(chains: u64, points: usize, group: u64, blocks: u64) -> Self {
        let group = group.clamp(1, chains.max(1));
        let groups = chains.div_ceil(group).max(1);
        let rows = group.div_ceil(u64::from(LANES));
        let pieces = blocks.div_ceil(groups).max(rows.div_ceil(MAX_ROWS));
        let rows = rows.div_ceil(pieces.max(1)).max(1);
        Self {
            chains,
            points,
            group,
            rows: rows as u32,
        }
    }

    /// Places in a block.
    pub fn block(&self) -> u64 {
        u64::from(self.rows) * u64::from(LANES)
    }

    /// Blocks that one point fills.
    pub fn blocks_per_point(&self) -> u64 {
        self.blocks_per_group() * self.chains.div_ceil(self.group)
    }

    /// Blocks that one group fills.
    pub fn blocks_per_group(&self) -> u64 {
        self.group.div_ceil(self.block())
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
        let within = block % self.blocks_per_point();
        let (group, block) = (
            within / self.blocks_per_group(),
            within % self.blocks_per_group(),
        );
        group * self.group + block * self.block()
    }

    /// How many places of a block hold a chain: the first ones.
    pub fn filled(&self, block: u64) -> u64 {
        let within = block % self.blocks_per_point();
        let group_end = (within / self.blocks_per_group() + 1) * self.group;
        let end = group_end.min(self.chains);
        end.saturating_sub(self.first_chain(block))
            .min(self.block())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layouts() -> Vec<Layout> {
        let plain = [
            (1, 1),
            (127, 3),
            (128, 1),
            (129, 2),
            (16_384, 2),
            (40_001, 3),
            (1 << 20, 1),
        ];
        let grouped = [
            (1_000_000, 2, 15_625, 64),
            (65_536, 1, 65_536, 64),
            (10_000, 3, 5_000, 64),
            (9_999, 1, 1_024, 1),
            (300, 2, 300, 64),
        ];
        (plain.into_iter().map(|(c, p)| Layout::new(c, p)))
            .chain(
                grouped
                    .into_iter()
                    .map(|(c, p, g, b)| Layout::grouped(c, p, g, b)),
            )
            .collect()
    }

    #[test]
    fn every_chain_has_exactly_one_place() {
        for layout in layouts() {
            let mut next = vec![0u64; layout.points];
            for block in 0..layout.blocks() {
                let point = layout.point_of(block);
                assert!(layout.filled(block) > 0, "no empty block: {layout:?}");
                assert_eq!(layout.first_chain(block), next[point], "{layout:?}");
                next[point] += layout.filled(block);
            }
            assert_eq!(next, vec![layout.chains; layout.points], "{layout:?}");
        }
    }

    #[test]
    fn a_block_has_at_most_16384_places_and_small_ensembles_waste_less_than_a_row() {
        assert_eq!(Layout::new(1 << 20, 1).block(), 16_384);
        for chains in [1, 100, 129, 5_000] {
            let layout = Layout::new(chains, 1);
            assert!(layout.blocks() * layout.block() - chains < u64::from(LANES));
        }
    }

    #[test]
    fn groups_are_not_mixed_and_waste_little() {
        let layout = Layout::grouped(1_000_000, 1, 15_625, 64);
        let groups = |block| {
            let first = layout.first_chain(block);
            (first / 15_625, (first + layout.filled(block) - 1) / 15_625)
        };
        assert!((0..layout.blocks()).all(|block| groups(block).0 == groups(block).1));
        assert!(layout.blocks() * layout.block() < 1_010_000);
    }

    #[test]
    fn blocks_are_as_many_as_wanted_where_rows_allow() {
        assert_eq!(
            Layout::grouped(65_536, 1, 65_536, 64).blocks_per_point(),
            64
        );
        assert_eq!(Layout::grouped(1_000, 1, 1_000, 64).blocks_per_point(), 8);
    }
}
