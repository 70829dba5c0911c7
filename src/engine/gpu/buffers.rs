//! Buffers of one tile.

use super::device::OpenDevice;
use super::lowering::{Lowering, UNIFORM_BYTES};
use super::mirror::{Access, Block, COMMON, Ensemble, NOT_DIVERGED, Segment};
use super::numbers;
use super::transfer::{PIECE, empty, fetch, init, wait};
use crate::engine::error::EngineError;
use crate::engine::task::Task;
use crate::plan::Tile;
use crate::random::NORMAL_TABLE;
use bytemuck::Pod;
use wgpu::{BindingResource, Buffer, BufferUsages};

const STORAGE: BufferUsages = BufferUsages::STORAGE
    .union(BufferUsages::COPY_DST)
    .union(BufferUsages::COPY_SRC);

/// Buffers of a tile, and the host's copy of the table of blocks.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Table of blocks. Blocks of inactive points hold no chain.
    pub(super) table: Vec<Block>,
    /// Chains of each block, active or not.
    filled: Vec<u32>,
    pub(super) slots: u32,
    pub(super) segments: Buffer,
    pub(super) uniforms: Buffer,
    pub(super) state: Buffer,
    pub(super) diverged: Buffer,
    pub(super) clock: Buffer,
    pub(super) normals: Buffer,
    pub(super) examples: Buffer,
    pub(super) memory: Buffer,
    ensemble: Buffer,
    blocks: Buffer,
    header: Ensemble,
}

impl Buffers {
    /// Creates and fills the buffers of a tile; states are written by [`Self::write_start`].
    ///
    /// # Errors
    /// The device refuses a buffer.
    pub(super) fn new(
        task: &Task,
        open: &OpenDevice,
        lowering: &Lowering,
        tile: Tile,
    ) -> Result<Self, EngineError> {
        let layout = &task.layout;
        let table = block_table(task, tile);
        let slots = (tile.blocks * layout.block_slots()) as u32;
        let header = ensemble(task, slots, table.len() as u32);
        let words = |count: u64| empty(open, count.max(1) * 4, STORAGE);
        let wide = task.width().words() as u64;
        let per_point = task.uniforms[0][0].step.len() + task.uniforms[0][0].observe.len();
        let blocks = table_buffer(open, lowering.block_table, size_of_val(&*table));
        open.queue
            .write_buffer(&blocks, 0, bytemuck::cast_slice(&table));
        let segment_bytes = layout.points * size_of::<Segment>();
        let buffers = Self {
            slots,
            segments: table_buffer(open, lowering.segment_table, segment_bytes),
            uniforms: words((layout.points * per_point) as u64 * wide),
            state: words(u64::from(slots) * task.words() as u64),
            diverged: words(u64::from(slots)),
            clock: words(u64::from(slots / lowering.workgroup)),
            normals: init(
                open,
                bytemuck::cast_slice(&NORMAL_TABLE),
                BufferUsages::UNIFORM | BufferUsages::STORAGE,
            ),
            memory: words(u64::from(slots) * lowering.column_bytes() / 4),
            examples: init(open, &packed(task, lowering), BufferUsages::STORAGE),
            ensemble: init(open, bytemuck::bytes_of(&header), BufferUsages::UNIFORM),
            blocks,
            header,
            filled: table.iter().map(|block| block.filled).collect(),
            table,
        };
        open.check("the buffers of the ensemble")?;
        Ok(buffers)
    }

    /// Selects the active points: blocks of other points hold no chain.
    pub(super) fn set_active_points(&mut self, open: &OpenDevice, points: &[bool]) {
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

    /// Writes the start values and marks every chain as not diverged.
    ///
    /// # Errors
    /// The device does not take them.
    pub(super) fn write_start(&self, task: &Task, open: &OpenDevice) -> Result<(), EngineError> {
        self.write_numbers(task, open, |k, _, number| task.start.value(k, number))
    }

    /// Writes states `[chain of the tile][number]` and marks every chain as not diverged.
    ///
    /// # Errors
    /// The device does not take them.
    pub(super) fn write_states(
        &self,
        task: &Task,
        open: &OpenDevice,
        states: &[f64],
    ) -> Result<(), EngineError> {
        self.write_numbers(task, open, |k, index, _| states[index * task.state + k])
    }

    /// Writes `value(number of the state, index of the chain in the tile, number of the chain in the sweep)`, one number
    /// of all slots after the other.
    fn write_numbers(
        &self,
        task: &Task,
        open: &OpenDevice,
        value: impl Fn(usize, usize, u64) -> f64,
    ) -> Result<(), EngineError> {
        // Writes are buffered on the host until they are submitted.
        let submit = || wait(open, open.queue.submit([]), "the states of the chains");
        let mut buffered = 0;
        let wide = task.width().words();
        let mut words = vec![0u32; self.slots as usize * wide];
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
                    for (word, target) in (first_word..).zip(lane) {
                        *target = task.word(word, |k| value(k, index, number));
                    }
                    index += 1;
                }
            }
            let offset = first_word as u64 * u64::from(self.slots) * 4;
            open.queue
                .write_buffer(&self.state, offset, bytemuck::cast_slice(&words));
            buffered += words.len() as u64 * 4;
            if buffered >= PIECE {
                submit()?;
                buffered = 0;
            }
        }
        let not_diverged = vec![NOT_DIVERGED; self.slots as usize];
        open.queue
            .write_buffer(&self.diverged, 0, bytemuck::cast_slice(&not_diverged));
        submit()
    }

    /// Workgroups for all slots: those of a block in one dimension, blocks in the other.
    pub(super) fn groups(&self, workgroup: u32) -> [u32; 2] {
        [self.header.block / workgroup, self.header.blocks]
    }

    /// Changes the header for the next dispatch.
    pub(super) fn set_ensemble(&self, open: &OpenDevice, change: impl FnOnce(&mut Ensemble)) {
        let mut header = self.header;
        change(&mut header);
        open.queue
            .write_buffer(&self.ensemble, 0, bytemuck::bytes_of(&header));
    }

    /// A buffer of zeros for results.
    pub(super) fn scratch(&self, open: &OpenDevice, bytes: u64) -> Buffer {
        empty(open, bytes.max(4), STORAGE)
    }

    /// A read-only buffer with the given contents.
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

    /// Bindings that all entry points share.
    pub(super) fn common(&self) -> [BindingResource<'_>; COMMON] {
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

/// Blocks of a tile, all with their chains.
fn block_table(task: &Task, tile: Tile) -> Vec<Block> {
    let layout = &task.layout;
    tile.range()
        .map(|block| {
            let (point, chain) = (layout.point_of(block), layout.first_chain(block));
            let number = task.chain_number(point, chain);
            Block {
                point: point as u32,
                filled: layout.filled(block) as u32,
                chain: [number as u32, (number >> 32) as u32],
            }
        })
        .collect()
}

/// Header of a tile; dispatches set the fields that are zero here.
fn ensemble(task: &Task, slots: u32, blocks: u32) -> Ensemble {
    Ensemble {
        key: task.stream.key(),
        slots,
        block: task.layout.block_slots() as u32,
        rows: task.layout.rows,
        blocks,
        bound: numbers::bound(task),
        pairs: 0,
        requests: 0,
        data_pass: 0,
        first: 0,
        last: 0,
        zero: 0,
    }
}

/// Buffer of a table. In uniform memory it has one size for all ensembles, of which the table fills the beginning.
fn table_buffer(open: &OpenDevice, access: Access, bytes: usize) -> Buffer {
    match access {
        Access::Uniform => {
            let usage = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
            empty(open, UNIFORM_BYTES, usage)
        }
        Access::Read | Access::Write => empty(open, bytes as u64, STORAGE),
    }
}

/// Bytes of all data sets as the shaders read them; four bytes if there are none.
fn packed(task: &Task, lowering: &Lowering) -> Vec<u8> {
    let tables = task.tables();
    let values = || tables.iter().flat_map(|table| table.values.iter().copied());
    let mut bytes: Vec<u8> = if lowering.half_examples {
        let halves = values().map(half::f16::from_f64);
        halves.flat_map(half::f16::to_le_bytes).collect()
    } else {
        numbers::pack(task, values())
    };
    bytes.resize(bytes.len().next_multiple_of(4).max(4), 0);
    bytes
}
