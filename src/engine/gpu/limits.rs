//! Limits of a device: sizes of tiles and dispatches, checked before a run.

use super::device::OpenDevice;
use super::lowering::{Lowering, Residency};
use super::{histogram_counts, numbers};
use crate::engine::error::EngineError;
use crate::engine::task::{CHUNK, DataPass, ExampleSum, Task};
use crate::plan::{LANES, Tile};
use crate::spec::{Precision, Width};

/// Most workgroups in one dimension of a dispatch, by the default limits of WebGPU.
pub(super) const MOST_GROUPS: u32 = 65_535;

/// Most loop turns of an invocation in one dispatch of a software rasterizer. Mesa's lavapipe leaves every loop after 65,535
/// turns, all loops of an invocation counted together, and reports nothing.
const MOST_TURNS: u64 = 60_000;

/// Most examples that a dispatch reads, over all chains. Drivers stop dispatches that last seconds, and the loop over the
/// examples of a step cannot be interrupted.
const MOST_EXAMPLES: u64 = 1 << 34;

/// Most slots of a tile such that every buffer fits one binding of the device.
pub(super) fn most_slots(task: &Task, lowering: &Lowering, open: &OpenDevice) -> u64 {
    let bytes = binding_bytes(open);
    let column = lowering.column_bytes().max(task.words() as u64 * 4);
    let state = bytes / column;
    let partials = bytes / lowering.sizes.partial_bytes * u64::from(task.layout.rows);
    // Words of a buffer and slots have numbers of type u32, and blocks are one dimension of a dispatch.
    let numbered = u64::from(u32::MAX) / (column / 4);
    let blocks = u64::from(MOST_GROUPS) * task.layout.block_slots();
    let batch = task.batch.as_ref().map_or(1, |batch| u64::from(batch.size));
    let passes = (MOST_EXAMPLES / batch).max(task.layout.block_slots());
    let slots = state.min(partials).min(numbered).min(blocks).min(passes);
    slots.min(1 << 31)
}

/// Refuses a tile whose buffers the device cannot bind, or steps that a dispatch cannot finish.
///
/// # Errors
/// The first quantity that is too large, with both sizes.
pub(super) fn check(
    task: &Task,
    lowering: &Lowering,
    open: &OpenDevice,
    tile: Tile,
) -> Result<(), EngineError> {
    let available = binding_bytes(open).min(u64::from(u32::MAX) * 4);
    for (what, needed) in buffer_bytes(task, lowering, tile) {
        if needed > available {
            return Err(too_large(what, &megabytes(needed), &megabytes(available)));
        }
    }
    let turns = turns_of_step(task, lowering.steps);
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

/// Refuses a precision that the device lacks, or that states in memory cannot have.
///
/// # Errors
/// The device has no 64-bit floats, or the task needs memory and its parameters are not floats.
pub(super) fn check_precision(
    task: &Task,
    lowering: &Lowering,
    open: &OpenDevice,
) -> Result<(), EngineError> {
    let floats = matches!(task.precision, Precision::F32 | Precision::F64);
    if !floats && lowering.steps == Residency::Memory {
        return Err(EngineError::FloatsOnly {
            storage: task.precision.name(),
        });
    }
    if task.width() == Width::Double && !open.report.doubles {
        return Err(EngineError::NoDoubles {
            adapter: open.report.name.clone(),
        });
    }
    Ok(())
}

/// Sizes of the buffers of a tile, those of measurements included.
fn buffer_bytes(task: &Task, lowering: &Lowering, tile: Tile) -> [(&'static str, u64); 6] {
    let slots = tile.blocks * task.layout.block_slots();
    let points = task.layout.points as u64;
    let uniforms = (task.uniforms[0][0].step.len() + task.uniforms[0][0].observe.len()) as u64;
    let lanes = tile.blocks * u64::from(LANES);
    [
        (
            "the state of the chains",
            slots.saturating_mul(task.words() as u64 * 4),
        ),
        (
            "the sums of the measured quantities",
            lanes.saturating_mul(lowering.sizes.partial_bytes),
        ),
        (
            "the histograms",
            histogram_counts::of_sweep(task).saturating_mul(4),
        ),
        ("the data set", data_bytes(task, lowering)),
        (
            "the memory of chains that do not fit into registers",
            slots.saturating_mul(lowering.column_bytes()),
        ),
        (
            "the coefficients of the sweep",
            points.saturating_mul(uniforms * numbers::bytes(task)),
        ),
    ]
}

/// Bytes of all data sets.
fn data_bytes(task: &Task, lowering: &Lowering) -> u64 {
    let tables = task.tables();
    let count: u64 = tables.iter().map(|table| table.values.len() as u64).sum();
    if lowering.half_examples {
        2 * count
    } else {
        numbers::bytes(task).saturating_mul(count)
    }
}

/// Loop turns of one step.
fn turns_of_step(task: &Task, steps: Residency) -> u64 {
    let batch = task.batch.as_ref().map_or(0, |batch| {
        let example_sum = batch.example_sum.as_ref();
        let example = example_sum.map_or(0, |sum| Lowering::turns(steps, &sum.program));
        // Each chunk clears its sums and adds them to the total, which is cleared once.
        let sums = example_sum.map_or(0, |sum| turns_of_sums(steps, sum));
        let chunks = u64::from(batch.size.div_ceil(CHUNK));
        u64::from(batch.size) * (1 + example) + chunks * (1 + 2 * sums) + sums
    });
    let draws_and_norm = match steps {
        Residency::Registers => 0,
        Residency::Memory => task.state as u64 + u64::from(task.draws),
    };
    // One for the step and one for the noise block around it. The gap between MOST_TURNS and lavapipe's limit allows for
    // two more blocks.
    2 + batch + Lowering::turns(steps, &task.step) + draws_and_norm
}

fn turns_of_sums(residency: Residency, example_sum: &ExampleSum) -> u64 {
    match residency {
        Residency::Registers => 0,
        Residency::Memory => example_sum.sums as u64,
    }
}

/// Most steps of a dispatch.
pub(super) fn most_steps(task: &Task, lowering: &Lowering, open: &OpenDevice) -> u64 {
    if open.report.software {
        (MOST_TURNS / turns_of_step(task, lowering.steps)).max(1)
    } else {
        u64::MAX
    }
}

/// Examples of a data pass that one dispatch reads. Data passes run in memory.
pub(super) fn most_examples(data_pass: &DataPass, open: &OpenDevice) -> u32 {
    let example_sum = &data_pass.example_sum;
    let each = 1 + Lowering::turns(Residency::Memory, &example_sum.program);
    // A range of less than a chunk begins at most one chunk and ends at most one.
    let sums = 3 * turns_of_sums(Residency::Memory, example_sum);
    let most = if open.report.software {
        (MOST_TURNS.saturating_sub(sums) / each).min(u64::from(CHUNK))
    } else {
        u64::from(8 * CHUNK)
    };
    most.clamp(1, u64::from(u32::MAX)) as u32
}

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
