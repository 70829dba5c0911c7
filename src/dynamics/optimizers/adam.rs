//! Adam: m ← β₁ m + (1 − β₁) ĝ, s ← β₂ s + (1 − β₂) ĝ², x ← x − η r m̂ / (√ŝ + ε) (Kingma and Ba 2015, algorithm 1).
//!
//! The bias corrections m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) need the step number t. The optimizer state keeps the two
//! numbers c = 1 − βᵗ themselves, updated by c ← β c + (1 − β): a sum of positive terms, which keeps its digits in f32.

use super::nodes::{mean_square, over_root, weighted_sum};
use super::{Family, Hyperparameter, Range, UpdateRule};
use crate::loss::{Graph, NodeId, Shape};
use crate::spec::{Momentum, Optimizer};

pub(super) static FAMILY: Family = Family {
    name: "adam",
    title: "the optimizer \"adam\"",
    hyperparameters: &[
        Hyperparameter {
            name: "beta1",
            range: Range::Decay,
            default: 0.9,
            example: "optimizer = { kind = \"adam\", beta1 = 0.9 }",
        },
        Hyperparameter {
            name: "beta2",
            range: Range::Decay,
            default: 0.999,
            example: "optimizer = { kind = \"adam\", beta2 = 0.999 }",
        },
        Hyperparameter {
            name: "epsilon",
            range: Range::Positive,
            default: 1e-8,
            example: "optimizer = { kind = \"adam\", epsilon = 1e-8 }",
        },
    ],
    build: |values| Optimizer::Adam {
        beta1: values[0],
        beta2: values[1],
        epsilon: values[2],
    },
};

/// The hyperparameters; the state is m and s of each gradient entry, then the two bias corrections.
#[derive(Debug)]
pub(super) struct Adam {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
}

impl UpdateRule for Adam {
    fn family(&self) -> &'static Family {
        &FAMILY
    }

    fn values(&self) -> Vec<f64> {
        vec![self.beta1, self.beta2, self.epsilon]
    }

    fn state(&self, parameters: &[Shape]) -> Vec<Shape> {
        let corrections = [Shape::Scalar; 2];
        [parameters, parameters, &corrections].concat()
    }

    fn directions(
        &self,
        graph: &mut Graph,
        state: &[NodeId],
        gradients: &[NodeId],
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        let count = gradients.len();
        let (first, second) = (&state[..count], &state[count..2 * count]);
        let first_correction = correction(graph, self.beta1, state[2 * count]);
        let second_correction = correction(graph, self.beta2, state[2 * count + 1]);
        let mut directions = Vec::with_capacity(count);
        let (mut means, mut squares) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for ((&g, &m), &s) in gradients.iter().zip(first).zip(second) {
            let m = weighted_sum(graph, self.beta1, m, 1.0 - self.beta1, g);
            let s = mean_square(graph, self.beta2, s, g);
            let corrected_m = graph.div(m, first_correction);
            let corrected_s = graph.div(s, second_correction);
            directions.push(over_root(graph, corrected_m, corrected_s, self.epsilon));
            means.push(m);
            squares.push(s);
        }
        let after = [means, squares, vec![first_correction, second_correction]].concat();
        (directions, after)
    }

    fn momentum(&self) -> Option<Momentum> {
        None
    }
}

/// 1 − βᵗ from its value before the step.
fn correction(graph: &mut Graph, beta: f64, before: NodeId) -> NodeId {
    let one = graph.constant(1.0);
    weighted_sum(graph, beta, before, 1.0 - beta, one)
}
