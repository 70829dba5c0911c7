//! Errors of `etascope lecture`.

use crate::report::ReportError;
use crate::run;
use crate::theory::TheoryError;
use std::io;

/// Reasons why `etascope lecture` fails.
#[derive(Debug, thiserror::Error)]
pub enum LectureError {
    /// `--only` names a claim that does not exist.
    #[error("no claim is named {wanted:?}; the claims are C1 to C{last}")]
    UnknownClaim {
        /// Number from the command line.
        wanted: String,
        /// Number of the last claim.
        last: usize,
    },
    /// The data sets of the experiments cannot be written to the folder for temporary files.
    #[error("cannot write the data sets to the folder for temporary files")]
    Data(#[source] io::Error),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// An exact value does not exist.
    #[error(transparent)]
    Theory(#[from] TheoryError),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl LectureError {
    /// Returns true if the user's input is wrong (exit code 2) and false for a failure of the
    /// program or the system (exit code 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::UnknownClaim { .. } => true,
            // The experiments are part of the program. An error in them is not the user's.
            Self::Run(run::Error::Experiment(_)) => false,
            Self::Run(error) => error.is_input(),
            Self::Report(error) => error.is_input(),
            Self::Data(_) | Self::Theory(_) => false,
        }
    }
}
