//! Programs as WGSL loops over arrays: for losses that are too large to be unrolled.
//!
//! The text is written from the graph of tensors and grows with the number of its nodes, not with their sizes:
//!
//! ```text
//! graph of tensors ─▶ normal form ─▶ plan (what is kept in arrays, for how long) ─▶ loops
//! ```
//!
//! Elementwise operations are computed in the loop that reads them; pieces, transposes, outer products and stretched
//! scalars are only ways to read. Sums run from the first element to the last, with the same fused operations as in
//! unrolled programs, so that both forms agree to rounding wherever values are finite. (An unrolled program also drops
//! terms that a constant zero among the elements of a list removes; see [`Graph`](super::Graph).)

mod allocation;
mod arrays;
mod index;
mod normal;
mod plan;
mod writer;

use super::program::Program;
use crate::spec::Width;
use allocation::Allocation;
use plan::Plan;
use writer::Writer;

/// How an element of an array is written: `open`, its index, `close`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// What comes before the index, such as `values[`.
    pub open: String,
    /// What comes after it, such as `]`.
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

    /// The element at an index, itself a WGSL expression of type `u32`.
    #[must_use]
    pub fn element(&self, index: &str) -> String {
        format!("{}{index}{}", self.open, self.close)
    }
}

/// Where the elements of a tensor among the inputs are: element k is element `first + k` of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInput {
    /// The array.
    pub array: Access,
    /// Place of the first element in it.
    pub first: usize,
}

impl TensorInput {
    fn element(&self, index: &index::Index) -> String {
        self.array.element(&index.plus(self.first).to_string())
    }
}

/// Where the elements of a tensor among the outputs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorOutput {
    len: usize,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In an array, from here on.
    Array(TensorInput),
    /// The same value for every element.
    Value(String),
}

impl TensorOutput {
    /// An expression for element `k`, itself a WGSL expression of type `u32`.
    #[must_use]
    pub fn element(&self, k: &str) -> String {
        match &self.place {
            Place::Value(value) => value.clone(),
            Place::Array(place) if place.first == 0 => place.array.element(k),
            Place::Array(place) => place.array.element(&format!("{}u + {k}", place.first)),
        }
    }

    /// Number of elements.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no tensor is empty")]
    pub fn len(&self) -> usize {
        self.len
    }
}

/// A program as the body of a WGSL function, in loops. It calls the functions of
/// [`Width::wgsl_operations`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopBody {
    /// Declarations and loops, indented by two spaces. Their own names are `t`, `v` or `k` and a number.
    pub statements: String,
    /// One for each tensor among the outputs, in the order given to [`Program::compile`].
    pub outputs: Vec<TensorOutput>,
    /// Numbers that temporary arrays take in the memory that was given for them.
    pub temporaries: usize,
}

impl Program {
    /// Writes the program as loops, given the place of each tensor among the inputs, in order of their declaration.
    ///
    /// Temporary arrays lie in `memory` from its `first` on: private arrays under a running index are slow on every device, and
    /// Mesa compiles each access as a ladder of branches. The loops ask a function `turns(count: u32) -> u32` for the number of their
    /// turns, which is `count`.
    ///
    /// All outputs are computed before any is handed out, and the statements never write to the inputs. In a program with
    /// feedback no output refers to an input's array, so the caller may write outputs into inputs one after the other. In
    /// a program without feedback an output that is an input is read from the input's own array.
    ///
    /// # Panics
    /// Where the number of places is not that of [`tensor_inputs`](Self::tensor_inputs).
    #[must_use]
    pub fn wgsl_loops(
        &self,
        inputs: &[TensorInput],
        memory: &TensorInput,
        width: Width,
    ) -> LoopBody {
        let source = &*self.source;
        assert_eq!(
            inputs.len(),
            source.graph.inputs.len(),
            "one place per tensor among the inputs"
        );
        let (graph, outputs) = normal::normal(&source.graph, &source.outputs);
        Writer::new(&graph, &outputs, inputs, memory, source.feeds_back, width).write(&outputs)
    }

    /// Numbers of temporary memory that [`Self::wgsl_loops`] needs. No text is written to count them.
    #[must_use]
    pub fn loop_temporaries(&self) -> usize {
        let source = &*self.source;
        let (graph, outputs) = normal::normal(&source.graph, &source.outputs);
        let plan = Plan::new(&graph, &outputs, source.feeds_back);
        Allocation::new(&graph, &plan).arrays.elements()
    }
}
