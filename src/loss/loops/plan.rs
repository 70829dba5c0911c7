//! Decides for each node: stored in an array, or computed where it is read; and how long its array is live.

use crate::loss::graph::{Graph, Node, NodeId};
use crate::loss::op::Op;
use crate::loss::shape::Shape;

/// Recomputed work per element, in additions, above which a node gets an array.
const WORTH_AN_ARRAY: f64 = 4.0;

/// Maximum depth of an expression that is computed where it is read. Bounds the recursion of the writer.
const DEEPEST: usize = 64;

/// Decisions per node.
#[derive(Debug)]
pub(super) struct Plan {
    /// The outputs depend on the node.
    pub(super) live: Vec<bool>,
    /// The node is stored in an array of its own.
    pub(super) kept: Vec<bool>,
    /// A product that becomes a multiply-add with the sum that alone reads it.
    pub(super) fused: Vec<bool>,
    /// A term of a [`scattered`](Self::scattered) sum: added to the sum's array, never computed on its own.
    pub(super) absorbed: Vec<bool>,
    /// A padded piece or a sum with one among its terms. Its array is filled piece by piece.
    pub(super) scattered: Vec<bool>,
    /// Computing an element needs its row and column, not only its flat index.
    pub(super) by_row: Vec<bool>,
    /// Liveness: the last node that reads the array; `usize::MAX` for outputs.
    pub(super) last_reader: Vec<usize>,
}

impl Plan {
    /// With `separate`, outputs that are inputs are copied to arrays of their own.
    pub(super) fn new(graph: &Graph, outputs: &[NodeId], separate: bool) -> Self {
        let live = graph.reachable(outputs);
        let count = live.len();
        let mut plan = Self {
            live,
            kept: vec![false; count],
            fused: vec![false; count],
            absorbed: vec![false; count],
            scattered: vec![false; count],
            by_row: vec![false; count],
            last_reader: vec![0; count],
        };
        let readers = plan.readers(graph, outputs);
        plan.find_scattered(graph, &readers);
        plan.store_required(graph, outputs, separate);
        let costs = plan.costs(graph);
        plan.store_expensive(graph, &costs);
        plan.fuse(graph, &readers);
        plan.find_rows(graph);
        plan.find_last_readers(graph, outputs);
        plan
    }

    /// Live nodes in topological order: sources first.
    pub(super) fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        let live: Vec<_> = (self.live.iter().enumerate())
            .filter(|(_, live)| **live)
            .map(|(index, _)| NodeId(u32::try_from(index).expect("fewer than 2^32 nodes")))
            .collect();
        live.into_iter()
    }

    /// Returns true when the value is computed once, in topological order, and only looked up by its readers.
    pub(super) fn is_anchor(&self, graph: &Graph, node: NodeId) -> bool {
        self.kept[node.index()] || is_scalar_statement(graph, node) && !self.fused[node.index()]
    }

    /// Number of readers of each node; an output counts as one.
    fn readers(&self, graph: &Graph, outputs: &[NodeId]) -> Vec<u32> {
        let mut readers = vec![0; self.live.len()];
        for output in outputs {
            readers[output.index()] += 1;
        }
        for node in self.nodes() {
            for source in graph.node(node).sources() {
                readers[source.index()] += 1;
            }
        }
        readers
    }

    fn find_scattered(&mut self, graph: &Graph, readers: &[u32]) {
        for node in self.nodes() {
            self.scattered[node.index()] = match graph.node(node) {
                Node::Pad(..) => true,
                Node::Map(Op::Add, [a, b, _]) => [a, b]
                    .iter()
                    .any(|source| self.scattered[source.index()] && readers[source.index()] == 1),
                _ => false,
            };
            if self.scattered[node.index()]
                && let Node::Map(Op::Add, [a, b, _]) = graph.node(node)
            {
                for source in [a, b] {
                    self.absorbed[source.index()] =
                        self.scattered[source.index()] && readers[source.index()] == 1;
                }
            }
        }
    }

    /// Stores outputs, nodes that are filled piece by piece, and nodes at which an expression would become too deep.
    fn store_required(&mut self, graph: &Graph, outputs: &[NodeId], separate: bool) {
        for output in outputs {
            let plain = match graph.node(*output) {
                Node::Input(_) => !separate,
                other => matches!(other, Node::Broadcast(_)),
            };
            self.kept[output.index()] = !plain && graph.shape(*output) != Shape::Scalar;
        }
        let mut depths = vec![0; self.live.len()];
        for node in self.nodes() {
            let index = node.index();
            let sources = graph.node(node).sources().iter();
            let deepest = sources.map(|source| depths[source.index()]).max();
            let pieces = self.scattered[index] || matches!(graph.node(node), Node::Stack(_));
            let vector = graph.shape(node) != Shape::Scalar;
            let depth = deepest.map_or(0, |depth| depth + 1);
            self.kept[index] |= vector && !self.absorbed[index] && (pieces || depth > DEEPEST);
            let written = self.kept[index] || is_scalar_statement(graph, node);
            depths[index] = if written { 0 } else { depth };
        }
    }

    /// Time to compute one element if only the required nodes are stored.
    fn costs(&self, graph: &Graph) -> Vec<f64> {
        let mut costs = vec![0.0; self.live.len()];
        for node in self.nodes() {
            if self.kept[node.index()] || graph.shape(node) == Shape::Scalar {
                continue;
            }
            let sources = graph.node(node).sources().iter();
            let below: f64 = sources.map(|source| costs[source.index()]).sum();
            costs[node.index()] = match graph.node(node) {
                Node::Map(op, _) => below + op.info().cost.time,
                Node::Outer(_) => below + 1.0,
                Node::MatMul([a, b]) => {
                    inner_length(graph.shape(*a), graph.shape(*b)) * (below + 1.0)
                }
                _ => below,
            };
        }
        costs
    }

    /// Stores nodes whose repeated computation would cost more than an array. Walks backward, so that the number of
    /// times each reader is computed is known.
    fn store_expensive(&mut self, graph: &Graph, costs: &[f64]) {
        // Number of times each element is computed.
        let mut times = vec![0.0_f64; self.live.len()];
        for node in self.nodes().rev() {
            let index = node.index();
            if graph.shape(node) != Shape::Scalar
                && !self.absorbed[index]
                && costs[index] * (times[index] - 1.0) > WORTH_AN_ARRAY
            {
                self.kept[index] = true;
            }
            let once =
                self.kept[index] || self.absorbed[index] || graph.shape(node) == Shape::Scalar;
            let own = if once { 1.0 } else { times[index] };
            for (which, source) in graph.node(node).sources().iter().enumerate() {
                times[source.index()] += own * reads(graph, node, which);
            }
        }
    }

    /// Fuses a product into the sum or difference that alone reads it, by the same rule as unrolled programs.
    fn fuse(&mut self, graph: &Graph, readers: &[u32]) {
        for node in self.nodes() {
            let candidates = match graph.node(node) {
                Node::Map(Op::Add | Op::Sub, [a, b, _]) if !self.scattered[node.index()] => {
                    vec![*b, *a]
                }
                Node::Sum(a) => vec![*a],
                _ => continue,
            };
            let fits = candidates.into_iter().find(|source| {
                let product = matches!(graph.node(*source), Node::Map(Op::Mul, _) | Node::Outer(_));
                let same = matches!(graph.node(node), Node::Sum(_))
                    || graph.shape(*source) == graph.shape(node);
                product && same && readers[source.index()] == 1 && !self.kept[source.index()]
            });
            if let Some(product) = fits {
                self.fused[product.index()] = true;
            }
        }
    }

    fn find_rows(&mut self, graph: &Graph) {
        for node in self.nodes() {
            let through =
                |source: &NodeId| self.by_row[source.index()] && !self.kept[source.index()];
            self.by_row[node.index()] = match graph.node(node) {
                Node::Transpose(_) | Node::Outer(_) => true,
                Node::MatMul(_) => matches!(graph.shape(node), Shape::Matrix(..)),
                _ if graph.shape(node) == Shape::Scalar => false,
                other => other.sources().iter().any(through),
            };
        }
    }

    fn find_last_readers(&mut self, graph: &Graph, outputs: &[NodeId]) {
        for output in outputs {
            self.last_reader[output.index()] = usize::MAX;
        }
        for node in self.nodes().rev() {
            let reader = if self.is_anchor(graph, node) {
                node.index()
            } else {
                self.last_reader[node.index()]
            };
            for source in graph.node(node).sources() {
                let last = &mut self.last_reader[source.index()];
                *last = (*last).max(reader);
            }
        }
    }
}

/// Returns true for a scalar that is computed, not read from elsewhere.
fn is_scalar_statement(graph: &Graph, node: NodeId) -> bool {
    graph.shape(node) == Shape::Scalar
        && matches!(
            graph.node(node),
            Node::Map(..) | Node::Sum(_) | Node::Largest(_)
        )
}

/// Reads per element of source number `which` when every element of a node is computed once.
fn reads(graph: &Graph, node: NodeId, which: usize) -> f64 {
    match graph.node(node) {
        Node::MatMul([a, b]) => {
            let (rows, columns) = match (graph.shape(*a), graph.shape(*b)) {
                (Shape::Matrix(m, _), Shape::Matrix(_, n)) => (m, n),
                (Shape::Matrix(m, _), _) => (m, 1),
                (_, Shape::Matrix(_, n)) => (1, n),
                _ => (1, 1),
            };
            (if which == 0 { columns } else { rows }) as f64
        }
        // The first factor depends on the row only and is read once per row.
        Node::Outer([a, _]) if which == 1 => graph.shape(*a).len() as f64,
        Node::Slice(a, _) => graph.shape(node).len() as f64 / graph.shape(*a).len() as f64,
        _ => 1.0,
    }
}

fn inner_length(a: Shape, b: Shape) -> f64 {
    let length = match (a, b) {
        (Shape::Matrix(_, k), _) | (_, Shape::Matrix(k, _)) => k,
        _ => a.len(),
    };
    length as f64
}
