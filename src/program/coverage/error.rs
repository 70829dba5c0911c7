//! Errors of `etascope coverage`.

use crate::report::ReportError;
use crate::run;
use std::io;

/// Reasons why `etascope coverage` fails.
#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// `--only` names an experiment that does not exist.
    #[error("no experiment is named {wanted:?}; the experiments are {}", known.join(", "))]
    UnknownExperiment {
        /// Name from the command line.
        wanted: String,
        /// Names of all experiments.
        known: Vec<&'static str>,
    },
    /// The data sets of the experiments cannot be written to the folder for temporary files.
    #[error("cannot write the data sets to the folder for temporary files")]
    Data(#[source] io::Error),
    /// The threads cannot be started.
    #[error("cannot start threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// The table cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl CoverageError {
    /// Returns true if the user's input is wrong (exit code 2) and false for a failure of the
    /// program or the system (exit code 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::UnknownExperiment { .. } => true,
            Self::Report(error) => error.is_input(),
            Self::Data(_) | Self::Threads(_) | Self::Run(_) => false,
        }
    }
}
