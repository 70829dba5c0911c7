//! The form that a task takes on a device. It is decided here, once; everything else reads the decisions.

use super::columns::{ObservationColumns, StepColumns};
use super::entry::Entry;
use super::histogram_counts;
use super::mirror::{Access, Block, COMMON, EXAMPLES, FIRST_OWN, MEMORY, Segment, common};
use super::numbers;
use super::target::Target;
use crate::engine::task::Task;
use crate::loss::Program;
use crate::spec::{NoiseKind, NormalTransform};

/// Most instructions of a program that is written as one statement per operation. Drivers compile that many in about a
/// second; beyond, compile time grows faster than the program.
pub(super) const MOST_UNROLLED: usize = 2_500;

/// Most numbers of a state that is kept in registers.
pub(super) const MOST_STATE: usize = 96;

/// Most numbers of a state that fits into registers together with a backup of it.
pub(super) const MOST_BACKED_UP: usize = 32;

/// Most values that an observing program may hold at once to run in the registers of hardware.
pub(super) const MOST_LIVE: usize = 160;

/// Most outputs whose accumulators fit into the registers of hardware.
pub(super) const MOST_ACCUMULATED: usize = 24;

/// Most steps per noise block for which the masked walk is used. Lavapipe limits the number of loop turns in a dispatch.
pub(super) const MOST_MASKED: u32 = 8;

/// Bytes of a table in uniform memory, which every software rasterizer can bind. The size is fixed so that shaders, which
/// drivers cache once compiled, do not depend on the size of the ensemble.
pub(super) const UNIFORM_BYTES: u64 = 1 << 16;

/// Memory in which chains are kept while a shader works on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residency {
    /// Registers: one statement per operation.
    Registers,
    /// Storage memory: loops over arrays. Private arrays would not do, because compilers without indexed registers, such as
    /// Mesa's, turn each running index into a ladder of branches.
    Memory,
}

/// Order in which a dispatch runs the steps of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Whole noise blocks, then single steps at both ends of the segment.
    Whole,
    /// Whole noise blocks only; the results of steps outside the segment are dropped. Faster on software rasterizers, which
    /// execute both sides of every branch.
    Masked,
}

/// Memory in which histograms are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountMemory {
    /// Each workgroup counts in its own memory and adds its counts to the global ones at the end.
    Workgroup,
    /// All workgroups count in storage memory.
    Global,
}

/// Sizes of a task on which the decisions depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Numbers of a chain's state.
    pub(super) state: usize,
    /// Instructions of the largest program of a step.
    pub(super) step_instructions: usize,
    /// Steps that one noise block serves.
    pub(super) steps_per_block: u32,
    /// True when a step reads examples.
    pub(super) batch: bool,
    /// Passes over a data set before each measurement.
    pub(super) data_passes: usize,
    /// Instructions of the observing program.
    pub(super) observe_instructions: usize,
    /// Values that the observing program holds at once.
    pub(super) live: usize,
    /// Outputs of the observing program.
    pub(super) outputs: usize,
    /// Counts of all histograms of one sweep point.
    pub(super) histogram_counts: u64,
    /// Slots for chains in a block.
    pub(super) block: u64,
    /// Bytes of the larger of the tables of blocks and of segments.
    pub(super) table_bytes: u64,
    /// Sweep points.
    pub(super) points: usize,
    /// Bytes of a chain's state, with the step at which it diverged.
    pub(super) state_bytes: u64,
    /// Bytes that one invocation of the moments shader writes.
    pub(super) partial_bytes: u64,
    /// Rows of chains in a block, which share one partial sum per lane.
    pub(super) rows: u32,
    /// Bytes of a number.
    pub(super) number_bytes: u64,
}

impl Sizes {
    fn new(task: &Task) -> Self {
        let layout = &task.layout;
        let batch = task.batch.as_ref();
        let example_sum = batch.and_then(|batch| batch.example_sum.as_ref());
        let of_examples = example_sum.map_or(0, |sum| sum.program.instructions());
        let blocks = layout.blocks() * size_of::<Block>() as u64;
        let segments = (layout.points * size_of::<Segment>()) as u64;
        Self {
            state: task.state,
            step_instructions: task.step.instructions().max(of_examples),
            steps_per_block: task.addresses.steps_per_block,
            batch: batch.is_some(),
            data_passes: task.data_passes.len(),
            observe_instructions: task.observe.instructions(),
            live: task.observe.row_count(),
            outputs: task.observe.output_count(),
            histogram_counts: histogram_counts::per_point(task),
            block: layout.block_slots(),
            table_bytes: blocks.max(segments),
            points: layout.points,
            state_bytes: (task.words() as u64 + 1) * 4,
            partial_bytes: numbers::per_partial(task) as u64 * numbers::bytes(task),
            rows: layout.rows,
            number_bytes: numbers::bytes(task),
        }
    }

    fn residency(&self, instructions: usize) -> Residency {
        if self.state > MOST_STATE || instructions > MOST_UNROLLED {
            Residency::Memory
        } else {
            Residency::Registers
        }
    }

    /// Passes over examples run in memory, because a pass over many has to be split into dispatches.
    fn observation(&self, target: Target) -> Residency {
        let fits = target == Target::Software || self.live <= MOST_LIVE;
        if self.data_passes == 0 && fits {
            self.residency(self.observe_instructions)
        } else {
            Residency::Memory
        }
    }

    fn unrolled_steps(&self, steps: Residency) -> u32 {
        if steps == Residency::Registers && self.state <= MOST_BACKED_UP {
            self.steps_per_block
        } else {
            1
        }
    }

    fn walk(&self, target: Target, unrolled_steps: u32) -> Walk {
        let short = (2..=MOST_MASKED).contains(&unrolled_steps);
        if target == Target::Software && !self.batch && short {
            Walk::Masked
        } else {
            Walk::Whole
        }
    }

    /// Workgroup memory must hold the counts, and flushing them must not be more work than counting.
    fn counts(&self, target: Target) -> CountMemory {
        let capacity = u64::from(target.workgroup_bytes()) / size_of::<u32>() as u64;
        if self.histogram_counts <= capacity.min(self.block) {
            CountMemory::Workgroup
        } else {
            CountMemory::Global
        }
    }

    /// Each workgroup with counts of its own takes enough chains that flushing is little beside counting. Without them
    /// software rasterizers run one workgroup per block, which sets up its counting once.
    fn counting_groups(&self, target: Target, counts: CountMemory) -> u32 {
        const CHAINS_PER_SLOT: u64 = 8;
        const LEAST_CHAINS: u64 = 1 << 10;
        match (counts, target) {
            (CountMemory::Workgroup, _) => {
                let chains = LEAST_CHAINS.max(CHAINS_PER_SLOT * self.histogram_counts);
                (self.block / chains).clamp(1, u64::from(self.rows)) as u32
            }
            (CountMemory::Global, Target::Software) => 1,
            (CountMemory::Global, Target::Hardware) => self.rows,
        }
    }

    /// A single segment is read once from either memory. In uniform memory lavapipe would take it for a constant and
    /// compile the shader anew for every dispatch.
    fn tables(&self, target: Target) -> [Access; 2] {
        let uniform = target == Target::Software && self.table_bytes <= UNIFORM_BYTES;
        [uniform, uniform && self.points > 1].map(|uniform| match uniform {
            true => Access::Uniform,
            false => Access::Read,
        })
    }

    fn moments(&self, target: Target) -> Residency {
        if self.outputs > MOST_ACCUMULATED && target == Target::Hardware {
            Residency::Memory
        } else {
            Residency::Registers
        }
    }
}

/// The form that a task takes on a device: every decision, made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowering {
    /// Kind of device.
    pub target: Target,
    /// Invocations per workgroup of the stepping shader.
    pub workgroup: u32,
    /// Where chains are kept during steps.
    pub steps: Residency,
    /// Steps between divergence checks: a whole noise block if registers can hold a backup of the state, else 1.
    pub unrolled_steps: u32,
    /// Order of the steps in a dispatch.
    pub walk: Walk,
    /// Where outputs are computed.
    pub observation: Residency,
    /// Where the accumulators of moments are kept, if outputs are computed in registers.
    pub moments: Residency,
    /// Where histograms are counted.
    pub counts: CountMemory,
    /// Workgroups that share the rows of a block to count them.
    pub counting_groups: u32,
    /// Memory of the table of blocks.
    pub block_table: Access,
    /// Memory of the table of segments.
    pub segment_table: Access,
    /// Memory of the table of the integer normal transform; `None` if draws do not use it.
    pub normal_table: Option<Access>,
    /// True when the data sets are stored as 16-bit floats.
    pub half_examples: bool,
    pub(super) step_columns: StepColumns,
    pub(super) observation_columns: ObservationColumns,
    pub(super) sizes: Sizes,
}

impl Lowering {
    /// Decides for a task, a kind of device and the workgroup size of the stepping shader.
    pub fn new(task: &Task, target: Target, workgroup: u32) -> Self {
        let sizes = Sizes::new(task);
        let steps = sizes.residency(sizes.step_instructions);
        let unrolled_steps = sizes.unrolled_steps(steps);
        let counts = sizes.counts(target);
        let [block_table, segment_table] = sizes.tables(target);
        let reads_normals =
            !task.picks() && task.noise == NoiseKind::Gaussian(NormalTransform::Integer);
        Self {
            target,
            workgroup,
            steps,
            unrolled_steps,
            walk: sizes.walk(target, unrolled_steps),
            observation: sizes.observation(target),
            moments: sizes.moments(target),
            counts,
            counting_groups: sizes.counting_groups(target, counts),
            block_table,
            segment_table,
            normal_table: reads_normals.then_some(match target {
                Target::Software => Access::Uniform,
                Target::Hardware => Access::Read,
            }),
            half_examples: task.tables().iter().any(|table| table.half),
            step_columns: StepColumns::new(task),
            observation_columns: ObservationColumns::new(task),
            sizes,
        }
    }

    /// Where an entry point keeps the chains it works on; `None` if it reads single numbers only.
    pub(super) fn residency(&self, entry: Entry) -> Option<Residency> {
        match entry {
            Entry::Advance => Some(self.steps),
            Entry::DataPass | Entry::Observe => Some(Residency::Memory),
            Entry::Moments | Entry::Histogram | Entry::Values => Some(self.observation),
            Entry::Covariance | Entry::Draws => None,
        }
    }

    /// Returns true when an entry point reads the data sets.
    pub(super) fn reads_examples(&self, entry: Entry) -> bool {
        match entry {
            Entry::Advance => self.sizes.batch,
            Entry::DataPass => self.sizes.data_passes > 0,
            _ => false,
        }
    }

    /// Access to the bindings that all entry points share.
    pub fn common_bindings(&self) -> [Access; COMMON] {
        common([self.block_table, self.segment_table])
    }

    /// Numbers of an entry point's own bindings, and their access.
    pub fn bindings(&self, entry: Entry) -> Vec<(u32, Access)> {
        let mut own = match entry {
            Entry::Advance | Entry::Draws | Entry::Moments | Entry::Values => vec![Access::Write],
            Entry::Covariance => vec![Access::Write, Access::Read],
            Entry::Histogram => vec![Access::Write, Access::Read, Access::Read],
            Entry::DataPass | Entry::Observe => Vec::new(),
        };
        if matches!(entry, Entry::Advance | Entry::Draws) {
            own.extend(self.normal_table);
        }
        let mut bindings: Vec<(u32, Access)> = (FIRST_OWN..).zip(own).collect();
        if self.reads_examples(entry) {
            bindings.push((EXAMPLES, Access::Read));
        }
        if self.residency(entry) == Some(Residency::Memory) {
            bindings.push((MEMORY, Access::Write));
        }
        bindings
    }

    /// Numbers in the column of memory that each chain has beside its state.
    pub fn column_length(&self) -> usize {
        let length = |residency, length| match residency {
            Residency::Registers => 0,
            Residency::Memory => length,
        };
        length(self.steps, self.step_columns.length)
            .max(length(self.observation, self.observation_columns.length))
    }

    /// Bytes of a chain's column of memory.
    pub(super) fn column_bytes(&self) -> u64 {
        self.column_length() as u64 * self.sizes.number_bytes
    }

    /// Bytes that one chain takes on the device, its share of the partial sums included.
    pub fn bytes_per_chain(&self) -> u64 {
        let partials = self
            .sizes
            .partial_bytes
            .div_ceil(u64::from(self.sizes.rows));
        self.sizes.state_bytes + self.column_bytes() + partials
    }

    /// Bytes of workgroup memory that counting uses.
    pub fn workgroup_bytes(&self) -> u64 {
        match self.counts {
            CountMemory::Workgroup => self.sizes.histogram_counts * size_of::<u32>() as u64,
            CountMemory::Global => 0,
        }
    }

    /// Most loop turns that a program takes: each turn computes one element. Programs in registers have no loops.
    pub(super) fn turns(residency: Residency, program: &Program) -> u64 {
        match residency {
            Residency::Registers => 0,
            Residency::Memory => (program.instructions() + program.output_count()) as u64,
        }
    }
}
