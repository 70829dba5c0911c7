//! Counter-based random numbers: each one is a pure function of (seed, purpose, chain, block).
//!
//! A stream keeps no state between numbers. So the numbers depend neither on the order of evaluation nor on how the chains
//! are split over threads, workgroups, dispatches, tiles or processes, and a run can resume from its step count.
//!
//! ```
//! use etascope::random::{Purpose, Stream, uniform};
//! let stream = Stream::new(42, Purpose::Start);
//! let [word, ..] = stream.block(0, 1_000_000); // chain 1,000,000, without the chains before it
//! assert!(uniform(word) > 0.0);
//! ```

mod cache_line;
mod noise;
mod normal_box_muller;
mod normal_box_muller_16;
mod normal_integer;
mod permutation;
mod rounding;
mod stream;
#[cfg(test)]
mod tests;
mod threefry;
mod uniform;
mod wgsl;

pub(crate) use cache_line::{CACHE_LINE, CacheAligned};
pub use noise::{NoiseBlock, NoiseLayout, draw, variates_from_words};
pub use normal_box_muller::normal_pair;
pub use normal_box_muller_16::normal_pair_16;
#[cfg(target_arch = "x86_64")]
pub use normal_integer::Avx2;
pub use normal_integer::{Lookup, TABLE as NORMAL_TABLE, normal_integer, normals_integer};
pub use permutation::Orders;
pub use rounding::round_half;
pub use stream::{Purpose, STREAM_VERSION, Stream};
pub use threefry::{GENERATOR, threefry4x32_13};
pub use uniform::{pick, uniform};
pub use wgsl::{
    LANE_ROTATION as WGSL_LANE_ROTATION, PERMUTATION as WGSL_PERMUTATION,
    ROUNDING as WGSL_ROUNDING, THREEFRY as WGSL_THREEFRY, UNIFORM as WGSL_UNIFORM, wgsl_constants,
    wgsl_noise,
};
