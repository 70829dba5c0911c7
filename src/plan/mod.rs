//! Division of a run into pieces of work, as plain data without any device.
//!
//! The pieces never change a result. The grouping of chains for summation depends only on the number of chains ([`Layout`]);
//! the division into tiles ([`tiles`]) and dispatches ([`DispatchSizing`]) is free.

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
