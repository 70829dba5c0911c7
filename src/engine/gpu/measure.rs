//! Measurements of a tile, and the engine's interface.

use super::entry::Entry;
use super::explain::explain_dispatches;
use super::gpu_engine::Gpu;
use super::histogram_counts::HistogramCounts;
use super::lowering::Residency;
use super::mirror::NOT_DIVERGED;
use super::numbers::{self, Numbers};
use super::target::MOMENTS_WORKGROUP;
use super::transfer::PIECE;
use super::{limits, reduce};
use crate::engine::error::EngineError;
use crate::engine::interface::{Engine, step_and_observe};
use crate::engine::results::{AtPoint, Divergence, Observation};
use crate::engine::task::Bins;
use crate::measure::{Comoments, Histogram};
use crate::plan::{Checkpoint, LANES, Tile};

/// Most bytes of the result of one covariance dispatch.
const COVARIANCE_BYTES: u64 = 16 << 20;

impl Engine for Gpu {
    fn explain(&self) -> Vec<(String, String)> {
        let most = limits::most_steps(&self.task, &self.lowering, &self.open);
        let dispatches = explain_dispatches(self.tuning.dispatch_sizing.steps(), most);
        let mut lines = vec![("dispatches".to_owned(), dispatches)];
        lines.extend(self.lowering.explain());
        lines
    }

    fn init_tile(&mut self, tile: Tile) -> Result<(), EngineError> {
        self.start_tile(tile)
    }

    fn set_active_points(&mut self, points: &[bool]) {
        let buffers = self.tile.as_mut();
        let buffers = buffers.expect("`init_tile` comes before every other call");
        buffers.set_active_points(&self.open, points);
    }

    fn step(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        self.run_through(std::slice::from_ref(checkpoint), None, progress)
    }

    fn observe(&mut self) -> Result<Vec<Observation>, EngineError> {
        let partials = self.partials()?;
        let done: Vec<u64> = self.positions.iter().map(|at| at.steps).collect();
        self.observations(&done, &partials)
    }

    fn run_to_checkpoints(
        &mut self,
        checkpoints: &[Checkpoint],
        seen: &mut dyn FnMut(&Checkpoint, Vec<Observation>),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        // Data passes need dispatches of their own, and results beyond one piece are read piece by piece.
        let in_registers = self.lowering.observation == Residency::Registers;
        if in_registers && self.partial_bytes() <= PIECE {
            return self.run_through(checkpoints, Some(seen), progress);
        }
        step_and_observe(self, checkpoints, seen, progress)
    }

    fn covariance(&mut self) -> Result<Vec<AtPoint<Vec<Comoments>>>, EngineError> {
        self.write_positions();
        let products = Numbers::new(&self.task, self.products()?);
        let table = &self.buffers().table;
        let groups = reduce::group_means(&self.task, table, &self.partials()?);
        Ok(reduce::comoments(&self.task, table, &groups, &products))
    }

    fn histograms(
        &mut self,
        bins: &[Vec<Bins>],
    ) -> Result<Vec<AtPoint<Vec<Histogram>>>, EngineError> {
        self.write_positions();
        self.observe_into_memory()?;
        let layout = HistogramCounts::new(&self.task, bins);
        let all = layout.histograms(bins, &self.counts(&layout)?);
        self.check_counts(&all)?;
        let points = self.points_in_tile().into_iter();
        Ok(points
            .map(|point| AtPoint {
                point,
                value: all[point].clone(),
            })
            .collect())
    }

    fn divergence(&mut self) -> Result<Vec<AtPoint<Divergence>>, EngineError> {
        let diverged = self.read_diverged()?;
        let table = &self.buffers().table;
        Ok(reduce::divergence(&self.task, table, &diverged))
    }
}

impl Gpu {
    /// Runs the data passes and the observing program so that reductions can read outputs from memory. Does nothing if
    /// reductions compute the outputs themselves.
    pub(super) fn observe_into_memory(&self) -> Result<(), EngineError> {
        if self.lowering.observation == Residency::Registers {
            return Ok(());
        }
        let buffers = self.buffers();
        let groups = buffers.groups(LANES);
        for (number, data_pass) in (0..).zip(&self.task.data_passes) {
            let at_once = limits::most_examples(data_pass, &self.open);
            for first in (0..data_pass.table.count).step_by(at_once as usize) {
                buffers.set_ensemble(&self.open, |ensemble| {
                    ensemble.data_pass = number;
                    ensemble.first = first;
                    ensemble.last = first.saturating_add(at_once).min(data_pass.table.count);
                });
                let pipeline = self.pipeline(Entry::DataPass)?;
                pipeline.dispatch(&self.open, buffers, &[], groups, "sums over examples")?;
            }
        }
        let pipeline = self.pipeline(Entry::Observe)?;
        pipeline.dispatch(&self.open, buffers, &[], groups, "measurements")
    }

    /// Bytes of the sums of all invocations of the moments shader.
    pub(super) fn partial_bytes(&self) -> u64 {
        let lanes = self.buffers().table.len() as u64 * u64::from(LANES);
        lanes * self.lowering.sizes.partial_bytes
    }

    /// Sums of powers from every invocation of the moments shader.
    fn partials(&self) -> Result<Numbers, EngineError> {
        self.write_positions();
        self.observe_into_memory()?;
        let buffers = self.buffers();
        let bytes = self.partial_bytes();
        let partials = buffers.scratch(&self.open, bytes);
        let words: Vec<u32> = self.pipeline(Entry::Moments)?.dispatch_and_read(
            &self.open,
            buffers,
            &[partials.as_entire_binding()],
            self.groups_of_moments(),
            (&partials, bytes),
            "moments",
        )?;
        Ok(Numbers::new(&self.task, words))
    }

    /// Workgroups of the moments shader.
    pub(super) fn groups_of_moments(&self) -> [u32; 2] {
        let blocks = self.buffers().table.len() as u32;
        match self.lowering.observation {
            Residency::Memory => [blocks, self.task.observe.output_count() as u32],
            Residency::Registers => [LANES / MOMENTS_WORKGROUP, blocks],
        }
    }

    /// Observations from partial sums, given the steps that each point had done.
    ///
    /// # Errors
    /// The counted and the diverged chains are not all chains of the tile.
    pub(super) fn observations(
        &self,
        done: &[u64],
        partials: &Numbers,
    ) -> Result<Vec<Observation>, EngineError> {
        let table = &self.buffers().table;
        let observations = reduce::observations(&self.task, table, partials);
        let counted: u64 = (observations.iter().flat_map(|o| &o.blocks))
            .map(|block| block.first().map_or(0, |moments| moments.count))
            .sum();
        let chains: u64 = self.chains_in_tile().iter().sum();
        if counted < chains {
            let diverged = reduce::diverged_by(&self.task, table, done, &self.read_diverged()?);
            if counted + diverged != chains {
                return Err(EngineError::Incomplete {
                    what: "moments".to_owned(),
                    detail: format!(
                        "{counted} chains counted and {diverged} diverged, of {chains}"
                    ),
                });
            }
        }
        Ok(observations)
    }

    /// Central sums of products of every pair of parameters, from every invocation: words of `[pair][lane]`.
    fn products(&self) -> Result<Vec<u32>, EngineError> {
        let pipeline = self.pipeline(Entry::Covariance)?;
        let buffers = self.buffers();
        let size = self.task.parameters as u32;
        let pairs: Vec<[u32; 2]> = (0..size)
            .flat_map(|a| (a..size).map(move |b| [a, b]))
            .collect();
        let table = buffers.filled(&self.open, bytemuck::cast_slice(&pairs));
        let each = u64::from(LANES) * buffers.table.len() as u64 * numbers::bytes(&self.task);
        let at_once = (COVARIANCE_BYTES / each).clamp(1, u64::from(limits::MOST_GROUPS)) as usize;
        let mut products: Vec<u32> = Vec::new();
        for first in (0..pairs.len()).step_by(at_once) {
            let count = at_once.min(pairs.len() - first);
            let bytes = each * count as u64;
            let output = buffers.scratch(&self.open, bytes);
            buffers.set_ensemble(&self.open, |ensemble| ensemble.pairs = first as u32);
            products.extend(pipeline.dispatch_and_read::<u32>(
                &self.open,
                buffers,
                &[output.as_entire_binding(), table.as_entire_binding()],
                [buffers.table.len() as u32, count as u32],
                (&output, bytes),
                "covariances",
            )?);
        }
        Ok(products)
    }

    /// Counts of all histograms of all points.
    fn counts(&self, layout: &HistogramCounts) -> Result<Vec<u32>, EngineError> {
        let buffers = self.buffers();
        let bytes = layout.total * 4;
        let counts = buffers.scratch(&self.open, bytes);
        let requests = buffers.filled(&self.open, bytemuck::cast_slice(&layout.requests));
        let ranges = buffers.filled(&self.open, bytemuck::cast_slice(&layout.ranges));
        buffers.set_ensemble(&self.open, |ensemble| {
            ensemble.requests = layout.requests.len() as u32;
        });
        let extra = [&counts, &requests, &ranges].map(wgpu::Buffer::as_entire_binding);
        let groups = [self.lowering.counting_groups, buffers.table.len() as u32];
        self.pipeline(Entry::Histogram)?.dispatch_and_read(
            &self.open,
            buffers,
            &extra,
            groups,
            (&counts, bytes),
            "histograms",
        )
    }

    /// Compares the counts of every histogram with the number of chains that have not diverged.
    fn check_counts(&self, all: &[Vec<Histogram>]) -> Result<(), EngineError> {
        let chains: u64 = self.chains_in_tile().iter().sum();
        let diverged = self.read_diverged()?;
        let diverged = diverged.iter().filter(|&&step| step != NOT_DIVERGED);
        let alive = chains - diverged.count() as u64;
        for request in 0..self.task.histograms.len() {
            let counted: u64 = all.iter().map(|point| point[request].total()).sum();
            if counted != alive {
                return Err(EngineError::Incomplete {
                    what: "a histogram".to_owned(),
                    detail: format!("{counted} chains counted of {alive}"),
                });
            }
        }
        Ok(())
    }
}
