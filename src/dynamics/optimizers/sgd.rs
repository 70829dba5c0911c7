//! Plain gradient steps: x ← x − η r ĝ.

use super::{Family, UpdateRule};
use crate::loss::{Graph, NodeId, Shape};
use crate::spec::{Momentum, Optimizer};

pub(super) static FAMILY: Family = Family {
    name: "sgd",
    title: "the optimizer \"sgd\"",
    hyperparameters: &[],
    build: |_| Optimizer::Sgd,
};

/// The rule without hyperparameters and without state.
#[derive(Debug)]
pub(super) struct Sgd;

impl UpdateRule for Sgd {
    fn family(&self) -> &'static Family {
        &FAMILY
    }

    fn values(&self) -> Vec<f64> {
        Vec::new()
    }

    fn state(&self, _: &[Shape]) -> Vec<Shape> {
        Vec::new()
    }

    fn directions(
        &self,
        _: &mut Graph,
        _: &[NodeId],
        gradients: &[NodeId],
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        (gradients.to_vec(), Vec::new())
    }

    fn momentum(&self) -> Option<Momentum> {
        Some(Momentum::NONE)
    }
}
