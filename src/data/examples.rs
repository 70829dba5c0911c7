//! Examples as rows of numbers, and what their columns are called.

/// One name that formulas may use, with the places of its values in each example.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where its values begin in an example.
    pub first: usize,
    /// `None` for a scalar, else the length of the vector.
    pub length: Option<usize>,
    /// What each value is: the column, or `column = class` of a one-hot code.
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
    /// What the numbers are, in order; together they fill a row.
    pub variables: Vec<Variable>,
    /// Numbers in each example.
    pub width: usize,
    /// Row by row: number c of example i is `values[i * width + c]`.
    pub values: Vec<f64>,
}

impl Examples {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// One example.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}
