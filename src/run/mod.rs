//! The pipeline as one readable function: the only place that knows every room.

mod execute;

pub use execute::{COVARIANCE_LIMIT, PointRecord, execute};
