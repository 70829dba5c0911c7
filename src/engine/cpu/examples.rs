//! Examples for steps and measurements: random picks, and sums over examples.

use super::rows::{LANES, Rows};
use super::simd::{Loader, Runner, SimdLevel};
use crate::engine::task::{Batch, CHUNK, ExampleSum, Task};
use crate::loss::{Program, Real};
use crate::random::{Orders, pick};
use crate::spec::Sampling;

/// Data sets in the precision of the chains.
#[derive(Debug)]
pub(super) struct Tables<T> {
    pub(super) batch: Vec<T>,
    pub(super) data_passes: Vec<Vec<T>>,
    loader: Loader<T>,
}

impl<T: Real> Tables<T> {
    pub(super) fn new(task: &Task, level: SimdLevel) -> Self {
        let convert = |values: &[f64]| values.iter().map(|&value| T::from_f64(value)).collect();
        Self {
            batch: (task.batch.as_ref())
                .map_or_else(Vec::new, |batch| convert(&batch.table.values)),
            data_passes: (task.data_passes.iter())
                .map(|data_pass| convert(&data_pass.table.values))
                .collect(),
            loader: level.loader(),
        }
    }

    /// Loads one example of the batch's table per lane.
    #[inline(always)]
    fn load(&self, width: usize, indices: &[u32; LANES], rows: &mut [[T; LANES]]) {
        self.loader.load(&self.batch, width, indices, rows);
    }
}

/// Accumulator of sums over examples, one set of sums per lane.
#[derive(Debug)]
pub(super) struct ExampleAccumulator<T> {
    rows: Rows<T>,
    state: usize,
    sums: usize,
    /// Sums over complete chunks.
    totals: Vec<[T; LANES]>,
    /// Examples in the current chunk.
    chunk: u32,
    runner: Runner<T>,
}

impl<T: Real> ExampleAccumulator<T> {
    pub(super) fn new(task: &Task, sum: &ExampleSum, runner: Runner<T>) -> Self {
        Self {
            rows: Rows::for_program(&sum.program),
            state: task.state,
            sums: sum.sums,
            totals: vec![[T::ZERO; LANES]; sum.sums],
            chunk: 0,
            runner,
        }
    }

    /// Resets the sums for chains in the given state.
    #[inline(always)]
    pub(super) fn begin(&mut self, state: &[[T; LANES]]) {
        self.rows.as_mut()[..self.state].copy_from_slice(state);
        self.totals.fill([T::ZERO; LANES]);
        self.clear_chunk();
    }

    #[inline(always)]
    fn clear_chunk(&mut self) {
        let (first, sums) = (self.state, self.sums);
        self.rows.as_mut()[first..first + sums].fill([T::ZERO; LANES]);
        self.chunk = 0;
    }

    /// Rows that take the numbers of the next example.
    #[inline(always)]
    pub(super) fn example(&mut self) -> &mut [[T; LANES]] {
        let first = self.state + self.sums;
        &mut self.rows.as_mut()[first..]
    }

    /// Adds the example in [`Self::example`].
    #[inline(always)]
    pub(super) fn add(&mut self, program: &Program) {
        self.runner.run(program, self.rows.as_mut());
        self.chunk += 1;
        if self.chunk == CHUNK {
            self.close_chunk();
        }
    }

    #[inline(always)]
    fn close_chunk(&mut self) {
        let (first, sums) = (self.state, self.sums);
        let parts = &self.rows.as_mut()[first..first + sums];
        for (total, part) in self.totals.iter_mut().zip(parts) {
            for (total, &part) in total.iter_mut().zip(part) {
                *total = *total + part;
            }
        }
        self.clear_chunk();
    }

    /// Writes the sums.
    #[inline(always)]
    pub(super) fn finish(&mut self, into: &mut [[T; LANES]]) {
        self.close_chunk();
        into.copy_from_slice(&self.totals);
    }
}

/// Copies one example to all lanes.
#[inline(always)]
pub(super) fn broadcast<T: Real>(example: &[T], rows: &mut [[T; LANES]]) {
    for (row, &value) in rows.iter_mut().zip(example) {
        row.fill(value);
    }
}

/// Selection of examples for the chains of a row, step by step.
#[derive(Debug)]
pub(super) struct Picks<'a> {
    task: &'a Task,
    batch: &'a Batch,
    first_chain: u64,
    /// Random words of block `block` of the stream.
    random_words: [[u32; LANES]; 4],
    block: Option<u64>,
    /// Shuffled orders of one epoch.
    orders: Option<(u64, Orders<LANES>)>,
}

impl<'a> Picks<'a> {
    #[inline(always)]
    pub(super) fn new(task: &'a Task, batch: &'a Batch, first_chain: u64) -> Self {
        Self {
            task,
            batch,
            first_chain,
            random_words: [[0; LANES]; 4],
            block: None,
            orders: None,
        }
    }

    /// Writes the batch inputs of a step: one example, or sums over the batch.
    #[inline(always)]
    pub(super) fn fill_batch<T: Real>(
        &mut self,
        step: u64,
        tables: &Tables<T>,
        rows: &mut [[T; LANES]],
        accumulator: Option<&mut ExampleAccumulator<T>>,
    ) {
        let (width, first) = (self.batch.table.width, self.task.first_batch_input());
        let mut indices = [0; LANES];
        let (Some(accumulator), Some(sum)) = (accumulator, &self.batch.example_sum) else {
            self.pick(step, 0, &mut indices);
            tables.load(width, &indices, &mut rows[first..]);
            return;
        };
        accumulator.begin(&rows[..self.task.state]);
        if self.batch.sampling == Sampling::All {
            for example in tables.batch.chunks(width) {
                broadcast(example, accumulator.example());
                accumulator.add(&sum.program);
            }
        } else {
            for slot in 0..self.batch.size {
                self.pick(step, slot, &mut indices);
                tables.load(width, &indices, accumulator.example());
                accumulator.add(&sum.program);
            }
        }
        accumulator.finish(&mut rows[first..first + sum.sums]);
    }

    /// Selects the example of each lane for one slot of the batch.
    #[inline(always)]
    fn pick(&mut self, step: u64, slot: u32, indices: &mut [u32; LANES]) {
        if self.batch.sampling == Sampling::Shuffle {
            self.pick_in_order(step, slot, indices);
        } else {
            self.pick_with_replacement(step, slot, indices);
        }
    }

    #[inline(always)]
    fn pick_with_replacement(&mut self, step: u64, slot: u32, indices: &mut [u32; LANES]) {
        let (block, within) = self.task.addresses.locate(step, slot);
        if self.block != Some(block) {
            self.task
                .stream
                .rows(block, self.first_chain, &mut self.random_words);
            self.block = Some(block);
        }
        for (index, &word) in indices
            .iter_mut()
            .zip(&self.random_words[within as usize % 4])
        {
            *index = pick(word, self.batch.table.count);
        }
    }

    #[inline(always)]
    fn pick_in_order(&mut self, step: u64, slot: u32, indices: &mut [u32; LANES]) {
        let count = self.batch.table.count;
        let done = step * u64::from(self.batch.size) + u64::from(slot);
        let (epoch, position) = (done / u64::from(count), (done % u64::from(count)) as u32);
        match &self.orders {
            Some((known, orders)) if *known == epoch => orders.at(position, indices),
            _ => {
                let mut keys = [[0; LANES]; 4];
                self.task.stream.rows(epoch, self.first_chain, &mut keys);
                let orders = Orders::new(count, keys);
                orders.at(position, indices);
                self.orders = Some((epoch, orders));
            }
        }
    }
}
