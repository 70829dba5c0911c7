//! The fluctuation–dissipation relation (Yaida 2018) as nodes of the observing program.

use super::data_passes::weighted_total;
use super::measured::{Measured, Times};
use super::scope::Scope;
use crate::dynamics::Rule;
use crate::loss::NodeId;

/// Both sides of the fluctuation–dissipation relation and their difference.
///
/// For plain steps (Yaida 2018, with rates and, for Langevin, its own time step): from E‖x′‖² = E‖x‖² in the metric
/// diag(1/r), 2 E[x·g] = Σ_k r_k (δ E g_k² + η E σ_k²). With momentum the direction is u = a v + c ĝ, and
/// E‖x′‖² = E‖x‖² gives 2 E[x·g] = (η E[uᵀDu] − 2 a E[x·v]) / c with
/// E[uᵀDu] = a² E[vᵀDv] + 2 a c E[vᵀDg] + c² Σ_k r_k E[g_k² + σ_k²]. Rules that divide by a running mean square have no
/// such relation in closed form, and neither has SGD in the order of an epoch, whose noise depends on the state.
pub(super) fn relation(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    measured: &Measured,
    virial: &[NodeId],
    times: Times,
) -> Option<[NodeId; 3]> {
    let (a, c) = rule.optimizer.rule().momentum()?.direction();
    if scope.experiment.follows_epochs() {
        return None;
    }
    let ones = vec![1.0; rule.rates.len()];
    let total = weighted_total(scope, virial, &ones);
    let two = scope.graph.constant(2.0);
    let left = scope.graph.mul(two, total);
    let squares = products(scope, &measured.gradient, &measured.gradient);
    let drift = weighted_total(scope, &squares, rule.rates);
    let right = if a == 0.0 {
        let drift = scope.graph.mul(times.dt, drift);
        if rule.kind.is_stochastic() {
            let spread = scope.graph.mul(times.eta, measured.spread);
            scope.graph.add(drift, spread)
        } else {
            drift
        }
    } else {
        let fluctuation = scope.graph.add(drift, measured.spread);
        with_momentum(scope, rule, measured, fluctuation, [a, c], times.eta)
    };
    let difference = scope.graph.sub(left, right);
    Some([left, right, difference])
}

/// The right-hand side for momentum steps.
fn with_momentum(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    measured: &Measured,
    fluctuation: NodeId,
    [a, c]: [f64; 2],
    eta: NodeId,
) -> NodeId {
    let velocity = scope.state.optimizer_state.clone();
    let parameters = scope.state.parameters.clone();
    let ones = vec![1.0; rule.rates.len()];
    let squares = products(scope, &velocity, &velocity);
    let mixed = products(scope, &velocity, &measured.gradient);
    let shifts = products(scope, &parameters, &velocity);
    let squares = weighted_total(scope, &squares, rule.rates);
    let mixed = weighted_total(scope, &mixed, rule.rates);
    let shift = weighted_total(scope, &shifts, &ones);
    let mut term = |factor: f64, node: NodeId| {
        let factor = scope.graph.constant(factor);
        scope.graph.mul(factor, node)
    };
    let terms = [
        term(a * a / c, squares),
        term(2.0 * a, mixed),
        term(c, fluctuation),
    ];
    let shift = term(2.0 * a / c, shift);
    let total = scope.sum(&terms);
    let kicks = scope.graph.mul(eta, total);
    scope.graph.sub(kicks, shift)
}

/// Elementwise products.
fn products(scope: &mut Scope<'_>, a: &[NodeId], b: &[NodeId]) -> Vec<NodeId> {
    (a.iter().zip(b))
        .map(|(&a, &b)| scope.graph.mul(a, b))
        .collect()
}
