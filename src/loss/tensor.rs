//! Constructors of nodes that change shapes: products, reductions, slices, padding.

use super::graph::{Graph, Node, NodeId};
use super::op::Op;
use super::shape::Shape;

impl Graph {
    /// A value of this shape, zero everywhere.
    pub fn zeros(&mut self, shape: Shape) -> NodeId {
        let zero = self.constant(0.0);
        self.broadcast(zero, shape)
    }

    /// Sum of all elements.
    pub fn sum(&mut self, a: NodeId) -> NodeId {
        match *self.node(a) {
            _ if self.shape(a) == Shape::Scalar => a,
            Node::Broadcast(scalar) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a shape has far fewer than 2^53 elements"
                )]
                let count = self.constant(self.shape(a).len() as f64);
                self.mul(scalar, count)
            }
            Node::Pad(part, _) => self.sum(part),
            Node::Map(Op::Neg, [x, ..]) => {
                let sum = self.sum(x);
                self.neg(sum)
            }
            _ => self.intern(Node::Sum(a), Shape::Scalar),
        }
    }

    /// Sum of the products of two values of equal shape.
    pub fn dot(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let product = self.mul(a, b);
        self.sum(product)
    }

    /// Matrix product `a @ b`; of two vectors, their dot product.
    ///
    /// # Panics
    /// If the inner dimensions differ or one side is a scalar.
    pub fn matmul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let shape = self
            .shape(a)
            .matmul(self.shape(b))
            .expect("inner dimensions agree");
        if shape == Shape::Scalar {
            self.dot(a, b)
        } else {
            self.intern(Node::MatMul([a, b]), shape)
        }
    }

    /// Matrix of the products of the elements of two vectors.
    ///
    /// # Panics
    /// If one of them is not a vector.
    pub fn outer(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let (Shape::Vector(m), Shape::Vector(n)) = (self.shape(a), self.shape(b)) else {
            panic!("the outer product takes two vectors");
        };
        self.intern(Node::Outer([a, b]), Shape::Matrix(m, n))
    }

    /// Rows and columns of a matrix exchanged; scalars and vectors stay as they are.
    pub fn transpose(&mut self, a: NodeId) -> NodeId {
        let Shape::Matrix(m, n) = self.shape(a) else {
            return a;
        };
        match *self.node(a) {
            Node::Transpose(original) => original,
            Node::Broadcast(scalar) => self.broadcast(scalar, Shape::Matrix(n, m)),
            Node::Outer([x, y]) => self.outer(y, x),
            _ => self.intern(Node::Transpose(a), Shape::Matrix(n, m)),
        }
    }

    /// Largest element.
    pub fn largest(&mut self, a: NodeId) -> NodeId {
        self.reduce(Node::Largest(a), a)
    }

    /// Smallest element.
    pub fn smallest(&mut self, a: NodeId) -> NodeId {
        let negative = self.neg(a);
        let largest = self.largest(negative);
        self.neg(largest)
    }

    /// Logarithm of the sum of the exponentials of all elements. Finite if all elements are.
    pub fn log_sum_exp(&mut self, a: NodeId) -> NodeId {
        self.reduce(Node::LogSumExp(a), a)
    }

    /// Euclidean length.
    pub fn norm(&mut self, a: NodeId) -> NodeId {
        if self.shape(a) == Shape::Scalar {
            return self.map(Op::Abs, &[a]);
        }
        self.intern(Node::Norm(a), Shape::Scalar)
    }

    fn reduce(&mut self, node: Node, a: NodeId) -> NodeId {
        if self.shape(a) == Shape::Scalar {
            a
        } else {
            self.intern(node, Shape::Scalar)
        }
    }

    /// One element as a scalar, by flat index (row by row).
    ///
    /// # Panics
    /// If the index is out of range.
    pub fn element(&mut self, a: NodeId, flat_index: usize) -> NodeId {
        self.slice(a, flat_index, Shape::Scalar)
    }

    /// As many consecutive elements as `shape` has, from a flat index on.
    ///
    /// # Panics
    /// If they reach past the end.
    pub fn slice(&mut self, a: NodeId, start: usize, shape: Shape) -> NodeId {
        let own = self.shape(a);
        assert!(
            start + shape.len() <= own.len(),
            "a slice lies within its source"
        );
        if own == shape {
            return a;
        }
        match self.node(a) {
            Node::Broadcast(scalar) => {
                let scalar = *scalar;
                self.broadcast(scalar, shape)
            }
            Node::Slice(source, first) => {
                let (source, first) = (*source, *first as usize);
                self.slice(source, first + start, shape)
            }
            Node::Stack(parts) if shape == Shape::Scalar && parts.len() == own.len() => {
                parts[start]
            }
            _ => self.intern(Node::Slice(a, flat(start)), shape),
        }
    }

    /// The same elements in another shape.
    ///
    /// # Panics
    /// If the number of elements differs.
    pub fn reshape(&mut self, a: NodeId, shape: Shape) -> NodeId {
        assert_eq!(
            self.shape(a).len(),
            shape.len(),
            "reshaping keeps the number of elements"
        );
        self.slice(a, 0, shape)
    }

    /// Zeros, with `part` from a flat index on.
    pub(super) fn pad(&mut self, part: NodeId, start: usize, shape: Shape) -> NodeId {
        assert!(
            start + self.shape(part).len() <= shape.len(),
            "a part lies within the whole"
        );
        if self.shape(part).len() == shape.len() {
            return self.reshape(part, shape);
        }
        self.intern(Node::Pad(part, flat(start)), shape)
    }

    /// A vector of scalars.
    ///
    /// # Panics
    /// If there are none or one is not a scalar.
    pub fn stack(&mut self, scalars: &[NodeId]) -> NodeId {
        assert!(
            scalars
                .iter()
                .all(|part| self.shape(*part) == Shape::Scalar),
            "a vector is made of scalars"
        );
        self.concatenate(scalars, Shape::Vector(scalars.len()))
    }

    /// The elements of all parts, one after the other, in this shape.
    ///
    /// # Panics
    /// If the number of elements differs from the shape's, or is zero.
    pub fn concatenate(&mut self, parts: &[NodeId], shape: Shape) -> NodeId {
        let count: usize = parts.iter().map(|part| self.shape(*part).len()).sum();
        assert!(
            count == shape.len() && count > 0,
            "the parts fill the shape"
        );
        self.intern(Node::Stack(parts.into()), shape)
    }
}

fn flat(index: usize) -> u32 {
    u32::try_from(index).expect("flat indices stay below 2^32")
}
