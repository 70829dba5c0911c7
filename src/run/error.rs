//! Everything that can end a run.

use super::choose::ChoiceError;
use crate::engine::EngineError;
use crate::report::ReportError;
use crate::spec::ExperimentError;

/// Reason why an experiment was not run to its end, or its results were not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The experiment is wrong. [`ExperimentError::render`] shows every problem with its line.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// No backend can run the experiment.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The backend failed during the run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Two experiments cannot be compared.
    #[error("{0}")]
    Mismatch(String),
}

impl Error {
    /// Returns true if the input is wrong, so that the same call fails again. The program then exits with 2 and not 1.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Experiment(_) | Self::Mismatch(_) => true,
            Self::Choice(error) => {
                !matches!(error, ChoiceError::Engine(EngineError::Refused { .. }))
            }
            Self::Report(error) => error.is_input(),
            Self::Engine(_) => false,
        }
    }
}
