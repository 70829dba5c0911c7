//! The graph of tensor expressions. Hash-consing eliminates common subexpressions: equal expressions are one node.

use std::collections::HashMap;

use super::op::Op;
use super::shape::Shape;

/// A value in a [`Graph`]; only meaningful with the graph that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The set of chains that share the value of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Varies {
    /// Differs between chains: state, noise, data.
    PerChain,
    /// The same for all chains of a sweep point: learning rate, noise amplitude.
    PerPoint,
}

/// Definition of a node by its sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// Input, by its number in order of declaration.
    Input(u32),
    /// Constant, by the bits of its `f64`: comparable and hashable.
    Constant(u64),
    /// Elementwise operation. Scalars are broadcast to the shape of the others; missing arguments repeat the first.
    Map(Op, [NodeId; 3]),
    /// Product of two matrices, or of a matrix and a vector. (The product of two vectors is a `Sum` of a `Map`.)
    MatMul([NodeId; 2]),
    /// Rows and columns exchanged.
    Transpose(NodeId),
    /// Matrix of all products of the elements of two vectors.
    Outer([NodeId; 2]),
    /// Sum of all elements.
    Sum(NodeId),
    /// Largest element.
    Largest(NodeId),
    /// Logarithm of the sum of the exponentials of all elements.
    LogSumExp(NodeId),
    /// Square root of the sum of squares.
    Norm(NodeId),
    /// A scalar repeated to the node's shape.
    Broadcast(NodeId),
    /// Consecutive elements from this flat index on, as many as the node's shape has.
    Slice(NodeId, u32),
    /// A value padded with zeros: its elements stand from this flat index on. The adjoint of a slice.
    Pad(NodeId, u32),
    /// Elements of all parts, one after the other.
    Stack(Box<[NodeId]>),
}

impl Node {
    /// Nodes from which this one is computed.
    pub(super) fn sources(&self) -> &[NodeId] {
        match self {
            Self::Input(_) | Self::Constant(_) => &[],
            Self::Map(op, sources) => &sources[..op.info().arity],
            Self::MatMul(pair) | Self::Outer(pair) => pair,
            Self::Stack(parts) => parts,
            Self::Transpose(a)
            | Self::Sum(a)
            | Self::Largest(a)
            | Self::LogSumExp(a)
            | Self::Norm(a)
            | Self::Broadcast(a)
            | Self::Slice(a, _)
            | Self::Pad(a, _) => std::slice::from_ref(a),
        }
    }
}

impl Node {
    /// The node with each source replaced by `moved[source]`.
    fn renumbered(&self, moved: &[NodeId]) -> Self {
        let to = |node: &NodeId| moved[node.index()];
        match self {
            Self::Input(_) | Self::Constant(_) => self.clone(),
            Self::Map(op, sources) => Self::Map(*op, sources.each_ref().map(to)),
            Self::MatMul(pair) => Self::MatMul(pair.each_ref().map(to)),
            Self::Outer(pair) => Self::Outer(pair.each_ref().map(to)),
            Self::Transpose(a) => Self::Transpose(to(a)),
            Self::Sum(a) => Self::Sum(to(a)),
            Self::Largest(a) => Self::Largest(to(a)),
            Self::LogSumExp(a) => Self::LogSumExp(to(a)),
            Self::Norm(a) => Self::Norm(to(a)),
            Self::Broadcast(a) => Self::Broadcast(to(a)),
            Self::Slice(a, start) => Self::Slice(to(a), *start),
            Self::Pad(a, start) => Self::Pad(to(a), *start),
            Self::Stack(parts) => Self::Stack(parts.iter().map(to).collect()),
        }
    }
}

/// A declared input.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) node: NodeId,
    pub(super) varies: Varies,
}

/// A directed acyclic graph of tensor values.
///
/// Constructors simplify expressions and return the existing node for an expression that is already in the graph. A
/// simplified expression equals the original up to rounding wherever the original is finite. A constant zero factor or
/// numerator removes its term even if the other factor is not finite: `0 * x` is 0 for infinite `x`. Sources have smaller
/// numbers than their readers, so increasing node numbers are a topological order. Constructors panic on shapes that do
/// not fit; [`formula`](super::formula) checks the text of users first.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<(Node, Shape)>,
    index: HashMap<(Node, Shape), NodeId>,
    pub(super) inputs: Vec<Input>,
    /// True in graphs made by lowering, where products must not be merged into powers again.
    pub(super) lowered: bool,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph as the target of lowering.
    pub(super) fn for_scalars() -> Self {
        Self {
            lowered: true,
            ..Self::default()
        }
    }

    /// Declares an input. The order of declaration is the order of the program's input slots, in which a vector or
    /// matrix takes one slot per element, row by row.
    pub fn input(&mut self, name: &str, shape: Shape, varies: Varies) -> NodeId {
        assert!(!shape.is_empty(), "an input has at least one element");
        let number = u32::try_from(self.inputs.len()).expect("fewer than 2^32 inputs");
        let node = self.intern(Node::Input(number), shape);
        self.inputs.push(Input {
            name: name.to_owned(),
            node,
            varies,
        });
        node
    }

    /// Names, shapes and rates of the inputs, in order of declaration.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, Shape, Varies)> {
        self.inputs
            .iter()
            .map(|input| (input.name.as_str(), self.shape(input.node), input.varies))
    }

    /// A scalar constant.
    pub fn constant(&mut self, value: f64) -> NodeId {
        self.intern(Node::Constant(value.to_bits()), Shape::Scalar)
    }

    /// The value of a scalar constant; `None` for everything else.
    #[must_use]
    pub fn as_constant(&self, node: NodeId) -> Option<f64> {
        match self.node(node) {
            Node::Constant(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// Shape of a value.
    #[must_use]
    pub fn shape(&self, node: NodeId) -> Shape {
        self.nodes[node.index()].1
    }

    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.index()].0
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Node of an expression, added if it is new. Does not simplify.
    pub(super) fn intern(&mut self, node: Node, shape: Shape) -> NodeId {
        if let Some(&known) = self.index.get(&(node.clone(), shape)) {
            return known;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        self.nodes.push((node.clone(), shape));
        self.index.insert((node, shape), id);
        id
    }

    /// Liveness: for each node up to the last output, true when an output depends on it.
    pub(super) fn reachable(&self, outputs: &[NodeId]) -> Vec<bool> {
        let count = outputs
            .iter()
            .map(|node| node.index() + 1)
            .max()
            .unwrap_or(0);
        let mut marks = vec![false; count];
        for output in outputs {
            marks[output.index()] = true;
        }
        for index in (0..count).rev() {
            if marks[index] {
                for source in self.nodes[index].0.sources() {
                    marks[source.index()] = true;
                }
            }
        }
        marks
    }

    /// Dead-code elimination: a graph with all inputs and only the live nodes, and the outputs in it.
    pub(super) fn pruned(&self, outputs: &[NodeId]) -> (Self, Vec<NodeId>) {
        let mut pruned = Self::default();
        let mut moved = vec![NodeId(0); self.nodes.len()];
        for input in &self.inputs {
            moved[input.node.index()] =
                pruned.input(&input.name, self.shape(input.node), input.varies);
        }
        let marks = self.reachable(outputs);
        for (index, _) in marks.iter().enumerate().filter(|(_, used)| **used) {
            let (node, shape) = &self.nodes[index];
            if !matches!(node, Node::Input(_)) {
                moved[index] = pruned.intern(node.renumbered(&moved), *shape);
            }
        }
        let outputs = outputs.iter().map(|node| moved[node.index()]).collect();
        (pruned, outputs)
    }

    /// Returns true when a value depends on an input or on any other node.
    #[must_use]
    pub fn depends_on(&self, node: NodeId, input: NodeId) -> bool {
        self.reachable(&[node])
            .get(input.index())
            .copied()
            .unwrap_or(false)
    }

    /// Upper bound on the scalar operations of a program for these outputs. Programs are unrolled, so callers should
    /// check this bound before they compile. Saturates.
    #[must_use]
    pub fn scalar_operations(&self, outputs: &[NodeId]) -> u64 {
        let marks = self.reachable(outputs);
        let mut total = 0_u64;
        for (index, _) in marks.iter().enumerate().filter(|(_, used)| **used) {
            let (node, shape) = &self.nodes[index];
            let widest = node
                .sources()
                .iter()
                .map(|source| self.shape(*source).len())
                .max()
                .unwrap_or(0);
            let cost = match node {
                Node::Input(_) | Node::Constant(_) => 0,
                Node::MatMul([a, b]) => match (self.shape(*a), self.shape(*b)) {
                    (Shape::Matrix(m, k), Shape::Matrix(_, n)) => {
                        m.saturating_mul(k).saturating_mul(n)
                    }
                    (a, b) => a.len().max(b.len()),
                },
                Node::LogSumExp(_) => widest.saturating_mul(4),
                // Only the elements taken count, so that a vector read element by element counts once.
                Node::Slice(..) => shape.len(),
                _ => shape.len().max(widest),
            };
            total = total.saturating_add(cost as u64);
        }
        total
    }
}
