//! Programs: straight-line code on rows, with one row per value and one lane per chain.

use std::sync::Arc;

use super::NodeId;
use super::allocate::{Allocated, allocate, row};
use super::graph::Graph;
use super::row_loops::{Instruction, RowLoop, fuse};
use super::source::TensorSource;
use super::straight_line::StraightLine;

/// Straight-line code for one or more outputs. The CPU runs it on blocks of chains; the GPU gets it as WGSL.
///
/// Rows are numbered: inputs, then constants, then working rows, which are reused after the last read of their value. A
/// run never changes rows of constants, nor rows of inputs without feedback.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    pub(super) code: Vec<Instruction>,
    /// The code in the form that the CPU runs.
    pub(super) row_loops: Vec<RowLoop>,
    pub(super) rows: usize,
    pub(super) outputs: Vec<u32>,
    used: Vec<bool>,
    pub(super) source: Arc<TensorSource>,
}

impl Program {
    /// Compiles the outputs. Their elements become flat outputs, row by row, one output after the other.
    ///
    /// Everything is unrolled into scalars; [`Graph::scalar_operations`] bounds the size beforehand.
    #[must_use]
    pub fn compile(graph: &Graph, outputs: &[NodeId]) -> Self {
        Self::compile_feedback(graph, outputs, &[])
    }

    /// Compiles with feedback: for each pair (flat output, flat input slot) the output ends in that input's row, so that
    /// the next run continues from it. All outputs are computed from the inputs as they were before the run.
    ///
    /// # Panics
    /// If a pair is out of range or two pairs name the same slot.
    #[must_use]
    pub fn compile_feedback(
        graph: &Graph,
        outputs: &[NodeId],
        feedback: &[(usize, usize)],
    ) -> Self {
        let code = StraightLine::select(&graph.lower(outputs));
        let (inputs, first) = (code.inputs, code.first());
        let (used, constants) = (code.used_inputs(), code.constants.clone());
        let Allocated {
            code,
            rows,
            outputs: output_rows,
        } = allocate(code, feedback);
        let read_later = output_rows.iter().copied().chain(0..row(first));
        Self {
            inputs,
            constants,
            row_loops: fuse(&code, rows, read_later),
            outputs: output_rows,
            code,
            rows,
            used,
            source: Arc::new(TensorSource::new(graph, outputs, !feedback.is_empty())),
        }
    }

    /// Number of input slots, used or not.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.inputs
    }

    /// Number of flat outputs.
    #[must_use]
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// Number of rows a workspace needs.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Row that holds a flat output after a run.
    #[must_use]
    pub fn output_row(&self, output: usize) -> usize {
        self.outputs[output] as usize
    }

    /// A copy of the program that reads the inputs `first..first + count` from the rows `moved..moved + count` instead.
    /// Only [`run`](Self::run) respects the move, not the WGSL.
    ///
    /// # Panics
    /// If the program already has rows there.
    #[must_use]
    pub fn with_inputs_moved(&self, first: usize, count: usize, moved: usize) -> Self {
        assert!(moved >= self.rows, "rows {moved} and on are in use");
        let inputs = row(first)..row(first + count);
        let mut program = self.clone();
        program.rows = moved + count;
        for row_loop in &mut program.row_loops {
            for argument in row_loop.arguments_mut() {
                if inputs.contains(argument) {
                    *argument += row(moved) - inputs.start;
                }
            }
        }
        program
    }

    /// Number of instructions: the cost of a run.
    #[must_use]
    pub fn instructions(&self) -> usize {
        self.code.len()
    }

    /// Floating-point operations of a run per chain, as defined by [`Cost::flops`](super::op::Cost::flops).
    #[must_use]
    pub fn operations(&self) -> usize {
        let instructions = self.code.iter();
        instructions
            .map(|instruction| instruction.op.info().cost.flops)
            .sum()
    }

    /// Returns true when an input slot influences the outputs. Slots without influence need not be filled.
    #[must_use]
    pub fn input_is_used(&self, slot: usize) -> bool {
        self.used[slot]
    }

    /// Name, first slot and number of slots of each tensor among the inputs, in order.
    #[must_use]
    pub fn tensor_inputs(&self) -> Vec<(&str, usize, usize)> {
        let mut first = 0;
        let inputs = self.source.graph.inputs().map(|(name, shape, _)| {
            first += shape.len();
            (name, first - shape.len(), shape.len())
        });
        inputs.collect()
    }

    /// First flat output and number of elements of each tensor among the outputs, in the order given to
    /// [`compile`](Self::compile).
    #[must_use]
    pub fn tensor_outputs(&self) -> Vec<(usize, usize)> {
        let mut first = 0;
        let outputs = self.source.outputs.iter().map(|output| {
            let count = self.source.graph.shape(*output).len();
            first += count;
            (first - count, count)
        });
        outputs.collect()
    }
}
