//! Examples as rows of numbers, and the names of their columns.

/// A variable of formulas and the position of its values in each example.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Name in formulas.
    pub name: String,
    /// Index of its first value in an example.
    pub first: usize,
    /// `None` for a scalar, else the length of the vector.
    pub length: Option<usize>,
    /// Label of each value: the column, or `column = class` for one class of a one-hot code.
    pub labels: Vec<String>,
}

impl Variable {
    /// Number of values in each example.
    pub fn width(&self) -> usize {
        self.length.unwrap_or(1)
    }
}

/// Examples, each a row of `width` numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// Variables in order; their values fill the row of an example.
    pub variables: Vec<Variable>,
    /// Numbers per example.
    pub width: usize,
    /// Numbers in row-major order: number c of example i is `values[i * width + c]`.
    pub values: Vec<f64>,
}

impl Examples {
    /// Number of examples.
    pub fn count(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// The numbers of example `index`.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}
