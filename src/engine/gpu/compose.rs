//! From a task to complete WGSL: a generated header, whole files of `shaders/`, and the generated model, in order.
//!
//! Nothing is replaced inside a file. `shaders/model.wgsl` shows by an example what the generated model provides.

use super::body::Form;
use super::mirror::{Access, Block, COMMON, Segment};
use super::reduce::Slots;
use super::{generate, in_memory};
use crate::engine::{Task, fixed_point};
use crate::plan::LANES;
use crate::random::{self};
use crate::spec::Precision;
use crate::spec::Sampling;
use crate::spec::{NoiseKind, NormalTransform};
use std::fmt::Write;

/// What a device executes: one entry point and all it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Steps.
    Advance,
    /// Sums over a range of examples, left in memory.
    DataPass,
    /// Every output of every chain, left in memory.
    Observe,
    /// Sums of powers of the outputs.
    Moments,
    /// Sums of products of parameters.
    Covariance,
    /// Counts in bins.
    Histogram,
    /// Every output of every chain.
    Values,
    /// Words, uniforms and prepared words.
    Draws,
}

impl Entry {
    /// All entry points.
    pub const ALL: [Self; 8] = [
        Self::Advance,
        Self::DataPass,
        Self::Observe,
        Self::Moments,
        Self::Covariance,
        Self::Histogram,
        Self::Values,
        Self::Draws,
    ];

    /// Name of the WGSL function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::DataPass => "data_pass",
            Self::Observe => "observe",
            Self::Moments => "moments",
            Self::Covariance => "covariance",
            Self::Histogram => "histogram",
            Self::Values => "values",
            Self::Draws => "draws",
        }
    }

    /// Numbers of the bindings beyond those that all entry points share, and what may be done with them.
    pub fn bindings(self, task: &Task, target: Target) -> Vec<(u32, Access)> {
        let own: &[Access] = match self {
            Self::Advance | Self::Draws if wants_table(task) => match target {
                Target::Software => &[Access::Write, Access::Uniform],
                Target::Hardware => &[Access::Write, Access::Read],
            },
            Self::Advance | Self::Draws | Self::Moments | Self::Values => &[Access::Write],
            Self::Covariance => &[Access::Write, Access::Read],
            Self::Histogram => &[Access::Write, Access::Read, Access::Read],
            Self::DataPass | Self::Observe => &[],
        };
        let mut bindings: Vec<(u32, Access)> = (FIRST_OWN..).zip(own.iter().copied()).collect();
        if self.wants_examples(task) {
            bindings.push((EXAMPLES, Access::Read));
        }
        if self.wants_memory(task, target) {
            bindings.push((MEMORY, Access::Write));
        }
        bindings
    }

    /// Whether the entry point works on chains in memory.
    pub(super) fn wants_memory(self, task: &Task, target: Target) -> bool {
        match self {
            Self::Advance => Form::of_steps(task) == Form::Memory,
            Self::DataPass | Self::Observe => true,
            Self::Moments | Self::Histogram | Self::Values => {
                Form::of_observation(task, target) == Form::Memory
            }
            Self::Covariance | Self::Draws => false,
        }
    }

    /// Whether the entry point reads the data sets.
    pub(super) fn wants_examples(self, task: &Task) -> bool {
        match self {
            Self::Advance => task.batch.is_some(),
            Self::DataPass => !task.data_passes.is_empty(),
            _ => false,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Advance => include_str!("../../../shaders/advance.wgsl"),
            Self::DataPass => include_str!("../../../shaders/data_pass.wgsl"),
            Self::Observe => include_str!("../../../shaders/observe.wgsl"),
            Self::Moments => include_str!("../../../shaders/moments.wgsl"),
            Self::Covariance => include_str!("../../../shaders/covariance.wgsl"),
            Self::Histogram => include_str!("../../../shaders/histogram.wgsl"),
            Self::Values => include_str!("../../../shaders/values.wgsl"),
            Self::Draws => include_str!("../../../shaders/draws.wgsl"),
        }
    }
}

/// Invocations per workgroup of the stepping entry point; those that count or take products have [`LANES`].
pub const WORKGROUP: u32 = 64;

/// Invocations per workgroup of what sums outputs in registers: [`LANES`] would leave a small ensemble to one processor.
pub(super) const SUMMING: u32 = 32;

/// What shaders are written for: a matter of speed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Software rasterisers. Tables lie in uniform memory where they fit, since words of storage memory are read by loops over
    /// lanes: those of blocks and of several segments, and that of the integer normal transform (measured 1.08 times the price of Box–Muller,
    /// against 1.5 from storage memory). Sums over outputs are in private memory however many they are.
    Software,
    /// Hardware, where neighbours that read different entries of uniform memory wait for each other, and private memory that
    /// does not fit into registers is far away.
    Hardware,
}

impl Target {
    /// Bytes of workgroup memory that shaders may use.
    pub(super) fn workgroup_bytes(self) -> u32 {
        match self {
            // What lavapipe has.
            Self::Software => 32 << 10,
            // What WebGPU promises.
            Self::Hardware => 16 << 10,
        }
    }
}

/// Number of the first binding that entry points use each for its own.
const FIRST_OWN: u32 = COMMON as u32;

/// Number of the binding of the data sets.
pub(super) const EXAMPLES: u32 = 9;

/// Number of the binding of the memory of chains that do not fit into registers.
pub(super) const MEMORY: u32 = 10;

/// Whether draws look up the table of the integer normal transform.
pub(super) fn wants_table(task: &Task) -> bool {
    !task.picks() && task.noise == NoiseKind::Gaussian(NormalTransform::Integer)
}

/// Whether a dispatch goes through whole blocks, whatever it keeps of them: on software rasterisers, where blocks are short and
/// steps have no loops of their own, of which lavapipe does only so many in a dispatch.
fn walks_masked(task: &Task, target: Target) -> bool {
    const MOST_TOGETHER: u32 = 8;
    let together = Form::steps_together(task);
    target == Target::Software && task.batch.is_none() && (2..=MOST_TOGETHER).contains(&together)
}

/// Whether workgroups make counts in memory of their own: where it has room for them, and handing them over is not more work
/// than making them.
fn counts_in_workgroups(task: &Task, target: Target) -> bool {
    let room = u64::from(target.workgroup_bytes()) / size_of::<u32>() as u64;
    Slots::of_a_point(task) <= room.min(task.layout.block_slots())
}

/// Workgroups that share the rows of a block to count them. Those with counts of their own take so many chains that handing
/// over is little beside it; on software rasterisers any do better with many, for which they find out once where to count.
pub(super) fn counting_groups(task: &Task, target: Target) -> u32 {
    const CHAINS_PER_SLOT: u64 = 8;
    const LEAST_CHAINS: u64 = 1 << 10;
    let rows = task.layout.rows;
    if counts_in_workgroups(task, target) {
        let chains = LEAST_CHAINS.max(CHAINS_PER_SLOT * Slots::of_a_point(task));
        (task.layout.block_slots() / chains).clamp(1, u64::from(rows)) as u32
    } else {
        match target {
            Target::Software => 1,
            Target::Hardware => rows,
        }
    }
}

/// Bytes of uniform memory that a binding may have on every software rasteriser. A table that lies there has as many, so that
/// shaders, which drivers keep once compiled, do not depend on the size of an ensemble.
pub(super) const UNIFORM_BYTES: u64 = 1 << 16;

/// Where the tables of blocks and segments lie.
///
/// A single segment, which has the same place for all invocations, is read once from either memory; in uniform memory it would be
/// taken for a constant by lavapipe, which then compiles the shader anew for every dispatch.
pub fn tables(task: &Task, target: Target) -> [Access; 2] {
    let blocks = task.layout.blocks() * size_of::<Block>() as u64;
    let segments = (task.layout.points * size_of::<Segment>()) as u64;
    let uniform = target == Target::Software && blocks.max(segments) <= UNIFORM_BYTES;
    [uniform, uniform && task.layout.points > 1].map(|uniform| {
        if uniform {
            Access::Uniform
        } else {
            Access::Read
        }
    })
}

/// The complete source of one entry point.
pub fn compose(task: &Task, entry: Entry, workgroup: u32, target: Target) -> String {
    let mut source = header(task, workgroup);
    source.push_str(task.width().wgsl_real());
    source.push_str(include_str!("../../../shaders/ensemble.wgsl"));
    let [blocks, segments] = tables(task, target);
    source.push_str(match blocks {
        Access::Uniform => include_str!("../../../shaders/blocks_uniform.wgsl"),
        Access::Read | Access::Write => include_str!("../../../shaders/blocks_storage.wgsl"),
    });
    source.push_str(match segments {
        Access::Uniform => include_str!("../../../shaders/segments_uniform.wgsl"),
        Access::Read | Access::Write => include_str!("../../../shaders/segments_storage.wgsl"),
    });
    let halves = task.tables().iter().any(|table| table.half);
    if task.precision == Precision::F16State || halves {
        source.push_str(include_str!("../../../shaders/half.wgsl"));
    }
    push_storage(&mut source, task);
    if entry.wants_examples(task) {
        source.push_str(examples(halves));
    }
    let in_memory = entry.wants_memory(task, target);
    if !matches!(entry, Entry::Covariance | Entry::Draws) {
        push_chain(&mut source, task, in_memory);
        if in_memory && entry == Entry::Advance {
            source.push_str(include_str!("../../../shaders/state_memory.wgsl"));
        }
    }
    match entry {
        Entry::Advance => {
            push_stream(&mut source, task, target);
            if task.precision == Precision::F16State {
                source.push_str(random::WGSL_ROUNDING);
                source.push_str(include_str!("../../../shaders/state_half_rounding.wgsl"));
            }
            source.extend(task.width().wgsl_operations());
            if in_memory {
                source.push_str(&in_memory::step(task).text);
            } else {
                source.push_str(&generate::step(task));
            }
            source.push_str(if walks_masked(task, target) {
                include_str!("../../../shaders/walk_masked.wgsl")
            } else {
                include_str!("../../../shaders/walk_whole.wgsl")
            });
        }
        Entry::Draws => {
            push_words(&mut source, task, target);
            source.push_str(random::WGSL_UNIFORM);
        }
        Entry::DataPass => {
            source.extend(task.width().wgsl_operations());
            source.push_str(&in_memory::data_pass(task).text);
        }
        Entry::Observe => {
            source.extend(task.width().wgsl_operations());
            source.push_str(&in_memory::outputs_at(task));
            source.push_str(&in_memory::observe(task).text);
        }
        Entry::Moments | Entry::Histogram | Entry::Values => {
            push_observation(&mut source, task, entry, target, in_memory);
        }
        Entry::Covariance => {}
    }
    if entry == Entry::Moments && in_memory {
        source.push_str(include_str!("../../../shaders/moments_memory.wgsl"));
    } else {
        source.push_str(entry.text());
    }
    source
}

/// What is observed: computed here, or left in memory before.
fn push_observation(
    source: &mut String,
    task: &Task,
    entry: Entry,
    target: Target,
    in_memory: bool,
) {
    if in_memory {
        source.push_str(&in_memory::outputs_at(task));
    } else {
        source.extend(task.width().wgsl_operations());
        source.push_str(&generate::observe(task));
    }
    if entry == Entry::Moments {
        source.push_str(include_str!("../../../shaders/sums.wgsl"));
        if !in_memory {
            source.push_str(&generate::accumulate(task, target));
        }
    } else if in_memory {
        source.push_str(include_str!("../../../shaders/observed.wgsl"));
    }
    if entry == Entry::Histogram {
        let slots = Slots::of_a_point(task).max(1);
        let _ = writeln!(source, "const SLOTS: u32 = {slots}u;\n");
        source.push_str(if counts_in_workgroups(task, target) {
            include_str!("../../../shaders/counts_workgroup.wgsl")
        } else {
            include_str!("../../../shaders/counts_global.wgsl")
        });
        if in_memory {
            source.push_str(include_str!("../../../shaders/tally_memory.wgsl"));
        } else {
            source.push_str(&generate::tally(task));
        }
    }
}

/// How chains lie in memory between steps.
fn push_storage(source: &mut String, task: &Task) {
    if task.precision == Precision::Compensated {
        source.push_str(&task.fixed_point().wgsl_constants());
        source.push_str(fixed_point::WGSL);
    }
    source.push_str(match task.precision {
        Precision::F32 | Precision::F64 => include_str!("../../../shaders/storage_float.wgsl"),
        Precision::Compensated => include_str!("../../../shaders/storage_compensated.wgsl"),
        Precision::F16State => include_str!("../../../shaders/storage_half.wgsl"),
    });
}

/// Where chains are while they are worked on.
fn push_chain(source: &mut String, task: &Task, in_memory: bool) {
    if in_memory {
        source.push_str(include_str!("../../../shaders/chain_memory.wgsl"));
        return;
    }
    source.push_str(include_str!("../../../shaders/chain_registers.wgsl"));
    source.push_str(match task.precision {
        Precision::F32 | Precision::F64 => include_str!("../../../shaders/state_float.wgsl"),
        Precision::Compensated => include_str!("../../../shaders/state_compensated.wgsl"),
        Precision::F16State => include_str!("../../../shaders/state_half.wgsl"),
    });
}

/// Sizes, from the host so that they are typed once.
fn header(task: &Task, workgroup: u32) -> String {
    let coefficients = task.uniforms[0][0].step.len();
    let scales = task.uniforms[0][0].observe.len();
    let mut text = String::from("// Generated for one experiment.\n");
    for (name, value) in [
        ("LANES", LANES as usize),
        ("WORKGROUP", workgroup as usize),
        ("SUMMING", SUMMING as usize),
        ("BLOCKS", UNIFORM_BYTES as usize / size_of::<Block>()),
        ("POINTS", UNIFORM_BYTES as usize / size_of::<Segment>()),
        ("STATE", task.state),
        ("PARAMETERS", task.parameters),
        (
            "EXAMPLES",
            task.batch
                .as_ref()
                .map_or(0, |batch| batch.table.count as usize),
        ),
        ("COEFFICIENTS", coefficients),
        ("SCALES", scales),
        ("OUTPUTS", task.observe.output_count()),
        ("CHECKED", task.checked),
        ("WIDTH", task.addresses.width as usize),
        ("STEPS_PER_BLOCK", task.addresses.steps_per_block as usize),
        ("TOGETHER", Form::steps_together(task) as usize),
    ] {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    let _ = writeln!(
        text,
        "const ONE_POINT: bool = {};\n",
        task.layout.points == 1
    );
    text
}

/// How the data sets lie in memory: all in 16 bits, or all as numbers of the chains.
fn examples(halves: bool) -> &'static str {
    if halves {
        include_str!("../../../shaders/examples_f16.wgsl")
    } else {
        include_str!("../../../shaders/examples_float.wgsl")
    }
}

/// Words and what becomes of them.
fn push_words(source: &mut String, task: &Task, target: Target) {
    source.push_str(&random::wgsl_constants());
    source.push_str(random::WGSL_THREEFRY);
    if task.picks() {
        source.push_str(include_str!("../../../shaders/picks_with_replacement.wgsl"));
        source.push_str(random::WGSL_LANE_ROTATION);
        return;
    }
    if wants_table(task) {
        source.push_str(match target {
            Target::Software => include_str!("../../../shaders/normal_table_uniform.wgsl"),
            Target::Hardware => include_str!("../../../shaders/normal_table_storage.wgsl"),
        });
    }
    for file in random::wgsl_noise(task.noise) {
        source.push_str(file);
    }
}

/// What steps draw from: words, or examples in an order.
fn push_stream(source: &mut String, task: &Task, target: Target) {
    if task.sampling() == Some(Sampling::Shuffle) {
        source.push_str(&random::wgsl_constants());
        source.push_str(random::WGSL_THREEFRY);
        source.push_str(random::WGSL_UNIFORM);
        source.push_str(random::WGSL_PERMUTATION);
        source.push_str(include_str!("../../../shaders/picks_in_order.wgsl"));
        return;
    }
    push_words(source, task, target);
    source.push_str(include_str!("../../../shaders/stream.wgsl"));
    if task.picks() {
        source.push_str(random::WGSL_UNIFORM);
        source.push_str(include_str!("../../../shaders/next_with_replacement.wgsl"));
    }
}
