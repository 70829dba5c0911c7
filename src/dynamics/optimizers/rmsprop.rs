//! RMSProp: s ← β₂ s + (1 − β₂) ĝ², x ← x − η r ĝ / (√s + ε) (Hinton's lecture 6e, in PyTorch's form).

use super::nodes::{mean_square, over_root};
use super::{Family, Hyperparameter, Range, UpdateRule};
use crate::loss::{Graph, NodeId, Shape};
use crate::spec::{Momentum, Optimizer};

pub(super) static FAMILY: Family = Family {
    name: "rmsprop",
    title: "the optimizer \"rmsprop\"",
    hyperparameters: &[
        Hyperparameter {
            name: "beta2",
            range: Range::Decay,
            default: 0.99,
            example: "optimizer = { kind = \"rmsprop\", beta2 = 0.99 }",
        },
        Hyperparameter {
            name: "epsilon",
            range: Range::Positive,
            default: 1e-8,
            example: "optimizer = { kind = \"rmsprop\", epsilon = 1e-8 }",
        },
    ],
    build: |values| Optimizer::RmsProp {
        beta2: values[0],
        epsilon: values[1],
    },
};

/// The hyperparameters; the state is the running mean square s of each gradient entry.
#[derive(Debug)]
pub(super) struct RmsProp {
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
}

impl UpdateRule for RmsProp {
    fn family(&self) -> &'static Family {
        &FAMILY
    }

    fn values(&self) -> Vec<f64> {
        vec![self.beta2, self.epsilon]
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
            .map(|(&g, &s)| {
                let s = mean_square(graph, self.beta2, s, g);
                (over_root(graph, g, s, self.epsilon), s)
            })
            .unzip()
    }

    fn momentum(&self) -> Option<Momentum> {
        None
    }
}
