//! The `etascope` program: command line, commands and progress. Only `main` uses it.

pub mod bench;
pub mod catalogue;
pub mod cli;
pub mod commands;
pub mod coverage;
mod devices;
mod explain;
pub mod failure;
pub mod lecture;
pub mod output;
pub mod progress;
pub mod validate;
