//! What is kept in an array, what is computed where it is read, and how long an array is needed.

use crate::loss::graph::{Graph, Node, NodeId};
use crate::loss::op::Op;
use crate::loss::shape::Shape;

/// Cheap operations that are worth less than an array.
const WORTH_AN_ARRAY: f64 = 4.0;

/// Most operations on top of each other that are computed where they are read; keeps recursion shallow.
const DEEPEST: usize = 64;

/// Decisions, each by node.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the outputs are made of.
    pub(super) live: Vec<bool>,
    /// Has an array of its own.
    pub(super) kept: Vec<bool>,
    /// A product that only the sum next to it reads, so that both are one operation.
    pub(super) fused: Vec<bool>,
    /// A part of a sum of placed pieces, see [`scattered`](Self::scattered).
    pub(super) absorbed: Vec<bool>,
    /// A placed piece, or a sum in which one takes part: filled piece by piece.
    pub(super) scattered: Vec<bool>,
    /// Row and column are needed to compute an element.
    pub(super) by_row: Vec<bool>,
    /// The node after which an array may be used again; `usize::MAX` for outputs.
    pub(super) last_reader: Vec<usize>,
}

impl Plan {
    /// `apart` keeps copies of inputs that are outputs.
    pub(super) fn new(graph: &Graph, outputs: &[NodeId], apart: bool) -> Self {
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
        plan.force(graph, outputs, apart);
        let costs = plan.costs(graph);
        plan.keep_what_is_read_often(graph, &costs);
        plan.fuse(graph, &readers);
        plan.find_rows(graph);
        plan.find_last_readers(graph, outputs);
        plan
    }

    /// Nodes in order, sources first.
    pub(super) fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        let live: Vec<_> = (self.live.iter().enumerate())
            .filter(|(_, live)| **live)
            .map(|(index, _)| NodeId(u32::try_from(index).expect("fewer than 2^32 nodes")))
            .collect();
        live.into_iter()
    }

    /// Whether a value is written down once, at its place in the order, and only looked up afterwards.
    pub(super) fn is_anchor(&self, graph: &Graph, node: NodeId) -> bool {
        self.kept[node.index()] || is_scalar_statement(graph, node) && !self.fused[node.index()]
    }

    /// How many times each node is read; as an output too.
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
                Node::Place(..) => true,
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

    /// Keeps what has to be put together piece by piece, the outputs, and one of too many operations in a row.
    fn force(&mut self, graph: &Graph, outputs: &[NodeId], apart: bool) {
        for output in outputs {
            let plain = match graph.node(*output) {
                Node::Input(_) => !apart,
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

    /// Cheap operations to compute one element, where nothing but the forced arrays is kept.
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

    /// Keeps what would be computed again and again. From the last node on, so that how often a node's readers are
    /// computed is known.
    fn keep_what_is_read_often(&mut self, graph: &Graph, costs: &[f64]) {
        // Times that each element is computed.
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

    /// The rule of unrolled programs: a product goes into the sum or difference that alone reads it.
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

/// A scalar that is computed rather than read.
fn is_scalar_statement(graph: &Graph, node: NodeId) -> bool {
    graph.shape(node) == Shape::Scalar
        && matches!(
            graph.node(node),
            Node::Map(..) | Node::Sum(_) | Node::Largest(_)
        )
}

/// How often computing every element of a node once reads each element of one of its sources.
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
        // The first factor changes by row only and is read once for each.
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
