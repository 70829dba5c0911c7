//! Input and result of loading a data set.

use std::path::PathBuf;

use super::examples::Examples;

/// Columns to read from a file, and their treatment.
#[derive(Debug, Clone, PartialEq)]
pub struct DataRequest {
    /// Path of the CSV file: comma-separated, UTF-8, with a header.
    pub path: PathBuf,
    /// Variables of formulas, in the order of their values in an example.
    pub variables: Vec<VariableRequest>,
    /// Names among `variables` whose columns are shifted and scaled to mean 0 and standard deviation 1 over the training
    /// examples. Classes, and columns with only two distinct training values, stay as they are.
    pub standardize: Vec<String>,
    /// Columns whose values are classes even if they are numbers.
    pub categorical: Vec<String>,
    /// Fraction v of the examples to hold out, 0 ≤ v < 1.
    pub validation: f64,
    /// Seed of the random choice of the examples held out.
    pub seed: u64,
}

/// A variable of formulas and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableRequest {
    /// Name in formulas.
    pub name: String,
    /// At least one column name of the header; blanks around a name are ignored.
    pub columns: Vec<String>,
    /// True if the variable is a vector even with a single column of numbers.
    pub is_list: bool,
}

/// Examples of a file, split into training and validation examples.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSplit {
    /// Examples to train on, at least one, in the order of the file.
    pub training: Examples,
    /// Examples held out, in the order of the file; `None` if the request holds none out.
    pub validation: Option<Examples>,
}
