//! Cutting an ensemble that does not fit into tiles that do.

use super::Layout;

/// Consecutive blocks that are held and advanced together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// First block, counted over the whole sweep.
    pub first_block: u64,
    /// Number of blocks.
    pub blocks: u64,
}

impl Tile {
    /// The blocks of this tile.
    pub fn range(&self) -> std::ops::Range<u64> {
        self.first_block..self.first_block + self.blocks
    }
}

/// Not even one block of chains fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{chains} chains of {bytes_per_chain} bytes need {needed} bytes together, and only {available} bytes may be used"
)]
pub struct TileError {
    /// Chains that must be held together.
    pub chains: u64,
    /// Bytes that one chain needs.
    pub bytes_per_chain: u64,
    /// Bytes needed.
    pub needed: u64,
    /// Bytes that may be used.
    pub available: u64,
}

/// Cuts the ensemble into as few tiles of equal size as fit into `bytes`, each of at most `most_chains` places.
///
/// # Errors
/// Where one block alone exceeds either limit.
pub fn tiles(
    layout: &Layout,
    bytes_per_chain: u64,
    bytes: u64,
    most_chains: u64,
) -> Result<Vec<Tile>, TileError> {
    let block_bytes = layout.block() * bytes_per_chain;
    let fit = (bytes / block_bytes).min(most_chains / layout.block());
    if fit == 0 {
        return Err(TileError {
            chains: layout.block(),
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
                    tile.blocks * layout.block() * 8 <= bytes,
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
