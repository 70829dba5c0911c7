//! The reference engine: every core, vector instructions chosen at run time, f32 or f64.

mod examples;
mod level;
mod load;
mod memory;
mod noise;
mod row;

pub use level::SimdLevel;

use super::error::EngineError;
use super::interface::{Engine, Inspect};
use super::results::{AtPoint, ChainNoise, Divergence, Observation};
use super::task::{Bins, Task};
use crate::loss::Real;
use crate::measure::{Bin, Comoments, Histogram, Moments};
use crate::plan::{Checkpoint, Tile};
use crate::spec::Precision;
use examples::Tables;
use rayon::prelude::*;
use row::{LANES, NOT_DIVERGED, Row, Sample, Workspace};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Rows that are measured before their moments are joined: enough for every core, and few beside the state of a large ensemble.
const WAVE: usize = 512;

/// Pieces of work for each thread where some chains have more steps to do than others.
const PIECES: usize = 32;

/// Moments that one thread merges at least: some microseconds.
const MERGED: usize = 256;

/// Steps of one row that one thread takes at least: some ten microseconds. Of larger pieces the last leave threads idle.
const STEPS_TOGETHER: u64 = 128;

/// Rows that one thread measures at least, likewise.
const MEASURED_TOGETHER: u64 = 2;

/// Chains on the CPU, in the precision `T`.
#[derive(Debug)]
pub struct Cpu<T> {
    task: Task,
    tables: Tables<T>,
    level: SimdLevel,
    tile: Tile,
    /// Rows of the tile one after the other, each with one array of lanes per word of the state.
    memory: Vec<[u32; LANES]>,
    diverged: Vec<[u32; LANES]>,
    /// Where each point's steps and schedule are now.
    now: Vec<(u64, usize)>,
    /// The points that measurements look at.
    watched: Vec<bool>,
    /// One for each thread that was there, kept from call to call.
    spaces: Vec<Mutex<Option<Workspace<T>>>>,
}

/// One block's place in the tile.
#[derive(Debug, Clone, Copy)]
struct BlockPlace {
    point: usize,
    /// First chain within the point.
    chain: u64,
    /// Places that hold a chain: the first ones.
    filled: u64,
}

impl BlockPlace {
    /// Lanes of one of the block's rows that hold a chain: the first ones.
    fn filled_in_row(self, row: usize) -> usize {
        self.filled
            .saturating_sub((row * LANES) as u64)
            .min(LANES as u64) as usize
    }
}

impl<T: Real + From<f32>> Cpu<T> {
    /// An engine with the processor's best vector instructions.
    pub fn new(task: Task) -> Self {
        Self::with_level(task, SimdLevel::best())
    }

    /// An engine with given vector instructions, which must be among [`SimdLevel::available`].
    pub fn with_level(mut task: Task, level: SimdLevel) -> Self {
        assert!(
            SimdLevel::available().contains(&level),
            "the processor has {level:?}"
        );
        // Floats are those that steps compute with.
        if task.precision == Precision::F32 && size_of::<T>() == size_of::<f64>() {
            task.precision = Precision::F64;
        }
        assert_eq!(
            size_of::<T>() / size_of::<u32>(),
            task.width().words(),
            "{:?} holds what another precision computes",
            task.precision
        );
        let now = vec![(0, 0); task.layout.points];
        Self {
            watched: vec![true; now.len()],
            tables: Tables::new(&task, level),
            task,
            level,
            tile: Tile {
                first_block: 0,
                blocks: 0,
            },
            memory: Vec::new(),
            diverged: Vec::new(),
            now,
            spaces: Vec::new(),
        }
    }

    /// Bytes that one chain takes in memory.
    pub fn bytes_per_chain(task: &Task) -> u64 {
        ((task.words() + 1) * size_of::<u32>()) as u64
    }

    fn block_place(&self, index: usize) -> BlockPlace {
        let block = self.tile.first_block + index as u64;
        BlockPlace {
            point: self.task.layout.point_of(block),
            chain: self.task.layout.first_chain(block),
            filled: self.task.layout.filled(block),
        }
    }

    fn rows_per_block(&self) -> usize {
        self.task.layout.rows as usize
    }

    /// Sets every chain to `value(parameter, index of the chain in the tile, its number in the sweep)`.
    fn write_states(&mut self, value: impl Fn(usize, usize, u64) -> f64 + Sync) {
        let mut memory = std::mem::take(&mut self.memory);
        let (this, rows) = (&*self, self.rows_per_block());
        let before: Vec<usize> = (0..this.tile.blocks as usize)
            .scan(0, |sum, index| {
                Some(std::mem::replace(
                    sum,
                    *sum + this.block_place(index).filled as usize,
                ))
            })
            .collect();
        memory
            .par_chunks_mut(this.words())
            .enumerate()
            .for_each(|(row, words)| {
                let place = this.block_place(row / rows);
                let offset = row % rows * LANES;
                let chain = place.chain + offset as u64;
                for (word, lanes) in words.iter_mut().enumerate() {
                    for (lane, slot) in lanes
                        .iter_mut()
                        .enumerate()
                        .take(place.filled_in_row(row % rows))
                    {
                        let number = this.task.chain_number(place.point, chain + lane as u64);
                        let index = before[row / rows] + offset + lane;
                        *slot = this.task.word(word, |k| value(k, index, number));
                    }
                }
            });
        self.memory = memory;
    }

    /// Rows of words of one row of chains.
    fn words(&self) -> usize {
        self.task.words()
    }

    /// Makes room for the workspaces of all threads.
    fn make_room(&mut self) {
        let wanted = rayon::current_num_threads().max(self.spaces.len());
        self.spaces.resize_with(wanted, Mutex::default);
    }

    /// Calls `work` with the workspace of this thread, ready for a point.
    fn with_space(&self, point: usize, work: impl FnOnce(&mut Workspace<T>)) {
        // Work that was not divided stays with the thread that called, which need not be one of the pool.
        let thread = rayon::current_thread_index().unwrap_or(0);
        // A row takes nothing from the one before, not even from one that a panic ended.
        let mut space = (self.spaces[thread].lock()).unwrap_or_else(PoisonError::into_inner);
        let space = space.get_or_insert_with(|| Workspace::new(&self.task, self.level));
        space.go_to(&self.task, point, self.now[point].1);
        work(space);
    }

    /// Calls `visit(block, place, rows of words, diverged rows)` for all blocks in parallel and returns what it gave, in
    /// the order of the blocks.
    fn per_block<R: Send>(
        &mut self,
        visit: impl Fn(&Self, BlockPlace, &[[u32; LANES]], &mut [[u32; LANES]]) -> R + Sync,
    ) -> Vec<(usize, u64, R)> {
        let rows = self.rows_per_block();
        self.make_room();
        let mut diverged = std::mem::take(&mut self.diverged);
        let this = &*self;
        let results = (this.memory.par_chunks(rows * this.words()))
            .zip(diverged.par_chunks_mut(rows))
            .enumerate()
            .map(|(index, (memory, diverged))| {
                let place = this.block_place(index);
                (
                    place.point,
                    place.chain,
                    visit(this, place, memory, diverged),
                )
            })
            .collect();
        self.diverged = diverged;
        results
    }
}

/// The lanes of a row that hold chains which have not left.
fn alive<'a>(diverged: &'a [u32; LANES], filled: usize) -> impl Iterator<Item = usize> + 'a {
    (0..filled).filter(|&lane| diverged[lane] == NOT_DIVERGED)
}

impl<T: Real + From<f32>> Engine for Cpu<T> {
    fn init_tile(&mut self, tile: Tile) -> Result<(), EngineError> {
        self.tile = tile;
        self.now.fill((0, 0));
        self.watched.fill(true);
        let total = tile.blocks as usize * self.rows_per_block();
        self.memory.clear();
        self.memory.resize(total * self.words(), [0; LANES]);
        self.diverged.clear();
        self.diverged.resize(total, [NOT_DIVERGED; LANES]);
        let start = self.task.start.clone();
        self.write_states(|k, _, number| start.value(k, number));
        Ok(())
    }

    fn step(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        for (now, segment) in self.now.iter_mut().zip(&checkpoint.segments) {
            *now = (segment.begin, checkpoint.phase);
        }
        let (words, rows) = (self.words(), self.rows_per_block());
        self.make_room();
        let mut memory = std::mem::take(&mut self.memory);
        let mut diverged = std::mem::take(&mut self.diverged);
        let longest = checkpoint
            .segments
            .iter()
            .map(|segment| segment.steps)
            .max()
            .unwrap_or(0);
        let together = together(diverged.len(), STEPS_TOGETHER / longest.max(1));
        let this = &*self;
        // Segments of equal time differ in their steps, and a piece once begun is not divided: then there have to be many.
        let uneven = checkpoint
            .segments
            .windows(2)
            .any(|segments| segments[0].steps != segments[1].steps);
        let piece = if uneven {
            diverged.len() / (PIECES * rayon::current_num_threads())
        } else {
            diverged.len()
        };
        // Rows and not blocks are the unit of work, so that small ensembles use every core too.
        (memory.par_chunks_mut(words))
            .zip(diverged.par_iter_mut())
            .enumerate()
            .with_min_len(together)
            .with_max_len(piece.max(together))
            .for_each(|(row, (memory, diverged))| {
                let place = this.block_place(row / rows);
                let chain = place.chain + (row % rows * LANES) as u64;
                let filled = place.filled_in_row(row % rows);
                let segment = checkpoint.segments[place.point];
                // Not where there is no chain, or none that has not left.
                if alive(diverged, filled).next().is_some() {
                    let row = Row {
                        memory,
                        diverged,
                        first_chain: this.task.chain_number(place.point, chain),
                    };
                    this.with_space(place.point, |space| {
                        this.level
                            .advance(&this.task, &this.tables, space, row, segment);
                    });
                }
                progress(filled as u64 * segment.steps);
            });
        self.memory = memory;
        self.diverged = diverged;
        for (now, segment) in self.now.iter_mut().zip(&checkpoint.segments) {
            now.0 += segment.steps;
        }
        Ok(())
    }

    fn set_active_points(&mut self, points: &[bool]) {
        self.watched.copy_from_slice(points);
    }

    fn observe(&mut self) -> Result<Vec<Observation>, EngineError> {
        let (rows, words) = (self.rows_per_block(), self.words());
        let outputs = self.task.observe.output_count();
        self.make_room();
        let mut diverged = std::mem::take(&mut self.diverged);
        let this = &*self;
        let wave = (WAVE / rows).max(1) * rows;
        let mut moments = vec![Moments::default(); wave.min(diverged.len()) * outputs];
        let mut blocks = Vec::new();
        for (number, (memory, diverged)) in (this.memory.chunks(wave * words))
            .zip(diverged.chunks_mut(wave))
            .enumerate()
        {
            let moments = &mut moments[..diverged.len() * outputs];
            this.measure(number * wave, memory, diverged, moments);
            let merged = moments.par_chunks(rows * outputs).map(|rows| {
                let mut all = vec![Moments::default(); outputs];
                for row in rows.chunks(outputs) {
                    (all.iter_mut().zip(row)).for_each(|(a, b)| a.merge(b));
                }
                all
            });
            blocks.par_extend(merged.with_min_len(MERGED.div_ceil(rows * outputs)));
        }
        self.diverged = diverged;
        let mut observations: Vec<Observation> = Vec::new();
        for (index, moments) in blocks.into_iter().enumerate() {
            let place = self.block_place(index);
            if !self.watched[place.point] {
                continue;
            }
            match observations.last_mut() {
                Some(last) if last.point == place.point => last.blocks.push(moments),
                _ => observations.push(Observation {
                    point: place.point,
                    first: place.chain == 0,
                    blocks: vec![moments],
                }),
            }
        }
        Ok(observations)
    }

    fn covariance(&mut self) -> Result<Vec<AtPoint<Vec<Comoments>>>, EngineError> {
        let blocks = self.per_block(|this, place, memory, diverged| {
            let mut columns = vec![Vec::new(); this.task.parameters];
            let mut numbers = vec![[T::ZERO; LANES]; this.task.state];
            for (row, (memory, diverged)) in memory.chunks(this.words()).zip(diverged).enumerate() {
                let filled = place.filled_in_row(row);
                memory::read(&this.task, memory, &mut numbers);
                for lane in alive(diverged, filled) {
                    for (column, values) in columns.iter_mut().zip(&numbers) {
                        column.push(values[lane].to_f64());
                    }
                }
            }
            vec![Comoments::from_columns(&columns)]
        });
        Ok(merge_points(blocks, |a, b| a.extend(b)))
    }

    fn histograms(
        &mut self,
        bins: &[Vec<Bins>],
    ) -> Result<Vec<AtPoint<Vec<Histogram>>>, EngineError> {
        self.make_room();
        let (rows, this) = (self.rows_per_block(), &*self);
        let empty = |point: usize| -> Vec<Histogram> {
            (bins[point].iter().cloned().map(Histogram::new)).collect()
        };
        // Counts for each piece of the blocks and not for each block: setting thousands of bins to zero and adding them up costs as
        // much as counting thousands of chains.
        let counted = (this.memory.par_chunks(rows * this.words()))
            .zip(this.diverged.par_chunks(rows))
            .enumerate()
            .fold(BTreeMap::new, |mut points, (index, (memory, diverged))| {
                let place = this.block_place(index);
                let histograms = (points.entry(place.point)).or_insert_with(|| empty(place.point));
                this.count(place, memory, diverged, histograms);
                points
            })
            .reduce_with(|mut all, more| {
                for (point, histograms) in more {
                    let into = all.entry(point).or_insert_with(|| empty(point));
                    for (a, b) in into.iter_mut().zip(&histograms) {
                        a.merge(b);
                    }
                }
                all
            });
        Ok((counted.into_iter().flatten())
            .map(|(point, value)| AtPoint { point, value })
            .collect())
    }

    fn divergence(&mut self) -> Result<Vec<AtPoint<Divergence>>, EngineError> {
        let blocks = self.per_block(|_, place, _, diverged| {
            // Places that no chain fills run too, and may leave.
            let left = diverged.iter().enumerate().flat_map(|(row, diverged)| {
                let filled = place.filled_in_row(row);
                diverged[..filled]
                    .iter()
                    .copied()
                    .filter(|&step| step != NOT_DIVERGED)
            });
            Divergence {
                count: left.clone().count() as u64,
                first_step: left.min().map(u64::from),
            }
        });
        Ok(merge_points(blocks, |a, b| a.merge(b)))
    }
}

impl<T: Real + From<f32>> Inspect for Cpu<T> {
    fn set_states(&mut self, states: &[f64]) -> Result<(), EngineError> {
        let size = self.task.state;
        self.diverged.fill([NOT_DIVERGED; LANES]);
        self.write_states(|k, index, _| states[index * size + k]);
        Ok(())
    }

    fn states(&mut self) -> Result<Vec<f64>, EngineError> {
        let (rows, size) = (self.rows_per_block(), self.task.state);
        let filled = |row: usize| self.block_place(row / rows).filled_in_row(row % rows);
        let mut states = vec![0.0; (0..self.diverged.len()).map(filled).sum::<usize>() * size];
        let mut rest = &mut states[..];
        let slots: Vec<&mut [f64]> = (0..self.diverged.len())
            .filter_map(|row| rest.split_off_mut(..filled(row) * size))
            .collect();
        (self.memory.par_chunks(self.words()))
            .zip(&self.diverged)
            .zip(slots)
            .for_each(|((memory, diverged), slots)| {
                for ((lane, &diverged), state) in
                    diverged.iter().enumerate().zip(slots.chunks_mut(size))
                {
                    for (k, number) in state.iter_mut().enumerate() {
                        *number = match diverged {
                            NOT_DIVERGED => self.task.number(k, |word| memory[word][lane]),
                            _ => f64::NAN,
                        };
                    }
                }
            });
        Ok(states)
    }

    fn values(&mut self) -> Result<Vec<f64>, EngineError> {
        let blocks = self.per_block(|this, place, memory, diverged| {
            let outputs = this.task.observe.output_count();
            let mut values = Vec::new();
            if !this.watched[place.point] {
                return values;
            }
            for (row, (memory, diverged)) in memory.chunks(this.words()).zip(diverged).enumerate() {
                let filled = place.filled_in_row(row);
                this.with_space(place.point, |space| {
                    row::observe(&this.task, &this.tables, space, memory);
                    for (lane, &diverged) in diverged.iter().enumerate().take(filled) {
                        let value = |k: usize| space.observed(&this.task, k)[lane].to_f64();
                        let stayed = diverged == NOT_DIVERGED;
                        values
                            .extend((0..outputs).map(|k| if stayed { value(k) } else { f64::NAN }));
                    }
                });
            }
            values
        });
        Ok(blocks
            .into_iter()
            .flat_map(|(_, _, values)| values)
            .collect())
    }

    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<ChainNoise>, EngineError> {
        let (first, _) = self.task.position(step);
        let mut drawn = Vec::new();
        for block in first..first + u64::from(count) {
            let rows = self.per_block(|this, place, _, diverged| {
                let number = this.task.chain_number(place.point, place.chain);
                let rows = (0..diverged.len())
                    .map(|row| row::drawn(&this.task, block, number + (row * LANES) as u64));
                rows.collect::<Vec<_>>()
            });
            drawn.extend(rows.into_iter().flat_map(|(_, _, rows)| rows).flatten());
        }
        Ok(drawn)
    }
}

impl<T: Real + From<f32>> Cpu<T> {
    /// Counts the chains of a block that have not left.
    fn count(
        &self,
        place: BlockPlace,
        memory: &[[u32; LANES]],
        diverged: &[[u32; LANES]],
        histograms: &mut [Histogram],
    ) {
        for (row, (memory, diverged)) in memory.chunks(self.words()).zip(diverged).enumerate() {
            let filled = place.filled_in_row(row);
            self.with_space(place.point, |space| {
                row::observe(&self.task, &self.tables, space, memory);
                for (histogram, request) in histograms.iter_mut().zip(&self.task.histograms) {
                    for lane in alive(diverged, filled) {
                        let bin = |axis: usize| -> Bin {
                            let row = space.observed(&self.task, request.outputs[axis]);
                            histogram.axes[axis].bin(row[lane].to_f64())
                        };
                        match request.outputs.len() {
                            1 => histogram.count(&[bin(0)]),
                            _ => histogram.count(&[bin(0), bin(1)]),
                        }
                    }
                }
            });
        }
    }

    /// Measures consecutive rows of the tile from row `first` on: `moments[row][output]`.
    fn measure(
        &self,
        first: usize,
        memory: &[[u32; LANES]],
        diverged: &mut [[u32; LANES]],
        moments: &mut [Moments],
    ) {
        let rows = self.rows_per_block();
        let together = together(diverged.len(), MEASURED_TOGETHER);
        (memory.par_chunks(self.words()))
            .zip(diverged)
            .zip(moments.par_chunks_mut(self.task.observe.output_count()))
            .enumerate()
            .with_min_len(together)
            .for_each(|(row, ((memory, diverged), moments))| {
                let row = first + row;
                let place = self.block_place(row / rows);
                if !self.watched[place.point] {
                    return;
                }
                let sample = Sample {
                    memory,
                    diverged,
                    filled: place.filled_in_row(row % rows),
                    now: self.now[place.point].0.min(u64::from(NOT_DIVERGED - 1)) as u32,
                };
                self.with_space(place.point, |space| {
                    self.level
                        .measure(&self.task, &self.tables, space, sample, moments);
                });
            });
    }
}

/// Rows of so many that one thread takes at least: those wanted, but few enough for every thread to have some, and to spare.
fn together(rows: usize, wanted: u64) -> usize {
    let most = rows / (4 * rayon::current_num_threads());
    (wanted as usize).min(most).max(1)
}

/// Joins the results of consecutive blocks of the same point.
fn merge_points<R>(blocks: Vec<(usize, u64, R)>, merge: impl Fn(&mut R, R)) -> Vec<AtPoint<R>> {
    let mut points: Vec<AtPoint<R>> = Vec::new();
    for (point, _, value) in blocks {
        match points.last_mut() {
            Some(last) if last.point == point => merge(&mut last.value, value),
            _ => points.push(AtPoint { point, value }),
        }
    }
    points
}
