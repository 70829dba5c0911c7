//! States of some chains, for statistics that need whole states: distances between ensembles.

use super::record::PointRecord;
use crate::compile::Problem;
use crate::engine::{Engine, EngineError};
use crate::plan::Tile;

/// Adds the parameters of evenly spaced chains of a tile to the records: at most `most` chains of each point, diverged chains
/// left out.
///
/// # Errors
/// The engine's.
pub(super) fn keep(
    problem: &Problem,
    engine: &mut dyn Engine,
    tile: Tile,
    most: u64,
    records: &mut [PointRecord],
) -> Result<(), EngineError> {
    let layout = problem.task.layout;
    let every = layout.chains.div_ceil(most);
    let states = engine.states()?;
    let mut states = states.chunks(problem.task.state);
    for block in tile.range() {
        let first = layout.first_chain(block);
        // The last block of a superchain has empty slots, which have no states.
        let end = first + layout.filled(block);
        let kept = &mut records[layout.point_of(block)].kept;
        for (chain, state) in (first..end).zip(&mut states) {
            let parameters = &state[..problem.task.parameters];
            if chain % every == 0 && !parameters.iter().any(|x| x.is_nan()) {
                kept.extend_from_slice(parameters);
            }
        }
    }
    Ok(())
}
