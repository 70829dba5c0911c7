//! What is kept of a trillion steps.
pub mod estimate;
pub use estimate::Estimate;
