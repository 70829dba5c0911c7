//! What a device can hold, found out before a run.

use super::OpenDevice;
use super::reduce::{Slots, partial_words};
use crate::engine::{EngineError, Task};
use crate::plan::{LANES, Tile};

/// Workgroups in one dimension of a dispatch, by the WebGPU default limits.
pub(super) const MOST_GROUPS: u32 = 65_535;

/// The most places a tile may have so that every buffer fits one binding of this device.
pub(super) fn most_places(task: &Task, open: &OpenDevice) -> u64 {
    let bytes = binding_bytes(open);
    let state = bytes / (task.parameters as u64 * 4);
    let partials = bytes / (partial_words(task) as u64 * 4) * u64::from(task.layout.rows);
    // Words of a buffer and places are numbered by u32, and blocks by one dimension of a dispatch.
    let numbered = u64::from(u32::MAX) / task.parameters as u64;
    let blocks = u64::from(MOST_GROUPS) * task.layout.block();
    state.min(partials).min(numbered).min(blocks).min(1 << 31)
}

/// Refuses a tile whose buffers the device cannot bind, those of measurements included.
///
/// # Errors
/// The first buffer that is too large, with both sizes.
pub(super) fn check(task: &Task, open: &OpenDevice, tile: Tile) -> Result<(), EngineError> {
    let places = tile.blocks * task.layout.block();
    let points = task.layout.points as u64;
    let coefficients = task.coefficients[0][0].step.len() + task.coefficients[0][0].observe.len();
    let lanes = tile.blocks * u64::from(LANES);
    for (what, words) in [
        (
            "the state of the chains",
            places.saturating_mul(task.parameters as u64),
        ),
        (
            "the sums of the measured quantities",
            lanes.saturating_mul(partial_words(task) as u64),
        ),
        ("the histograms", Slots::words(task)),
        (
            "the coefficients of the sweep",
            points.saturating_mul(coefficients as u64),
        ),
    ] {
        let needed = words.saturating_mul(4);
        let available = binding_bytes(open).min(u64::from(u32::MAX) * 4);
        if needed > available {
            return Err(too_large(what, &megabytes(needed), &megabytes(available)));
        }
    }
    if tile.blocks > u64::from(MOST_GROUPS) {
        let blocks = |count: u64| format!("{count} blocks of {} chains", task.layout.block());
        return Err(too_large(
            "the ensemble",
            &blocks(tile.blocks),
            &blocks(u64::from(MOST_GROUPS)),
        ));
    }
    Ok(())
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
