//! The one place that turns an error into words and an exit code.

use super::bench::BenchError;
use super::coverage::CoverageError;
use super::lecture::LectureError;
use crate::engine::EngineError;
use crate::run::Error;
use std::error::Error as _;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Reason why a command does not exit with 0.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The work was done and its outcome is not the wanted one.
    #[error("{0}")]
    Check(String),
    /// The input is wrong.
    #[error("{0}")]
    Input(String),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] Error),
    /// `etascope lecture` failed.
    #[error(transparent)]
    Lecture(#[from] LectureError),
    /// `etascope coverage` failed.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
    /// `etascope bench` failed.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// A device failed outside a run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl Failure {
    /// Returns true if the input is wrong: exit code 2 and not 1.
    fn is_input(&self) -> bool {
        match self {
            Self::Input(_) => true,
            Self::Run(error) => error.is_input(),
            Self::Lecture(error) => error.is_input(),
            Self::Coverage(error) => error.is_input(),
            Self::Bench(error) => error.is_input(),
            Self::Engine(error) => matches!(error, EngineError::NoAdapter { .. }),
            Self::Check(_) | Self::Write { .. } | Self::Output(_) => false,
        }
    }

    /// Prints the failure with all its causes to standard error and returns the exit code.
    ///
    /// A reader that closed the pipe early, such as `head`, is no failure.
    pub fn report(&self) -> ExitCode {
        if matches!(self, Self::Output(error) if error.kind() == ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        // The stream drops colors that standard error does not take. If it is closed, there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{}", self.text());
        ExitCode::from(if self.is_input() { 2 } else { 1 })
    }

    fn text(&self) -> String {
        if let Self::Run(Error::Experiment(problems)) = self {
            return problems.render(true);
        }
        let mut text = format!("error: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        text
    }
}
