//! The loss with a control variate.

use super::data_passes::weighted_total;
use super::measured::Measured;
use super::scope::Scope;
use crate::loss::NodeId;

/// L − ¼ (2 (x − c)·g − right side), with the optimum c.
///
/// In a stationary ensemble E[2 x·g] equals the right side and E[g] = 0, so the subtracted term has mean zero at every η.
/// Near the optimum 2 (x − c)·g = 4 (L − L*), so only L* and a quarter of the right side remain of the loss there. That
/// varies less by a factor of order η.
pub(super) fn controlled_loss(
    scope: &mut Scope<'_>,
    measured: &Measured,
    difference: NodeId,
    reference: &[f64],
) -> NodeId {
    let twice: Vec<f64> = reference.iter().map(|c| 2.0 * c).collect();
    let shift = weighted_total(scope, &measured.gradient, &twice);
    let balance = scope.graph.sub(difference, shift);
    let quarter = scope.graph.constant(0.25);
    let balance = scope.graph.mul(quarter, balance);
    scope.graph.sub(measured.loss, balance)
}
