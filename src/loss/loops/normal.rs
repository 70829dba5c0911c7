//! Lowering for loops: rewrites composite reductions and constant powers into operations that loops can compute.

use crate::loss::graph::{Graph, Node, NodeId};
use crate::loss::op::Op;
use crate::loss::shape::Shape;

/// Rewrites a graph and its outputs. Common subexpressions, such as the exponentials in `logsumexp` and in its gradient,
/// become one node.
pub(super) fn normal(source: &Graph, outputs: &[NodeId]) -> (Graph, Vec<NodeId>) {
    let mut rewriting = Rewriting {
        source,
        graph: Graph::for_scalars(),
        moved: vec![None; source.len()],
    };
    for input in &source.inputs {
        let shape = source.shape(input.node);
        let node = rewriting.graph.input(&input.name, shape, input.varies);
        rewriting.moved[input.node.index()] = Some(node);
    }
    let marks = source.reachable(outputs);
    for (index, _) in marks.iter().enumerate().filter(|(_, used)| **used) {
        if rewriting.moved[index].is_none() {
            let node = NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"));
            let moved = rewriting.rewrite(node);
            rewriting.moved[index] = Some(moved);
        }
    }
    let outputs = outputs.iter().map(|node| rewriting.at(*node)).collect();
    (rewriting.graph, outputs)
}

struct Rewriting<'a> {
    source: &'a Graph,
    graph: Graph,
    moved: Vec<Option<NodeId>>,
}

impl Rewriting<'_> {
    fn at(&self, node: NodeId) -> NodeId {
        self.moved[node.index()].expect("sources come first")
    }

    fn rewrite(&mut self, id: NodeId) -> NodeId {
        let shape = self.source.shape(id);
        match self.source.node(id) {
            Node::Input(_) => unreachable!("inputs are declared first"),
            Node::Constant(bits) => self.graph.constant(f64::from_bits(*bits)),
            Node::Map(Op::Pow, [base, exponent, _]) => self.power(*base, *exponent),
            Node::Map(op, sources) => {
                let sources = sources.map(|source| self.at(source));
                self.graph.map(*op, &sources[..op.info().arity])
            }
            Node::MatMul([a, b]) => self.graph.matmul(self.at(*a), self.at(*b)),
            Node::Transpose(a) => self.graph.transpose(self.at(*a)),
            Node::Outer([a, b]) => self.graph.outer(self.at(*a), self.at(*b)),
            Node::Sum(a) => self.graph.sum(self.at(*a)),
            Node::Largest(a) => self.graph.largest(self.at(*a)),
            Node::LogSumExp(a) => self.log_sum_exp(self.at(*a)),
            Node::Norm(a) => {
                let squares = self.graph.dot(self.at(*a), self.at(*a));
                self.graph.sqrt(squares)
            }
            Node::Broadcast(a) => self.graph.broadcast(self.at(*a), shape),
            Node::Slice(a, start) => self.slice(self.at(*a), *start as usize, shape),
            Node::Pad(a, start) => self.graph.pad(self.at(*a), *start as usize, shape),
            Node::Stack(parts) => self.stack(parts, shape),
        }
    }

    /// Shifted by the largest element against overflow, as in unrolled programs.
    fn log_sum_exp(&mut self, a: NodeId) -> NodeId {
        let largest = self.graph.largest(a);
        let shifted = self.graph.sub(a, largest);
        let exponentials = self.graph.map(Op::Exp, &[shifted]);
        let sum = self.graph.sum(exponentials);
        let log = self.graph.map(Op::Log, &[sum]);
        self.graph.add(largest, log)
    }

    /// Constant exponents become products, which also hold for negative bases. In a vector of exponents this is decided
    /// element by element.
    fn power(&mut self, base: NodeId, exponent: NodeId) -> NodeId {
        let (x, y) = (self.at(base), self.at(exponent));
        if let Some(products) = self.graph.written_out_power(x, y) {
            // x^0 has become the scalar 1.
            let shape = self.graph.shape(x);
            return self.graph.broadcast(products, shape);
        }
        let shape = self.graph.shape(y);
        let lowered = self.source.lower(&[exponent]);
        let constants = lowered.outputs.iter();
        let constants: Vec<Option<f64>> = constants
            .map(|element| lowered.graph.as_constant(*element))
            .collect();
        if shape == Shape::Scalar || constants.iter().all(Option::is_none) {
            return self.graph.map(Op::Pow, &[x, y]);
        }
        let elements: Vec<NodeId> = (0..shape.len())
            .map(|index| {
                let own = match self.graph.shape(x) {
                    Shape::Scalar => x,
                    _ => self.graph.element(x, index),
                };
                let exponent = match constants[index] {
                    Some(value) => self.graph.constant(value),
                    None => self.graph.element(y, index),
                };
                let products = self.graph.written_out_power(own, exponent);
                products.unwrap_or_else(|| self.graph.map(Op::Pow, &[own, exponent]))
            })
            .collect();
        self.graph.concatenate(&elements, shape)
    }

    /// A slice within one part of a list is a slice of that part. A slice of a padded value is a slice of the value, or
    /// zero. Neither needs the whole list or the padding.
    fn slice(&mut self, a: NodeId, start: usize, shape: Shape) -> NodeId {
        let end = start + shape.len();
        let part = match self.graph.node(a) {
            Node::Stack(parts) => {
                let mut first = 0;
                parts.iter().find_map(|part| {
                    let count = self.graph.shape(*part).len();
                    first += count;
                    let within = first - count <= start && end <= first;
                    within.then(|| (*part, start + count - first))
                })
            }
            Node::Pad(part, first) => {
                let first = *first as usize;
                let last = first + self.graph.shape(*part).len();
                if end <= first || last <= start {
                    return self.graph.zeros(shape);
                }
                (first <= start && end <= last).then(|| (*part, start - first))
            }
            _ => None,
        };
        let (source, start) = part.unwrap_or((a, start));
        self.graph.slice(source, start, shape)
    }

    fn stack(&mut self, parts: &[NodeId], shape: Shape) -> NodeId {
        let parts: Vec<NodeId> = parts.iter().map(|part| self.at(*part)).collect();
        match parts[..] {
            [only] => self.graph.reshape(only, shape),
            _ => self.graph.concatenate(&parts, shape),
        }
    }
}
