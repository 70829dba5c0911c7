//! Data sets: CSV files as columns of numbers, standardized, with some examples held out for validation.
//!
//! A [`DataRequest`] selects columns of a file and names them. `load` returns the [`Examples`] to train on and to validate
//! on, or a [`DataError`] with the wrong line of the file and a way to correct it. The module knows neither formulas nor
//! experiments.

mod column;
mod error;
mod examples;
mod file;
mod load;
mod request;
mod scale;
mod split;
mod storage;
mod table;
#[cfg(test)]
mod tests;

pub use column::MOST_CLASSES;
pub use error::DataError;
pub use examples::{Examples, Variable};
pub use load::load;
pub use request::{DataRequest, DataSplit, VariableRequest};
pub use storage::{LARGEST_F16, round_to_f16};
