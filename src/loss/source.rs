//! The tensor graph behind a program, from which it can also be written as loops.

use super::graph::{Graph, NodeId};

/// The part of the graph that a program's outputs depend on.
#[derive(Debug)]
pub(super) struct TensorSource {
    pub(super) graph: Graph,
    pub(super) outputs: Vec<NodeId>,
    /// True when outputs are written back into inputs.
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
