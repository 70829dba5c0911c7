//! Stepping and reducing a tile of chains.

use super::chains::{BlockChains, Cpu};
use super::measure::{self, Sample};
use super::rows::{LANES, NOT_DIVERGED, alive};
use super::shadow;
use super::step::Row;
use crate::engine::error::EngineError;
use crate::engine::interface::Engine;
use crate::engine::results::{AtPoint, Divergence, Observation};
use crate::engine::task::Bins;
use crate::loss::Real;
use crate::measure::{Bin, Comoments, Histogram, Moments};
use crate::plan::{Checkpoint, Tile};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Rows measured before their moments are merged: enough for every core, and little memory next to a large ensemble.
const ROWS_PER_MERGE: usize = 512;

/// Pieces of work per thread if sweep points have different numbers of steps to do.
const PIECES_PER_THREAD: usize = 32;

/// Smallest number of moments that one thread merges; takes some microseconds.
const MIN_MERGES: usize = 256;

/// Smallest number of chain steps, in units of a row, per piece of work; takes some ten microseconds. Larger pieces leave
/// threads idle at the end.
const MIN_ROW_STEPS: u64 = 128;

/// Smallest number of rows per piece of work in a measurement. Larger pieces leave threads idle at the end.
const MIN_MEASURED_ROWS: u64 = 2;

impl<T: Real + From<f32>> Engine for Cpu<T> {
    fn init_tile(&mut self, tile: Tile) -> Result<(), EngineError> {
        self.reset(tile);
        let start = self.task.start.clone();
        self.write_states(|k, _, number| start.value(k, number));
        Ok(())
    }

    fn set_active_points(&mut self, points: &[bool]) {
        self.active.copy_from_slice(points);
    }

    fn step(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        for (now, segment) in self.now.iter_mut().zip(&checkpoint.segments) {
            *now = (segment.begin, checkpoint.phase);
        }
        self.add_workspaces();
        let mut memory = std::mem::take(&mut self.memory);
        let mut diverged = std::mem::take(&mut self.diverged);
        let this = &*self;
        let (smallest, largest) = piece_sizes(checkpoint, diverged.len());
        // Rows and not blocks are the unit of work, so small ensembles use every core too.
        (memory.par_chunks_mut(this.words()))
            .zip(diverged.par_iter_mut())
            .enumerate()
            .with_min_len(smallest)
            .with_max_len(largest)
            .for_each(|(row, (memory, diverged))| {
                this.step_row(checkpoint, row, memory, diverged, progress);
            });
        self.memory = memory;
        self.diverged = diverged;
        for (now, segment) in self.now.iter_mut().zip(&checkpoint.segments) {
            now.0 += segment.steps;
        }
        Ok(())
    }

    fn observe(&mut self) -> Result<Vec<Observation>, EngineError> {
        let (rows, words) = (self.rows_per_block(), self.words());
        let outputs = self.task.observe.output_count();
        self.add_workspaces();
        let mut diverged = std::mem::take(&mut self.diverged);
        let this = &*self;
        let rows_per_merge = (ROWS_PER_MERGE / rows).max(1) * rows;
        let mut moments = vec![Moments::default(); rows_per_merge.min(diverged.len()) * outputs];
        let mut blocks = Vec::new();
        for (number, (memory, diverged)) in (this.memory.chunks(rows_per_merge * words))
            .zip(diverged.chunks_mut(rows_per_merge))
            .enumerate()
        {
            let moments = &mut moments[..diverged.len() * outputs];
            this.measure_rows(number * rows_per_merge, memory, diverged, moments);
            let merged = moments.par_chunks(rows * outputs).map(|rows| {
                let mut all = vec![Moments::default(); outputs];
                for row in rows.chunks(outputs) {
                    (all.iter_mut().zip(row)).for_each(|(a, b)| a.merge(b));
                }
                all
            });
            blocks.par_extend(merged.with_min_len(MIN_MERGES.div_ceil(rows * outputs)));
        }
        self.diverged = diverged;
        Ok(self.observations(blocks))
    }

    fn covariance(&mut self) -> Result<Vec<AtPoint<Vec<Comoments>>>, EngineError> {
        let blocks = self.map_blocks(|this, chains, memory, diverged| {
            let mut columns = vec![Vec::new(); this.task.parameters];
            let mut numbers = vec![[T::ZERO; LANES]; this.task.state];
            for (row, (memory, diverged)) in memory.chunks(this.words()).zip(diverged).enumerate() {
                shadow::read(&this.task, memory, &mut numbers);
                for lane in alive(diverged, chains.filled_in_row(row)) {
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
        self.add_workspaces();
        let (rows, this) = (self.rows_per_block(), &*self);
        let empty = |point: usize| -> Vec<Histogram> {
            (bins[point].iter().cloned().map(Histogram::new)).collect()
        };
        // One set of counts per piece of the parallel loop and not per block: clearing and adding thousands of bins costs as much
        // as counting thousands of chains.
        let counted = (this.memory.par_chunks(rows * this.words()))
            .zip(this.diverged.par_chunks(rows))
            .enumerate()
            .fold(BTreeMap::new, |mut points, (index, (memory, diverged))| {
                let chains = this.block_chains(index);
                let histograms =
                    (points.entry(chains.point)).or_insert_with(|| empty(chains.point));
                this.count(chains, memory, diverged, histograms);
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
        let blocks = self.map_blocks(|_, chains, _, diverged| {
            // Slots without a chain are stepped too and may diverge.
            let steps = diverged.iter().enumerate().flat_map(|(row, diverged)| {
                let filled = chains.filled_in_row(row);
                diverged[..filled]
                    .iter()
                    .copied()
                    .filter(|&step| step != NOT_DIVERGED)
            });
            Divergence {
                count: steps.clone().count() as u64,
                first_step: steps.min().map(u64::from),
            }
        });
        Ok(merge_points(blocks, |a, b| a.merge(b)))
    }
}

impl<T: Real + From<f32>> Cpu<T> {
    /// Runs a row's segment of a checkpoint, unless all its chains have diverged.
    fn step_row(
        &self,
        checkpoint: &Checkpoint,
        row: usize,
        memory: &mut [[u32; LANES]],
        diverged: &mut [u32; LANES],
        progress: &(dyn Fn(u64) + Sync),
    ) {
        let rows = self.rows_per_block();
        let chains = self.block_chains(row / rows);
        let first = chains.first + (row % rows * LANES) as u64;
        let filled = chains.filled_in_row(row % rows);
        let segment = checkpoint.segments[chains.point];
        if alive(diverged, filled).next().is_some() {
            let row = Row {
                memory,
                diverged,
                first_chain: self.task.chain_number(chains.point, first),
            };
            self.with_workspace(chains.point, |space| {
                self.level
                    .run_segment(&self.task, &self.tables, space, row, segment);
            });
        }
        progress(filled as u64 * segment.steps);
    }

    /// Measures consecutive rows of the tile, the first of which is row `first`: `moments[row][output]`.
    fn measure_rows(
        &self,
        first: usize,
        memory: &[[u32; LANES]],
        diverged: &mut [[u32; LANES]],
        moments: &mut [Moments],
    ) {
        let rows = self.rows_per_block();
        let smallest = smallest_piece(diverged.len(), MIN_MEASURED_ROWS);
        (memory.par_chunks(self.words()))
            .zip(diverged)
            .zip(moments.par_chunks_mut(self.task.observe.output_count()))
            .enumerate()
            .with_min_len(smallest)
            .for_each(|(row, ((memory, diverged), moments))| {
                let row = first + row;
                let chains = self.block_chains(row / rows);
                if !self.active[chains.point] {
                    return;
                }
                let sample = Sample {
                    memory,
                    diverged,
                    filled: chains.filled_in_row(row % rows),
                    now: self.now[chains.point].0.min(u64::from(NOT_DIVERGED - 1)) as u32,
                };
                self.with_workspace(chains.point, |space| {
                    self.level
                        .measure(&self.task, &self.tables, space, sample, moments);
                });
            });
    }

    /// Groups the moments of all blocks of the tile by active sweep point.
    fn observations(&self, blocks: Vec<Vec<Moments>>) -> Vec<Observation> {
        let mut observations: Vec<Observation> = Vec::new();
        for (index, moments) in blocks.into_iter().enumerate() {
            let chains = self.block_chains(index);
            if !self.active[chains.point] {
                continue;
            }
            match observations.last_mut() {
                Some(last) if last.point == chains.point => last.blocks.push(moments),
                _ => observations.push(Observation {
                    point: chains.point,
                    first: chains.first == 0,
                    blocks: vec![moments],
                }),
            }
        }
        observations
    }

    /// Counts the chains of a block that have not diverged.
    fn count(
        &self,
        chains: BlockChains,
        memory: &[[u32; LANES]],
        diverged: &[[u32; LANES]],
        histograms: &mut [Histogram],
    ) {
        for (row, (memory, diverged)) in memory.chunks(self.words()).zip(diverged).enumerate() {
            let filled = chains.filled_in_row(row);
            self.with_workspace(chains.point, |space| {
                measure::observe(&self.task, &self.tables, space, memory);
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
}

/// Smallest and largest number of rows in one piece of work.
fn piece_sizes(checkpoint: &Checkpoint, rows: usize) -> (usize, usize) {
    let segments = &checkpoint.segments;
    let longest = (segments.iter())
        .map(|segment| segment.steps)
        .max()
        .unwrap_or(0);
    let smallest = smallest_piece(rows, MIN_ROW_STEPS / longest.max(1));
    // Sweep points may have different numbers of steps to do, and a piece is not divided once begun: use many pieces.
    let uneven = (segments.windows(2)).any(|pair| pair[0].steps != pair[1].steps);
    let largest = if uneven {
        rows / (PIECES_PER_THREAD * rayon::current_num_threads())
    } else {
        rows
    };
    (smallest, largest.max(smallest))
}

/// Smallest number of rows in one piece of work: `wanted`, but few enough for four pieces per thread.
fn smallest_piece(rows: usize, wanted: u64) -> usize {
    let most = rows / (4 * rayon::current_num_threads());
    (wanted as usize).min(most).max(1)
}

/// Merges results of consecutive blocks of the same sweep point.
fn merge_points<R>(blocks: Vec<AtPoint<R>>, merge: impl Fn(&mut R, R)) -> Vec<AtPoint<R>> {
    let mut points: Vec<AtPoint<R>> = Vec::new();
    for block in blocks {
        match points.last_mut() {
            Some(last) if last.point == block.point => merge(&mut last.value, block.value),
            _ => points.push(block),
        }
    }
    points
}
