//! Where it runs: the CPU or a GPU behind one small trait.
//!
//! An engine holds one tile of the ensemble at a time, advances it and reduces it. It knows programs and plans; files,
//! theory and verdicts are not its business.

mod cpu;
mod error;
pub mod fixed_point;
#[cfg(feature = "gpu")]
pub mod gpu;
mod storage;
mod task;

pub use cpu::{Cpu, SimdLevel};
pub use error::EngineError;
pub use fixed_point::FixedPoint;
pub use storage::ROUNDINGS_PER_BLOCK;
pub use task::{
    Batch, Bins, CHUNK, Coefficients, DataPass, ExampleSum, HistogramRequest, Table, Task,
};

use crate::measure::{Comoments, Histogram, Moments};
use crate::plan::{Checkpoint, Tile};

/// What one point's chains in the tile look like now.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Point of the sweep.
    pub point: usize,
    /// Moments over the chains that have not left, block by block: `blocks[block][output of the observing program]`.
    /// Whoever merges them one by one, tile after tile, gets the same bits however the ensemble was cut.
    pub blocks: Vec<Vec<Moments>>,
    /// Whether the first of them is the point's first block: it decides ranges of histograms, so that they do not
    /// depend on the cut either.
    pub first: bool,
}

impl Observation {
    /// Moments over the point's chains in this tile.
    pub fn moments(&self) -> Vec<Moments> {
        let mut all = vec![Moments::default(); self.blocks.first().map_or(0, Vec::len)];
        for block in &self.blocks {
            for (a, b) in all.iter_mut().zip(block) {
                a.merge(b);
            }
        }
        all
    }

    /// Moments over the point's first block, where this tile holds it.
    pub fn pilot(&self) -> Option<&[Moments]> {
        self.blocks
            .first()
            .filter(|_| self.first)
            .map(Vec::as_slice)
    }
}

/// Chains of one point in the tile that have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Divergence {
    /// How many.
    pub count: u64,
    /// The step after which the first of them was beyond the bound (steps count from 1; 0 means at the start).
    pub first_step: Option<u64>,
}

impl Divergence {
    /// Adds those of other chains of the same point.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first_step = [self.first_step, other.first_step]
            .into_iter()
            .flatten()
            .min();
    }
}

/// One noise block of one chain: raw words, the bits of their uniforms, and twice four words made ready for drawing, of which the
/// second are empty but for draws that are longer than their words.
pub type Drawn = [[u32; 4]; 4];

/// Advances and reduces one tile of chains.
pub trait Engine: Send {
    /// Places the chains of a tile at their starts.
    ///
    /// # Errors
    /// Where the device refuses.
    fn init_tile(&mut self, tile: Tile) -> Result<(), EngineError>;

    /// Puts the chains of the loaded tile at given states, `[chain][number of the state]` in the order of [`Self::states`], all of
    /// them present; rounded to the engine's precision.
    ///
    /// # Errors
    /// Where the device refuses.
    fn set_states(&mut self, states: &[f64]) -> Result<(), EngineError>;

    /// Does the segments of one checkpoint; `progress` is told the chain-steps done.
    ///
    /// # Errors
    /// Where the device fails.
    fn step(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError>;

    /// Says of every point of the sweep whether [`Self::observe`] and [`Self::values`] look at its chains from now on: they look at
    /// all after [`Self::init_tile`], and pass over the others as if the tile did not hold them. Only those that are looked at may be
    /// advanced.
    fn set_active_points(&mut self, points: &[bool]);

    /// Reduces every output of the observing program. A chain whose loss or gradient is not finite leaves here.
    ///
    /// # Errors
    /// Where the device fails or returns less than all sums.
    fn observe(&mut self) -> Result<Vec<Observation>, EngineError>;

    /// Does the segments of checkpoints one after the other, and tells `seen` of every one that is measured, with what [`Self::observe`] gives
    /// there.
    ///
    /// # Errors
    /// As [`Self::step`] and [`Self::observe`].
    fn run_to_checkpoints(
        &mut self,
        checkpoints: &[Checkpoint],
        seen: &mut dyn FnMut(&Checkpoint, Vec<Observation>),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), EngineError> {
        one_by_one(self, checkpoints, seen, progress)
    }

    /// Central sums of products of all pairs of parameters, per point of the tile and block by block as in
    /// [`Observation::blocks`].
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn covariance(&mut self) -> Result<Vec<(usize, Vec<Comoments>)>, EngineError>;

    /// Counts the chains of each point of the tile into the bins given for it: `bins[point][request]`.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn histograms(
        &mut self,
        bins: &[Vec<Bins>],
    ) -> Result<Vec<(usize, Vec<Histogram>)>, EngineError>;

    /// Chains that have left, per point of the tile.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn divergence(&mut self) -> Result<Vec<(usize, Divergence)>, EngineError>;

    /// Every output of the observing program for every chain of the tile, `[chain][output]`, NaN for chains that have
    /// left: for comparison, chain by chain.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn values(&mut self) -> Result<Vec<f64>, EngineError>;

    /// The state of every chain of the tile, `[chain][number of the state]`, NaN for chains that have left.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn states(&mut self) -> Result<Vec<f64>, EngineError>;

    /// What every place of the tile draws in `count` noise blocks from the one that serves `step` on: raw words, the
    /// bits of uniforms, and prepared words, `[block][place]`. For comparison of engines.
    ///
    /// # Errors
    /// As [`Self::observe`].
    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<Drawn>, EngineError>;
}

/// What [`Engine::run_to_checkpoints`] does, an checkpoint after the other.
fn one_by_one<E: Engine + ?Sized>(
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
