//! Data sets: CSV files as columns of numbers, standardized, with some examples held out.
//!
//! The room knows no mathematics and no experiment: a [`Request`] says which columns of which file are wanted under which
//! names, and [`load`] answers with [`Examples`] to learn from and to validate on, or with a [`DataError`] that says
//! which line of the file is wrong and what to do.

mod error;
mod examples;
mod load;
mod request;
mod scale;
mod split;
mod storage;
mod table;
#[cfg(test)]
mod tests;

pub use error::DataError;
pub use examples::{Examples, Variable};
pub use load::load;
pub use request::{Entry, Request, Split, Transform, Wanted};
pub use storage::{LARGEST_F16, round_to_f16};
pub use table::MOST_CLASSES;
