//! The polynomials of a quadratic loss as nodes of a program.

use super::scope::Scope;
use crate::loss::{NodeId, Shape};
use crate::objective::{Form, Quadratic};

/// Most parameters for which the variance of each gradient entry is measured chain by chain: d³ operations.
const VARIANCES_LIMIT: usize = 16;

impl Quadratic {
    /// The flattened parameters' distance from the minimum.
    pub(super) fn displacement(&self, scope: &mut Scope<'_>) -> NodeId {
        let size = self.center.len();
        let parameters = scope.state.parameters.clone();
        let flat = scope.graph.concatenate(&parameters, Shape::Vector(size));
        let center = scope.tensor(&self.center, Shape::Vector(size));
        scope.graph.sub(flat, center)
    }

    /// ∇L as tensors in the shapes of the parameters.
    pub(super) fn gradient(&self, scope: &mut Scope<'_>, displacement: NodeId) -> Vec<NodeId> {
        let size = self.center.len();
        let hessian: Vec<f64> = (&self.loss.matrix * 2.0)
            .transpose()
            .iter()
            .copied()
            .collect();
        let hessian = scope.tensor(&hessian, Shape::Matrix(size, size));
        let flat = scope.graph.matmul(hessian, displacement);
        let flat = scope.graph.reshape(flat, Shape::Vector(size));
        let mut first = 0;
        (scope.state.parameters.clone().into_iter())
            .map(|parameter| {
                let shape = scope.graph.shape(parameter);
                let piece = scope.graph.slice(flat, first, shape);
                first += shape.len();
                piece
            })
            .collect()
    }

    /// Variances of a batch's gradient of `share`⁻¹ examples, entry by entry, and their sum weighted by the rates.
    pub(super) fn spread(
        &self,
        scope: &mut Scope<'_>,
        displacement: NodeId,
        share: f64,
        rates: &[f64],
    ) -> (Option<Vec<NodeId>>, NodeId) {
        if self.variances.len() <= VARIANCES_LIMIT {
            let all: Vec<NodeId> = (self.variances.iter())
                .map(|form| form.scaled(share).node(scope, displacement))
                .collect();
            let weighted: Vec<NodeId> = (all.iter().zip(rates))
                .map(|(&variance, &rate)| {
                    let rate = scope.graph.constant(rate);
                    scope.graph.mul(rate, variance)
                })
                .collect();
            let total = scope.sum(&weighted);
            return (Some(all), total);
        }
        let mut total = self.variances[0].scaled(0.0);
        for (form, &rate) in self.variances.iter().zip(rates) {
            let part = form.scaled(share * rate);
            total.constant += part.constant;
            total.linear += part.linear;
            total.matrix += part.matrix;
        }
        (None, total.node(scope, displacement))
    }
}

impl Form {
    /// The value as a scalar node. Only the lower triangle is multiplied: the matrix is symmetric.
    pub(super) fn node(&self, scope: &mut Scope<'_>, displacement: NodeId) -> NodeId {
        let size = self.linear.len();
        let triangle: Vec<f64> = (0..size * size)
            .map(|index| match (index / size, index % size) {
                (i, j) if i > j => 2.0 * self.matrix[(i, j)],
                (i, j) if i == j => self.matrix[(i, j)],
                _ => 0.0,
            })
            .collect();
        let triangle = scope.tensor(&triangle, Shape::Matrix(size, size));
        let linear: Vec<f64> = self.linear.iter().copied().collect();
        let linear = scope.tensor(&linear, Shape::Vector(size));
        let graph = &mut scope.graph;
        let product = graph.matmul(triangle, displacement);
        let product = graph.reshape(product, Shape::Vector(size));
        let slope = graph.add(product, linear);
        let square = graph.dot(displacement, slope);
        let constant = graph.constant(self.constant);
        graph.add(square, constant)
    }
}
