//! The input of an engine: programs, numbers and stream addresses, without names, files or formulas.

use crate::dynamics::Starts;
use crate::loss::Program;
use crate::measure::Axis;
use crate::plan::Layout;
use crate::random::{NoiseLayout, Stream};
use crate::spec::{NoiseKind, Precision, Sampling};
use std::sync::Arc;

/// Uniform inputs of the programs (one value for all chains) at one sweep point in one phase of the schedule.
///
/// η and Δt enter the engine only through these numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Uniforms {
    /// Last inputs of the stepping program: the drift factors, then the noise amplitudes, both made of η, Δt and the relative
    /// rates. Each is one number per parameter, or a single number if all parameters share it.
    pub step: Vec<f64>,
    /// Last inputs of the observing program: Δt, then η.
    pub observe: Vec<f64>,
}

/// A histogram to count at every sweep point.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramRequest {
    /// One or two outputs of the observing program.
    pub outputs: Vec<usize>,
    /// Number of bins on each axis.
    pub bins: Vec<u32>,
}

/// Axes of one histogram at one sweep point.
pub type Bins = Vec<Axis>;

/// A data set of examples, each a row of `width` numbers.
#[derive(Debug, Clone)]
pub struct Table {
    /// Numbers per example.
    pub width: usize,
    /// Number of examples.
    pub count: u32,
    /// All numbers, row by row.
    pub values: Arc<[f64]>,
    /// True when devices store the numbers in 16 bits; every number then has an exact 16-bit form.
    pub half: bool,
}

/// A sum over examples, for instance of the gradient of the loss.
#[derive(Debug, Clone)]
pub struct ExampleSum {
    /// Program that adds one example. Inputs: state, the sums so far, the numbers of the example. Output k replaces sum k.
    pub program: Program,
    /// Number of sums.
    pub sums: usize,
}

/// Examples per chunk. Sums are formed chunk by chunk and then added, which keeps f32 sums accurate for large data sets.
pub const CHUNK: u32 = 128;

/// Examples that one step reads.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The data set.
    pub table: Table,
    /// Examples per step; the whole table for [`Sampling::All`].
    pub size: u32,
    /// Rule by which a step selects its examples.
    pub sampling: Sampling,
    /// Sum over the batch. `None` for batches of one example whose numbers the stepping program reads itself.
    pub example_sum: Option<ExampleSum>,
}

impl Batch {
    /// Inputs of the stepping program that come from the batch.
    pub fn inputs(&self) -> usize {
        (self.example_sum.as_ref()).map_or(self.table.width, |sum| sum.sums)
    }
}

/// A full-data pass: a sum over all examples of a table before each measurement.
#[derive(Debug, Clone)]
pub struct DataPass {
    /// The examples.
    pub table: Table,
    /// The sum.
    pub example_sum: ExampleSum,
}

/// Everything that an engine needs to know about a run.
#[derive(Debug, Clone)]
pub struct Task {
    /// Scalar parameters per chain.
    pub parameters: usize,
    /// Numbers in a chain's state: the parameters, then the optimizer state, which starts at zero.
    pub state: usize,
    /// Storage of the parameters between steps, and the width of the arithmetic.
    pub precision: Precision,
    /// One step. Inputs: state, draws, batch, uniforms. Output k replaces number k of the state; with
    /// [`Precision::Compensated`] outputs for parameters are increments.
    pub step: Program,
    /// Examples of a step, if the loss is over data.
    pub batch: Option<Batch>,
    /// One measurement. Inputs: state, the sums of all data passes, uniforms.
    pub observe: Program,
    /// Full-data passes before each measurement.
    pub data_passes: Vec<DataPass>,
    /// Output of `observe` that equals the first parameter; the other parameters follow it.
    pub first_parameter: usize,
    /// Number of leading outputs of `observe` (the loss and its gradient) that are finite for a chain that has not diverged.
    pub checked: usize,
    /// Draws per step; 0 without noise.
    pub draws: u32,
    /// Distribution of a draw.
    pub noise: NoiseKind,
    /// Positions in the random stream of a step's draws, or of its example picks.
    pub addresses: NoiseLayout,
    /// Random stream for noise, for example picks, or for shuffled orders. One stream is enough: no step needs two of them.
    pub stream: Stream,
    /// Start values of the parameters.
    pub start: Starts,
    /// Largest |x_k| that a chain may have; beyond it the chain counts as diverged.
    pub bound: f64,
    /// Assignment of chains to blocks.
    pub layout: Layout,
    /// True when equally numbered chains of all sweep points receive the same random numbers.
    pub common_noise: bool,
    /// Values of the uniform inputs, `uniforms[point][phase]`.
    pub uniforms: Vec<Vec<Uniforms>>,
    /// Histograms to count, the same at every sweep point.
    pub histograms: Vec<HistogramRequest>,
}

impl Task {
    /// Number by which the random stream addresses a chain: unique in the sweep, but equal at all points with common noise.
    pub fn chain_number(&self, point: usize, chain: u64) -> u64 {
        if self.common_noise {
            return chain;
        }
        point as u64 * self.layout.chains + chain
    }

    /// Position of `step` in a chain's stream.
    ///
    /// For noise and picks: the noise block, and the number of earlier steps that share it. For shuffles: the epoch, and
    /// the position in its order.
    pub fn position(&self, step: u64) -> (u64, u32) {
        if let Some(batch) = self
            .batch
            .as_ref()
            .filter(|b| b.sampling == Sampling::Shuffle)
        {
            let (done, count) = (step * u64::from(batch.size), u64::from(batch.table.count));
            return (done / count, (done % count) as u32);
        }
        let per_block = u64::from(self.addresses.steps_per_block);
        let block = step / per_block * u64::from(self.addresses.blocks_per_step);
        (block, (step % per_block) as u32)
    }

    /// Sampling rule of the batch, if the loss is over data.
    pub fn sampling(&self) -> Option<Sampling> {
        self.batch.as_ref().map(|batch| batch.sampling)
    }

    /// Returns true when steps pick examples at random. The stream then serves the picks and there is no other noise.
    pub fn picks(&self) -> bool {
        self.sampling()
            .is_some_and(|sampling| sampling != Sampling::All)
    }

    /// Data sets that a device stores, in order: those of the data passes, the first of which is also the table of the batch;
    /// without data passes the table of the batch alone.
    pub fn tables(&self) -> Vec<&Table> {
        if self.data_passes.is_empty() {
            return self.batch.iter().map(|batch| &batch.table).collect();
        }
        self.data_passes
            .iter()
            .map(|data_pass| &data_pass.table)
            .collect()
    }

    /// Index of the stepping program's first input that comes from the batch, after the state and the draws.
    pub fn first_batch_input(&self) -> usize {
        self.state + self.draws as usize
    }

    /// Index of the stepping program's first uniform input. Uniform inputs have one value for all chains of a sweep point.
    pub fn first_step_uniform(&self) -> usize {
        self.first_batch_input() + self.batch.as_ref().map_or(0, Batch::inputs)
    }

    /// Index of the observing program's first uniform input, after the state and the sums of the data passes.
    pub fn first_observe_uniform(&self) -> usize {
        self.state
            + self
                .data_passes
                .iter()
                .map(|pass| pass.example_sum.sums)
                .sum::<usize>()
    }
}
