//! Lion: x ← x − η r sign(β₁ m + (1 − β₁) ĝ), m ← β₂ m + (1 − β₂) ĝ (Chen et al. 2023, algorithm 2, without weight decay).

use super::nodes::weighted_sum;
use super::{Family, Hyperparameter, Range, UpdateRule};
use crate::loss::{Graph, NodeId, Op, Shape};
use crate::spec::{Momentum, Optimizer};

pub(super) static FAMILY: Family = Family {
    name: "lion",
    title: "the optimizer \"lion\"",
    hyperparameters: &[
        Hyperparameter {
            name: "beta1",
            range: Range::Decay,
            default: 0.9,
            example: "optimizer = { kind = \"lion\", beta1 = 0.9 }",
        },
        Hyperparameter {
            name: "beta2",
            range: Range::Decay,
            default: 0.99,
            example: "optimizer = { kind = \"lion\", beta2 = 0.99 }",
        },
    ],
    build: |values| Optimizer::Lion {
        beta1: values[0],
        beta2: values[1],
    },
};

/// The hyperparameters; the state is the running mean m of each gradient entry.
#[derive(Debug)]
pub(super) struct Lion {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
}

impl UpdateRule for Lion {
    fn family(&self) -> &'static Family {
        &FAMILY
    }

    fn values(&self) -> Vec<f64> {
        vec![self.beta1, self.beta2]
    }

    fn state(&self, parameters: &[Shape]) -> Vec<Shape> {
        parameters.to_vec()
    }

    fn directions(
        &self,
        graph: &mut Graph,
        state: &[NodeId],
        gradients: &[NodeId],
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        (gradients.iter().zip(state))
            .map(|(&g, &m)| {
                let mixed = weighted_sum(graph, self.beta1, m, 1.0 - self.beta1, g);
                let direction = graph.map(Op::Sign, &[mixed]);
                let mean = weighted_sum(graph, self.beta2, m, 1.0 - self.beta2, g);
                (direction, mean)
            })
            .unzip()
    }

    fn momentum(&self) -> Option<Momentum> {
        None
    }
}
