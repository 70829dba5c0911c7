//! Nodes that the outputs of a measurement are made of.

use super::scope::Scope;
use crate::loss::{NodeId, Shape, Varies};

/// The nodes from which the outputs of a measurement are made.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) loss: NodeId,
    /// ∂L/∂x, one tensor per parameter.
    pub(super) gradient: Vec<NodeId>,
    /// The loss over the held-out examples.
    pub(super) validation: Option<NodeId>,
    /// Variance of ĝ_k, tensor by tensor or flattened, where it depends on the state.
    pub(super) variances: Option<Vec<NodeId>>,
    /// Σ_k r_k Var ĝ_k.
    pub(super) spread: NodeId,
}

/// Uniform inputs of the observing program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Noise rate of the kind of dynamics: η for SGD and Langevin dynamics.
    pub(super) eta: NodeId,
    /// Time step δ.
    pub(super) dt: NodeId,
}

impl Times {
    /// Declares the inputs, in the order in which `observe::uniforms` gives their values.
    pub(super) fn declare(scope: &mut Scope<'_>) -> Self {
        let dt = scope.graph.input("delta", Shape::Scalar, Varies::PerPoint);
        let eta = scope.graph.input("eta", Shape::Scalar, Varies::PerPoint);
        Self { eta, dt }
    }
}
