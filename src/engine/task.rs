//! What an engine is given: programs, numbers and addresses, with all names and files left behind.

use crate::dynamics::Starts;
use crate::loss::Program;
use crate::measure::Axis;
use crate::plan::Layout;
use crate::random::{NoiseLayout, Stream};
use crate::spec::{NoiseKind, Precision, Sampling};
use std::sync::Arc;

/// The numbers that programs take at one point of a sweep during one stretch of its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Uniforms {
    /// Uniform inputs of the stepping program, its last.
    pub step: Vec<f64>,
    /// Uniform inputs of the observing program, its last.
    pub observe: Vec<f64>,
}

/// A histogram that is wanted of every point.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramRequest {
    /// One or two outputs of the observing program.
    pub outputs: Vec<usize>,
    /// Bins on each axis.
    pub bins: Vec<u32>,
}

/// The axes of one request at one point.
pub type Bins = Vec<Axis>;

/// Examples, each a row of `width` numbers.
#[derive(Debug, Clone)]
pub struct Table {
    /// Numbers in each example.
    pub width: usize,
    /// Number of examples.
    pub count: u32,
    /// Row by row.
    pub values: Arc<[f64]>,
    /// Whether every number fits 16 bits and devices are to store it so.
    pub half: bool,
}

/// What is summed over examples.
#[derive(Debug, Clone)]
pub struct ExampleSum {
    /// Inputs are state, sums so far, numbers of one example; output k replaces sum k.
    pub program: Program,
    /// Number of sums.
    pub sums: usize,
}

/// Examples are summed in chunks of so many, and the chunks' sums then, so that f32 keeps sums over large data sets.
pub const CHUNK: u32 = 128;

/// The examples of a step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The data set.
    pub table: Table,
    /// Examples in each step; all of the table for [`Sampling::All`].
    pub size: u32,
    /// Which ones.
    pub sampling: Sampling,
    /// What is summed over them. `None` where the step itself takes the numbers of the only example.
    pub example_sum: Option<ExampleSum>,
}

impl Batch {
    /// Inputs of the stepping program that come from the batch.
    pub fn inputs(&self) -> usize {
        (self.example_sum.as_ref()).map_or(self.table.width, |example_sum| example_sum.sums)
    }
}

/// A pass over all examples of a table, for measuring.
#[derive(Debug, Clone)]
pub struct DataPass {
    /// The examples.
    pub table: Table,
    /// What is summed.
    pub example_sum: ExampleSum,
}

/// Everything an engine needs to know.
#[derive(Debug, Clone)]
pub struct Task {
    /// Flattened parameters per chain.
    pub parameters: usize,
    /// Numbers in a chain's state: the parameters, then what the optimizer carries along, which starts at zero.
    pub state: usize,
    /// How the parameters are held between steps.
    pub precision: Precision,
    /// x → x′: inputs are state, draws, what comes from the batch, uniforms; output k replaces number k of the state, but for the
    /// parameters of [`Precision::Compensated`], to which it is added.
    pub step: Program,
    /// The examples of a step, where the loss is over data.
    pub batch: Option<Batch>,
    /// What is measured: inputs are state, the sums of all data_passes, uniforms.
    pub observe: Program,
    /// Passes over examples before each measurement.
    pub data_passes: Vec<DataPass>,
    /// Output of `observe` that is the first parameter itself; the others follow it.
    pub first_parameter: usize,
    /// How many leading outputs of `observe` must be finite for a chain to count as alive: the loss and its gradient.
    pub checked: usize,
    /// Draws of one step; 0 for deterministic dynamics.
    pub draws: u32,
    /// The law of a draw.
    pub noise: NoiseKind,
    /// Where draws, or the words of picks, lie in the stream.
    pub addresses: NoiseLayout,
    /// The stream of the noise, of picks, or of the orders of shuffles: no step needs two of them.
    pub stream: Stream,
    /// Where the parameters begin.
    pub start: Starts,
    /// A chain with any |x_k| above this has left.
    pub bound: f64,
    /// Which chain lies where.
    pub layout: Layout,
    /// Whether the chains of all points see the same random numbers.
    pub common_noise: bool,
    /// `uniforms[point][phase]`.
    pub uniforms: Vec<Vec<Uniforms>>,
    /// Histograms, the same for every point.
    pub histograms: Vec<HistogramRequest>,
}

impl Task {
    /// Number of a chain in the whole sweep, by which its random numbers are addressed; the same at every point with
    /// common noise.
    pub fn chain_number(&self, point: usize, chain: u64) -> u64 {
        if self.common_noise {
            return chain;
        }
        point as u64 * self.layout.chains + chain
    }

    /// Where `step` begins in a chain's stream: for noise and picks the block and the steps of it that are already done; for
    /// shuffles the epoch and the position in its order.
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

    /// Which examples steps take, where they take any.
    pub fn sampling(&self) -> Option<Sampling> {
        self.batch.as_ref().map(|batch| batch.sampling)
    }

    /// Whether steps pick examples at random: then the stream serves these picks, and there is no other noise.
    pub fn picks(&self) -> bool {
        self.sampling()
            .is_some_and(|sampling| sampling != Sampling::All)
    }

    /// The data sets that a device holds, one after the other: those of the data_passes, of which the first is the one that
    /// steps take their examples from; without data_passes that one alone.
    pub fn tables(&self) -> Vec<&Table> {
        if self.data_passes.is_empty() {
            return self.batch.iter().map(|batch| &batch.table).collect();
        }
        self.data_passes
            .iter()
            .map(|data_pass| &data_pass.table)
            .collect()
    }

    /// Number of the first input of the stepping program that comes from the batch.
    pub fn first_of_batch(&self) -> usize {
        self.state + self.draws as usize
    }

    /// Number of the stepping program's first uniform input.
    pub fn first_uniform(&self) -> usize {
        self.first_of_batch() + self.batch.as_ref().map_or(0, Batch::inputs)
    }

    /// Number of the observing program's first uniform input.
    pub fn first_scale(&self) -> usize {
        self.state
            + self
                .data_passes
                .iter()
                .map(|s| s.example_sum.sums)
                .sum::<usize>()
    }
}
