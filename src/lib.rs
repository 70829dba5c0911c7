//! Etascope shows where stochastic gradient descent settles.
//!
//! Data flows one way through the rooms below; a room never imports one to its right.
//!
//! ```text
//! experiment, data ─▶ loss ─▶ dynamics ─▶ theory ─▶ problem ─▶ plan ─▶ engine ─▶ measure ─▶ diagnose ─▶ report
//! ```

pub mod compile;
pub mod data;
pub mod diagnose;
pub mod dynamics;
pub mod engine;
pub mod loss;
pub mod measure;
pub mod objective;
pub mod plan;
pub mod program;
pub mod random;
pub mod report;
pub mod run;
pub mod spec;
pub mod theory;
pub mod toml;
