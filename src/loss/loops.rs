//! Programs as WGSL loops over arrays, for losses too large to unroll.
//!
//! The text is written from the tensor graph, so it grows with the number of nodes and not with their sizes:
//!
//! ```text
//! tensor graph ─▶ normal form ─▶ plan (which nodes get an array, and for how long) ─▶ loops
//! ```
//!
//! Elementwise operations run inside the loop that reads them (loop fusion). Slices, transposes, outer products and
//! broadcasts only change the index at which a value is read. Sums run from the first element to the last with the same
//! multiply-adds as unrolled programs, so that both forms agree to rounding wherever values are finite. (Unrolled programs
//! also drop terms that are multiplied by a constant zero element of a list; see [`Graph`](super::Graph).)

mod allocation;
mod arrays;
mod index;
mod normal;
mod operands;
mod plan;
mod writer;

use super::program::Program;
use crate::spec::Width;
use allocation::Allocation;
pub use operands::{Access, LoopBody, TensorInput, TensorOutput};
use plan::Plan;
use writer::Writer;

impl Program {
    /// Writes the program as loops. `inputs` locates each input tensor, in order of declaration.
    ///
    /// Temporary arrays lie in `memory`, from its `first` element on. They are not private arrays: dynamic indexing of
    /// private arrays is slow on every device, and Mesa compiles each access to a chain of branches. Loops take their
    /// trip count from a function `turns(count: u32) -> u32` that returns `count`, so that compilers cannot unroll them.
    ///
    /// All outputs are computed before the first is read, and no statement writes to an input. In a program with
    /// feedback, no output refers to an input's array: the caller may store outputs into inputs one after the other. In a
    /// program without feedback, an output that is an input is read from the input's own array.
    ///
    /// # Panics
    /// If the number of `inputs` is not that of [`tensor_inputs`](Self::tensor_inputs).
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
            "one location per input tensor"
        );
        let (graph, outputs) = normal::normal(&source.graph, &source.outputs);
        Writer::new(&graph, &outputs, inputs, memory, source.feeds_back, width).write(&outputs)
    }

    /// Elements of temporary memory that [`Self::wgsl_loops`] needs, counted without writing any text.
    #[must_use]
    pub fn loop_temporaries(&self) -> usize {
        let source = &*self.source;
        let (graph, outputs) = normal::normal(&source.graph, &source.outputs);
        let plan = Plan::new(&graph, &outputs, source.feeds_back);
        Allocation::new(&graph, &plan).arrays.elements()
    }
}
