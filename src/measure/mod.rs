//! What is kept of a trillion steps: moments, co-moments and histograms.
//!
//! Each is a monoid in f64: an empty one is the identity and `merge` is associative (exactly for counts, up to
//! rounding for moments), so that partial results of tiles, threads and shards can be combined in a fixed order.

mod averages;
mod comoments;
mod estimate;
mod histogram;
mod moments;

pub use averages::{Part, TimeAverages, weighted_mean};
pub use comoments::Comoments;
pub use estimate::Estimate;
pub use histogram::{Axis, AxisError, Bin, Histogram};
pub use moments::Moments;
#[cfg(feature = "gpu")]
pub(crate) use moments::not_negative;
