//! The pipeline: from an experiment to its results.
//!
//! `pipeline` is the readable outline. It compiles the experiment, lets `choose` pick a backend, lets `execute` drive it
//! through all tiles and checkpoints, and lets `summarize` turn the measurements into estimates and verdicts.

mod adaptive_run;
mod balance;
mod basins;
mod bins;
mod case;
mod choose;
mod distances;
mod error;
mod execute;
mod explain;
mod fit;
mod groups;
mod keep;
mod monitor;
mod options;
mod pipeline;
mod progress;
mod record;
mod recorder;
mod scheduler;
mod slope;
mod summarize;
mod tables;
mod theory;
mod verdict;
mod warnings;

pub use adaptive_run::Length;
pub use basins::Basin;
pub use choose::{ChoiceError, Chosen, choose};
pub use distances::compare;
pub use error::Error;
pub use execute::{COVARIANCE_LIMIT, execute};
pub use explain::explain;
pub use options::{Measurement, Options};
pub use pipeline::{Computed, compute};
#[cfg(feature = "cli")]
pub(crate) use progress::Meter;
pub use progress::Progress;
pub use record::PointRecord;
