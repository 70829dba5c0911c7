//! Quantities that a common temperature or detailed balance makes zero in mean, as outputs of a measurement.
//!
//! With g the gradient of the loss, R the diagonal of the rates and Σ the covariance of the gradient noise the drift is F = −R g and
//! the diffusion D = ½ η R Σ R; A = −∇F = R H with the Hessian H.

use super::full_loss::FullLoss;
use super::measured::{Measured, Times};
use super::output_list::OutputList;
use super::scope::Scope;
use crate::dynamics::{Rule, Scale};
use crate::loss::{NodeId, Shape};
use crate::spec::ExperimentError;
use nalgebra::DMatrix;
use std::ops::Range;

/// Quantities whose means are all zero under one hypothesis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JointTest {
    /// The quantities.
    pub quantities: Range<usize>,
    /// The difference of each pair of them, (0,1), (0,2) … (1,2) …, from which covariances follow; empty where they are more
    /// than three.
    pub differences: Range<usize>,
}

/// Outputs of the tests of a common temperature and of detailed balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Differences of temperatures: of the first from each other one, or where that would be more than three, of each from
    /// their mean.
    pub temperatures: Option<JointTest>,
    /// x_k F_l − x_l F_k of each pair k < l.
    pub circulation: Option<JointTest>,
    /// The quantity whose mean is the entropy production.
    pub entropy_production: Option<usize>,
}

/// Most quantities of a joint test whose covariance is measured.
const JOINT: usize = 3;

/// Most parameters whose temperatures are compared.
const TEMPERATURES: usize = 64;

/// Most parameters whose probability currents are measured: the number of pairs grows with their square.
const CURRENT: usize = 8;

/// Most operations of the entropy production, which needs second derivatives.
const OPERATIONS: u64 = 2_000;

/// Adds the outputs. Parameters are measured from the optimum where it is known, which changes no mean and reduces the
/// variance.
pub(super) fn balance(
    scope: &mut Scope<'_>,
    list: &mut OutputList,
    full: &FullLoss,
    rule: &Rule<'_>,
    measured: &Measured,
    times: Times,
) -> Result<Balance, ExperimentError> {
    let mut balance = Balance {
        temperatures: None,
        circulation: None,
        entropy_production: None,
    };
    let size = rule.rates.len();
    if !rule.kind.is_stochastic() || !(2..=TEMPERATURES).contains(&size) {
        return Ok(balance);
    }
    let slopes = scope.flatten(&measured.gradient);
    let displacements = displacements(scope, full);
    let plain = rule.optimizer.is_plain() && !scope.experiment.follows_epochs();
    let step = plain.then_some(times.dt);
    let differences = temperatures(scope, rule, step, &displacements, &slopes);
    balance.temperatures = Some(joint_test(scope, list, &differences));
    if !plain || size > CURRENT {
        return Ok(balance);
    }
    let currents = circulation(scope, rule, &displacements, &slopes);
    balance.circulation = Some(joint_test(scope, list, &currents));
    let differentiable = full.data().is_none_or(|data| data.is_quadratic());
    if let Some(inverse) =
        inverse_covariance(rule).filter(|_| differentiable && scope.graph.is_smooth(measured.loss))
    {
        let node = entropy_production(scope, rule, &inverse, times, &slopes)?;
        if scope.graph.scalar_operations(&[node]) <= OPERATIONS {
            balance.entropy_production = Some(list.push(scope, &[node]).start);
        }
    }
    Ok(balance)
}

/// The flattened parameters, minus the optimum where it is known.
fn displacements(scope: &mut Scope<'_>, full: &FullLoss) -> Vec<NodeId> {
    let parameters = scope.state.parameters.clone();
    let flat = scope.flatten(&parameters);
    let Some(optimum) = full.data().and_then(|data| data.optimum.as_ref()) else {
        return flat;
    };
    (flat.into_iter().zip(&optimum.minimum.parameters))
        .map(|(x, &center)| {
            let center = scope.graph.constant(center);
            scope.graph.sub(x, center)
        })
        .collect()
}

/// Differences of x_k g_k − ½ δ r_k g_k², whose mean is ½ η r_k E σ_k² in a stationary ensemble of plain steps, on every loss and at
/// every step size: E x_k′² = E x_k². Without a `step` differences of x_k g_k.
fn temperatures(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    step: Option<NodeId>,
    displacements: &[NodeId],
    slopes: &[NodeId],
) -> Vec<NodeId> {
    let mut all = Vec::new();
    for ((&x, &g), &rate) in displacements.iter().zip(slopes).zip(rule.rates) {
        let virial = scope.graph.mul(x, g);
        all.push(match step {
            None => virial,
            Some(delta) => {
                let half = scope.graph.constant(0.5 * rate);
                let factor = scope.graph.mul(half, delta);
                let square = scope.graph.mul(g, g);
                let share = scope.graph.mul(factor, square);
                scope.graph.sub(virial, share)
            }
        });
    }
    if all.len() - 1 <= JOINT {
        let first = all[0];
        return (all[1..].iter())
            .map(|&other| scope.graph.sub(first, other))
            .collect();
    }
    let total = scope.sum(&all);
    let share = scope.graph.constant(1.0 / all.len() as f64);
    let mean = scope.graph.mul(share, total);
    (all.iter())
        .map(|&one| scope.graph.sub(one, mean))
        .collect()
}

/// x_k F_l − x_l F_k = x_l r_k g_k − x_k r_l g_l of each pair: twice the area that x sweeps in the plane of k and l, per time. Its
/// mean is δ⁻¹ E[x_k x_l′ − x_l x_k′], which vanishes exactly where the chain looks the same in reversed time.
fn circulation(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    displacements: &[NodeId],
    slopes: &[NodeId],
) -> Vec<NodeId> {
    let pulls = scaled(scope, rule.rates, slopes);
    let mut all = Vec::new();
    for k in 0..displacements.len() {
        for l in k + 1..displacements.len() {
            let forth = scope.graph.mul(displacements[l], pulls[k]);
            let back = scope.graph.mul(displacements[k], pulls[l]);
            all.push(scope.graph.sub(forth, back));
        }
    }
    all
}

/// The rate at which the steps produce entropy, per time: δ⁻¹ E ln (p(x → x′) / p(x′ → x)) of Gaussian steps
/// p(x → x′) ∝ exp(−¼ δ⁻¹ |x′ − x − δ F|²_D⁻¹). To first order in δ, and exactly for quadratic losses, it is the mean of
///
/// Fᵀ D⁻¹ F + div F + ½ δ Fᵀ D⁻¹ (∇F F + D:∇∇F), that is
/// (2/η) gᵀ Σ⁻¹ g − tr RH − (δ/η) gᵀ Σ⁻¹ H R g + ½ δ gᵀ Σ⁻¹ ∇ tr(R Σ R H).
///
/// The first two are that of continuous time (Seifert 2012); the others take away what a step of δ adds to them where there is
/// detailed balance. They follow from Taylor's expansion of F(x′) with E[F·∇h + D:∇∇h] = 0 for h = div F.
fn entropy_production(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    inverse: &DMatrix<f64>,
    times: Times,
    slopes: &[NodeId],
) -> Result<NodeId, ExperimentError> {
    let rates = rule.rates;
    let parameters = scope.state.parameters.clone();
    let size = slopes.len();
    let mut hessian = Vec::new();
    for &slope in slopes {
        let row = scope.graph.gradient(slope, &parameters);
        hessian.push(scope.flatten(&row));
    }
    let weights: Vec<NodeId> = (0..size)
        .map(|k| {
            let row: Vec<f64> = inverse.row(k).iter().copied().collect();
            combination(scope, &row, slopes)
        })
        .collect();
    let square = dot(scope, &weights, slopes);
    let diagonal: Vec<NodeId> = (0..size).map(|k| hessian[k][k]).collect();
    let divergence = combination(scope, rates, &diagonal);
    let pulls = scaled(scope, rates, slopes);
    let turned: Vec<NodeId> = (hessian.iter())
        .map(|row| dot(scope, row, &pulls))
        .collect();
    let turned = dot(scope, &weights, &turned);
    let covariance = covariance(rule).expect("it was inverted");
    let mut mixed = Vec::new();
    for (k, row) in hessian.iter().enumerate() {
        let factors: Vec<f64> = (0..size)
            .map(|l| rates[k] * covariance[(k, l)] * rates[l])
            .collect();
        mixed.push(combination(scope, &factors, row));
    }
    let curvature = scope.sum(&mixed);
    let bend = scope.graph.gradient(curvature, &parameters);
    let bend = scope.flatten(&bend);
    let bend = dot(scope, &weights, &bend);

    let (two, half) = (scope.graph.constant(2.0), scope.graph.constant(0.5));
    let graph = &mut scope.graph;
    let doubled = graph.mul(two, square);
    let shorter = graph.mul(times.dt, turned);
    let heat = graph.sub(doubled, shorter);
    let heat = graph.div(heat, times.eta);
    let balance = graph.sub(heat, divergence);
    let bend = graph.mul(half, bend);
    let bend = graph.mul(times.dt, bend);
    let node = graph.add(balance, bend);
    scope.check_program(&[node], "the entropy production")?;
    Ok(node)
}

/// Covariance Σ of the noise; `None` without noise, and where the covariance depends on the state.
fn covariance(rule: &Rule<'_>) -> Option<DMatrix<f64>> {
    let size = rule.rates.len();
    match rule.scale? {
        Scale::Constant(sigma) => Some(DMatrix::from_fn(size, size, |k, l| {
            if k == l { sigma[k] * sigma[k] } else { 0.0 }
        })),
        Scale::Factor(rows) => {
            let factor = DMatrix::from_fn(size, size, |k, l| rows[k][l]);
            Some(&factor * factor.transpose())
        }
        Scale::StateDependent => None,
    }
}

/// Inverse Σ⁻¹ of the noise covariance; `None` without a constant Σ, and where Σ is singular up to rounding.
fn inverse_covariance(rule: &Rule<'_>) -> Option<DMatrix<f64>> {
    let covariance = covariance(rule)?;
    let eigenvalues = covariance.symmetric_eigenvalues();
    let invertible = eigenvalues.min() > 1e-9 * eigenvalues.max();
    let inverse = covariance.cholesky().filter(|_| invertible)?.inverse();
    // Entries that are rounding become exact zeros, which the program leaves out.
    let scale = inverse.amax();
    Some(inverse.map(|entry| {
        if entry.abs() < 1e-15 * scale {
            0.0
        } else {
            entry
        }
    }))
}

/// Adds quantities and, where they are few, the difference of each pair.
fn joint_test(scope: &mut Scope<'_>, list: &mut OutputList, nodes: &[NodeId]) -> JointTest {
    let quantities = list.push(scope, nodes);
    let mut differences = Vec::new();
    if nodes.len() <= JOINT {
        for (k, &a) in nodes.iter().enumerate() {
            for &b in &nodes[k + 1..] {
                differences.push(scope.graph.sub(a, b));
            }
        }
    }
    JointTest {
        quantities,
        differences: list.push(scope, &differences),
    }
}

fn scaled(scope: &mut Scope<'_>, factors: &[f64], nodes: &[NodeId]) -> Vec<NodeId> {
    (nodes.iter().zip(factors))
        .map(|(&node, &factor)| {
            let factor = scope.graph.constant(factor);
            scope.graph.mul(factor, node)
        })
        .collect()
}

/// Σ_k c_k v_k without terms that are known to vanish.
fn combination(scope: &mut Scope<'_>, factors: &[f64], nodes: &[NodeId]) -> NodeId {
    let (factors, nodes): (Vec<f64>, Vec<NodeId>) = (factors.iter().zip(nodes))
        .filter(|&(&factor, &node)| factor != 0.0 && scope.graph.as_constant(node) != Some(0.0))
        .unzip();
    let terms = scaled(scope, &factors, &nodes);
    scope.sum(&terms)
}

/// Σ_k a_k b_k without terms that are known to vanish.
fn dot(scope: &mut Scope<'_>, a: &[NodeId], b: &[NodeId]) -> NodeId {
    let zero = |scope: &Scope<'_>, node: NodeId| scope.graph.as_constant(node) == Some(0.0);
    let mut terms = Vec::new();
    for (&a, &b) in a.iter().zip(b) {
        debug_assert!(
            scope.graph.shape(a) == Shape::Scalar && scope.graph.shape(b) == Shape::Scalar
        );
        if !zero(scope, a) && !zero(scope, b) {
            terms.push(scope.graph.mul(a, b));
        }
    }
    scope.sum(&terms)
}
