//! The reference engine: all cores, vector instructions selected at run time, f32 or f64.

mod by_level;
mod chains;
mod engine;
mod examples;
mod inspect;
mod load;
mod measure;
mod noise;
mod rows;
mod shadow;
mod simd;
mod step;
mod workspace;

pub use chains::Cpu;
pub use simd::SimdLevel;
