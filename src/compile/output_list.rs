//! The outputs of the observing program while they are collected.

use super::scope::Scope;
use crate::loss::{NodeId, Shape};
use std::ops::Range;

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
