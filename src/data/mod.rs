//! Data sets: CSV files as columns of numbers, standardized, with some examples held out.
//!
//! The room knows no mathematics and no experiment: a [`Request`] says which columns of which file are wanted under which
//! names, and [`load`] answers with [`Examples`] to learn from and to validate on.

mod examples;

pub use examples::{Examples, Variable};
