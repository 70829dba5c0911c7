//! Momentum: v ← β v + ĝ, x ← x − η r v (Polyak 1964); Nesterov's variant x ← x − η r (β v + ĝ) with the new v
//! (Sutskever et al. 2013, in PyTorch's form).

use super::nodes::weighted_sum;
use super::{Family, Hyperparameter, Range, UpdateRule};
use crate::loss::{Graph, NodeId, Shape};
use crate::spec::{Momentum, Optimizer};

pub(super) static FAMILY: Family = Family {
    name: "momentum",
    title: "the optimizer \"momentum\"",
    hyperparameters: &[
        Hyperparameter {
            name: "beta",
            range: Range::Decay,
            default: 0.9,
            example: "optimizer = { kind = \"momentum\", beta = 0.9 }",
        },
        Hyperparameter {
            name: "nesterov",
            range: Range::Flag,
            default: 0.0,
            example: "optimizer = { kind = \"momentum\", beta = 0.9, nesterov = true }",
        },
    ],
    build: |values| Optimizer::Momentum {
        beta: values[0],
        nesterov: values[1] != 0.0,
    },
};

impl UpdateRule for Momentum {
    fn family(&self) -> &'static Family {
        &FAMILY
    }

    fn values(&self) -> Vec<f64> {
        vec![self.beta, f64::from(u8::from(self.nesterov))]
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
            .map(|(&g, &v)| {
                let v = weighted_sum(graph, self.beta, v, 1.0, g);
                let direction = if self.nesterov {
                    weighted_sum(graph, self.beta, v, 1.0, g)
                } else {
                    v
                };
                (direction, v)
            })
            .unzip()
    }

    fn momentum(&self) -> Option<Momentum> {
        Some(*self)
    }
}
