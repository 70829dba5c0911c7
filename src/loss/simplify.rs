//! Constructors of elementwise nodes, with constant folding and algebraic simplification.
//!
//! A simplified expression equals the original up to rounding wherever the original is finite. For non-finite numbers
//! there is one exception: a constant zero factor or numerator removes its term, so `0 * x` is 0 even for infinite `x`.
//! Gradients need this, because most of their terms are structural zeros. Divergence is detected on the state and the
//! loss, never through such a term. Nothing else is dropped: `x - x` and `x / x` stay.

use super::graph::{Graph, Node, NodeId};
use super::op::Op;
use super::shape::Shape;

impl Graph {
    /// Elementwise operation on one to three values of equal shape or scalars.
    ///
    /// # Panics
    /// If the number of arguments is not the operation's arity, or the shapes do not fit together.
    pub fn map(&mut self, op: Op, arguments: &[NodeId]) -> NodeId {
        assert_eq!(
            arguments.len(),
            op.info().arity,
            "{op:?} with a wrong number of arguments"
        );
        let shape = arguments.iter().fold(Shape::Scalar, |shape, node| {
            shape
                .broadcast(self.shape(*node))
                .expect("elementwise arguments have equal shapes or are scalars")
        });
        let mut sources = [arguments[0]; 3];
        sources[..arguments.len()].copy_from_slice(arguments);
        self.unwrap_broadcasts(&mut sources);
        let own = sources.iter().fold(Shape::Scalar, |own, node| {
            own.broadcast(self.shape(*node)).unwrap_or(own)
        });
        let node = self.simplified_map(op, sources, own);
        self.broadcast(node, shape)
    }

    /// Removes broadcasts before an elementwise operation, which broadcasts scalars itself.
    fn unwrap_broadcasts(&self, sources: &mut [NodeId; 3]) {
        for source in sources {
            if let Node::Broadcast(scalar) = self.node(*source) {
                *source = *scalar;
            }
        }
    }

    /// The value itself if it has this shape; a scalar is repeated to the shape.
    ///
    /// # Panics
    /// If the value is neither of this shape nor a scalar.
    pub fn broadcast(&mut self, node: NodeId, shape: Shape) -> NodeId {
        if self.shape(node) == shape {
            return node;
        }
        assert_eq!(
            self.shape(node),
            Shape::Scalar,
            "only scalars can be broadcast"
        );
        self.intern(Node::Broadcast(node), shape)
    }

    fn simplified_map(&mut self, op: Op, sources: [NodeId; 3], shape: Shape) -> NodeId {
        if let Some(value) = self.folded(op, sources) {
            return self.constant(value);
        }
        let [a, b, c] = sources;
        let simpler = match op {
            Op::Add => self.simplify_add(a, b),
            Op::Sub => self.simplify_sub(a, b),
            Op::Mul => self.simplify_mul(a, b, shape),
            Op::Div => self.simplify_div(a, b, shape),
            Op::Neg => self.simplify_neg(a),
            Op::Pow => self.simplify_pow(a, b, shape),
            Op::Select => self.simplify_select(a, b, c, shape),
            _ => None,
        };
        simpler.unwrap_or_else(|| {
            let mut sources = sources;
            if op.info().commutes && self.comes_after(a, b) {
                sources = [b, a, b];
            }
            for unused in op.info().arity..3 {
                sources[unused] = sources[0];
            }
            self.intern(Node::Map(op, sources), shape)
        })
    }

    /// Returns true when commuting arguments should change places: constants go last, else older nodes first.
    fn comes_after(&self, a: NodeId, b: NodeId) -> bool {
        (self.as_constant(a).is_some(), a) > (self.as_constant(b).is_some(), b)
    }

    /// Constant folding: result of an operation if all arguments are constants.
    fn folded(&self, op: Op, sources: [NodeId; 3]) -> Option<f64> {
        let mut values = [0.0; 3];
        for (value, source) in values.iter_mut().zip(sources) {
            *value = self.as_constant(source)?;
        }
        let [a, b, c] = values;
        Some(match op {
            // A constant whole exponent means repeated multiplication, which is defined for negative bases.
            Op::Pow if b.fract() == 0.0 => a.powf(b),
            _ => op.apply(a, b, c),
        })
    }

    /// Splits a value into another value and a constant factor.
    fn scaled(&self, node: NodeId) -> (NodeId, f64) {
        match self.node(node) {
            Node::Map(Op::Neg, [a, ..]) => (*a, -1.0),
            Node::Map(Op::Mul, [a, b, _]) => self
                .as_constant(*b)
                .map_or((node, 1.0), |factor| (*a, factor)),
            _ => (node, 1.0),
        }
    }

    fn times(&mut self, node: NodeId, factor: f64) -> NodeId {
        let factor = self.constant(factor);
        self.mul(node, factor)
    }

    fn negated(&self, node: NodeId) -> Option<NodeId> {
        match self.node(node) {
            Node::Map(Op::Neg, [a, ..]) => Some(*a),
            _ => None,
        }
    }

    fn simplify_add(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if self.as_constant(a).is_some() {
            return Some(self.add(b, a));
        }
        if let Some(addend) = self.as_constant(b) {
            if addend == 0.0 {
                return Some(a);
            }
            if let Node::Map(Op::Add, [x, y, _]) = *self.node(a)
                && let Some(first) = self.as_constant(y)
            {
                let sum = self.constant(first + addend);
                return Some(self.add(x, sum));
            }
            return None;
        }
        if let Some(y) = self.negated(b) {
            return Some(self.sub(a, y));
        }
        if let Some(x) = self.negated(a) {
            return Some(self.sub(b, x));
        }
        self.like_terms(a, b, 1.0)
    }

    fn simplify_sub(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if let Some(subtrahend) = self.as_constant(b) {
            let addend = self.constant(-subtrahend);
            return Some(self.add(a, addend));
        }
        if self.as_constant(a) == Some(0.0) {
            return Some(self.neg(b));
        }
        if let Some(y) = self.negated(b) {
            return Some(self.add(a, y));
        }
        if let Some(x) = self.negated(a) {
            let sum = self.add(x, b);
            return Some(self.neg(sum));
        }
        self.like_terms(a, b, -1.0)
    }

    /// `p·x ± q·x` as one product. Terms that cancel stay, because `x` may be infinite.
    fn like_terms(&mut self, a: NodeId, b: NodeId, sign: f64) -> Option<NodeId> {
        let ((x, p), (y, q)) = (self.scaled(a), self.scaled(b));
        let factor = p + sign * q;
        (x == y && factor != 0.0).then(|| self.times(x, factor))
    }

    fn simplify_mul(&mut self, a: NodeId, b: NodeId, shape: Shape) -> Option<NodeId> {
        if self.as_constant(a).is_some() {
            return Some(self.mul(b, a));
        }
        if let Some(factor) = self.as_constant(b) {
            let (x, first) = self.scaled(a);
            return match factor {
                0.0 => Some(self.zeros(shape)),
                1.0 => Some(a),
                -1.0 => Some(self.neg(a)),
                _ if x != a => Some(self.times(x, first * factor)),
                _ => None,
            };
        }
        let ((x, p), (y, q)) = (self.scaled(a), self.scaled(b));
        if x != a && y != b {
            let product = self.mul(x, y);
            return Some(self.times(product, p * q));
        }
        if let Some(x) = self.negated(a) {
            let product = self.mul(x, b);
            return Some(self.neg(product));
        }
        if let Some(y) = self.negated(b) {
            let product = self.mul(a, y);
            return Some(self.neg(product));
        }
        if self.lowered {
            return None;
        }
        self.combine_scalars(a, b)
            .or_else(|| self.merge_powers(a, b))
    }

    /// `(tensor · s) · t` with scalars `s` and `t` as `tensor · (s · t)`: one multiplication per element instead of two.
    fn combine_scalars(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let (tensor, scalar) = if self.shape(b) == Shape::Scalar {
            (a, b)
        } else {
            (b, a)
        };
        if self.shape(scalar) != Shape::Scalar || self.shape(tensor) == Shape::Scalar {
            return None;
        }
        let Node::Map(Op::Mul, [x, y, _]) = *self.node(tensor) else {
            return None;
        };
        let (inner, other) = if self.shape(y) == Shape::Scalar {
            (x, y)
        } else {
            (y, x)
        };
        (self.shape(other) == Shape::Scalar).then(|| {
            let product = self.mul(other, scalar);
            self.mul(inner, product)
        })
    }

    /// `x^m · x^n` with positive whole exponents as one power.
    fn merge_powers(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        let ((x, m), (y, n)) = (self.whole_power(a), self.whole_power(b));
        (x == y).then(|| {
            let exponent = self.constant(m + n);
            self.map(Op::Pow, &[x, exponent])
        })
    }

    fn whole_power(&self, node: NodeId) -> (NodeId, f64) {
        if let Node::Map(Op::Pow, [x, y, _]) = *self.node(node)
            && let Some(exponent) = self.as_constant(y)
            && exponent > 0.0
            && exponent.fract() == 0.0
        {
            return (x, exponent);
        }
        (node, 1.0)
    }

    fn simplify_div(&mut self, a: NodeId, b: NodeId, shape: Shape) -> Option<NodeId> {
        if let Some(divisor) = self.as_constant(b) {
            let reciprocal = 1.0 / divisor;
            if reciprocal.is_normal() && divisor.is_normal() {
                return Some(self.times(a, reciprocal));
            }
        }
        if self.as_constant(a) == Some(0.0) {
            return Some(self.zeros(shape));
        }
        if let Some(x) = self.negated(a) {
            let quotient = self.div(x, b);
            return Some(self.neg(quotient));
        }
        if let Some(y) = self.negated(b) {
            let quotient = self.div(a, y);
            return Some(self.neg(quotient));
        }
        None
    }

    fn simplify_neg(&mut self, a: NodeId) -> Option<NodeId> {
        match *self.node(a) {
            Node::Map(Op::Neg, [x, ..]) => Some(x),
            Node::Map(Op::Sub, [x, y, _]) => Some(self.sub(y, x)),
            Node::Map(Op::Mul, [x, y, _]) => {
                self.as_constant(y).map(|factor| self.times(x, -factor))
            }
            _ => None,
        }
    }

    fn simplify_pow(&mut self, base: NodeId, exponent: NodeId, shape: Shape) -> Option<NodeId> {
        let power = self.as_constant(exponent)?;
        if power == 0.0 {
            let one = self.constant(1.0);
            return Some(self.broadcast(one, shape));
        }
        if power == 1.0 {
            return Some(base);
        }
        if power == 0.5 {
            return Some(self.sqrt(base));
        }
        if power == -1.0 {
            let one = self.constant(1.0);
            return Some(self.div(one, base));
        }
        if power % 2.0 == 0.0
            && let Some(x) = self.negated(base)
        {
            return Some(self.map(Op::Pow, &[x, exponent]));
        }
        let (x, inner) = self.whole_power(base);
        if inner != 1.0 && power > 0.0 && power.fract() == 0.0 {
            let product = self.constant(inner * power);
            return Some(self.map(Op::Pow, &[x, product]));
        }
        None
    }

    fn simplify_select(
        &mut self,
        condition: NodeId,
        a: NodeId,
        b: NodeId,
        shape: Shape,
    ) -> Option<NodeId> {
        let chosen = match self.as_constant(condition) {
            Some(value) if value != 0.0 => a,
            Some(_) => b,
            None if a == b => a,
            None => return None,
        };
        Some(self.broadcast(chosen, shape))
    }

    /// `a + b`, elementwise.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.map(Op::Add, &[a, b])
    }

    /// `a - b`, elementwise.
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.map(Op::Sub, &[a, b])
    }

    /// `a * b`, elementwise.
    pub fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.map(Op::Mul, &[a, b])
    }

    /// `a / b`, elementwise.
    pub fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.map(Op::Div, &[a, b])
    }

    /// `-a`, elementwise.
    pub fn neg(&mut self, a: NodeId) -> NodeId {
        self.map(Op::Neg, &[a])
    }

    /// Square root, elementwise.
    pub fn sqrt(&mut self, a: NodeId) -> NodeId {
        self.map(Op::Sqrt, &[a])
    }

    /// `a` to the power `b`, elementwise; constant whole exponents mean repeated multiplication.
    pub fn pow(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.map(Op::Pow, &[a, b])
    }

    /// `a` if the condition is not zero, else `b`, elementwise.
    pub fn select(&mut self, condition: NodeId, a: NodeId, b: NodeId) -> NodeId {
        self.map(Op::Select, &[condition, a, b])
    }
}
