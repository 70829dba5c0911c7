//! The mapping from (seed, purpose, chain, block) to the generator's counter and key.

use super::threefry::{schedule, scramble, threefry4x32_13};

/// Version of all random streams; part of every key and written into every output.
///
/// It must rise whenever any number changes: by the generator, the address layout, the table of normals or the order of
/// draws in a block.
pub const STREAM_VERSION: u32 = 1;

/// Use of a random number; streams of different purposes share no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Starting points of chains.
    Start = 0,
    /// Gradient and Langevin noise.
    Noise = 1,
    /// Examples of a batch, drawn with replacement.
    Pick = 2,
    /// Stochastic rounding of the state.
    Rounding = 3,
    /// Resampling for error bars.
    Bootstrap = 4,
    /// Choice of the examples held out for validation.
    Split = 5,
    /// Order of the examples in an epoch.
    Shuffle = 6,
}

/// Random blocks of one seed and purpose; a block is four 32-bit words, addressed by chain and block number (2⁶⁴ of each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    seed: u64,
    purpose: Purpose,
}

impl Stream {
    /// The stream of `seed` for `purpose`; every (seed, purpose) pair has its own key.
    pub const fn new(seed: u64, purpose: Purpose) -> Self {
        Self { seed, purpose }
    }

    /// The stream of the same seed for another purpose.
    pub const fn of(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// The generator's key: seed (low, high), purpose, [`STREAM_VERSION`].
    #[inline(always)]
    pub const fn key(self) -> [u32; 4] {
        [
            self.seed as u32,
            (self.seed >> 32) as u32,
            self.purpose as u32,
            STREAM_VERSION,
        ]
    }

    /// The generator's five round keys, the same for all blocks of the stream.
    #[inline(always)]
    pub fn round_keys(self) -> [u32; 5] {
        schedule(self.key())
    }

    /// The four random words of `block` of `chain`; the generator's counter is block (low, high), chain (low, high).
    #[inline(always)]
    pub fn block(self, block: u64, chain: u64) -> [u32; 4] {
        threefry4x32_13(
            [
                block as u32,
                (block >> 32) as u32,
                chain as u32,
                (chain >> 32) as u32,
            ],
            self.key(),
        )
    }

    /// Fills `out[word][lane]` with the four random words of `block` for the `B` chains from `first_chain` on.
    ///
    /// Inlined, so that it vectorizes with the instruction set of its caller.
    #[inline(always)]
    pub fn rows<const B: usize>(self, block: u64, first_chain: u64, out: &mut [[u32; B]; 4]) {
        let keys = self.round_keys();
        let (low, high) = (first_chain as u32, (first_chain >> 32) as u32);
        if low.checked_add(B as u32).is_none() {
            return self.rows_one_by_one(block, first_chain, out);
        }
        let [a, b, c, d] = out;
        for lane in 0..B {
            let counter = [block as u32, (block >> 32) as u32, low + lane as u32, high];
            [a[lane], b[lane], c[lane], d[lane]] = scramble(counter, keys);
        }
    }

    /// [`Self::rows`] where the low half of a chain number may overflow, once in 2³² chains.
    ///
    /// Kept apart because adding the carry in every lane would cost 5 % of the time of [`Self::rows`].
    #[cold]
    fn rows_one_by_one<const B: usize>(
        self,
        block: u64,
        first_chain: u64,
        out: &mut [[u32; B]; 4],
    ) {
        for lane in 0..B {
            let words = self.block(block, first_chain.wrapping_add(lane as u64));
            for (row, word) in out.iter_mut().zip(words) {
                row[lane] = word;
            }
        }
    }
}
