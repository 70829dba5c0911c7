//! The reference engine: every core, vector instructions chosen at run time, f32 or f64.

mod examples;
mod level;
mod load;
mod memory;
mod noise;
mod row;

pub use level::Level;

use super::{Bins, Departures, Drawn, Engine, EngineError, Observation, Storage, Task};
use crate::loss::Real;
use crate::measure::{Bin, Comoments, Histogram, Moments};
use crate::plan::{Event, Tile};
use examples::Tables;
use rayon::prelude::*;
use row::{LANES, Row, STAYED, Sample, Workspace};
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
    level: Level,
    tile: Tile,
    /// Rows of the tile one after the other, each with one array of lanes per word of the state.
    memory: Vec<[u32; LANES]>,
    departed: Vec<[u32; LANES]>,
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
        Self::with_level(task, Level::best())
    }

    /// An engine with given vector instructions, which must be among [`Level::available`].
    pub fn with_level(mut task: Task, level: Level) -> Self {
        assert!(
            Level::available().contains(&level),
            "the processor has {level:?}"
        );
        // Floats are those that steps compute with.
        if task.storage == Storage::Float && size_of::<T>() == size_of::<f64>() {
            task.storage = Storage::Double;
        }
        assert_eq!(
            size_of::<T>() / size_of::<u32>(),
            task.width().words(),
            "{:?} holds what another precision computes",
            task.storage
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
            departed: Vec::new(),
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

    /// Calls `visit(block, place, rows of words, departed rows)` for all blocks in parallel and returns what it gave, in
    /// the order of the blocks.
    fn per_block<R: Send>(
        &mut self,
        visit: impl Fn(&Self, BlockPlace, &[[u32; LANES]], &mut [[u32; LANES]]) -> R + Sync,
    ) -> Vec<(usize, u64, R)> {
        let rows = self.rows_per_block();
        self.make_room();
        let mut departed = std::mem::take(&mut self.departed);
        let this = &*self;
        let results = (this.memory.par_chunks(rows * this.words()))
            .zip(departed.par_chunks_mut(rows))
            .enumerate()
            .map(|(index, (memory, departed))| {
                let place = this.block_place(index);
                (
                    place.point,
                    place.chain,
                    visit(this, place, memory, departed),
                )
            })
            .collect();
        self.departed = departed;
        results
    }
}

/// The lanes of a row that hold chains which have not left.
fn alive<'a>(departed: &'a [u32; LANES], filled: usize) -> impl Iterator<Item = usize> + 'a {
    (0..filled).filter(|&lane| departed[lane] == STAYED)
}

impl<T: Real + From<f32>> Engine for Cpu<T> {
    fn load(&mut self, tile: Tile) -> Result<(), EngineError> {
        self.tile = tile;
        self.now.fill((0, 0));
        self.watched.fill(true);
        let total = tile.blocks as usize * self.rows_per_block();
        self.memory.clear();
        self.memory.resize(total * self.words(), [0; LANES]);
        self.departed.clear();
        self.departed.resize(total, [STAYED; LANES]);
        let start = self.task.start.clone();
        self.write_states(|k, _, number| start.value(k, number));
        Ok(())
    }

    fn place(&mut self, states: &[f64]) -> Result<(), EngineError> {
        let size = self.task.state;
        self.departed.fill([STAYED; LANES]);
        self.write_states(|k, index, _| states[index * size + k]);
        Ok(())
    }

    fn advance(
        &mut self,
        event: &Event,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        for (now, leg) in self.now.iter_mut().zip(&event.legs) {
            *now = (leg.begin, event.phase);
        }
        let (words, rows) = (self.words(), self.rows_per_block());
        self.make_room();
        let mut memory = std::mem::take(&mut self.memory);
        let mut departed = std::mem::take(&mut self.departed);
        let longest = event.legs.iter().map(|leg| leg.steps).max().unwrap_or(0);
        let together = together(departed.len(), STEPS_TOGETHER / longest.max(1));
        let this = &*self;
        // Legs of equal time differ in their steps, and a piece once begun is not divided: then there have to be many.
        let uneven = event
            .legs
            .windows(2)
            .any(|legs| legs[0].steps != legs[1].steps);
        let piece = if uneven {
            departed.len() / (PIECES * rayon::current_num_threads())
        } else {
            departed.len()
        };
        // Rows and not blocks are the unit of work, so that small ensembles use every core too.
        (memory.par_chunks_mut(words))
            .zip(departed.par_iter_mut())
            .enumerate()
            .with_min_len(together)
            .with_max_len(piece.max(together))
            .for_each(|(row, (memory, departed))| {
                let place = this.block_place(row / rows);
                let chain = place.chain + (row % rows * LANES) as u64;
                let filled = place.filled_in_row(row % rows);
                let leg = event.legs[place.point];
                // Not where there is no chain, or none that has not left.
                if alive(departed, filled).next().is_some() {
                    let row = Row {
                        memory,
                        departed,
                        first_chain: this.task.chain_number(place.point, chain),
                    };
                    this.with_space(place.point, |space| {
                        this.level
                            .advance(&this.task, &this.tables, space, row, leg);
                    });
                }
                progress(filled as u64 * leg.steps);
            });
        self.memory = memory;
        self.departed = departed;
        for (now, leg) in self.now.iter_mut().zip(&event.legs) {
            now.0 += leg.steps;
        }
        Ok(())
    }

    fn watch(&mut self, points: &[bool]) {
        self.watched.copy_from_slice(points);
    }

    fn observe(&mut self) -> Result<Vec<Observation>, EngineError> {
        let (rows, words) = (self.rows_per_block(), self.words());
        let outputs = self.task.observe.output_count();
        self.make_room();
        let mut departed = std::mem::take(&mut self.departed);
        let this = &*self;
        let wave = (WAVE / rows).max(1) * rows;
        let mut moments = vec![Moments::default(); wave.min(departed.len()) * outputs];
        let mut blocks = Vec::new();
        for (number, (memory, departed)) in (this.memory.chunks(wave * words))
            .zip(departed.chunks_mut(wave))
            .enumerate()
        {
            let moments = &mut moments[..departed.len() * outputs];
            this.measure(number * wave, memory, departed, moments);
            let merged = moments.par_chunks(rows * outputs).map(|rows| {
                let mut all = vec![Moments::default(); outputs];
                for row in rows.chunks(outputs) {
                    (all.iter_mut().zip(row)).for_each(|(a, b)| a.merge(b));
                }
                all
            });
            blocks.par_extend(merged.with_min_len(MERGED.div_ceil(rows * outputs)));
        }
        self.departed = departed;
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

    fn covariance(&mut self) -> Result<Vec<(usize, Vec<Comoments>)>, EngineError> {
        let blocks = self.per_block(|this, place, memory, departed| {
            let mut columns = vec![Vec::new(); this.task.parameters];
            let mut numbers = vec![[T::ZERO; LANES]; this.task.state];
            for (row, (memory, departed)) in memory.chunks(this.words()).zip(departed).enumerate() {
                let filled = place.filled_in_row(row);
                memory::read(&this.task, memory, &mut numbers);
                for lane in alive(departed, filled) {
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
    ) -> Result<Vec<(usize, Vec<Histogram>)>, EngineError> {
        self.make_room();
        let (rows, this) = (self.rows_per_block(), &*self);
        let empty = |point: usize| -> Vec<Histogram> {
            (bins[point].iter().cloned().map(Histogram::new)).collect()
        };
        // Counts for each piece of the blocks and not for each block: setting thousands of bins to zero and adding them up costs as
        // much as counting thousands of chains.
        let counted = (this.memory.par_chunks(rows * this.words()))
            .zip(this.departed.par_chunks(rows))
            .enumerate()
            .fold(BTreeMap::new, |mut points, (index, (memory, departed))| {
                let place = this.block_place(index);
                let histograms = (points.entry(place.point)).or_insert_with(|| empty(place.point));
                this.count(place, memory, departed, histograms);
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
        Ok(counted.into_iter().flatten().collect())
    }

    fn departures(&mut self) -> Result<Vec<(usize, Departures)>, EngineError> {
        let blocks = self.per_block(|_, place, _, departed| {
            // Places that no chain fills run too, and may leave.
            let left = departed.iter().enumerate().flat_map(|(row, departed)| {
                let filled = place.filled_in_row(row);
                departed[..filled]
                    .iter()
                    .copied()
                    .filter(|&step| step != STAYED)
            });
            Departures {
                count: left.clone().count() as u64,
                first_step: left.min().map(u64::from),
            }
        });
        Ok(merge_points(blocks, |a, b| a.merge(b)))
    }

    fn values(&mut self) -> Result<Vec<f64>, EngineError> {
        let blocks = self.per_block(|this, place, memory, departed| {
            let outputs = this.task.observe.output_count();
            let mut values = Vec::new();
            if !this.watched[place.point] {
                return values;
            }
            for (row, (memory, departed)) in memory.chunks(this.words()).zip(departed).enumerate() {
                let filled = place.filled_in_row(row);
                this.with_space(place.point, |space| {
                    row::observe(&this.task, &this.tables, space, memory);
                    for (lane, &departed) in departed.iter().enumerate().take(filled) {
                        let value = |k: usize| space.observed(&this.task, k)[lane].to_f64();
                        let stayed = departed == STAYED;
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

    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<Drawn>, EngineError> {
        let (first, _) = self.task.position(step);
        let mut drawn = Vec::new();
        for block in first..first + u64::from(count) {
            let rows = self.per_block(|this, place, _, departed| {
                let number = this.task.chain_number(place.point, place.chain);
                let rows = (0..departed.len())
                    .map(|row| row::drawn(&this.task, block, number + (row * LANES) as u64));
                rows.collect::<Vec<_>>()
            });
            drawn.extend(rows.into_iter().flat_map(|(_, _, rows)| rows).flatten());
        }
        Ok(drawn)
    }

    fn states(&mut self) -> Result<Vec<f64>, EngineError> {
        let (rows, size) = (self.rows_per_block(), self.task.state);
        let filled = |row: usize| self.block_place(row / rows).filled_in_row(row % rows);
        let mut states = vec![0.0; (0..self.departed.len()).map(filled).sum::<usize>() * size];
        let mut rest = &mut states[..];
        let slots: Vec<&mut [f64]> = (0..self.departed.len())
            .filter_map(|row| rest.split_off_mut(..filled(row) * size))
            .collect();
        (self.memory.par_chunks(self.words()))
            .zip(&self.departed)
            .zip(slots)
            .for_each(|((memory, departed), slots)| {
                for ((lane, &departed), state) in
                    departed.iter().enumerate().zip(slots.chunks_mut(size))
                {
                    for (k, number) in state.iter_mut().enumerate() {
                        *number = match departed {
                            STAYED => self.task.number(k, |word| memory[word][lane]),
                            _ => f64::NAN,
                        };
                    }
                }
            });
        Ok(states)
    }
}

impl<T: Real + From<f32>> Cpu<T> {
    /// Counts the chains of a block that have not left.
    fn count(
        &self,
        place: BlockPlace,
        memory: &[[u32; LANES]],
        departed: &[[u32; LANES]],
        histograms: &mut [Histogram],
    ) {
        for (row, (memory, departed)) in memory.chunks(self.words()).zip(departed).enumerate() {
            let filled = place.filled_in_row(row);
            self.with_space(place.point, |space| {
                row::observe(&self.task, &self.tables, space, memory);
                for (histogram, request) in histograms.iter_mut().zip(&self.task.histograms) {
                    for lane in alive(departed, filled) {
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
        departed: &mut [[u32; LANES]],
        moments: &mut [Moments],
    ) {
        let rows = self.rows_per_block();
        let together = together(departed.len(), MEASURED_TOGETHER);
        (memory.par_chunks(self.words()))
            .zip(departed)
            .zip(moments.par_chunks_mut(self.task.observe.output_count()))
            .enumerate()
            .with_min_len(together)
            .for_each(|(row, ((memory, departed), moments))| {
                let row = first + row;
                let place = self.block_place(row / rows);
                if !self.watched[place.point] {
                    return;
                }
                let sample = Sample {
                    memory,
                    departed,
                    filled: place.filled_in_row(row % rows),
                    now: self.now[place.point].0.min(u64::from(STAYED - 1)) as u32,
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
fn merge_points<R>(blocks: Vec<(usize, u64, R)>, merge: impl Fn(&mut R, R)) -> Vec<(usize, R)> {
    let mut points: Vec<(usize, R)> = Vec::new();
    for (point, _, result) in blocks {
        match points.last_mut() {
            Some((last, all)) if *last == point => merge(all, result),
            _ => points.push((point, result)),
        }
    }
    points
}
