//! The inner loop: many steps of one row of chains, with all data in the first-level cache.

use super::examples::{Picks, Tables};
use super::noise::{NoiseWords, raw};
use super::rows::{LANES, NOT_DIVERGED};
use super::workspace::Workspace;
use crate::engine::results::ChainNoise;
use crate::engine::task::Task;
use crate::loss::Real;
use crate::plan::Segment;
use crate::random::{CacheAligned, NoiseBlock, uniform, variates_from_words};

/// Chains of one row in memory.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// State, one array of lanes per word.
    pub(super) memory: &'a mut [[u32; LANES]],
    /// Step at which each chain diverged, or [`NOT_DIVERGED`].
    pub(super) diverged: &'a mut [u32; LANES],
    /// Number in the sweep of the row's first chain.
    pub(super) first_chain: u64,
}

/// Largest |x| that a chain may have. Infinite values count as diverged even if the bound is infinite.
fn bound<T: Real + From<f32>>(task: &Task) -> T {
    let bound = T::from_f64(task.bound);
    let is_finite = bound * T::ZERO == T::ZERO;
    if is_finite { bound } else { f32::MAX.into() }
}

/// Runs the steps of a segment on a row.
///
/// A chain that diverges is stepped on to the end of the segment, because leaving it out would cost more. The step at
/// which it diverged is recorded exactly and its state is cleared at the end, so results do not depend on where segments
/// end.
#[inline(always)]
pub(super) fn run_segment<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    row: Row<'_>,
    segment: Segment,
) {
    let (rows, batch, shadow) = (space.step.as_mut(), &mut space.batch, &mut space.shadow);
    let size = task.state;
    shadow.load(task, row.memory, rows);
    let bound = bound(task);
    let mut diverged = CacheAligned(*row.diverged);
    let mut words = NoiseWords::new();
    let mut picks = (task.batch.as_ref()).map(|batch| Picks::new(task, batch, row.first_chain));

    let mut unrolled = space.noise.unrolled();
    let end = segment.begin + segment.steps;
    let mut step = segment.begin;
    while step < end {
        let (block, first_step) = task.position(step);
        let shared = task.addresses.steps_per_block;
        let (first_step, count) = if shared == 1 {
            (0, 1)
        } else {
            let count = u64::from(shared - first_step).min(end - step) as u32;
            (first_step, count)
        };
        (space.noise).begin_block(task, &mut words, block, row.first_chain, rows);
        let mut k = 0;
        while k < count {
            let first = (first_step + k) * task.addresses.width;
            if let Some(steps) = unrolled.filter(|unrolled| unrolled.steps() <= count - k) {
                space.before.copy_from_slice(&rows[..size]);
                (space.noise).draw_unrolled(task, &words, first, rows);
                if space.runner.run_unrolled(steps, rows, bound) {
                    k += steps.steps();
                    step += u64::from(steps.steps());
                    continue;
                }
                // A chain may have diverged. Repeat the steps one by one to find when, and go on so, because its lane
                // stays beyond the bound.
                rows[..size].copy_from_slice(&space.before);
                unrolled = None;
            }
            let program = (space.noise).draw(task, &mut words, block, first, row.first_chain, rows);
            if let Some(picks) = &mut picks {
                picks.fill_batch(step, tables, rows, batch.as_mut());
            }
            space.runner.run(program, rows);
            shadow.apply_step(task, step, row.first_chain, rows);
            k += 1;
            step += 1;
            let now = step.min(u64::from(NOT_DIVERGED - 1)) as u32;
            mark_beyond(&rows[..size], bound, now, &mut diverged.0);
        }
    }
    shadow.store(task, &rows[..size], row.memory);
    *row.diverged = diverged.0;
    clear_diverged(row);
}

/// Noise of the chains of one row in one noise block.
pub(super) fn chain_noise(task: &Task, block: u64, first_chain: u64) -> [ChainNoise; LANES] {
    let mut variates: NoiseBlock<LANES> = [[0; LANES]; 8];
    task.stream.rows(block, first_chain, raw(&mut variates));
    let random_words = *raw(&mut variates);
    variates_from_words(task.noise, &mut variates);
    std::array::from_fn(|lane| {
        let random_words = random_words.map(|row| row[lane]);
        let half = |first: usize| std::array::from_fn(|row| variates[first + row][lane]);
        ChainNoise {
            random_words,
            uniform_bits: random_words.map(|word| uniform(word).to_bits()),
            variates: half(0),
            more_variates: half(4),
        }
    })
}

/// Independent partial sums of squares in [`mark_beyond`]. With half as many, each addition would wait for the one before.
const PARTIAL_SUMS: usize = 32;

/// Records step `now` for chains with |x| > bound or NaN that had not diverged before.
#[inline(always)]
fn mark_beyond<T: Real>(state: &[[T; LANES]], bound: T, now: u32, diverged: &mut [u32; LANES]) {
    let square = bound * bound;
    for row in state {
        // Fast path: usually no lane exceeds the bound. Σx² < bound² proves it with one FMA per value, because a rounded sum
        // of squares is at least as large as each of them; NaN fails the test. "<" and not "≤": if bound² overflows or
        // underflows, the square of a larger number may equal it.
        let mut sums = [T::ZERO; PARTIAL_SUMS];
        for group in row.as_chunks::<PARTIAL_SUMS>().0 {
            for (sum, &x) in sums.iter_mut().zip(group) {
                *sum = x.mul_add(x, *sum);
            }
        }
        if sums.iter().all(|&sum| sum < square) {
            continue;
        }
        let is_beyond = |x: T| 1 - u32::from(x <= bound);
        for (diverged, x) in diverged.iter_mut().zip(row) {
            let seen = if is_beyond(x.abs()) == 0 {
                NOT_DIVERGED
            } else {
                now
            };
            *diverged = seen.min(*diverged);
        }
    }
}

/// Clears the state of diverged chains. Zero words mean the number zero in every precision.
#[inline(always)]
fn clear_diverged(row: Row<'_>) {
    for words in row.memory {
        for (word, &diverged) in words.iter_mut().zip(row.diverged.iter()) {
            if diverged != NOT_DIVERGED {
                *word = 0;
            }
        }
    }
}
