//! The traits that every engine implements.

use super::error::EngineError;
use super::results::{AtPoint, ChainNoise, Divergence, Observation};
use super::task::Bins;
use crate::measure::{Comoments, Histogram};
use crate::plan::{Checkpoint, Tile};

/// Steps and measures one tile of chains at a time.
pub trait Engine: Inspect + Send {
    /// Label and value of each decision about the form in which the task runs; none where there is nothing to decide.
    fn explain(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Replaces the tile: chains take their start values, all sweep points are active.
    ///
    /// # Errors
    /// The device refuses, for instance for lack of memory.
    fn init_tile(&mut self, tile: Tile) -> Result<(), EngineError>;

    /// Selects the sweep points that [`Self::observe`] and [`Inspect::values`] measure; all after [`Self::init_tile`].
    /// Only active points may be stepped.
    fn set_active_points(&mut self, points: &[bool]);

    /// Runs the segments of one checkpoint; `progress` receives numbers of completed chain-steps.
    ///
    /// # Errors
    /// The device fails.
    fn step(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError>;

    /// Computes moments of every output of the observing program. Marks chains as diverged whose loss or gradient is
    /// not finite.
    ///
    /// # Errors
    /// The device fails or returns an incomplete result.
    fn observe(&mut self) -> Result<Vec<Observation>, EngineError>;

    /// Runs checkpoints in order and passes those that are measured, with their observations, to `seen`.
    ///
    /// An engine may queue the next checkpoint before it reads back the last one.
    ///
    /// # Errors
    /// As [`Self::step`] and [`Self::observe`].
    fn run_to_checkpoints(
        &mut self,
        checkpoints: &[Checkpoint],
        seen: &mut dyn FnMut(&Checkpoint, Vec<Observation>),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        step_and_observe(self, checkpoints, seen, progress)
    }

    /// Central sums of products of all pairs of parameters, block by block as in [`Observation::blocks`].
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn covariance(&mut self) -> Result<Vec<AtPoint<Vec<Comoments>>>, EngineError>;

    /// Histograms of the task, counted with the axes `bins[point][histogram]`.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn histograms(
        &mut self,
        bins: &[Vec<Bins>],
    ) -> Result<Vec<AtPoint<Vec<Histogram>>>, EngineError>;

    /// Diverged chains.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn divergence(&mut self) -> Result<Vec<AtPoint<Divergence>>, EngineError>;
}

/// Reads and writes single chains of the tile.
pub trait Inspect {
    /// Overwrites all chains with `states[chain][number]`, laid out as by [`Self::states`], rounded to the engine's
    /// precision. No chain counts as diverged afterwards.
    ///
    /// # Errors
    /// The device refuses.
    fn set_states(&mut self, states: &[f64]) -> Result<(), EngineError>;

    /// States of all chains, `[chain][number]`; NaN for diverged chains.
    ///
    /// # Errors
    /// As [`Engine::observe`].
    fn states(&mut self) -> Result<Vec<f64>, EngineError>;

    /// Outputs of the observing program for all chains of active points, `[chain][output]`; NaN for diverged chains.
    ///
    /// # Errors
    /// As [`Engine::observe`].
    fn values(&mut self) -> Result<Vec<f64>, EngineError>;

    /// Noise blocks `[block][slot]` of every slot of the tile: `count` blocks from the one that `step` reads first.
    /// Slots without a chain have noise too.
    ///
    /// # Errors
    /// As [`Engine::observe`].
    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<ChainNoise>, EngineError>;
}

/// Alternates [`Engine::step`] and [`Engine::observe`].
pub(super) fn step_and_observe<E: Engine + ?Sized>(
    engine: &mut E,
    checkpoints: &[Checkpoint],
    seen: &mut dyn FnMut(&Checkpoint, Vec<Observation>),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), EngineError> {
    for checkpoint in checkpoints {
        engine.step(checkpoint, progress)?;
        if checkpoint.measured {
            seen(checkpoint, engine.observe()?);
        }
    }
    Ok(())
}
