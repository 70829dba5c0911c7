//! Random permutation of 0, …, n − 1 that is computed, not stored: the swap-or-not shuffle.
//!
//! Source: V. T. Hoang, B. Morris, P. Rogaway, "An enciphering scheme based on a card shuffle", CRYPTO 2012. In each round
//! x and its partner (pivot − x) mod n swap or stay, by a bit that depends on the pair alone. So every round, and their
//! composition, is a permutation for every n and every key. An element is never swapped in r rounds with probability 2⁻ʳ;
//! with [`ROUNDS`] rounds, the probability of each position is off by about 10⁻⁷ at most.
//! GPU counterpart: `shaders/permutation.wgsl`.

use super::uniform::pick;

/// Rounds of the shuffle.
pub(super) const ROUNDS: usize = 24;

/// Odd multiplier of the round number in the pivot's hash input: 2³² over the golden ratio.
pub(super) const PIVOT_STEP: u32 = 0x9E37_79B9;
/// Odd multiplier of the round number in the swap bit's hash input: a large prime.
pub(super) const SIDE_STEP: u32 = 0x85EB_CA77;
/// First multiplier of [`hash`].
pub(super) const HASH_1: u32 = 0x7FEB_352D;
/// Second multiplier of [`hash`].
pub(super) const HASH_2: u32 = 0x846C_A68B;

/// Random permutations of 0, …, `n` − 1, one for each of `B` chains.
#[derive(Debug, Clone)]
pub struct Orders<const B: usize> {
    n: u32,
    keys: [[u32; B]; 4],
    pivots: Box<[[u32; B]; ROUNDS]>,
}

impl<const B: usize> Orders<B> {
    /// One permutation per chain from four random words each: `keys[word][lane]`.
    #[inline(always)]
    pub fn new(n: u32, keys: [[u32; B]; 4]) -> Self {
        let mut pivots = Box::new([[0; B]; ROUNDS]);
        for (round, pivots) in pivots.iter_mut().enumerate() {
            for (pivot, &key) in pivots.iter_mut().zip(&keys[round % 4]) {
                *pivot = pick(hash(key.wrapping_add(step(PIVOT_STEP, round))), n);
            }
        }
        Self { n, keys, pivots }
    }

    /// Fills `out[lane]` with the element at `position` (below `n`) of each chain's permutation.
    #[inline(always)]
    pub fn at(&self, position: u32, out: &mut [u32; B]) {
        out.fill(position);
        for round in 0..ROUNDS {
            let (keys, pivots) = (&self.keys[(round + 1) % 4], &self.pivots[round]);
            for lane in 0..B {
                out[lane] = swap_or_not(out[lane], pivots[lane], keys[lane], round, self.n);
            }
        }
    }
}

/// Constant that separates the hash inputs of the rounds: `multiplier` · (`round` + 1).
#[inline(always)]
fn step(multiplier: u32, round: usize) -> u32 {
    multiplier.wrapping_mul(round as u32 + 1)
}

/// `x` or its partner after one round.
#[inline(always)]
fn swap_or_not(x: u32, pivot: u32, key: u32, round: usize, n: u32) -> u32 {
    let wrapped = if x > pivot { n } else { 0 };
    let partner = pivot.wrapping_add(wrapped).wrapping_sub(x);
    let pair = x.max(partner);
    let side = hash(pair.wrapping_add(key) ^ step(SIDE_STEP, round));
    if side >> 31 == 1 { partner } else { x }
}

/// Bijective 32-bit hash with low bias: "lowbias32" of C. Wellons, "Prospecting for hash functions", 2018.
#[inline(always)]
fn hash(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(HASH_1);
    x ^= x >> 15;
    x = x.wrapping_mul(HASH_2);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn order(n: u32, seed: u64, chain: u64, epoch: u64) -> Vec<u32> {
        let key = Stream::new(seed, Purpose::Shuffle).block(epoch, chain);
        let orders = Orders::<1>::new(n, key.map(|word| [word]));
        (0..n)
            .map(|position| {
                let mut out = [0];
                orders.at(position, &mut out);
                out[0]
            })
            .collect()
    }

    #[test]
    fn every_order_is_a_permutation() {
        let sizes = (1..=130).chain([255, 256, 257, 442, 1000, 4096, 20_190]);
        for n in sizes {
            for (chain, epoch) in [(0, 0), (1, 0), (0, 1), (12_345, 678)] {
                let mut seen = order(n, 7, chain, epoch);
                seen.sort_unstable();
                assert!(
                    seen.iter().copied().eq(0..n),
                    "{n} elements, chain {chain}, epoch {epoch}"
                );
            }
        }
    }

    #[test]
    fn orders_differ_between_chains_epochs_and_seeds() {
        let first = order(100, 1, 0, 0);
        assert_ne!(first, order(100, 1, 1, 0), "another chain");
        assert_ne!(first, order(100, 1, 0, 1), "another epoch");
        assert_ne!(first, order(100, 2, 0, 0), "another seed");
        assert_eq!(first, order(100, 1, 0, 0), "the same again");
    }

    /// χ² statistic of counts with equal expectations, in standard deviations from its mean (for many degrees of freedom).
    fn excess(counts: &[u64]) -> f64 {
        let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        let chi2: f64 = counts
            .iter()
            .map(|&count| (count as f64 - expected).powi(2) / expected)
            .sum();
        let freedom = counts.len() as f64 - 1.0;
        (chi2 - freedom) / (2.0 * freedom).sqrt()
    }

    /// Counts all 24 orders of four elements; for larger sizes, the positions of elements and the first pair of elements.
    /// Each χ² is within 5 standard deviations with probability 1 − 10⁻⁵ (its skew included), and the seed is fixed.
    #[test]
    fn orders_positions_and_pairs_are_equally_likely() {
        let mut orders = [0u64; 256];
        for chain in 0..240_000 {
            let code = order(4, 3, chain, 0)
                .iter()
                .fold(0, |code, &x| code * 4 + x);
            orders[code as usize] += 1;
        }
        let possible: Vec<u64> = orders.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(possible.len(), 24, "all orders occur");
        assert!(
            excess(&possible).abs() < 5.0,
            "orders of four: {}",
            excess(&possible)
        );
        for n in [2u32, 3, 5, 7, 16, 23] {
            let size = n as usize;
            let mut positions = vec![0u64; size * size];
            let mut neighbors = vec![0u64; size * size];
            for chain in 0..100_000 {
                let order = order(n, 5, chain, 1);
                for (position, &x) in order.iter().enumerate() {
                    positions[position * size + x as usize] += 1;
                }
                neighbors[order[0] as usize * size + order[1] as usize] += 1;
            }
            for (position, counts) in positions.chunks(size).enumerate() {
                assert!(
                    excess(counts).abs() < 5.0,
                    "position {position} of {n}: {}",
                    excess(counts)
                );
            }
            let pairs: Vec<u64> = (0..size * size)
                .filter(|i| i / size != i % size)
                .map(|i| neighbors[i])
                .collect();
            assert!(
                excess(&pairs).abs() < 5.0,
                "pairs of {n}: {}",
                excess(&pairs)
            );
        }
    }

    /// Values of stream version 1.
    #[test]
    fn orders_do_not_change() {
        assert_eq!(order(10, 1, 0, 0), [7, 4, 5, 0, 9, 2, 3, 8, 6, 1]);
    }
}
