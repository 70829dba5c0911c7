//! How much work, in what pieces: plain data without a word of any device.
//!
//! The pieces never change an answer. How chains are grouped for summing is fixed by the number of chains alone
//! ([`Layout`]); how a run is cut into tiles ([`tiles`]) and into dispatches ([`Pace`]) is free.

mod aim;
mod layout;
mod pace;
mod tile;
mod timeline;

pub use aim::{Aim, Enough};
pub use layout::{LANES, Layout};
pub use pace::Pace;
pub use tile::{Tile, TileError, tiles};
pub use timeline::{Event, Leg, Timeline};
