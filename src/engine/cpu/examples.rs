//! What steps and measurements take from examples: picks, and sums over them.

use super::level::{Loader, Runner, SimdLevel};
use super::row::{LANES, Rows};
use crate::engine::{Batch, CHUNK, ExampleSum, Task};
use crate::loss::{Program, Real};
use crate::random::{Orders, pick};
use crate::spec::Sampling;

/// The data sets in the precision of the chains.
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

    /// The examples of a batch that stand at given places of its table.
    #[inline(always)]
    fn load(&self, width: usize, indices: &[u32; LANES], rows: &mut [[T; LANES]]) {
        self.loader.load(&self.batch, width, indices, rows);
    }
}

/// Sums over examples, one set for each lane.
#[derive(Debug)]
pub(super) struct Gathering<T> {
    rows: Rows<T>,
    state: usize,
    sums: usize,
    /// Sums of whole chunks.
    totals: Vec<[T; LANES]>,
    /// Examples in the chunk that is being summed.
    chunk: u32,
    runner: Runner<T>,
}

impl<T: Real> Gathering<T> {
    pub(super) fn new(task: &Task, example_sum: &ExampleSum, runner: Runner<T>) -> Self {
        Self {
            rows: Rows::for_program(&example_sum.program),
            state: task.state,
            sums: example_sum.sums,
            totals: vec![[T::ZERO; LANES]; example_sum.sums],
            chunk: 0,
            runner,
        }
    }

    /// Starts anew for chains in this state.
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

    /// The rows for the numbers of the next example.
    #[inline(always)]
    pub(super) fn example(&mut self) -> &mut [[T; LANES]] {
        let first = self.state + self.sums;
        &mut self.rows.as_mut()[first..]
    }

    /// Adds the example.
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

    /// Gives the sums.
    #[inline(always)]
    pub(super) fn finish(&mut self, into: &mut [[T; LANES]]) {
        self.close_chunk();
        into.copy_from_slice(&self.totals);
    }
}

/// The same example in every lane.
#[inline(always)]
pub(super) fn broadcast<T: Real>(example: &[T], rows: &mut [[T; LANES]]) {
    for (row, &value) in rows.iter_mut().zip(example) {
        row.fill(value);
    }
}

/// Which examples the chains of a row take, step after step.
#[derive(Debug)]
pub(super) struct Picks<'a> {
    task: &'a Task,
    batch: &'a Batch,
    first_chain: u64,
    /// The words of block `block` of the stream.
    words: [[u32; LANES]; 4],
    block: Option<u64>,
    /// The orders of an epoch.
    orders: Option<(u64, Orders<LANES>)>,
}

impl<'a> Picks<'a> {
    #[inline(always)]
    pub(super) fn new(task: &'a Task, batch: &'a Batch, first_chain: u64) -> Self {
        Self {
            task,
            batch,
            first_chain,
            words: [[0; LANES]; 4],
            block: None,
            orders: None,
        }
    }

    /// Puts what a step takes from the batch into its rows.
    #[inline(always)]
    pub(super) fn serve<T: Real>(
        &mut self,
        step: u64,
        tables: &Tables<T>,
        rows: &mut [[T; LANES]],
        gathering: Option<&mut Gathering<T>>,
    ) {
        let (width, first) = (self.batch.table.width, self.task.first_of_batch());
        let mut indices = [0; LANES];
        let (Some(gathering), Some(example_sum)) = (gathering, &self.batch.example_sum) else {
            self.pick(step, 0, &mut indices);
            tables.load(width, &indices, &mut rows[first..]);
            return;
        };
        gathering.begin(&rows[..self.task.state]);
        if self.batch.sampling == Sampling::All {
            for example in tables.batch.chunks(width) {
                broadcast(example, gathering.example());
                gathering.add(&example_sum.program);
            }
        } else {
            for slot in 0..self.batch.size {
                self.pick(step, slot, &mut indices);
                tables.load(width, &indices, gathering.example());
                gathering.add(&example_sum.program);
            }
        }
        gathering.finish(&mut rows[first..first + example_sum.sums]);
    }

    /// The example of each lane in one slot of the batch.
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
                .rows(block, self.first_chain, &mut self.words);
            self.block = Some(block);
        }
        for (index, &word) in indices.iter_mut().zip(&self.words[within as usize % 4]) {
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
