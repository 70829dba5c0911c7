//! Engines: run chains on the CPU or a GPU behind the traits [`Engine`] and [`Inspect`].
//!
//! An engine holds one tile of the ensemble at a time, steps its chains and reduces them to moments and counts. It reads a
//! [`Task`]: programs, numbers and stream addresses, but no experiment file, no theory and no output.

mod cpu;
mod error;
pub mod fixed_point;
#[cfg(feature = "gpu")]
pub mod gpu;
mod interface;
mod results;
mod storage;
mod task;

pub use cpu::{Cpu, SimdLevel};
pub use error::EngineError;
pub use fixed_point::FixedPoint;
pub use interface::{Engine, Inspect};
pub use results::{AtPoint, ChainNoise, Divergence, Observation};
pub use storage::ROUNDINGS_PER_BLOCK;
pub use task::{Batch, Bins, CHUNK, DataPass, ExampleSum, HistogramRequest, Table, Task, Uniforms};
