//! Complete WGSL of an entry point: a generated header, whole files of `shaders/` and generated functions, in order.
//!
//! Nothing is replaced inside a file. `shaders/model.wgsl` is an example of the generated functions.

use super::entry::Entry;
use super::lowering::{CountMemory, Lowering, Residency, UNIFORM_BYTES, Walk};
use super::mirror::{Access, Block, NO_OUTPUT, NOT_DIVERGED, Segment};
use super::target::MOMENTS_WORKGROUP;
use super::{memory_functions, numbers, register_functions};
use crate::engine::fixed_point;
use crate::engine::task::Task;
use crate::plan::LANES;
use crate::random;
use crate::spec::{Precision, Sampling};
use std::fmt::Write;

/// Text of a file of `shaders/`.
macro_rules! shader {
    ($file:literal) => {
        include_str!(concat!("../../../shaders/", $file))
    };
}

/// Complete source of an entry point.
pub fn compose(task: &Task, entry: Entry, lowering: &Lowering) -> String {
    let mut source = header(task, lowering);
    source.push_str(task.width().wgsl_real());
    source.push_str(shader!("ensemble.wgsl"));
    push_tables(&mut source, lowering);
    if task.precision == Precision::F16State || lowering.half_examples {
        source.push_str(shader!("half.wgsl"));
    }
    push_storage(&mut source, task);
    if lowering.reads_examples(entry) {
        source.push_str(if lowering.half_examples {
            shader!("examples_f16.wgsl")
        } else {
            shader!("examples_float.wgsl")
        });
    }
    let residency = lowering.residency(entry);
    if let Some(residency) = residency {
        push_chain(&mut source, task, residency);
    }
    push_functions(&mut source, task, entry, lowering);
    source.push_str(match (entry, residency) {
        (Entry::Moments, Some(Residency::Memory)) => shader!("moments_memory.wgsl"),
        _ => entry_text(entry),
    });
    source
}

fn entry_text(entry: Entry) -> &'static str {
    match entry {
        Entry::Advance => shader!("advance.wgsl"),
        Entry::DataPass => shader!("data_pass.wgsl"),
        Entry::Observe => shader!("observe.wgsl"),
        Entry::Moments => shader!("moments.wgsl"),
        Entry::Covariance => shader!("covariance.wgsl"),
        Entry::Histogram => shader!("histogram.wgsl"),
        Entry::Values => shader!("values.wgsl"),
        Entry::Draws => shader!("draws.wgsl"),
    }
}

/// Constants that Rust knows, so that no shader repeats them.
fn header(task: &Task, lowering: &Lowering) -> String {
    let uniforms = &task.uniforms[0][0];
    let batch = task.batch.as_ref();
    let mut text = String::from("// Generated for one experiment.\n");
    for (name, value) in [
        ("LANES", LANES as usize),
        ("WORKGROUP", lowering.workgroup as usize),
        ("MOMENTS_WORKGROUP", MOMENTS_WORKGROUP as usize),
        ("BLOCKS", UNIFORM_BYTES as usize / size_of::<Block>()),
        ("POINTS", UNIFORM_BYTES as usize / size_of::<Segment>()),
        ("STATE", task.state),
        ("PARAMETERS", task.parameters),
        (
            "EXAMPLES",
            batch.map_or(0, |batch| batch.table.count as usize),
        ),
        ("COEFFICIENTS", uniforms.step.len()),
        ("OBSERVE_UNIFORMS", uniforms.observe.len()),
        ("OUTPUTS", task.observe.output_count()),
        ("PARTIAL", numbers::per_partial(task)),
        ("CHECKED", task.checked),
        ("WIDTH", task.addresses.width as usize),
        ("STEPS_PER_BLOCK", task.addresses.steps_per_block as usize),
        ("UNROLLED_STEPS", lowering.unrolled_steps as usize),
        ("NOT_DIVERGED", NOT_DIVERGED as usize),
        ("NO_OUTPUT", NO_OUTPUT as usize),
    ] {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    let one_point = task.layout.points == 1;
    let _ = writeln!(text, "const ONE_POINT: bool = {one_point};\n");
    text
}

/// Tables of blocks and segments.
fn push_tables(source: &mut String, lowering: &Lowering) {
    source.push_str(match lowering.block_table {
        Access::Uniform => shader!("blocks_uniform.wgsl"),
        Access::Read | Access::Write => shader!("blocks_storage.wgsl"),
    });
    source.push_str(match lowering.segment_table {
        Access::Uniform => shader!("segments_uniform.wgsl"),
        Access::Read | Access::Write => shader!("segments_storage.wgsl"),
    });
}

/// Storage of states between steps.
fn push_storage(source: &mut String, task: &Task) {
    if task.precision == Precision::Compensated {
        source.push_str(&task.fixed_point().wgsl_constants());
        source.push_str(fixed_point::WGSL);
    }
    source.push_str(match task.precision {
        Precision::F32 | Precision::F64 => shader!("storage_float.wgsl"),
        Precision::Compensated => shader!("storage_compensated.wgsl"),
        Precision::F16State => shader!("storage_half.wgsl"),
    });
}

/// The chain while a shader works on it.
fn push_chain(source: &mut String, task: &Task, residency: Residency) {
    if residency == Residency::Memory {
        source.push_str(shader!("chain_memory.wgsl"));
        return;
    }
    source.push_str(shader!("chain_registers.wgsl"));
    source.push_str(match task.precision {
        Precision::F32 | Precision::F64 => shader!("state_float.wgsl"),
        Precision::Compensated => shader!("state_compensated.wgsl"),
        Precision::F16State => shader!("state_half.wgsl"),
    });
}

/// Functions that the entry point calls.
fn push_functions(source: &mut String, task: &Task, entry: Entry, lowering: &Lowering) {
    match entry {
        Entry::Advance => push_steps(source, task, lowering),
        Entry::Draws => {
            push_variates(source, task, lowering);
            source.push_str(random::WGSL_UNIFORM);
        }
        Entry::DataPass => {
            source.extend(task.width().wgsl_operations());
            source.push_str(&memory_functions::data_pass(task, lowering));
        }
        Entry::Observe => {
            source.extend(task.width().wgsl_operations());
            source.push_str(&memory_functions::outputs_at(lowering));
            source.push_str(&memory_functions::observe(task, lowering));
        }
        Entry::Moments | Entry::Histogram | Entry::Values => {
            push_observation(source, task, entry, lowering);
        }
        Entry::Covariance => {}
    }
}

/// Stream, step and walk of the stepping shader.
fn push_steps(source: &mut String, task: &Task, lowering: &Lowering) {
    if lowering.steps == Residency::Memory {
        source.push_str(shader!("state_memory.wgsl"));
    }
    push_stream(source, task, lowering);
    if task.precision == Precision::F16State {
        source.push_str(random::WGSL_ROUNDING);
        source.push_str(shader!("state_half_rounding.wgsl"));
    }
    source.extend(task.width().wgsl_operations());
    source.push_str(&match lowering.steps {
        Residency::Memory => memory_functions::step(task, lowering),
        Residency::Registers => register_functions::step(task),
    });
    source.push_str(match lowering.walk {
        Walk::Masked => shader!("walk_masked.wgsl"),
        Walk::Whole => shader!("walk_whole.wgsl"),
    });
}

/// Outputs, computed here or read from memory, and their reduction.
fn push_observation(source: &mut String, task: &Task, entry: Entry, lowering: &Lowering) {
    let in_memory = lowering.observation == Residency::Memory;
    if in_memory {
        source.push_str(&memory_functions::outputs_at(lowering));
    } else {
        source.extend(task.width().wgsl_operations());
        source.push_str(&register_functions::observe(task));
    }
    if entry == Entry::Moments {
        source.push_str(shader!("sums.wgsl"));
        if !in_memory {
            source.push_str(&register_functions::accumulate_all(task, lowering.moments));
        }
    } else if in_memory {
        source.push_str(shader!("observed.wgsl"));
    }
    if entry == Entry::Histogram {
        let counts = lowering.sizes.histogram_counts.max(1);
        let _ = writeln!(source, "const COUNTS_PER_POINT: u32 = {counts}u;\n");
        source.push_str(match lowering.counts {
            CountMemory::Workgroup => shader!("counts_workgroup.wgsl"),
            CountMemory::Global => shader!("counts_global.wgsl"),
        });
        if in_memory {
            source.push_str(shader!("count_memory.wgsl"));
        } else {
            source.push_str(&register_functions::count_all(task));
        }
    }
}

/// Random words and the variates made of them.
fn push_variates(source: &mut String, task: &Task, lowering: &Lowering) {
    source.push_str(&random::wgsl_constants());
    source.push_str(random::WGSL_THREEFRY);
    if task.picks() {
        source.push_str(shader!("picks_with_replacement.wgsl"));
        source.push_str(random::WGSL_LANE_ROTATION);
        return;
    }
    source.push_str(match lowering.normal_table {
        None => "",
        Some(Access::Uniform) => shader!("normal_table_uniform.wgsl"),
        Some(Access::Read | Access::Write) => shader!("normal_table_storage.wgsl"),
    });
    for file in random::wgsl_noise(task.noise) {
        source.push_str(file);
    }
}

/// Stream of variates, or of examples in shuffled order.
fn push_stream(source: &mut String, task: &Task, lowering: &Lowering) {
    if task.sampling() == Some(Sampling::Shuffle) {
        source.push_str(&random::wgsl_constants());
        source.push_str(random::WGSL_THREEFRY);
        source.push_str(random::WGSL_UNIFORM);
        source.push_str(random::WGSL_PERMUTATION);
        source.push_str(shader!("picks_in_order.wgsl"));
        return;
    }
    push_variates(source, task, lowering);
    source.push_str(shader!("stream.wgsl"));
    if task.picks() {
        source.push_str(random::WGSL_UNIFORM);
        source.push_str(shader!("next_with_replacement.wgsl"));
    }
}
