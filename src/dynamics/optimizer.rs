//! What is done with the stochastic gradient: update rules that carry something along from step to step.
//!
//! | rule | source |
//! |---|---|
//! | momentum: v ← β v + ĝ, x ← x − η r v; Nesterov's: x ← x − η r (β v + ĝ) with the new v | Polyak 1964; Sutskever et al. 2013 as PyTorch has it |
//! | RMSProp: s ← β₂ s + (1 − β₂) ĝ², x ← x − η r ĝ / (√s + ε) | Hinton's lecture 6e, as PyTorch has it |
//! | Adam: m ← β₁ m + (1 − β₁) ĝ, s ← β₂ s + (1 − β₂) ĝ², x ← x − η r m̂ / (√ŝ + ε) | Kingma and Ba 2015, algorithm 1 |
//!
//! The bias corrections m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) need the number of the step. It is optimizer_state as the two
//! numbers c = 1 − βᵗ themselves, c ← β c + (1 − β): sums of positive terms, which keep their digits in f32.

use crate::loss::{Graph, NodeId, Op, Shape};
use crate::spec::Optimizer;

impl Optimizer {
    /// Shapes of what the rule carries along for parameters of these shapes; all of it starts at zero.
    pub fn optimizer_state(&self, parameters: &[Shape]) -> Vec<Shape> {
        match self {
            Self::Sgd => Vec::new(),
            Self::Momentum { .. } | Self::RmsProp { .. } => parameters.to_vec(),
            Self::Adam { .. } => {
                let corrections = [Shape::Scalar; 2];
                [parameters, parameters, &corrections].concat()
            }
        }
    }

    /// a and c of the update direction a v + c ĝ, where the rule is linear in ĝ.
    pub fn linear(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Sgd => Some((0.0, 1.0)),
            Self::Momentum {
                beta,
                nesterov: false,
            } => Some((beta, 1.0)),
            Self::Momentum {
                beta,
                nesterov: true,
            } => Some((beta * beta, 1.0 + beta)),
            Self::RmsProp { .. } | Self::Adam { .. } => None,
        }
    }

    /// The directions that the parameters go against, one per gradient, and what is optimizer_state along after the step.
    pub(super) fn directions(
        &self,
        graph: &mut Graph,
        optimizer_state: &[NodeId],
        gradients: &[NodeId],
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        match *self {
            Self::Sgd => (gradients.to_vec(), Vec::new()),
            Self::Momentum { beta, nesterov } => (gradients.iter().zip(optimizer_state))
                .map(|(&g, &v)| {
                    let v = scaled_sum(graph, beta, v, 1.0, g);
                    let direction = if nesterov {
                        scaled_sum(graph, beta, v, 1.0, g)
                    } else {
                        v
                    };
                    (direction, v)
                })
                .unzip(),
            Self::RmsProp { beta2, epsilon } => (gradients.iter().zip(optimizer_state))
                .map(|(&g, &s)| {
                    let s = mean_square(graph, beta2, s, g);
                    (over_root(graph, g, s, epsilon), s)
                })
                .unzip(),
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            } => adam(graph, optimizer_state, gradients, [beta1, beta2, epsilon]),
        }
    }
}

fn adam(
    graph: &mut Graph,
    optimizer_state: &[NodeId],
    gradients: &[NodeId],
    [beta1, beta2, epsilon]: [f64; 3],
) -> (Vec<NodeId>, Vec<NodeId>) {
    let count = gradients.len();
    let (first, second) = (
        &optimizer_state[..count],
        &optimizer_state[count..2 * count],
    );
    let one = graph.constant(1.0);
    let correction = |graph: &mut Graph, beta: f64, before: NodeId| {
        scaled_sum(graph, beta, before, 1.0 - beta, one)
    };
    let first_correction = correction(graph, beta1, optimizer_state[2 * count]);
    let second_correction = correction(graph, beta2, optimizer_state[2 * count + 1]);
    let mut directions = Vec::with_capacity(count);
    let (mut means, mut squares) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for ((&g, &m), &s) in gradients.iter().zip(first).zip(second) {
        let m = scaled_sum(graph, beta1, m, 1.0 - beta1, g);
        let s = mean_square(graph, beta2, s, g);
        let corrected_m = graph.div(m, first_correction);
        let corrected_s = graph.div(s, second_correction);
        directions.push(over_root(graph, corrected_m, corrected_s, epsilon));
        means.push(m);
        squares.push(s);
    }
    let after = [means, squares, vec![first_correction, second_correction]].concat();
    (directions, after)
}

/// p a + q b.
fn scaled_sum(graph: &mut Graph, p: f64, a: NodeId, q: f64, b: NodeId) -> NodeId {
    let (p, q) = (graph.constant(p), graph.constant(q));
    let (a, b) = (graph.mul(a, p), graph.mul(b, q));
    graph.add(a, b)
}

/// β s + (1 − β) g².
fn mean_square(graph: &mut Graph, beta: f64, s: NodeId, g: NodeId) -> NodeId {
    let square = graph.mul(g, g);
    scaled_sum(graph, beta, s, 1.0 - beta, square)
}

/// a / (√s + ε).
fn over_root(graph: &mut Graph, a: NodeId, s: NodeId, epsilon: f64) -> NodeId {
    let root = graph.map(Op::Sqrt, &[s]);
    let epsilon = graph.constant(epsilon);
    let divisor = graph.add(root, epsilon);
    graph.div(a, divisor)
}
