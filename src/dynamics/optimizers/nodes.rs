//! Graph nodes that several optimizers share.

use crate::loss::{Graph, NodeId, Op};

/// p a + q b.
pub(super) fn weighted_sum(graph: &mut Graph, p: f64, a: NodeId, q: f64, b: NodeId) -> NodeId {
    let (p, q) = (graph.constant(p), graph.constant(q));
    let (a, b) = (graph.mul(a, p), graph.mul(b, q));
    graph.add(a, b)
}

/// β s + (1 − β) g².
pub(super) fn mean_square(graph: &mut Graph, beta: f64, s: NodeId, g: NodeId) -> NodeId {
    let square = graph.mul(g, g);
    weighted_sum(graph, beta, s, 1.0 - beta, square)
}

/// a / (√s + ε).
pub(super) fn over_root(graph: &mut Graph, a: NodeId, s: NodeId, epsilon: f64) -> NodeId {
    let root = graph.map(Op::Sqrt, &[s]);
    let epsilon = graph.constant(epsilon);
    let divisor = graph.add(root, epsilon);
    graph.div(a, divisor)
}
