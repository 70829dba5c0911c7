//! The tensors behind a program, kept so that it can also be written as loops.

use super::graph::{Graph, NodeId};
use super::program::Program;

/// What a program was compiled from: only the nodes that its outputs are made of.
#[derive(Debug)]
pub(super) struct TensorSource {
    pub(super) graph: Graph,
    pub(super) outputs: Vec<NodeId>,
    /// Whether outputs are written back into inputs.
    pub(super) feeds_back: bool,
}

impl TensorSource {
    pub(super) fn new(graph: &Graph, outputs: &[NodeId], feeds_back: bool) -> Self {
        let (graph, outputs) = graph.pruned(outputs);
        Self {
            graph,
            outputs,
            feeds_back,
        }
    }
}

impl Program {
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
