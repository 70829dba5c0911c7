//! Tiles: parts of an ensemble that fit into memory.

use super::layout::Layout;

/// Consecutive blocks that an engine holds at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// First block, counted over the whole sweep.
    pub first_block: u64,
    /// Number of blocks.
    pub blocks: u64,
}

impl Tile {
    /// Blocks of this tile.
    pub fn range(&self) -> std::ops::Range<u64> {
        self.first_block..self.first_block + self.blocks
    }
}

/// A single block of chains that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{chains} chains of {bytes_per_chain} bytes need {needed} bytes in total, and only {available} bytes may be used"
)]
pub struct TileError {
    /// Chains in a block.
    pub chains: u64,
    /// Bytes per chain.
    pub bytes_per_chain: u64,
    /// Bytes that the block needs.
    pub needed: u64,
    /// Bytes available.
    pub available: u64,
}

/// Divides the ensemble into as few tiles of equal size as possible, each within `bytes` and `most_chains` slots.
///
/// # Errors
/// One block alone exceeds either limit.
pub fn tiles(
    layout: &Layout,
    bytes_per_chain: u64,
    bytes: u64,
    most_chains: u64,
) -> Result<Vec<Tile>, TileError> {
    let block_bytes = layout.block_slots() * bytes_per_chain;
    let fit = (bytes / block_bytes).min(most_chains / layout.block_slots());
    if fit == 0 {
        return Err(TileError {
            chains: layout.block_slots(),
            bytes_per_chain,
            needed: block_bytes,
            available: bytes.min(most_chains * bytes_per_chain),
        });
    }
    let count = layout.blocks().div_ceil(fit);
    let size = layout.blocks().div_ceil(count);
    Ok((0..layout.blocks())
        .step_by(size as usize)
        .map(|first_block| Tile {
            first_block,
            blocks: size.min(layout.blocks() - first_block),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_block_once() {
        let layout = Layout::new(1 << 20, 3);
        for bytes in [1 << 17, 1 << 20, 1 << 30] {
            let tiles = tiles(&layout, 8, bytes, u64::MAX).expect("fits");
            let mut next = 0;
            for tile in &tiles {
                assert_eq!(tile.first_block, next, "no gap and no overlap");
                assert!(
                    tile.blocks * layout.block_slots() * 8 <= bytes,
                    "within the limit"
                );
                next += tile.blocks;
            }
            assert_eq!(next, layout.blocks(), "all of them");
        }
    }

    #[test]
    fn a_block_that_does_not_fit_is_an_error_with_both_sizes() {
        let error = tiles(&Layout::new(1 << 20, 1), 4_000, 1 << 20, u64::MAX).unwrap_err();
        assert_eq!(error.needed, 16_384 * 4_000, "what is needed");
        assert_eq!(error.available, 1 << 20, "what there is");
    }
}
