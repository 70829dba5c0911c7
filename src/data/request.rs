//! What is asked of a data set, and what comes back.

use std::path::PathBuf;

use super::Examples;

/// Which columns of which file are wanted, and what is done to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The CSV file: comma-separated, UTF-8, with a header.
    pub path: PathBuf,
    /// What formulas may name, in the order of an example's numbers.
    pub variables: Vec<Wanted>,
    /// Names among `variables` whose columns are shifted and scaled to mean 0 and standard deviation 1 over the training
    /// examples. Columns with only two values among them, and classes, stay as they are.
    pub standardize: Vec<String>,
    /// Columns whose values are classes although they may be numbers.
    pub categorical: Vec<String>,
    /// The fraction of the examples that is held out, 0 ≤ v < 1.
    pub validation: f64,
    /// Decides which.
    pub seed: u64,
}

/// One name and the columns it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name.
    pub name: String,
    /// The columns, at least one, by their names in the header; blanks around a name do not count.
    pub columns: Vec<String>,
    /// Whether the name is a vector even with one column of numbers.
    pub is_list: bool,
}

/// The examples of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Examples to learn from, at least one, in the order of the file.
    pub training: Examples,
    /// Examples that are held out, in the order of the file; at least one if any were asked for.
    pub validation: Option<Examples>,
    /// What each number of an example is; as many as [`Examples::width`].
    pub entries: Vec<Entry>,
}

/// One number of an example.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The column, or `column = class`.
    pub label: String,
    /// How it follows from the file.
    pub transform: Transform,
}

/// How a number of an example follows from the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// The number itself.
    Identity,
    /// (number − mean) / sd, both over the training examples.
    Standardized {
        /// The mean.
        mean: f64,
        /// The standard deviation with division by the number of examples; positive.
        sd: f64,
    },
    /// 1 where the value is this class, else 0.
    Class(String),
}
