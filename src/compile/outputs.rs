//! The outputs of the observing program: positions of the measured quantities.

use super::balance::Balance;
use super::quantities::Quantity;
use super::scope::Scope;
use crate::loss::{NodeId, Shape};
use std::ops::Range;

/// Positions of the measured quantities among the outputs of the observing program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// L(x).
    pub loss: usize,
    /// x_k ∂L/∂x_k of the first [`MEASURED`] parameters.
    pub virial: Range<usize>,
    /// x_k of the first [`MEASURED`] parameters.
    pub parameters: Range<usize>,
    /// The fluctuation–dissipation relation, where the update rule has one.
    pub fdr: Option<Fdr>,
    /// The loss less a control variate of mean zero, where the fluctuation–dissipation relation and an optimum are known.
    pub controlled: Option<usize>,
    /// The variance of ĝ_k, where it depends on the state.
    pub variances: Option<Range<usize>>,
    /// Tests of a common temperature and of detailed balance.
    pub balance: Balance,
    /// Scalar quantities of the table in `quantities.rs` that this experiment has.
    pub quantities: Vec<(&'static Quantity, usize)>,
    /// The user's observables.
    pub observables: Range<usize>,
}

impl Outputs {
    /// Position of the quantity with this key.
    pub fn quantity(&self, key: &str) -> Option<usize> {
        (self.quantities.iter())
            .find_map(|&(quantity, output)| (quantity.key == key).then_some(output))
    }

    /// Number of leading outputs that must be finite: the loss, its gradient, and the squares that are made of them.
    pub(super) fn checked(&self) -> usize {
        let last = self.controlled.or(self.fdr.map(|fdr| fdr.difference));
        last.map_or(self.parameters.end, |last| last + 1)
    }
}

/// Positions of the fluctuation–dissipation relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fdr {
    /// 2 x·g.
    pub left: usize,
    /// The side that equals it in mean in a stationary ensemble: Σ_k r_k (δ g_k² + η σ_k²) for plain steps.
    pub right: usize,
    /// Left minus right, chain by chain.
    pub difference: usize,
}

/// Most parameters whose mean, variance and temperature are measured: the first ones.
pub const MEASURED: usize = 256;

/// The outputs of the observing program in order; tensors are flattened.
#[derive(Debug, Default)]
pub(super) struct OutputList {
    /// Tensors, each with the index of its first element among the outputs.
    nodes: Vec<(NodeId, usize)>,
    length: usize,
}

impl OutputList {
    /// Number of outputs so far.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The tensors in order.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        self.nodes.iter().map(|&(node, _)| node).collect()
    }

    /// Adds tensors and returns the positions of their elements.
    pub(super) fn push(&mut self, scope: &Scope<'_>, nodes: &[NodeId]) -> Range<usize> {
        let first = self.length;
        for &node in nodes {
            self.nodes.push((node, self.length));
            self.length += scope.graph.shape(node).len();
        }
        first..self.length
    }

    /// Adds tensors up to [`MEASURED`] elements.
    pub(super) fn push_first(&mut self, scope: &mut Scope<'_>, nodes: &[NodeId]) -> Range<usize> {
        let mut rest = MEASURED;
        let mut pieces = Vec::new();
        for &node in nodes {
            let length = scope.graph.shape(node).len().min(rest);
            rest -= length;
            if length == scope.graph.shape(node).len() {
                pieces.push(node);
            } else if length > 0 {
                pieces.push(scope.graph.slice(node, 0, Shape::Vector(length)));
            }
        }
        self.push(scope, &pieces)
    }

    /// The position of a scalar that is an output or an element of one.
    pub(super) fn find(&self, scope: &mut Scope<'_>, scalar: NodeId) -> Option<usize> {
        self.nodes.iter().find_map(|&(node, first)| {
            let length = scope.graph.shape(node).len();
            (0..length)
                .find(|&k| scope.graph.element(node, k) == scalar)
                .map(|k| first + k)
        })
    }
}
