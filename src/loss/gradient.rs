//! Reverse-mode differentiation of the tensor graph (Griewank and Walther, Evaluating Derivatives, 2008, ch. 3). Node
//! numbers are a topological order, so the graph itself serves as the Wengert list.

use super::graph::{Graph, Node, NodeId};
use super::op::{Application, Op};
use super::shape::Shape;

/// Adjoints found so far: derivatives of the output with respect to each node.
struct Adjoints {
    /// True for nodes that depend on a variable of differentiation.
    active: Vec<bool>,
    /// Sum of the contributions of the readers seen so far.
    sums: Vec<Option<NodeId>>,
}

impl Graph {
    /// Gradient of a scalar with respect to the nodes `wrt`: one node of the same shape for each.
    ///
    /// The gradient costs a small multiple of the output, whatever the number of parameters. At points without a
    /// derivative, [`super::op`] defines the value.
    ///
    /// # Panics
    /// If `output` is not a scalar.
    pub fn gradient(&mut self, output: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
        assert_eq!(
            self.shape(output),
            Shape::Scalar,
            "only scalars have gradients"
        );
        let count = output.index() + 1;
        let mut active = vec![false; count];
        for node in wrt.iter().filter(|node| node.index() < count) {
            active[node.index()] = true;
        }
        for index in 0..count {
            let sources = self.node_at(index).sources();
            active[index] |= sources.iter().any(|source| active[source.index()]);
        }
        let mut adjoints = Adjoints {
            active,
            sums: vec![None; count],
        };
        adjoints.sums[output.index()] = Some(self.constant(1.0));
        for index in (0..count).rev() {
            if adjoints.active[index]
                && let Some(adjoint) = adjoints.sums[index]
            {
                self.propagate(index, adjoint, &mut adjoints);
            }
        }
        wrt.iter()
            .map(|node| {
                let sum = adjoints.sums.get(node.index()).copied().flatten();
                sum.unwrap_or_else(|| self.zeros(self.shape(*node)))
            })
            .collect()
    }

    /// Returns true when no operation behind a value has a kink or a jump. Derivatives of the gradient then describe it
    /// completely, without point masses at kinks.
    #[must_use]
    pub fn is_smooth(&self, output: NodeId) -> bool {
        let marks = self.reachable(&[output]);
        let mut used = (0..marks.len()).filter(|&index| marks[index]);
        used.all(|index| match self.node_at(index) {
            Node::Map(op, _) => !op.info().kink,
            Node::Largest(_) => false,
            _ => true,
        })
    }

    fn node_at(&self, index: usize) -> &Node {
        self.node(NodeId(u32::try_from(index).expect("fewer than 2^32 nodes")))
    }

    /// Adds a node's contribution to the adjoints of its sources.
    fn propagate(&mut self, index: usize, adjoint: NodeId, adjoints: &mut Adjoints) {
        let node = self.node_at(index).clone();
        let value = NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"));
        if let Node::Stack(parts) = &node {
            let mut start = 0;
            for part in parts {
                let shape = self.shape(*part);
                let piece = self.slice(adjoint, start, shape);
                self.accumulate(*part, piece, adjoints);
                start += shape.len();
            }
            return;
        }
        for (which, source) in node.sources().iter().enumerate() {
            if adjoints.active[source.index()]
                && let Some(contribution) = self.contribution(&node, which, value, adjoint)
            {
                self.accumulate(*source, contribution, adjoints);
            }
        }
    }

    fn accumulate(&mut self, source: NodeId, contribution: NodeId, adjoints: &mut Adjoints) {
        if !adjoints.active[source.index()] {
            return;
        }
        let shape = self.shape(source);
        // The adjoint of a broadcast scalar is the sum over all elements.
        let fitted = if shape == Shape::Scalar {
            self.sum(contribution)
        } else {
            self.broadcast_scalar(contribution, shape)
        };
        let slot = &mut adjoints.sums[source.index()];
        *slot = Some(match *slot {
            Some(before) => self.add(before, fitted),
            None => fitted,
        });
    }

    fn broadcast_scalar(&mut self, node: NodeId, shape: Shape) -> NodeId {
        if self.shape(node) == Shape::Scalar {
            self.broadcast(node, shape)
        } else {
            node
        }
    }

    /// Contribution of a node to the adjoint of its source number `which`.
    fn contribution(
        &mut self,
        node: &Node,
        which: usize,
        value: NodeId,
        adjoint: NodeId,
    ) -> Option<NodeId> {
        Some(match *node {
            Node::Input(_) | Node::Constant(_) | Node::Stack(_) => return None,
            Node::Map(op, arguments) => {
                let rule = op.info().derivative?;
                if op == Op::Select && which == 0 {
                    return None;
                }
                rule(
                    self,
                    &Application {
                        arguments,
                        value,
                        adjoint,
                    },
                    which,
                )
            }
            Node::MatMul([a, b]) => self.matmul_adjoint(a, b, which, adjoint),
            Node::Outer([_, b]) if which == 0 => self.matmul(adjoint, b),
            Node::Outer([a, _]) => self.matmul(a, adjoint),
            Node::Transpose(_) => self.transpose(adjoint),
            Node::Sum(a) => self.broadcast(adjoint, self.shape(a)),
            Node::Broadcast(_) => self.sum(adjoint),
            Node::Slice(a, start) => self.pad(adjoint, start as usize, self.shape(a)),
            Node::Pad(part, start) => self.slice(adjoint, start as usize, self.shape(part)),
            Node::Largest(a) => {
                let hit = self.map(Op::Equal, &[a, value]);
                let ties = self.sum(hit);
                let share = self.div(adjoint, ties);
                self.mul(hit, share)
            }
            Node::LogSumExp(a) => {
                // The same terms as in the lowered value, so that they become common subexpressions.
                let largest = self.largest(a);
                let shifted = self.sub(a, largest);
                let exponentials = self.map(Op::Exp, &[shifted]);
                let sum = self.sum(exponentials);
                let share = self.div(adjoint, sum);
                self.mul(exponentials, share)
            }
            Node::Norm(a) => {
                let zero = self.constant(0.0);
                let vanishes = self.map(Op::Equal, &[value, zero]);
                let quotient = self.div(adjoint, value);
                let scale = self.select(vanishes, zero, quotient);
                self.mul(a, scale)
            }
        })
    }

    fn matmul_adjoint(&mut self, a: NodeId, b: NodeId, which: usize, adjoint: NodeId) -> NodeId {
        let is_vector = |graph: &Self, node| matches!(graph.shape(node), Shape::Vector(_));
        match (which, is_vector(self, a), is_vector(self, b)) {
            (0, false, true) => self.outer(adjoint, b),
            (0, ..) => {
                let flipped = self.transpose(b);
                if is_vector(self, a) {
                    self.matmul(b, adjoint)
                } else {
                    self.matmul(adjoint, flipped)
                }
            }
            (_, true, false) => self.outer(a, adjoint),
            (_, false, true) => self.matmul(adjoint, a),
            (..) => {
                let flipped = self.transpose(a);
                self.matmul(flipped, adjoint)
            }
        }
    }
}
