//! Assignment of chains to blocks of memory, which are also the units of summation.

/// Chains per row: the vectors of the CPU, and the stride of a device's partial sums.
pub const LANES: u32 = 128;

/// Largest number of rows in a block. A device sums one lane over all rows in f32, which is accurate for this many terms.
const MAX_ROWS: u64 = 128;

/// Division of an ensemble into blocks. It depends on the ensemble's size alone, so sums do not depend on tiles or workgroups.
///
/// Each sweep point (one η) has `chains` chains, in groups of `group` consecutive ones; the last group may be smaller. A group
/// fills whole blocks of `rows × LANES` slots; its last block ends with slots that hold no chain. Blocks of consecutive groups
/// and points follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Chains per sweep point.
    pub chains: u64,
    /// Sweep points.
    pub points: usize,
    /// Chains per group. No block contains chains of two groups.
    pub group: u64,
    /// Rows of [`LANES`] chains in a block.
    pub rows: u32,
}

impl Layout {
    /// Layout of `points` ensembles of `chains` chains each, in as few blocks as possible.
    pub fn new(chains: u64, points: usize) -> Self {
        Self::grouped(chains, points, chains, 1)
    }

    /// Layout with groups of `group` chains and at least about `blocks` blocks per point, as far as whole rows allow.
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

    /// Slots per block.
    pub fn block_slots(&self) -> u64 {
        u64::from(self.rows) * u64::from(LANES)
    }

    /// Blocks per point.
    pub fn blocks_per_point(&self) -> u64 {
        self.blocks_per_group() * self.chains.div_ceil(self.group)
    }

    /// Blocks per group.
    pub fn blocks_per_group(&self) -> u64 {
        self.group.div_ceil(self.block_slots())
    }

    /// Blocks of the whole sweep.
    pub fn blocks(&self) -> u64 {
        self.blocks_per_point() * self.points as u64
    }

    /// Sweep point of a block.
    pub fn point_of(&self, block: u64) -> usize {
        (block / self.blocks_per_point()) as usize
    }

    /// First chain of a block, counted within its point.
    pub fn first_chain(&self, block: u64) -> u64 {
        let within = block % self.blocks_per_point();
        let (group, block) = (
            within / self.blocks_per_group(),
            within % self.blocks_per_group(),
        );
        group * self.group + block * self.block_slots()
    }

    /// Number of leading slots of a block that hold a chain.
    pub fn filled(&self, block: u64) -> u64 {
        let within = block % self.blocks_per_point();
        let group_end = (within / self.blocks_per_group() + 1) * self.group;
        let end = group_end.min(self.chains);
        end.saturating_sub(self.first_chain(block))
            .min(self.block_slots())
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
    fn every_chain_has_exactly_one_slot() {
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
    fn a_block_has_at_most_16384_slots_and_small_ensembles_waste_less_than_a_row() {
        assert_eq!(Layout::new(1 << 20, 1).block_slots(), 16_384);
        for chains in [1, 100, 129, 5_000] {
            let layout = Layout::new(chains, 1);
            assert!(layout.blocks() * layout.block_slots() - chains < u64::from(LANES));
        }
    }

    #[test]
    fn blocks_keep_groups_apart_and_waste_few_slots() {
        let layout = Layout::grouped(1_000_000, 1, 15_625, 64);
        let groups = |block| {
            let first = layout.first_chain(block);
            (first / 15_625, (first + layout.filled(block) - 1) / 15_625)
        };
        assert!((0..layout.blocks()).all(|block| groups(block).0 == groups(block).1));
        assert!(layout.blocks() * layout.block_slots() < 1_010_000);
    }

    #[test]
    fn the_wanted_number_of_blocks_is_limited_by_whole_rows() {
        assert_eq!(
            Layout::grouped(65_536, 1, 65_536, 64).blocks_per_point(),
            64
        );
        assert_eq!(Layout::grouped(1_000, 1, 1_000, 64).blocks_per_point(), 8);
    }
}
