//! What an engine is given: programs, numbers and addresses, with all names and files left behind.

use crate::dynamics::Start;
use crate::loss::Program;
use crate::measure::Axis;
use crate::plan::Layout;
use crate::random::{NoiseKind, NoiseLayout, Stream};

/// The numbers that programs take at one point of a sweep during one stretch of its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// Uniform inputs of the stepping program, after parameters and draws.
    pub step: Vec<f64>,
    /// Uniform inputs of the observing program, after the parameters.
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

/// Everything an engine needs to know.
#[derive(Debug, Clone)]
pub struct Task {
    /// Flattened parameters per chain.
    pub parameters: usize,
    /// x → x′: inputs are parameters, draws, uniforms; output k replaces parameter k.
    pub step: Program,
    /// What is measured: inputs are parameters, uniforms.
    pub observe: Program,
    /// Output of `observe` that is the first parameter itself; the others follow it.
    pub first_parameter: usize,
    /// How many leading outputs of `observe` must be finite for a chain to count as alive: the loss and its gradient.
    pub checked: usize,
    /// Draws of one step; 0 for deterministic dynamics.
    pub draws: u32,
    /// The law of a draw.
    pub noise: NoiseKind,
    /// Where draws lie in the stream.
    pub addresses: NoiseLayout,
    /// The stream of the noise.
    pub stream: Stream,
    /// Where chains begin.
    pub start: Start,
    /// A chain with any |x_k| above this has left.
    pub bound: f64,
    /// Which chain lies where.
    pub layout: Layout,
    /// `coefficients[point][phase]`.
    pub coefficients: Vec<Vec<Coefficients>>,
    /// Histograms, the same for every point.
    pub histograms: Vec<HistogramRequest>,
}

impl Task {
    /// Number of a chain in the whole sweep, by which its random numbers are addressed.
    pub fn chain_number(&self, point: usize, chain: u64) -> u64 {
        point as u64 * self.layout.chains + chain
    }

    /// Noise blocks that one chain-step consumes at most, and the block and phase at which `step` begins.
    pub fn noise_position(&self, step: u64) -> (u64, u32) {
        let per_block = u64::from(self.addresses.steps_per_block);
        let block = step / per_block * u64::from(self.addresses.blocks_per_step);
        (block, (step % per_block) as u32)
    }
}
