//! The `etascope` command: command line, commands and what they print.

pub mod bench;
pub mod catalogue;
pub mod cli;
pub mod commands;
pub mod coverage;
pub mod lecture;
pub mod output;
pub mod progress;
pub mod validate;
