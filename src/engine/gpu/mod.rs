//! The GPU engine. States stay on the device; only sums and counts come back.
//!
//! ```text
//! Task, Target ─▶ Lowering (every decision) ─▶ compose (WGSL) ─▶ pipeline ─▶ Gpu (dispatches, reductions)
//! ```

mod buffers;
mod columns;
mod compose;
mod device;
mod entry;
mod explain;
mod gpu_engine;
mod histogram_counts;
mod inspect;
mod limits;
mod lowering;
mod measure;
mod memory_functions;
pub mod mirror;
mod numbers;
mod pipeline;
mod program_text;
mod reduce;
mod register_functions;
mod steps;
mod target;
mod transfer;

pub use compose::compose;
pub use device::{AdapterReport, OpenDevice, adapters, open};
pub use entry::Entry;
pub use gpu_engine::{Gpu, Tuning};
pub use lowering::{CountMemory, Lowering, Residency, Walk};
pub use target::{Target, WORKGROUP};
