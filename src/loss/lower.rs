//! Lowering: tensors to scalars. Every element of every value becomes a node of its own.

use super::graph::{Graph, Node, NodeId, Varies};
use super::op::Op;
use super::shape::Shape;

/// A scalar graph that computes the outputs of a tensor graph.
pub(super) struct Lowered {
    /// Only scalars. Its inputs are the elements of the tensor graph's inputs, in the same order.
    pub(super) graph: Graph,
    /// Elements of the outputs, row by row, one output after the other.
    pub(super) outputs: Vec<NodeId>,
}

impl Graph {
    /// Lowers the nodes that the outputs depend on.
    pub(super) fn lower(&self, outputs: &[NodeId]) -> Lowered {
        let mut lowering = Lowering {
            source: self,
            graph: Self::for_scalars(),
            elements: vec![Vec::new(); self.len()],
        };
        for input in &self.inputs {
            let count = self.shape(input.node).len();
            lowering.elements[input.node.index()] = (0..count)
                .map(|_| lowering.graph.input("", Shape::Scalar, Varies::PerChain))
                .collect();
        }
        let marks = self.reachable(outputs);
        for (index, _) in marks.iter().enumerate().filter(|(_, used)| **used) {
            if lowering.elements[index].is_empty() {
                let node = NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"));
                lowering.elements[index] = lowering.expand(node);
            }
        }
        let flat = outputs
            .iter()
            .flat_map(|node| lowering.elements[node.index()].iter().copied())
            .collect();
        Lowered {
            graph: lowering.graph,
            outputs: flat,
        }
    }
}

struct Lowering<'a> {
    source: &'a Graph,
    graph: Graph,
    /// Scalars of each tensor node; empty before the node is lowered.
    elements: Vec<Vec<NodeId>>,
}

impl Lowering<'_> {
    /// Element of a node; a scalar is broadcast.
    fn at(&self, node: NodeId, index: usize) -> NodeId {
        let elements = &self.elements[node.index()];
        if elements.len() == 1 {
            elements[0]
        } else {
            elements[index]
        }
    }

    /// Rows and columns of a node, with a vector taken as a single row or a single column.
    fn size(&self, node: NodeId, vector_is_row: bool) -> (usize, usize) {
        match self.source.shape(node) {
            Shape::Scalar => (1, 1),
            Shape::Vector(n) if vector_is_row => (1, n),
            Shape::Vector(n) => (n, 1),
            Shape::Matrix(m, n) => (m, n),
        }
    }

    fn expand(&mut self, id: NodeId) -> Vec<NodeId> {
        let count = self.source.shape(id).len();
        match self.source.node(id) {
            Node::Input(_) => unreachable!("inputs are lowered first"),
            Node::Constant(bits) => vec![self.graph.constant(f64::from_bits(*bits))],
            Node::Map(op, sources) => (0..count)
                .map(|index| {
                    let arguments = sources.map(|source| self.at(source, index));
                    self.scalar_map(*op, &arguments[..op.info().arity])
                })
                .collect(),
            Node::MatMul([a, b]) => self.matmul(*a, *b),
            Node::Transpose(a) => {
                let (m, n) = self.size(*a, false);
                (0..m * n)
                    .map(|index| self.at(*a, index % m * n + index / m))
                    .collect()
            }
            Node::Outer([a, b]) => {
                let (m, n) = (self.source.shape(*a).len(), self.source.shape(*b).len());
                (0..m * n)
                    .map(|index| {
                        let (x, y) = (self.at(*a, index / n), self.at(*b, index % n));
                        self.graph.mul(x, y)
                    })
                    .collect()
            }
            Node::Sum(a) => vec![self.fold(Op::Add, &self.elements[a.index()].clone())],
            Node::Largest(a) => vec![self.fold(Op::Max, &self.elements[a.index()].clone())],
            Node::LogSumExp(a) => vec![self.log_sum_exp(*a)],
            Node::Norm(a) => {
                let squares: Vec<_> = self.elements[a.index()]
                    .clone()
                    .into_iter()
                    .map(|x| self.graph.mul(x, x))
                    .collect();
                let sum = self.fold(Op::Add, &squares);
                vec![self.graph.sqrt(sum)]
            }
            Node::Broadcast(a) => vec![self.at(*a, 0); count],
            Node::Slice(a, start) => (0..count)
                .map(|index| self.at(*a, *start as usize + index))
                .collect(),
            Node::Pad(a, start) => {
                let zero = self.graph.constant(0.0);
                let mut all = vec![zero; count];
                let part = &self.elements[a.index()];
                all[*start as usize..*start as usize + part.len()].copy_from_slice(part);
                all
            }
            Node::Stack(parts) => parts
                .iter()
                .flat_map(|part| self.elements[part.index()].iter().copied())
                .collect(),
        }
    }

    /// Left fold over scalars, in order: the order of floating-point sums is part of a program's meaning.
    fn fold(&mut self, op: Op, terms: &[NodeId]) -> NodeId {
        terms[1..]
            .iter()
            .fold(terms[0], |total, term| self.graph.map(op, &[total, *term]))
    }

    fn matmul(&mut self, a: NodeId, b: NodeId) -> Vec<NodeId> {
        let ((m, k), (_, n)) = (self.size(a, true), self.size(b, false));
        (0..m * n)
            .map(|index| {
                let (i, j) = (index / n, index % n);
                let terms: Vec<_> = (0..k)
                    .map(|inner| {
                        let (x, y) = (self.at(a, i * k + inner), self.at(b, inner * n + j));
                        self.graph.mul(x, y)
                    })
                    .collect();
                self.fold(Op::Add, &terms)
            })
            .collect()
    }

    /// `log Σ exp`, shifted by the largest element so that no exponential overflows.
    fn log_sum_exp(&mut self, a: NodeId) -> NodeId {
        let elements = self.elements[a.index()].clone();
        let largest = self.fold(Op::Max, &elements);
        let exponentials: Vec<_> = elements
            .into_iter()
            .map(|x| {
                let shifted = self.graph.sub(x, largest);
                self.graph.map(Op::Exp, &[shifted])
            })
            .collect();
        let sum = self.fold(Op::Add, &exponentials);
        let log = self.graph.map(Op::Log, &[sum]);
        self.graph.add(largest, log)
    }

    fn scalar_map(&mut self, op: Op, arguments: &[NodeId]) -> NodeId {
        let power = (op == Op::Pow)
            .then(|| self.graph.written_out_power(arguments[0], arguments[1]))
            .flatten();
        power.unwrap_or_else(|| self.graph.map(op, arguments))
    }
}
