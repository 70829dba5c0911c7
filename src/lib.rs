//! Etascope shows where stochastic gradient descent settles.
//!
//! It runs many independent chains of SGD, Langevin dynamics or gradient flow on a loss that is given as a formula, and
//! reports the mean loss, the moments and the distribution of the chains, each with its standard error and beside the
//! exact value where one is known.
//!
//! ```
//! use etascope::{Backend, Experiment, Options};
//!
//! fn main() -> Result<(), etascope::Error> {
//!     let experiment = Experiment::from_toml(
//!         r#"
//!         [parameters]
//!         x = "normal(0, 1)"
//!         [loss]
//!         formula = "x^2 / 2"
//!         [dynamics]
//!         kind = "sgd"
//!         eta = 0.5
//!         [ensemble]
//!         chains = 4096
//!         duration = { steps = 60 }
//!         "#,
//!     )?;
//!     let results = experiment.run(&Options::default().backend(Backend::Cpu))?;
//!     // SGD on ½x² with unit noise has the stationary loss ½η / (2 − η).
//!     let loss = results.summary.points[0].loss;
//!     assert!((loss.mean - 0.25 / 1.5).abs() < 5.0 * loss.se);
//!     Ok(())
//! }
//! ```
//!
//! An [`Experiment`] comes from a file, from text, or from an [`ExperimentBuilder`]. [`Experiment::run`] gives
//! [`Results`], which hold the [`Summary`] and can be written to a folder. [`Options`] choose the backend and the
//! precision, and take callbacks for progress and for each measurement.
//!
//! # Stability
//!
//! The names in the crate root, in [`results`] and in [`vocabulary`] follow semantic versioning. So do the keys of the
//! experiment file, the names in `summary.json`, and the version of the random stream: equal experiments give equal random
//! numbers until `stream_version` changes. New enum variants and new fields can appear in a minor version. Modules that this page does
//! not list are internal: the program and the tests use them, and they change without notice.

#[doc(hidden)]
pub mod compile;
#[doc(hidden)]
pub mod data;
#[doc(hidden)]
pub mod diagnose;
#[doc(hidden)]
pub mod dynamics;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod loss;
#[doc(hidden)]
pub mod measure;
#[doc(hidden)]
pub mod objective;
#[doc(hidden)]
pub mod plan;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod program;
#[doc(hidden)]
pub mod random;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod spec;
#[doc(hidden)]
pub mod theory;
#[doc(hidden)]
pub mod toml;

pub use measure::Estimate;
pub use report::{Results, Summary};
pub use run::{Error, Measurement, Options, Progress};
pub use spec::{Backend, Experiment, ExperimentError, Precision};
pub use toml::ExperimentBuilder;

/// Kinds, distributions and lengths that an [`ExperimentBuilder`] takes.
pub mod vocabulary {
    pub use crate::spec::{
        Kind, Momentum, NoiseKind, NormalTransform, Optimizer, ParameterShape, RunLength, Sampling,
        Start,
    };
}

/// The parts that [`Results`] and [`Summary`] consist of.
pub mod results {
    /// Values by name, in the order of the experiment file.
    pub use indexmap::IndexMap;

    pub use crate::report::{
        Basin, DetailedBalance, Discretized, Gibbs, GoodnessOfFit, HistogramAxis, HistogramTable,
        LossDifference, Optimum, ParameterEstimate, ParameterTheory, Point, Quantile, ReducedLoss,
        Relaxation, Slope, Stationarity, Test, Theory, Trace, TraceParameter, TraceRow, TraceTable,
    };
}

/// The Rust examples of the README and of the manual, run as doctests.
#[cfg(doctest)]
mod manual {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/src/library.md")]
    struct Library;
}
