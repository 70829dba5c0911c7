//! WGSL expressions for the elements of inputs and outputs of a loop body.

use super::index::Index;

/// Syntax of an array element: `open`, the index, `close`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Text before the index, such as `values[`.
    pub open: String,
    /// Text after the index, such as `]`.
    pub close: String,
}

impl Access {
    /// Element k as `array[k]`.
    #[must_use]
    pub fn array(array: &str) -> Self {
        Self {
            open: format!("{array}["),
            close: "]".to_owned(),
        }
    }

    /// Element at an index, which is a WGSL expression of type `u32`.
    #[must_use]
    pub fn element(&self, index: &str) -> String {
        format!("{}{index}{}", self.open, self.close)
    }
}

/// Location of an input tensor: its element k is element `first + k` of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInput {
    /// The array.
    pub array: Access,
    /// Index of the tensor's first element in the array.
    pub first: usize,
}

impl TensorInput {
    pub(super) fn element(&self, index: &Index) -> String {
        self.array.element(&index.plus(self.first).to_string())
    }
}

/// Location of an output tensor after the loop body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorOutput {
    pub(super) len: usize,
    pub(super) location: Location,
}

/// Location of the elements of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// Consecutive elements of an array.
    Array(TensorInput),
    /// The same value for every element.
    Value(String),
}

impl TensorOutput {
    /// Expression for element `k`, which is a WGSL expression of type `u32`.
    #[must_use]
    pub fn element(&self, k: &str) -> String {
        match &self.location {
            Location::Value(value) => value.clone(),
            Location::Array(tensor) if tensor.first == 0 => tensor.array.element(k),
            Location::Array(tensor) => tensor.array.element(&format!("{}u + {k}", tensor.first)),
        }
    }

    /// Number of elements.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no tensor is empty")]
    pub fn len(&self) -> usize {
        self.len
    }
}

/// A program in loops, as the body of a WGSL function. It calls the functions of
/// [`Width::wgsl_operations`](crate::spec::Width::wgsl_operations).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopBody {
    /// Declarations and loops, indented by two spaces. Names declared here are `t`, `v` or `k` and a number.
    pub statements: String,
    /// One per output tensor, in the order given to [`Program::compile`](crate::loss::Program::compile).
    pub outputs: Vec<TensorOutput>,
    /// Elements of memory that the temporary arrays take.
    pub temporaries: usize,
}
