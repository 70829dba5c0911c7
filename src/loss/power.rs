//! Strength reduction: constant powers as products.

use super::graph::{Graph, NodeId};

/// Largest whole or half exponent that becomes products; larger ones use the power function.
const LARGEST_EXPONENT: f64 = 1_048_576.0;

impl Graph {
    /// A power with a constant whole or half exponent, as products, a square root and a division; `None` for other
    /// exponents. Only for lowered graphs, whose products are not merged into powers again.
    pub(super) fn written_out_power(&mut self, base: NodeId, exponent: NodeId) -> Option<NodeId> {
        let exponent = self.as_constant(exponent)?;
        let suits = exponent.abs() <= LARGEST_EXPONENT && (2.0 * exponent).fract() == 0.0;
        suits.then(|| self.products(base, exponent))
    }

    fn products(&mut self, base: NodeId, exponent: f64) -> NodeId {
        if exponent < 0.0 {
            let positive = self.products(base, -exponent);
            let one = self.constant(1.0);
            return self.div(one, positive);
        }
        let whole = self.squarings(base, exponent.floor());
        if exponent.fract() == 0.0 {
            return whole;
        }
        let root = self.sqrt(base);
        self.mul(whole, root)
    }

    /// Exponentiation by squaring. The recursion depth is at most twice the exponent's number of bits.
    fn squarings(&mut self, base: NodeId, exponent: f64) -> NodeId {
        if exponent == 0.0 {
            self.constant(1.0)
        } else if exponent == 1.0 {
            base
        } else if exponent % 2.0 == 0.0 {
            let half = self.squarings(base, exponent / 2.0);
            self.mul(half, half)
        } else {
            let less = self.squarings(base, exponent - 1.0);
            self.mul(base, less)
        }
    }
}
