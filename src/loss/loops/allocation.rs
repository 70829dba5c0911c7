//! Temporary arrays of the kept nodes, assigned before any text is written, so that memory is counted without text.

use super::arrays::Arrays;
use super::plan::Plan;
use crate::loss::graph::{Graph, NodeId};

/// Arrays that hold the values of the kept nodes, and the node after which each value is no longer read.
#[derive(Debug)]
pub(super) struct Allocation {
    /// Array of each node; `None` for nodes that are not kept.
    pub(super) array_of: Vec<Option<usize>>,
    /// For each node, the kept nodes that no later node reads.
    pub(super) expiring: Vec<Vec<NodeId>>,
    /// All arrays, with the sizes they need at the end.
    pub(super) arrays: Arrays,
}

impl Allocation {
    /// Walks the plan in the order in which its text is written.
    pub(super) fn new(graph: &Graph, plan: &Plan) -> Self {
        let expiring = expiring(plan);
        let mut arrays = Arrays::default();
        let mut array_of = vec![None; graph.len()];
        for node in plan.nodes() {
            if plan.kept[node.index()] {
                array_of[node.index()] = Some(arrays.take(graph.shape(node).len()));
            }
            for old in &expiring[node.index()] {
                arrays.give_back(array_of[old.index()].expect("only kept nodes expire"));
            }
        }
        Self {
            array_of,
            expiring,
            arrays,
        }
    }
}

fn expiring(plan: &Plan) -> Vec<Vec<NodeId>> {
    let mut expiring = vec![Vec::new(); plan.live.len()];
    for node in plan.nodes().filter(|node| plan.kept[node.index()]) {
        // Outputs have no last reader.
        if let Some(nodes) = expiring.get_mut(plan.last_reader[node.index()]) {
            nodes.push(node);
        }
    }
    expiring
}
