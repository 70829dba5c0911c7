//! What a device can hold, found out before a run.

use super::body::Form;
use super::numbers;
use super::reduce::{Slots, partial_numbers};
use super::{OpenDevice, Target};
use crate::engine::{CHUNK, DataPass, EngineError, ExampleSum, Task};
use crate::loss::Program;
use crate::plan::{LANES, Tile};

/// Workgroups in one dimension of a dispatch, by the WebGPU default limits.
pub(super) const MOST_GROUPS: u32 = 65_535;

/// The most places a tile may have so that every buffer fits one binding of this device.
pub(super) fn most_places(task: &Task, open: &OpenDevice) -> u64 {
    let bytes = binding_bytes(open);
    let column = super::memory_bytes(task, open.target()).max(task.words() as u64 * 4);
    let state = bytes / column;
    let partials = bytes / partial_bytes(task) * u64::from(task.layout.rows);
    // Words of a buffer and places are numbered by u32, and blocks by one dimension of a dispatch.
    let numbered = u64::from(u32::MAX) / (column / 4);
    let blocks = u64::from(MOST_GROUPS) * task.layout.block_slots();
    let batch = task.batch.as_ref().map_or(1, |batch| u64::from(batch.size));
    let passes = (MOST_EXAMPLES / batch).max(task.layout.block_slots());
    let places = state.min(partials).min(numbered).min(blocks).min(passes);
    places.min(1 << 31)
}

/// Refuses a tile whose buffers the device cannot bind, those of measurements included.
///
/// # Errors
/// The first buffer that is too large, with both sizes.
pub(super) fn check(
    task: &Task,
    open: &OpenDevice,
    target: Target,
    tile: Tile,
) -> Result<(), EngineError> {
    let places = tile.blocks * task.layout.block_slots();
    let points = task.layout.points as u64;
    let coefficients = task.uniforms[0][0].step.len() + task.uniforms[0][0].observe.len();
    let lanes = tile.blocks * u64::from(LANES);
    for (what, needed) in [
        (
            "the state of the chains",
            places.saturating_mul(task.words() as u64 * 4),
        ),
        (
            "the sums of the measured quantities",
            lanes.saturating_mul(partial_bytes(task)),
        ),
        ("the histograms", Slots::words(task).saturating_mul(4)),
        ("the data set", data_bytes(task)),
        (
            "the memory of chains that do not fit into registers",
            places.saturating_mul(super::memory_bytes(task, target)),
        ),
        (
            "the coefficients of the sweep",
            points.saturating_mul(coefficients as u64 * numbers::bytes(task)),
        ),
    ] {
        let available = binding_bytes(open).min(u64::from(u32::MAX) * 4);
        if needed > available {
            return Err(too_large(what, &megabytes(needed), &megabytes(available)));
        }
    }
    let turns = turns_of_step(task);
    if open.report.software && turns > MOST_TURNS {
        let loops = |count: u64| format!("{count} turns of loops");
        return Err(too_large("one step", &loops(turns), &loops(MOST_TURNS)));
    }
    if tile.blocks > u64::from(MOST_GROUPS) {
        let blocks = |count: u64| format!("{count} blocks of {} chains", task.layout.block_slots());
        return Err(too_large(
            "the ensemble",
            &blocks(tile.blocks),
            &blocks(u64::from(MOST_GROUPS)),
        ));
    }
    Ok(())
}

/// Bytes that one invocation of `moments` writes.
pub(super) fn partial_bytes(task: &Task) -> u64 {
    partial_numbers(task) as u64 * numbers::bytes(task)
}

/// Bytes of all data sets.
fn data_bytes(task: &Task) -> u64 {
    let tables = task.tables();
    let count: u64 = tables.iter().map(|table| table.values.len() as u64).sum();
    if tables.iter().any(|table| table.half) {
        2 * count
    } else {
        numbers::bytes(task).saturating_mul(count)
    }
}

/// Turns of loops that an invocation may do in one dispatch. Mesa's lavapipe leaves every loop after 65 535 turns, all loops
/// of an invocation counted together, and says nothing; elsewhere a dispatch would last too long.
const MOST_TURNS: u64 = 60_000;

/// Turns of loops that a program takes at most: each turn computes an element of something.
fn turns(form: Form, program: &Program) -> u64 {
    match form {
        Form::Registers => 0,
        Form::Memory => (program.instructions() + program.output_count()) as u64,
    }
}

/// Turns of loops of one step.
fn turns_of_step(task: &Task) -> u64 {
    let form = Form::of_steps(task);
    let batch = task.batch.as_ref().map_or(0, |batch| {
        let example_sum = batch.example_sum.as_ref();
        let example = example_sum.map_or(0, |example_sum| turns(form, &example_sum.program));
        // Clearing and joining the sums of a chunk, and clearing the whole sum.
        let sums = example_sum.map_or(0, |example_sum| turns_of_sums(form, example_sum));
        let chunks = u64::from(batch.size.div_ceil(CHUNK));
        u64::from(batch.size) * (1 + example) + chunks * (1 + 2 * sums) + sums
    });
    let extent = match form {
        Form::Registers => 0,
        Form::Memory => task.state as u64 + u64::from(task.draws),
    };
    // One for the step, and one for the blocks of random numbers around it; what is left of the limit allows for two blocks.
    2 + batch + turns(form, &task.step) + extent
}

fn turns_of_sums(form: Form, example_sum: &ExampleSum) -> u64 {
    match form {
        Form::Registers => 0,
        Form::Memory => example_sum.sums as u64,
    }
}

/// The most steps of a dispatch.
pub(super) fn most_steps(task: &Task, open: &OpenDevice) -> u64 {
    if open.report.software {
        (MOST_TURNS / turns_of_step(task)).max(1)
    } else {
        u64::MAX
    }
}

/// Examples of a data_pass that a dispatch passes at once.
pub(super) fn most_examples(data_pass: &DataPass, open: &OpenDevice) -> u32 {
    // Examples are passed in memory.
    let form = Form::Memory;
    let each = 1 + turns(form, &data_pass.example_sum.program);
    // A range of less than a chunk begins one chunk and ends one at most.
    let sums = 3 * turns_of_sums(form, &data_pass.example_sum);
    let most = if open.report.software {
        (MOST_TURNS.saturating_sub(sums) / each).min(u64::from(CHUNK))
    } else {
        u64::from(8 * CHUNK)
    };
    most.clamp(1, u64::from(u32::MAX)) as u32
}

/// Examples that a dispatch passes at most, over all chains: devices stop dispatches that last seconds, and the loop over the
/// examples of a step cannot be left and taken up again.
const MOST_EXAMPLES: u64 = 1 << 34;

fn binding_bytes(open: &OpenDevice) -> u64 {
    let limits = open.device.limits();
    limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size)
}

fn too_large(what: &str, needed: &str, available: &str) -> EngineError {
    EngineError::TooLarge {
        what: what.to_owned(),
        needed: needed.to_owned(),
        available: available.to_owned(),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB in one buffer", bytes as f64 / 1e6)
}
