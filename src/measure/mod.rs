//! Statistics of a run: moments, co-moments, histograms and time averages.
//!
//! Each is a monoid in f64: an empty one is the identity and `merge` is associative, exactly for counts and up to rounding for
//! moments. Partial results of tiles and threads can so be merged in a fixed order.

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
