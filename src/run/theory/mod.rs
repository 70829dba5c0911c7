//! Choice of the exact or approximate theory for each point of a run.

mod over_data;
mod point;

pub(super) use over_data::DataTheory;
pub(super) use point::PointTheory;
