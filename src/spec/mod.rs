//! The experiment as plain data: the one vocabulary that every module shares.
//!
//! [`Experiment`] is a checked description of what to run. It comes from a TOML file ([`crate::toml`]) or from code
//! ([`crate::ExperimentBuilder`]); after that, no module looks at TOML again. Formulas are still text here, and each remembers
//! where it stands in the file, so that later modules can point at the characters they refuse
//! ([`ExperimentError::formula`]).

mod data;
mod dynamics;
mod error;
mod experiment;
mod formula;
mod noise;
mod precision;
mod source;

pub use data::{ExampleStorage, Sampling};
pub use dynamics::{Kind, Momentum, Optimizer};
pub use error::{ExperimentError, Problem};
pub use experiment::*;
pub use formula::Formula;
pub use noise::{NoiseKind, NormalTransform};
pub use precision::{Backend, Precision, Width};
pub(crate) use source::Piece;
pub use source::{Source, Spanned};
