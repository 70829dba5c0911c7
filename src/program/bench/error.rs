//! Errors of `etascope bench`.

use crate::engine::EngineError;
use crate::plan::TileError;
use crate::report::ReportError;
use crate::spec::ExperimentError;
use std::io;

/// Reasons why `etascope bench` fails.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// An engine gives a wrong result. Its time would be meaningless.
    #[error(
        "{workload} on {target}: states differ from the hand-written step by {deviation:e}; \
            rounding allows {allowed:e}, and chains moved by {moved:e}; nothing was timed"
    )]
    Wrong {
        /// Name of the workload.
        workload: &'static str,
        /// Name of the target.
        target: String,
        /// Largest difference from the hand-written steps.
        deviation: f64,
        /// Largest difference that rounding explains.
        allowed: f64,
        /// Largest distance that a chain moved.
        moved: f64,
    },
    /// A hand-written kernel gives another result than the engine.
    #[error("{what} on {target}: the engine and the hand-written kernel differ; nothing was timed")]
    Differs {
        /// Compared computation.
        what: &'static str,
        /// Name of the target.
        target: String,
    },
    /// A workload does not fit into memory.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An embedded experiment is invalid.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// `--only` matches no name.
    #[error("no measurement has {wanted:?} in its name; the names are\n  {}", names.join("\n  "))]
    NoMatch {
        /// Text from the command line.
        wanted: String,
        /// Names of everything that can be timed.
        names: Vec<&'static str>,
    },
    /// `--adapter` needs the feature `gpu`.
    #[error(
        "this program was built without GPU support; leave out --adapter, or build with the \
            feature \"gpu\""
    )]
    NoGpuSupport,
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The program could not start itself to time its start-up.
    #[error("cannot measure the start-up time: {reason}")]
    Startup {
        /// Reason of the failure.
        reason: String,
    },
    /// The scripts of the peers failed.
    #[error("cannot run the peers: {0}; see benches/peers/README.md for their requirements")]
    Peers(String),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl BenchError {
    /// Returns true if the user's input is wrong (exit code 2) and false for a failure of the
    /// program or the system (exit code 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::NoGpuSupport | Self::NoMatch { .. } | Self::Peers(_) => true,
            Self::Engine(error) => matches!(error, EngineError::NoAdapter { .. }),
            Self::Report(error) => error.is_input(),
            _ => false,
        }
    }
}
