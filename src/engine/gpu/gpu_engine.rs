//! The engine: its task, device, pipelines and tile.

use super::buffers::Buffers;
use super::compose::compose;
use super::device::OpenDevice;
use super::entry::Entry;
use super::limits;
use super::lowering::Lowering;
use super::mirror::{NOT_DIVERGED, Segment};
use super::numbers;
use super::pipeline::Pipeline;
use super::target::{Target, WORKGROUP};
use crate::engine::error::EngineError;
use crate::engine::task::Task;
use crate::plan::{DispatchSizing, Tile};
use std::cell::OnceCell;

/// Settings that never change a result.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Invocations per workgroup of the stepping shader: 32, 64 or 128.
    pub workgroup: u32,
    /// Kind of device that shaders are written for; `None` for the kind of the device in use.
    pub target: Option<Target>,
    /// Number of steps of a dispatch.
    pub dispatch_sizing: DispatchSizing,
    /// Edit of the source of every shader before the source is compiled. The identity, except in tests that break a
    /// shader on purpose.
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

/// Position of one sweep point in the run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    /// Steps done.
    pub(super) steps: u64,
    /// Phase of the schedule.
    pub(super) phase: usize,
}

/// Chains on a GPU, in the precision of their task.
#[derive(Debug)]
pub struct Gpu {
    pub(super) task: Task,
    pub(super) open: OpenDevice,
    pub(super) lowering: Lowering,
    pub(super) tuning: Tuning,
    /// One for each of [`Entry::ALL`], compiled at its first use.
    pipelines: [OnceCell<Pipeline>; Entry::ALL.len()],
    pub(super) tile: Option<Buffers>,
    /// Position of each sweep point.
    pub(super) positions: Vec<Position>,
}

impl Gpu {
    /// An engine on an opened device. Compiles the stepping shader.
    ///
    /// # Errors
    /// The device does not support the task's precision, or refuses the shader.
    pub fn new(task: Task, open: OpenDevice) -> Result<Self, EngineError> {
        Self::with(task, open, Tuning::default())
    }

    /// An engine with settings of its own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(task: Task, open: OpenDevice, mut tuning: Tuning) -> Result<Self, EngineError> {
        let target = tuning.target.unwrap_or(open.target());
        let lowering = Lowering::new(&task, target, tuning.workgroup);
        limits::check_precision(&task, &lowering, &open)?;
        if open.report.software {
            tuning.dispatch_sizing = tuning.dispatch_sizing.without_watchdog();
        }
        let gpu = Self {
            positions: vec![Position::default(); task.layout.points],
            task,
            open,
            lowering,
            tuning,
            pipelines: std::array::from_fn(|_| OnceCell::new()),
            tile: None,
        };
        gpu.pipeline(Entry::Advance)?;
        Ok(gpu)
    }

    /// Bytes that one chain takes on the device, its share of the partial sums included.
    pub fn bytes_per_chain(task: &Task, target: Target) -> u64 {
        Lowering::new(task, target, WORKGROUP).bytes_per_chain()
    }

    /// Most slots of a tile such that every buffer fits one binding of the device.
    pub fn most_slots(task: &Task, open: &OpenDevice) -> u64 {
        let lowering = Lowering::new(task, open.target(), WORKGROUP);
        limits::most_slots(task, &lowering, open)
    }

    /// The form that the task takes on the device.
    pub fn lowering(&self) -> &Lowering {
        &self.lowering
    }

    /// A compiled entry point.
    pub(super) fn pipeline(&self, entry: Entry) -> Result<&Pipeline, EngineError> {
        let cell = &self.pipelines[entry as usize];
        if let Some(pipeline) = cell.get() {
            return Ok(pipeline);
        }
        let source = (self.tuning.alter)(entry, compose(&self.task, entry, &self.lowering));
        let pipeline = Pipeline::new(
            &self.open,
            &source,
            entry,
            &self.lowering.common_bindings(),
            &self.lowering.bindings(entry),
        )?;
        Ok(cell.get_or_init(|| pipeline))
    }

    /// Replaces the tile: chains take their start values.
    pub(super) fn start_tile(&mut self, tile: Tile) -> Result<(), EngineError> {
        self.positions.fill(Position::default());
        limits::check(&self.task, &self.lowering, &self.open, tile)?;
        let buffers = Buffers::new(&self.task, &self.open, &self.lowering, tile)?;
        buffers.write_start(&self.task, &self.open)?;
        self.tile = Some(buffers);
        self.open.check("to hold the ensemble")
    }

    /// Buffers of the tile.
    pub(super) fn buffers(&self) -> &Buffers {
        self.tile
            .as_ref()
            .expect("`init_tile` comes before every other call")
    }

    /// Writes positions and uniforms of every point, for entry points that do no steps.
    pub(super) fn write_positions(&self) {
        let segments: Vec<Segment> = (self.positions.iter())
            .map(|position| self.segment(position.steps, 0))
            .collect();
        self.write_segments(&segments);
        self.write_uniforms();
    }

    /// Writes the next segment of every point.
    pub(super) fn write_segments(&self, segments: &[Segment]) {
        let segments = bytemuck::cast_slice(segments);
        let queue = &self.open.queue;
        queue.write_buffer(&self.buffers().segments, 0, segments);
    }

    /// Writes the uniforms of every point in its current phase.
    pub(super) fn write_uniforms(&self) {
        let uniforms = (self.task.uniforms.iter().zip(&self.positions))
            .map(|(phases, position)| &phases[position.phase])
            .flat_map(|uniforms| uniforms.step.iter().chain(&uniforms.observe))
            .copied();
        let uniforms = numbers::pack(&self.task, uniforms);
        let queue = &self.open.queue;
        queue.write_buffer(&self.buffers().uniforms, 0, &uniforms);
    }

    /// A segment of `steps` steps that begins after `begin` steps.
    pub(super) fn segment(&self, begin: u64, steps: u64) -> Segment {
        let (block, offset) = self.task.position(begin);
        let words = |number: u64| [number as u32, (number >> 32) as u32];
        Segment {
            block: words(block),
            rounding: words(begin * self.task.rounding_blocks()),
            offset,
            steps: steps as u32,
            begin: begin.min(u64::from(NOT_DIVERGED - 1)) as u32,
            unused: 0,
        }
    }

    /// Chains of each point in the tile.
    pub(super) fn chains_in_tile(&self) -> Vec<u64> {
        let mut chains = vec![0; self.task.layout.points];
        for block in &self.buffers().table {
            chains[block.point as usize] += u64::from(block.filled);
        }
        chains
    }

    /// Points that the tile has blocks of, in order.
    pub(super) fn points_in_tile(&self) -> Vec<usize> {
        let table = self.buffers().table.iter();
        let mut points: Vec<usize> = table.map(|block| block.point as usize).collect();
        points.dedup();
        points
    }

    /// The step at which the chain of each slot diverged, or `NOT_DIVERGED`.
    pub(super) fn read_diverged(&self) -> Result<Vec<u32>, EngineError> {
        let buffers = self.buffers();
        let bytes = u64::from(buffers.slots) * 4;
        buffers.read(&self.open, &buffers.diverged, bytes, "diverged chains")
    }

    /// An entry point's first own binding, and the table of normals if draws read it.
    pub(super) fn with_normals<'a>(
        &'a self,
        first: &'a wgpu::Buffer,
    ) -> Vec<wgpu::BindingResource<'a>> {
        let normals = self.lowering.normal_table.map(|_| &self.buffers().normals);
        std::iter::once(first)
            .chain(normals)
            .map(wgpu::Buffer::as_entire_binding)
            .collect()
    }
}
