//! A tile of chains in memory, and the threads' workspaces.

use super::examples::Tables;
use super::rows::{LANES, NOT_DIVERGED};
use super::simd::SimdLevel;
use super::workspace::Workspace;
use crate::engine::results::AtPoint;
use crate::engine::task::Task;
use crate::loss::Real;
use crate::plan::Tile;
use crate::spec::Precision;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Chains on the CPU, with arithmetic in `T`.
#[derive(Debug)]
pub struct Cpu<T> {
    pub(super) task: Task,
    pub(super) tables: Tables<T>,
    pub(super) level: SimdLevel,
    pub(super) tile: Tile,
    /// States, row after row of the tile, each with one array of lanes per word.
    pub(super) memory: Vec<[u32; LANES]>,
    /// Step at which each chain diverged, or [`NOT_DIVERGED`], per row.
    pub(super) diverged: Vec<[u32; LANES]>,
    /// Steps done and phase of the schedule, per sweep point.
    pub(super) now: Vec<(u64, usize)>,
    /// Sweep points that measurements include.
    pub(super) active: Vec<bool>,
    /// One workspace per thread, kept from call to call.
    spaces: Vec<Mutex<Option<Workspace<T>>>>,
}

/// Chains of one block of the tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockChains {
    /// Sweep point.
    pub(super) point: usize,
    /// First chain, counted within the point.
    pub(super) first: u64,
    /// Number of leading slots that hold a chain.
    pub(super) filled: u64,
}

impl BlockChains {
    /// Number of leading lanes that hold a chain in one of the block's rows.
    pub(super) fn filled_in_row(self, row: usize) -> usize {
        self.filled
            .saturating_sub((row * LANES) as u64)
            .min(LANES as u64) as usize
    }
}

impl<T: Real + From<f32>> Cpu<T> {
    /// Creates an engine with the processor's widest vector instructions.
    pub fn new(task: Task) -> Self {
        Self::with_level(task, SimdLevel::best())
    }

    /// Creates an engine with given vector instructions.
    ///
    /// # Panics
    /// `level` is not in [`SimdLevel::available`], or `T` is not the width of the task's precision.
    pub fn with_level(mut task: Task, level: SimdLevel) -> Self {
        assert!(
            SimdLevel::available().contains(&level),
            "the processor has {level:?}"
        );
        // An f64 engine stores f64 where the task says plain floats.
        if task.precision == Precision::F32 && size_of::<T>() == size_of::<f64>() {
            task.precision = Precision::F64;
        }
        assert_eq!(
            size_of::<T>() / size_of::<u32>(),
            task.width().words(),
            "an engine of another width than {:?}",
            task.precision
        );
        let now = vec![(0, 0); task.layout.points];
        Self {
            active: vec![true; now.len()],
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

    /// Memory per chain in bytes.
    pub fn bytes_per_chain(task: &Task) -> u64 {
        ((task.words() + 1) * size_of::<u32>()) as u64
    }

    /// Fills the tile with cleared states, none of them diverged.
    pub(super) fn reset(&mut self, tile: Tile) {
        self.tile = tile;
        self.now.fill((0, 0));
        self.active.fill(true);
        let total = tile.blocks as usize * self.rows_per_block();
        self.memory.clear();
        self.memory.resize(total * self.words(), [0; LANES]);
        self.diverged.clear();
        self.diverged.resize(total, [NOT_DIVERGED; LANES]);
    }

    /// Chains of block `index` of the tile.
    pub(super) fn block_chains(&self, index: usize) -> BlockChains {
        let block = self.tile.first_block + index as u64;
        BlockChains {
            point: self.task.layout.point_of(block),
            first: self.task.layout.first_chain(block),
            filled: self.task.layout.filled(block),
        }
    }

    pub(super) fn rows_per_block(&self) -> usize {
        self.task.layout.rows as usize
    }

    /// 32-bit words per chain.
    pub(super) fn words(&self) -> usize {
        self.task.words()
    }

    /// Sets every chain to `value(k, index of the chain in the tile, its number in the sweep)`.
    pub(super) fn write_states(&mut self, value: impl Fn(usize, usize, u64) -> f64 + Sync) {
        let mut memory = std::mem::take(&mut self.memory);
        let (this, rows) = (&*self, self.rows_per_block());
        let chains_before: Vec<usize> = (0..this.tile.blocks as usize)
            .scan(0, |sum, index| {
                Some(std::mem::replace(
                    sum,
                    *sum + this.block_chains(index).filled as usize,
                ))
            })
            .collect();
        memory
            .par_chunks_mut(this.words())
            .enumerate()
            .for_each(|(row, words)| {
                let block = this.block_chains(row / rows);
                let offset = row % rows * LANES;
                let filled = block.filled_in_row(row % rows);
                for (word, lanes) in words.iter_mut().enumerate() {
                    for (lane, slot) in lanes.iter_mut().enumerate().take(filled) {
                        let chain = block.first + (offset + lane) as u64;
                        let number = this.task.chain_number(block.point, chain);
                        let index = chains_before[row / rows] + offset + lane;
                        *slot = this.task.word(word, |k| value(k, index, number));
                    }
                }
            });
        self.memory = memory;
    }

    /// Adds a workspace slot for every thread of the pool.
    pub(super) fn add_workspaces(&mut self) {
        let wanted = rayon::current_num_threads().max(self.spaces.len());
        self.spaces.resize_with(wanted, Mutex::default);
    }

    /// Calls `work` with this thread's workspace, its uniform inputs set for a sweep point.
    pub(super) fn with_workspace(&self, point: usize, work: impl FnOnce(&mut Workspace<T>)) {
        // Undivided work runs on the calling thread, which may be outside the pool and so has no index.
        let thread = rayon::current_thread_index().unwrap_or(0);
        // A row depends on no earlier content of the workspace, so a panic in an earlier row does no harm.
        let mut space = (self.spaces[thread].lock()).unwrap_or_else(PoisonError::into_inner);
        let space = space.get_or_insert_with(|| Workspace::new(&self.task, self.level));
        space.set_uniforms(&self.task, point, self.now[point].1);
        work(space);
    }

    /// Calls `work(engine, chains, memory, diverged)` for all blocks in parallel; results in the order of the blocks.
    pub(super) fn map_blocks<R: Send>(
        &mut self,
        work: impl Fn(&Self, BlockChains, &[[u32; LANES]], &[[u32; LANES]]) -> R + Sync,
    ) -> Vec<AtPoint<R>> {
        let rows = self.rows_per_block();
        self.add_workspaces();
        let this = &*self;
        (this.memory.par_chunks(rows * this.words()))
            .zip(this.diverged.par_chunks(rows))
            .enumerate()
            .map(|(index, (memory, diverged))| {
                let chains = this.block_chains(index);
                AtPoint {
                    point: chains.point,
                    value: work(this, chains, memory, diverged),
                }
            })
            .collect()
    }
}
