//! Etascope shows where stochastic gradient descent settles.
//!
//! Data flows one way through the rooms below; a room never imports one to its right.
//!
//! ```text
//! experiment, data ─▶ loss ─▶ dynamics ─▶ theory ─▶ problem ─▶ plan ─▶ engine ─▶ measure ─▶ diagnose ─▶ report
//! ```

pub mod bench;
pub mod catalogue;
pub mod cli;
pub mod commands;
pub mod coverage;
pub mod data;
pub mod diagnose;
pub mod dynamics;
pub mod engine;
pub mod experiment;
pub mod lecture;
pub mod loss;
pub mod measure;
pub mod plan;
pub mod problem;
pub mod random;
pub mod report;
pub mod run;
pub mod theory;
pub mod validate;
