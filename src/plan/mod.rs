//! How much work, in what pieces: plain data without a word of any device.
//!
//! The pieces never change an answer. How chains are grouped for summing is fixed by the number of chains alone
//! ([`Layout`]); how a run is cut into tiles ([`tiles`]) and into dispatches ([`DispatchSizing`]) is free.

mod dispatch_sizing;
mod layout;
mod stopping_rule;
mod tile;
mod timeline;

pub use dispatch_sizing::DispatchSizing;
pub use layout::{LANES, Layout};
pub use stopping_rule::{StopWhen, StoppingRule};
pub use tile::{Tile, TileError, tiles};
pub use timeline::{Checkpoint, Segment, Timeline};
