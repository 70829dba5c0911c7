//! The GPU engine: state stays on the device; only sums and counts come back.

mod body;
mod buffers;
mod compose;
mod device;
mod generate;
mod in_memory;
mod limits;
pub mod mirror;
mod numbers;
mod reduce;
mod steps;

pub use compose::{Entry, Target, WORKGROUP, compose, tables};
pub use device::{AdapterReport, OpenDevice, adapters, open};

use super::error::EngineError;
use super::interface::{Engine, Inspect, step_and_observe};
use super::results::{AtPoint, ChainNoise, Divergence, Observation};
use super::task::{Bins, Task};
use crate::measure::{Comoments, Histogram};
use crate::plan::{Checkpoint, DispatchSizing, LANES, Tile};
use crate::spec::Precision;
use crate::spec::Width;
use body::Form;
use buffers::{Buffers, PIECE, Pipeline};
use mirror::{NOT_DIVERGED, Segment};
use numbers::Numbers;
use std::cell::OnceCell;

/// Choices that never change a result.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Invocations per workgroup of the stepping shader: 32, 64 or 128.
    pub workgroup: u32,
    /// What shaders are written for: without it, for what the device is.
    pub target: Option<Target>,
    /// How many steps a dispatch does.
    pub dispatch_sizing: DispatchSizing,
    /// Applied to every source before it is compiled: the identity, but for tests that break a shader on purpose.
    pub alter: fn(Entry, String) -> String,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            workgroup: WORKGROUP,
            target: None,
            dispatch_sizing: DispatchSizing::measured(),
            alter: |_, source| source,
        }
    }
}

/// Chains on a GPU, in the precision of their task.
#[derive(Debug)]
pub struct Gpu {
    task: Task,
    open: OpenDevice,
    tuning: Tuning,
    /// One for each of [`Entry::ALL`], compiled when first used.
    pipelines: [OnceCell<Pipeline>; Entry::ALL.len()],
    buffers: Option<Buffers>,
    /// Where each point's steps and schedule are now.
    now: Vec<(u64, usize)>,
}

/// Bytes of one readable result of a covariance dispatch at most.
const COVARIANCE_BYTES: u64 = 16 << 20;

impl Gpu {
    /// An engine on an opened device; compiles the stepping shader.
    ///
    /// # Errors
    /// The device refuses it.
    pub fn new(task: Task, open: OpenDevice) -> Result<Self, EngineError> {
        Self::with(task, open, Tuning::default())
    }

    /// An engine with choices of its own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(task: Task, open: OpenDevice, tuning: Tuning) -> Result<Self, EngineError> {
        let floats = matches!(task.precision, Precision::F32 | Precision::F64);
        if !floats && Form::of_steps(&task) == Form::Memory {
            return Err(EngineError::FloatsOnly {
                storage: task.precision.name(),
            });
        }
        if task.width() == Width::Double && !open.report.doubles {
            return Err(EngineError::NoDoubles {
                adapter: open.report.name.clone(),
            });
        }
        let now = vec![(0, 0); task.layout.points];
        let dispatch_sizing = if open.report.software {
            tuning.dispatch_sizing.without_watchdog()
        } else {
            tuning.dispatch_sizing
        };
        let gpu = Self {
            task,
            open,
            tuning: Tuning {
                dispatch_sizing,
                ..tuning
            },
            pipelines: std::array::from_fn(|_| OnceCell::new()),
            buffers: None,
            now,
        };
        gpu.pipeline(Entry::Advance)?;
        Ok(gpu)
    }

    /// What shaders are written for.
    fn target(&self) -> Target {
        self.tuning.target.unwrap_or(self.open.target())
    }

    fn pipeline(&self, entry: Entry) -> Result<&Pipeline, EngineError> {
        let cell = &self.pipelines[entry as usize];
        if let Some(pipeline) = cell.get() {
            return Ok(pipeline);
        }
        let target = self.target();
        let source = (self.tuning.alter)(
            entry,
            compose(&self.task, entry, self.tuning.workgroup, target),
        );
        let pipeline = Pipeline::new(
            &self.open,
            &source,
            entry,
            &mirror::common(tables(&self.task, target)),
            &entry.bindings(&self.task, target),
        )?;
        Ok(cell.get_or_init(|| pipeline))
    }

    /// Bytes that one chain takes on the device, sums for reading back included.
    pub fn bytes_per_chain(task: &Task, target: Target) -> u64 {
        let partial = limits::partial_bytes(task);
        (task.words() as u64 + 1) * 4
            + memory_bytes(task, target)
            + partial.div_ceil(u64::from(task.layout.rows))
    }

    /// The most places a tile may have so that every buffer fits one binding of this device.
    pub fn most_places(task: &Task, open: &OpenDevice) -> u64 {
        limits::most_places(task, open)
    }

    fn buffers(&self) -> &Buffers {
        self.buffers
            .as_ref()
            .expect("a tile is loaded before anything else is asked of an engine")
    }

    /// Tells the device where every point is and with which numbers, for entry points that only look.
    fn stand(&self) {
        let segments: Vec<Segment> = self.now.iter().map(|now| self.segment(now.0, 0)).collect();
        self.set_segments(&segments);
        self.set_uniforms();
    }

    /// Tells the device what every point is to do.
    fn set_segments(&self, segments: &[Segment]) {
        let segments = bytemuck::cast_slice(segments);
        self.open
            .queue
            .write_buffer(&self.buffers().segments, 0, segments);
    }

    /// Tells the device the numbers of every point.
    fn set_uniforms(&self) {
        let uniforms = (self.task.uniforms.iter().zip(&self.now))
            .flat_map(|(phases, now)| phases[now.1].step.iter().chain(&phases[now.1].observe))
            .copied();
        let uniforms = numbers::pack(&self.task, uniforms);
        self.open
            .queue
            .write_buffer(&self.buffers().uniforms, 0, &uniforms);
    }

    fn segment(&self, begin: u64, steps: u64) -> Segment {
        let (block, phase) = self.task.position(begin);
        let words = |number: u64| [number as u32, (number >> 32) as u32];
        Segment {
            block: words(block),
            rounding: words(begin * self.task.rounding_blocks()),
            phase,
            steps: steps as u32,
            begin: begin.min(u64::from(NOT_DIVERGED - 1)) as u32,
            unused: 0,
        }
    }

    /// The chains of each point that the tile holds.
    fn chains_in_tile(&self) -> Vec<u64> {
        let mut chains = vec![0; self.task.layout.points];
        for block in &self.buffers().table {
            chains[block.point as usize] += u64::from(block.filled);
        }
        chains
    }

    fn points_in_tile(&self) -> Vec<usize> {
        let mut points: Vec<usize> = self
            .buffers()
            .table
            .iter()
            .map(|block| block.point as usize)
            .collect();
        points.dedup();
        points
    }

    fn read_departed(&self) -> Result<Vec<u32>, EngineError> {
        let buffers = self.buffers();
        buffers.read(
            &self.open,
            &buffers.diverged,
            u64::from(buffers.places) * 4,
            "the chains that left",
        )
    }
}

/// Bytes that a chain needs beside its state while it is worked on, where it does not fit into registers.
fn memory_bytes(task: &Task, target: Target) -> u64 {
    in_memory::numbers(task, target) as u64 * numbers::bytes(task)
}

impl Engine for Gpu {
    fn init_tile(&mut self, tile: Tile) -> Result<(), EngineError> {
        self.now.fill((0, 0));
        let target = self.target();
        limits::check(&self.task, &self.open, target, tile)?;
        let workgroup = self.tuning.workgroup;
        let buffers = Buffers::new(&self.task, &self.open, target, tile, workgroup)?;
        buffers.place_at_start(&self.task, &self.open)?;
        self.buffers = Some(buffers);
        self.open.check("to hold the ensemble")
    }

    fn step(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        self.run_through(std::slice::from_ref(checkpoint), None, progress)
    }

    fn run_to_checkpoints(
        &mut self,
        checkpoints: &[Checkpoint],
        seen: &mut dyn FnMut(&Checkpoint, Vec<Observation>),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        // What is observed into memory is waited for, and much that comes back is read piece by piece.
        if self.observes() == Form::Registers && self.partial_bytes() <= PIECE {
            return self.run_through(checkpoints, Some(seen), progress);
        }
        step_and_observe(self, checkpoints, seen, progress)
    }

    fn set_active_points(&mut self, points: &[bool]) {
        let buffers = self.buffers.as_mut().expect("a tile is loaded first");
        buffers.watch(&self.open, points);
    }

    fn observe(&mut self) -> Result<Vec<Observation>, EngineError> {
        let partials = self.partials()?;
        let now: Vec<u64> = self.now.iter().map(|now| now.0).collect();
        self.observations(&now, &partials)
    }

    fn covariance(&mut self) -> Result<Vec<AtPoint<Vec<Comoments>>>, EngineError> {
        let pipeline = self.pipeline(Entry::Covariance)?;
        self.stand();
        let buffers = self.buffers();
        let size = self.task.parameters as u32;
        let pairs: Vec<[u32; 2]> = (0..size)
            .flat_map(|a| (a..size).map(move |b| [a, b]))
            .collect();
        let table = buffers.filled(&self.open, bytemuck::cast_slice(&pairs));
        let lanes = u64::from(LANES) * buffers.table.len() as u64;
        let each = lanes * numbers::bytes(&self.task);
        let at_once = (COVARIANCE_BYTES / each).clamp(1, 65_535) as usize;
        let mut products: Vec<u32> = Vec::new();
        for first in (0..pairs.len()).step_by(at_once) {
            let count = at_once.min(pairs.len() - first);
            let bytes = each * count as u64;
            let output = buffers.scratch(&self.open, bytes);
            buffers.set_ensemble(&self.open, |ensemble| ensemble.pairs = first as u32);
            let extra = [output.as_entire_binding(), table.as_entire_binding()];
            let groups = [buffers.table.len() as u32, count as u32];
            products.extend(pipeline.dispatch_and_read::<u32>(
                &self.open,
                buffers,
                &extra,
                groups,
                (&output, bytes),
                "covariances",
            )?);
        }
        let groups = reduce::group_means(&self.task, &self.buffers().table, &self.partials()?);
        Ok(reduce::comoments(
            &self.task,
            &self.buffers().table,
            &groups,
            &Numbers::new(&self.task, products),
        ))
    }

    fn histograms(
        &mut self,
        bins: &[Vec<Bins>],
    ) -> Result<Vec<AtPoint<Vec<Histogram>>>, EngineError> {
        let pipeline = self.pipeline(Entry::Histogram)?;
        self.stand();
        self.observe_into_memory()?;
        let buffers = self.buffers();
        let layout = reduce::Slots::new(&self.task, bins);
        let bytes = layout.total * 4;
        let slots = buffers.scratch(&self.open, bytes);
        let requests = buffers.filled(&self.open, bytemuck::cast_slice(&layout.requests));
        let ranges = buffers.filled(&self.open, bytemuck::cast_slice(&layout.ranges));
        buffers.set_ensemble(&self.open, |ensemble| {
            ensemble.requests = layout.requests.len() as u32;
        });
        let extra = [
            slots.as_entire_binding(),
            requests.as_entire_binding(),
            ranges.as_entire_binding(),
        ];
        let groups = [
            compose::counting_groups(&self.task, self.target()),
            buffers.table.len() as u32,
        ];
        let counts: Vec<u32> = pipeline.dispatch_and_read(
            &self.open,
            buffers,
            &extra,
            groups,
            (&slots, bytes),
            "histograms",
        )?;
        let alive: u64 = self.chains_in_tile().iter().sum::<u64>()
            - self
                .read_departed()?
                .iter()
                .filter(|&&step| step != NOT_DIVERGED)
                .count() as u64;
        let all = layout.histograms(bins, &counts);
        for request in 0..layout.requests.len() {
            let counted: u64 = all.iter().map(|point| point[request].total()).sum();
            if counted != alive {
                return Err(EngineError::Incomplete {
                    what: "a histogram".to_owned(),
                    detail: format!("{counted} chains counted of {alive}"),
                });
            }
        }
        Ok(self
            .points_in_tile()
            .into_iter()
            .map(|point| AtPoint {
                point,
                value: all[point].clone(),
            })
            .collect())
    }

    fn divergence(&mut self) -> Result<Vec<AtPoint<Divergence>>, EngineError> {
        let diverged = self.read_departed()?;
        Ok(reduce::divergence(
            &self.task,
            &self.buffers().table,
            &diverged,
        ))
    }
}

impl Inspect for Gpu {
    fn set_states(&mut self, states: &[f64]) -> Result<(), EngineError> {
        self.buffers().place(&self.task, &self.open, states)?;
        self.open.check("to hold the ensemble")
    }

    fn states(&mut self) -> Result<Vec<f64>, EngineError> {
        let diverged = self.read_departed()?;
        let buffers = self.buffers();
        let bytes = u64::from(buffers.places) * 4 * self.task.words() as u64;
        let words: Vec<u32> = buffers.read(&self.open, &buffers.state, bytes, "states")?;
        let (places, wide) = (buffers.places as usize, self.task.width().words());
        let at = |word: usize, place: usize| (word / wide * places + place) * wide + word % wide;
        Ok(reduce::per_chain(
            &self.task,
            &buffers.table,
            self.task.state,
            |k, place| (self.task).number(k, |word| words[at(word, place)]),
            &diverged,
        ))
    }

    fn values(&mut self) -> Result<Vec<f64>, EngineError> {
        self.stand();
        self.observe_into_memory()?;
        let buffers = self.buffers();
        let (places, outputs) = (buffers.places as usize, self.task.observe.output_count());
        let bytes = (places * outputs) as u64 * numbers::bytes(&self.task);
        let output = buffers.scratch(&self.open, bytes);
        let groups = buffers.groups(LANES);
        let extra = [output.as_entire_binding()];
        let words: Vec<u32> = self.pipeline(Entry::Values)?.dispatch_and_read(
            &self.open,
            buffers,
            &extra,
            groups,
            (&output, bytes),
            "values",
        )?;
        let values = Numbers::new(&self.task, words);
        Ok(reduce::per_chain(
            &self.task,
            &buffers.table,
            outputs,
            |k, place| values.get(k * places + place),
            &self.read_departed()?,
        ))
    }

    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<ChainNoise>, EngineError> {
        let segment = self.segment(step, u64::from(count));
        self.set_segments(&vec![segment; self.task.layout.points]);
        let buffers = self.buffers();
        let bytes = u64::from(buffers.places) * u64::from(count) * size_of::<ChainNoise>() as u64;
        let output = buffers.scratch(&self.open, bytes);
        let extra = self.with_table(&output);
        let groups = buffers.groups(LANES);
        self.pipeline(Entry::Draws)?.dispatch_and_read(
            &self.open,
            buffers,
            &extra,
            groups,
            (&output, bytes),
            "draws",
        )
    }
}

impl Gpu {
    /// Leaves in memory what entry points read that do not observe by themselves.
    fn observe_into_memory(&self) -> Result<(), EngineError> {
        if self.observes() == Form::Registers {
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

    /// Bytes of the sums of all invocations of `moments`.
    fn partial_bytes(&self) -> u64 {
        let lanes = self.buffers().table.len() as u64 * u64::from(LANES);
        lanes * limits::partial_bytes(&self.task)
    }

    /// Sums of powers from every invocation of `moments`.
    fn partials(&self) -> Result<Numbers, EngineError> {
        self.stand();
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

    /// Workgroups that sum.
    fn groups_of_moments(&self) -> [u32; 2] {
        let blocks = self.buffers().table.len() as u32;
        match self.observes() {
            Form::Memory => [blocks, self.task.observe.output_count() as u32],
            Form::Registers => [LANES / compose::SUMMING, blocks],
        }
    }

    /// Where chains are observed.
    fn observes(&self) -> Form {
        Form::of_observation(&self.task, self.target())
    }

    /// What sums tell of the chains that were there when the points had done so many steps.
    fn observations(
        &self,
        done: &[u64],
        partials: &Numbers,
    ) -> Result<Vec<Observation>, EngineError> {
        let observations = reduce::observations(&self.task, &self.buffers().table, partials);
        let counted: u64 = observations
            .iter()
            .flat_map(|o| &o.blocks)
            .map(|b| b.first().map_or(0, |m| m.count))
            .sum();
        let held: u64 = self.chains_in_tile().iter().sum();
        if counted < held {
            let table = &self.buffers().table;
            let left = reduce::left_by(&self.task, table, done, &self.read_departed()?);
            if counted + left != held {
                return Err(EngineError::Incomplete {
                    what: "moments".to_owned(),
                    detail: format!("{counted} chains counted and {left} gone, of {held}"),
                });
            }
        }
        Ok(observations)
    }

    /// The first of an entry point's own bindings, and the table of normals where draws look it up.
    fn with_table<'a>(&'a self, first: &'a wgpu::Buffer) -> Vec<wgpu::BindingResource<'a>> {
        let mut extra = vec![first.as_entire_binding()];
        if compose::wants_table(&self.task) {
            extra.push(self.buffers().normals.as_entire_binding());
        }
        extra
    }
}
