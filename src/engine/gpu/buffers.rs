//! Buffers of one tile, pipelines, dispatches and reading back.

use super::compose::{EXAMPLES, MEMORY, UNIFORM_BYTES};
use super::mirror::{Access, Block, COMMON, Ensemble, NOT_DIVERGED, Segment};
use super::{Entry, OpenDevice, Target, numbers};
use crate::engine::{EngineError, Task};
use crate::plan::Tile;
use crate::random::NORMAL_TABLE;
use bytemuck::Pod;
use std::sync::mpsc;
use std::time::Duration;
use wgpu::{BindingResource, Buffer, BufferUsages};

/// No dispatch may take longer. They are sized for a twentieth of a second, but a software rasteriser compiles a shader when it
/// is first dispatched, and on a busy machine one that measures hundreds of outputs then took more than a minute.
const PATIENCE: Duration = Duration::from_secs(300);

/// The buffers that every entry point binds, and the table of blocks on the host's side.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Blocks of points that are not watched hold no chain.
    pub(super) table: Vec<Block>,
    /// Chains of each block.
    filled: Vec<u32>,
    pub(super) places: u32,
    pub(super) segments: Buffer,
    pub(super) uniforms: Buffer,
    pub(super) state: Buffer,
    pub(super) diverged: Buffer,
    pub(super) clock: Buffer,
    pub(super) normals: Buffer,
    examples: Buffer,
    memory: Buffer,
    ensemble: Buffer,
    blocks: Buffer,
    header: Ensemble,
}

impl Buffers {
    pub(super) fn new(
        task: &Task,
        open: &OpenDevice,
        target: Target,
        tile: Tile,
        workgroup: u32,
    ) -> Result<Self, EngineError> {
        let layout = &task.layout;
        let table: Vec<Block> = tile
            .range()
            .map(|block| {
                let (point, chain) = (layout.point_of(block), layout.first_chain(block));
                let number = task.chain_number(point, chain);
                Block {
                    point: point as u32,
                    filled: layout.filled(block) as u32,
                    chain: [number as u32, (number >> 32) as u32],
                }
            })
            .collect();
        let places = (tile.blocks * layout.block_slots()) as u32;
        let header = Ensemble {
            key: task.stream.key(),
            places,
            block: layout.block_slots() as u32,
            rows: layout.rows,
            blocks: table.len() as u32,
            bound: numbers::bound(task),
            pairs: 0,
            requests: 0,
            data_pass: 0,
            first: 0,
            last: 0,
            nothing: 0,
        };
        let words = |count: u64, usage| empty(open, count.max(1) * 4, usage);
        let wide = task.width().words() as u64;
        let per_point = task.uniforms[0][0].step.len() + task.uniforms[0][0].observe.len();
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        // Of a table in uniform memory, which has one size for all ensembles, the begin is filled.
        let table_of = |access: Access, bytes: usize| match access {
            Access::Uniform => {
                let usage = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
                empty(open, UNIFORM_BYTES, usage)
            }
            Access::Read | Access::Write => empty(open, bytes as u64, storage),
        };
        let [of_blocks, of_legs] = super::tables(task, target);
        let blocks = table_of(of_blocks, size_of_val(&*table));
        open.queue
            .write_buffer(&blocks, 0, bytemuck::cast_slice(&table));
        let buffers = Self {
            places,
            segments: table_of(of_legs, layout.points * size_of::<Segment>()),
            uniforms: words((layout.points * per_point) as u64 * wide, storage),
            state: words(u64::from(places) * task.words() as u64, storage),
            diverged: words(u64::from(places), storage),
            clock: words(u64::from(places / workgroup), storage),
            normals: init(
                open,
                bytemuck::cast_slice(&NORMAL_TABLE),
                BufferUsages::UNIFORM | BufferUsages::STORAGE,
            ),
            memory: words(
                u64::from(places) * super::memory_bytes(task, target) / 4,
                storage,
            ),
            examples: init(open, &packed(task), BufferUsages::STORAGE),
            ensemble: init(open, bytemuck::bytes_of(&header), BufferUsages::UNIFORM),
            blocks,
            header,
            filled: table.iter().map(|block| block.filled).collect(),
            table,
        };
        open.check("the buffers of the ensemble")?;
        Ok(buffers)
    }

    /// Empties the blocks of all points but these, and fills theirs again.
    pub(super) fn watch(&mut self, open: &OpenDevice, points: &[bool]) {
        let mut changed = false;
        for (block, &filled) in self.table.iter_mut().zip(&self.filled) {
            let wanted = if points[block.point as usize] {
                filled
            } else {
                0
            };
            changed |= block.filled != wanted;
            block.filled = wanted;
        }
        if changed {
            open.queue
                .write_buffer(&self.blocks, 0, bytemuck::cast_slice(&self.table));
        }
    }

    /// Writes the starts and marks every chain as present.
    ///
    /// # Errors
    /// The device does not take them.
    pub(super) fn place_at_start(&self, task: &Task, open: &OpenDevice) -> Result<(), EngineError> {
        self.write_states(task, open, |k, _, number| task.start.value(k, number))
    }

    /// Writes states `[chain of the tile][parameter]` and marks every chain as present.
    ///
    /// # Errors
    /// The device does not take them.
    pub(super) fn place(
        &self,
        task: &Task,
        open: &OpenDevice,
        states: &[f64],
    ) -> Result<(), EngineError> {
        self.write_states(task, open, |k, index, _| states[index * task.state + k])
    }

    /// Writes `value(parameter, index of the chain in the tile, its number in the sweep)`, what all places have together
    /// before the next.
    fn write_states(
        &self,
        task: &Task,
        open: &OpenDevice,
        value: impl Fn(usize, usize, u64) -> f64,
    ) -> Result<(), EngineError> {
        // What is written waits on the host until it is sent.
        let send = || wait(open, open.queue.submit([]), "the states of the chains");
        let mut waiting = 0;
        let wide = task.width().words();
        let mut words = vec![0u32; self.places as usize * wide];
        for first_word in (0..task.words()).step_by(wide) {
            let mut index = 0;
            for (block, lanes) in self
                .table
                .iter()
                .zip(words.chunks_mut(task.layout.block_slots() as usize * wide))
            {
                let first = u64::from(block.chain[0]) | u64::from(block.chain[1]) << 32;
                let numbers = first..first + u64::from(block.filled);
                for (number, lane) in numbers.zip(lanes.chunks_exact_mut(wide)) {
                    for (word, slot) in (first_word..).zip(lane) {
                        *slot = task.word(word, |k| value(k, index, number));
                    }
                    index += 1;
                }
            }
            let offset = first_word as u64 * u64::from(self.places) * 4;
            open.queue
                .write_buffer(&self.state, offset, bytemuck::cast_slice(&words));
            waiting += words.len() as u64 * 4;
            if waiting >= PIECE {
                send()?;
                waiting = 0;
            }
        }
        let stayed = vec![NOT_DIVERGED; self.places as usize];
        open.queue
            .write_buffer(&self.diverged, 0, bytemuck::cast_slice(&stayed));
        send()
    }

    /// Workgroups of so many invocations for all places: those of a block in one dimension, blocks in the other.
    pub(super) fn groups(&self, workgroup: u32) -> [u32; 2] {
        [self.header.block / workgroup, self.header.blocks]
    }

    /// Changes the shared numbers for the next dispatch.
    pub(super) fn set_ensemble(&self, open: &OpenDevice, change: impl FnOnce(&mut Ensemble)) {
        let mut header = self.header;
        change(&mut header);
        open.queue
            .write_buffer(&self.ensemble, 0, bytemuck::bytes_of(&header));
    }

    /// A buffer of zeros for results.
    pub(super) fn scratch(&self, open: &OpenDevice, bytes: u64) -> Buffer {
        empty(
            open,
            bytes.max(4),
            BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        )
    }

    /// A buffer with the given contents.
    pub(super) fn filled(&self, open: &OpenDevice, contents: &[u8]) -> Buffer {
        init(open, contents, BufferUsages::STORAGE)
    }

    /// Copies the first `bytes` of a buffer to the host.
    pub(super) fn read<T: Pod>(
        &self,
        open: &OpenDevice,
        buffer: &Buffer,
        bytes: u64,
        what: &str,
    ) -> Result<Vec<T>, EngineError> {
        fetch(open, None, buffer, bytes, what)
    }

    fn common(&self) -> [BindingResource<'_>; COMMON] {
        [
            &self.ensemble,
            &self.blocks,
            &self.segments,
            &self.uniforms,
            &self.state,
            &self.diverged,
        ]
        .map(Buffer::as_entire_binding)
    }
}

/// The numbers of all data sets as the shaders read them; four bytes where there are none.
fn packed(task: &Task) -> Vec<u8> {
    let tables = task.tables();
    let values = || tables.iter().flat_map(|table| table.values.iter().copied());
    let mut bytes: Vec<u8> = if tables.iter().any(|table| table.half) {
        let halves = values().map(half::f16::from_f64);
        halves.flat_map(half::f16::to_le_bytes).collect()
    } else {
        numbers::pack(task, values())
    };
    bytes.resize(bytes.len().next_multiple_of(4).max(4), 0);
    bytes
}

fn empty(open: &OpenDevice, size: u64, usage: BufferUsages) -> Buffer {
    open.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage,
        mapped_at_creation: false,
    })
}

/// Written through the queue and not mapped at creation: mapping a buffer of a lost device panics in wgpu, and writing
/// is reported to [`OpenDevice::check`].
fn init(open: &OpenDevice, contents: &[u8], usage: BufferUsages) -> Buffer {
    let buffer = empty(open, contents.len() as u64, usage | BufferUsages::COPY_DST);
    open.queue.write_buffer(&buffer, 0, contents);
    buffer
}

/// Waits for a submission, and no longer than [`PATIENCE`].
fn wait(
    open: &OpenDevice,
    submission: wgpu::SubmissionIndex,
    what: &str,
) -> Result<(), EngineError> {
    let poll = wgpu::PollType::Wait {
        submission_index: Some(submission),
        timeout: Some(PATIENCE),
    };
    let outcome = open.device.poll(poll);
    open.check(what)?;
    outcome.map(|_| ()).map_err(|_| EngineError::Timeout {
        what: what.to_owned(),
        seconds: PATIENCE.as_secs(),
    })
}

/// Bytes that are on their way between host and device at a time: they lie on both sides.
pub(super) const PIECE: u64 = 1 << 22;

/// Bytes that are copied to the host once the device has done all that it was given before.
#[derive(Debug)]
pub(super) struct Arriving {
    staging: Buffer,
    length: u64,
    submission: wgpu::SubmissionIndex,
    outcome: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
    what: String,
}

impl Arriving {
    /// Submits commands that fill the first `length` bytes of `staging`.
    pub(super) fn submit(
        open: &OpenDevice,
        commands: wgpu::CommandEncoder,
        staging: &Buffer,
        length: u64,
        what: &str,
    ) -> Self {
        let submission = open.queue.submit([commands.finish()]);
        let (sender, outcome) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, ..length, move |result| {
            // The receiver is gone only after a failure, which is reported where it happened.
            let _ = sender.send(result);
        });
        Self {
            staging: staging.clone(),
            length,
            submission,
            outcome,
            what: what.to_owned(),
        }
    }

    /// Waits for them.
    pub(super) fn wait<T: Pod>(self, open: &OpenDevice) -> Result<Vec<T>, EngineError> {
        let refused = |reason: String| EngineError::Refused {
            what: format!("to give back {}", self.what),
            reason,
        };
        wait(open, self.submission, &self.what)?;
        match self.outcome.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(refused(error.to_string())),
            Err(_) => return Err(refused("the copy has not arrived".to_owned())),
        }
        let view = self
            .staging
            .get_mapped_range(..self.length)
            .map_err(|error| refused(error.to_string()))?;
        let all = bytemuck::pod_collect_to_vec::<u8, T>(&view);
        drop(view);
        self.staging.unmap();
        Ok(all)
    }
}

/// A buffer that copies for the host arrive in.
pub(super) fn staging(open: &OpenDevice, bytes: u64) -> Buffer {
    empty(open, bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)
}

/// Submits commands, if any, and copies the first `bytes` that are then in a buffer to the host.
fn fetch<T: Pod>(
    open: &OpenDevice,
    mut commands: Option<wgpu::CommandEncoder>,
    buffer: &Buffer,
    bytes: u64,
    what: &str,
) -> Result<Vec<T>, EngineError> {
    let staging = staging(open, bytes.min(PIECE));
    let mut all = Vec::with_capacity(bytes as usize / size_of::<T>());
    for first in (0..bytes).step_by(PIECE as usize) {
        let length = PIECE.min(bytes - first);
        let mut commands = (commands.take())
            .unwrap_or_else(|| open.device.create_command_encoder(&Default::default()));
        commands.copy_buffer_to_buffer(buffer, first, &staging, 0, length);
        let piece = Arriving::submit(open, commands, &staging, length, what);
        all.extend(piece.wait::<T>(open)?);
    }
    Ok(all)
}

/// A compiled entry point.
#[derive(Debug)]
pub(super) struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    /// Numbers of the bindings beyond the common ones.
    own: Vec<u32>,
}

impl Pipeline {
    pub(super) fn new(
        open: &OpenDevice,
        source: &str,
        entry: Entry,
        common: &[Access],
        extra: &[(u32, Access)],
    ) -> Result<Self, EngineError> {
        let device = &open.device;
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(entry.name()),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        let checks = wgpu::ShaderRuntimeChecks {
            // Every loop of shaders/ has a bound that the host computed.
            force_loop_bounding: false,
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        // SAFETY: bounds checks stay on; only the counters that end endless loops are left out, and no loop is endless.
        let module = unsafe { device.create_shader_module_trusted(descriptor, checks) };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(entry.name()),
            entries: &layout_entries(common, extra),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry.name()),
            bind_group_layouts: &[Some(&layout)],
            ..Default::default()
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry.name()),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(entry.name()),
            compilation_options: Default::default(),
            cache: None,
        });
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(EngineError::Refused {
                what: format!("to compile \"{}\"", entry.name()),
                reason: error.to_string(),
            });
        }
        Ok(Self {
            pipeline,
            layout,
            own: extra.iter().map(|&(number, _)| number).collect(),
        })
    }

    /// The data sets and the memory of chains, where the entry point binds them.
    fn shared<'a>(&self, buffers: &'a Buffers) -> impl Iterator<Item = (BindingResource<'a>, u32)> {
        [(&buffers.examples, EXAMPLES), (&buffers.memory, MEMORY)]
            .into_iter()
            .filter(|(_, number)| self.own.contains(number))
            .map(|(buffer, number)| (buffer.as_entire_binding(), number))
    }

    /// Runs, with `extra` in the order of the entry point's own bindings (data sets and memory are bound without being asked
    /// for), workgroups in two dimensions and waits for them.
    pub(super) fn dispatch(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
        groups: [u32; 2],
        what: &str,
    ) -> Result<(), EngineError> {
        let commands = self.encode(open, buffers, extra, groups);
        wait(open, open.queue.submit([commands.finish()]), what)
    }

    /// As [`Self::dispatch`]; gives the first `bytes` of what it leaves in a buffer, for which it waits only once.
    pub(super) fn dispatch_and_read<T: Pod>(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
        groups: [u32; 2],
        (buffer, bytes): (&Buffer, u64),
        what: &str,
    ) -> Result<Vec<T>, EngineError> {
        let commands = self.encode(open, buffers, extra, groups);
        fetch(open, Some(commands), buffer, bytes, what)
    }

    fn encode(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
        groups: [u32; 2],
    ) -> wgpu::CommandEncoder {
        let mut encoder = open.device.create_command_encoder(&Default::default());
        self.bind(open, buffers, extra).encode(&mut encoder, groups);
        encoder
    }

    /// With the buffers that it works on.
    pub(super) fn bind(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
    ) -> Bound {
        let entries: Vec<wgpu::BindGroupEntry<'_>> = (buffers.common().into_iter())
            .zip(0..)
            .chain(extra.iter().cloned().zip(self.own.iter().copied()))
            .chain(self.shared(buffers))
            .map(|(resource, binding)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let group = open.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        });
        Bound {
            pipeline: self.pipeline.clone(),
            group,
        }
    }
}

/// A compiled entry point and the buffers that it works on.
#[derive(Debug)]
pub(super) struct Bound {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
}

impl Bound {
    /// Adds a dispatch of so many workgroups in two dimensions.
    pub(super) fn encode(&self, commands: &mut wgpu::CommandEncoder, [x, y]: [u32; 2]) {
        let mut pass = commands.begin_compute_pass(&Default::default());
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[]);
        pass.dispatch_workgroups(x, y, 1);
    }
}

fn layout_entries(common: &[Access], extra: &[(u32, Access)]) -> Vec<wgpu::BindGroupLayoutEntry> {
    ((0..).zip(common.iter().copied()))
        .chain(extra.iter().copied())
        .map(|(binding, access)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match access {
                    Access::Uniform => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::Write => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect()
}
