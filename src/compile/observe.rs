//! The program of one measurement.

use super::balance::{self, Balance};
use super::data_passes::{self, FullLoss};
use super::scope::Scope;
use crate::dynamics::{Rule, Scale};
use crate::loss::{NodeId, Program, Rate, Shape};
use crate::spec::Kind;
use crate::spec::{Experiment, ExperimentError, Sampling};
use std::ops::Range;

/// Which output of the observing program is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// L(x).
    pub loss: usize,
    /// x_k ∂L/∂x_k of the first [`MEASURED`] parameters.
    pub virial: Range<usize>,
    /// x_k of the same.
    pub parameters: Range<usize>,
    /// The fluctuation–dissipation relation, where the update rule has one.
    pub fdr: Option<Fdr>,
    /// The loss less a control variate of mean zero, where the fluctuation–dissipation relation and an optimum are known.
    pub controlled: Option<usize>,
    /// The variance of ĝ_k, where it depends on the state.
    pub variances: Option<Range<usize>>,
    /// Tests of a common temperature and of detailed balance.
    pub balance: Balance,
    /// The loss over the held-out examples.
    pub validation: Option<usize>,
    /// The user's observables.
    pub observables: Range<usize>,
}

impl Outputs {
    /// How many of the first outputs must be finite: the loss, its gradient, and the squares that are made of them.
    pub(super) fn checked(&self) -> usize {
        let last = self.controlled.or(self.fdr.map(|fdr| fdr.difference));
        last.map_or(self.parameters.end, |last| last + 1)
    }
}

/// The outputs of the fluctuation–dissipation relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fdr {
    /// 2 x·g.
    pub left: usize,
    /// What equals it in mean where the ensemble is stationary: Σ_k r_k (δ g_k² + η σ_k²) for plain steps.
    pub right: usize,
    /// Left minus right, chain by chain.
    pub difference: usize,
}

/// Parameters whose mean, variance and temperature are measured; of more parameters these are the first.
pub const MEASURED: usize = 256;

/// The observing program and what it is made of.
#[derive(Debug)]
pub(super) struct Observing {
    pub(super) program: Program,
    pub(super) outputs: Outputs,
    /// Per histogram, the outputs of its axes.
    pub(super) histograms: Vec<Vec<usize>>,
}

/// What a measurement computes before its outputs are put in order.
struct Measured {
    loss: NodeId,
    gradient: Vec<NodeId>,
    validation: Option<NodeId>,
    /// Variance of ĝ_k, tensor by tensor or flattened, where it depends on the state.
    variances: Option<Vec<NodeId>>,
    /// Σ_k r_k Var ĝ_k.
    spread: NodeId,
}

pub(super) fn observing(
    experiment: &Experiment,
    full: &FullLoss,
    rule: &Rule<'_>,
    reference: Option<&[f64]>,
) -> Result<Observing, ExperimentError> {
    let mut scope = full.scope(experiment);
    let scale = scope.adopt(rule.scale)?;
    let rule = &Rule {
        scale: scale.as_ref(),
        ..*rule
    };
    let measured = measured(&mut scope, full, rule)?;
    let delta = scope.graph.input("delta", Shape::Scalar, Rate::Uniform);
    let eta = scope.graph.input("eta", Shape::Scalar, Rate::Uniform);
    let parameters = scope.state.parameters.clone();
    let virial: Vec<NodeId> = (parameters.iter().zip(&measured.gradient))
        .map(|(&x, &g)| scope.graph.mul(x, g))
        .collect();
    let relation = relation(&mut scope, rule, &measured, &virial, [delta, eta]);

    let mut list = Listing {
        nodes: Vec::new(),
        length: 0,
    };
    let loss = list.push(&scope, &[measured.loss]).start;
    let virial = list.push_first(&mut scope, &virial);
    let parameters = list.push_first(&mut scope, &parameters);
    let fdr = relation.map(|relation| {
        let at = list.push(&scope, &relation);
        Fdr {
            left: at.start,
            right: at.start + 1,
            difference: at.start + 2,
        }
    });
    let controlled = (relation.zip(reference)).filter(|_| rule.kind != Kind::GradientFlow);
    let controlled = controlled.map(|([_, _, difference], reference)| {
        let node = controlled_loss(&mut scope, &measured, difference, reference);
        list.push(&scope, &[node]).start
    });
    let variances =
        (measured.variances.as_ref()).map(|variances| list.push_first(&mut scope, variances));
    let times = [measured.loss, delta, eta];
    let balance = balance::balance(&mut scope, &mut list, full, rule, times, &measured.gradient)?;
    let validation = (measured.validation).map(|node| list.push(&scope, &[node]).start);
    let first_observable = list.length;
    scope.names.insert("loss".to_owned(), measured.loss);
    for observable in &experiment.measure.observables {
        let node = scope.formula(&observable.formula)?;
        scope.names.insert(observable.name.value.clone(), node);
        list.push(&scope, &[node]);
    }
    let outputs = Outputs {
        loss,
        virial,
        parameters,
        fdr,
        controlled,
        variances,
        balance,
        validation,
        observables: first_observable..list.length,
    };
    let histograms = histogram_outputs(&mut scope, &mut list)?;
    let nodes: Vec<NodeId> = list.nodes.iter().map(|&(node, _)| node).collect();
    scope.check_program(&nodes, "one measurement")?;
    Ok(Observing {
        program: Program::compile(&scope.graph, &nodes),
        outputs,
        histograms,
    })
}

/// Outputs in order, tensors flattened.
pub(super) struct Listing {
    /// Each with the number of its first element among the outputs.
    nodes: Vec<(NodeId, usize)>,
    length: usize,
}

impl Listing {
    /// Adds tensors and says where their elements are.
    pub(super) fn push(&mut self, scope: &Scope<'_>, nodes: &[NodeId]) -> Range<usize> {
        let first = self.length;
        for &node in nodes {
            self.nodes.push((node, self.length));
            self.length += scope.graph.shape(node).len();
        }
        first..self.length
    }

    /// Adds tensors, or of too many elements the first [`MEASURED`].
    fn push_first(&mut self, scope: &mut Scope<'_>, nodes: &[NodeId]) -> Range<usize> {
        let mut rest = MEASURED;
        let mut pieces = Vec::new();
        for &node in nodes {
            let length = scope.graph.shape(node).len().min(rest);
            rest -= length;
            if length == scope.graph.shape(node).len() {
                pieces.push(node);
            } else if length > 0 {
                pieces.push(scope.graph.slice(node, 0, Shape::Vector(length)));
            }
        }
        self.push(scope, &pieces)
    }

    /// Where a scalar is: as an output of its own, or an element of one.
    fn find(&self, scope: &mut Scope<'_>, scalar: NodeId) -> Option<usize> {
        self.nodes.iter().find_map(|&(node, first)| {
            let length = scope.graph.shape(node).len();
            (0..length)
                .find(|&k| scope.graph.element(node, k) == scalar)
                .map(|k| first + k)
        })
    }
}

/// Finds the outputs that histograms need, adding those that are not there yet.
fn histogram_outputs(
    scope: &mut Scope<'_>,
    list: &mut Listing,
) -> Result<Vec<Vec<usize>>, ExperimentError> {
    let mut histograms = Vec::new();
    for histogram in &scope.experiment.measure.histograms {
        let mut outputs = Vec::new();
        for axis in &histogram.axes {
            let node = scope.formula(&axis.of)?;
            let known = list.find(scope, node);
            outputs.push(known.unwrap_or_else(|| list.push(scope, &[node]).start));
        }
        histograms.push(outputs);
    }
    Ok(histograms)
}

/// The loss over everything, its gradient, and the noise around that.
fn measured(
    scope: &mut Scope<'_>,
    full: &FullLoss,
    rule: &Rule<'_>,
) -> Result<Measured, ExperimentError> {
    let Some(data) = full.data() else {
        let loss = scope.loss()?;
        let gradient = scope.gradient(loss)?;
        return with_given_noise(scope, rule, (loss, gradient, None));
    };
    let share = share(scope.experiment, data.sets.training.count());
    let surveyed = data_passes::surveyed(scope, data, share, rule.rates)?;
    if rule.kind == Kind::Sgd {
        return Ok(Measured {
            loss: surveyed.loss,
            gradient: surveyed.gradient,
            validation: surveyed.validation,
            variances: surveyed.variances,
            spread: surveyed.spread,
        });
    }
    let known = (surveyed.loss, surveyed.gradient, surveyed.validation);
    with_given_noise(scope, rule, known)
}

/// The variance of the mean gradient of a batch over that of one example's gradient.
pub(super) fn share(experiment: &Experiment, examples: usize) -> f64 {
    let batch = experiment.dynamics.batch.value as f64;
    match experiment.dynamics.sampling {
        Sampling::All => 0.0,
        Sampling::WithReplacement => 1.0 / batch,
        // Of a batch from one epoch: drawn without replacement.
        Sampling::Shuffle => {
            let all = examples as f64;
            ((all - batch) / (all - 1.0).max(1.0)).max(0.0) / batch
        }
    }
}

/// Where the noise is that of the rule and not of the examples.
fn with_given_noise(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    (loss, gradient, validation): (NodeId, Vec<NodeId>, Option<NodeId>),
) -> Result<Measured, ExperimentError> {
    let (variances, spread) = match rule.scale {
        Some(Scale::State(sigma)) => {
            let mut squares = Vec::new();
            for (&sigma, parameter) in sigma.iter().zip(scope.state.parameters.clone()) {
                let shape = scope.graph.shape(parameter);
                let square = scope.graph.mul(sigma, sigma);
                squares.push(scope.graph.broadcast(square, shape));
            }
            let spread = data_passes::weighted_total(scope, &squares, rule.rates);
            (Some(squares), spread)
        }
        scale => {
            let spread: f64 = (rule.rates.iter().enumerate())
                .map(|(k, rate)| rate * scale.map_or(0.0, |scale| scale.variance(k)))
                .sum();
            (None, scope.graph.constant(spread))
        }
    };
    Ok(Measured {
        loss,
        gradient,
        validation,
        variances,
        spread,
    })
}

/// Both sides of the fluctuation–dissipation relation and their difference.
///
/// For plain steps (Yaida 2018, with rates and, for Langevin, its own time step): from E‖x′‖² = E‖x‖² in the metric
/// diag(1/r), 2 E[x·g] = Σ_k r_k (δ E g_k² + η E σ_k²). With momentum the direction is u = a v + c ĝ, and
/// E‖x′‖² = E‖x‖² gives 2 E[x·g] = (η E[uᵀDu] − 2 a E[x·v]) / c with
/// E[uᵀDu] = a² E[vᵀDv] + 2 a c E[vᵀDg] + c² Σ_k r_k E[g_k² + σ_k²]. Rules that divide by a running mean square have no
/// such relation in closed form, and neither has SGD in the order of an epoch, whose noise depends on the state.
fn relation(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    measured: &Measured,
    virial: &[NodeId],
    [delta, eta]: [NodeId; 2],
) -> Option<[NodeId; 3]> {
    let (a, c) = rule.optimizer.linear()?;
    let ordered = scope.experiment.data.is_some()
        && rule.kind == Kind::Sgd
        && scope.experiment.dynamics.sampling == Sampling::Shuffle;
    if ordered {
        return None;
    }
    let ones = vec![1.0; rule.rates.len()];
    let total = data_passes::weighted_total(scope, virial, &ones);
    let two = scope.graph.constant(2.0);
    let left = scope.graph.mul(two, total);
    let squares = products(scope, &measured.gradient, &measured.gradient);
    let drift = data_passes::weighted_total(scope, &squares, rule.rates);
    let right = if a == 0.0 {
        let drift = scope.graph.mul(delta, drift);
        if rule.kind == Kind::GradientFlow {
            drift
        } else {
            let spread = scope.graph.mul(eta, measured.spread);
            scope.graph.add(drift, spread)
        }
    } else {
        let fluctuation = scope.graph.add(drift, measured.spread);
        with_momentum(scope, rule, measured, fluctuation, [a, c], eta)
    };
    let difference = scope.graph.sub(left, right);
    Some([left, right, difference])
}

/// L − ¼ (2 (x − c)·g − right side), with the optimum c.
///
/// In a stationary ensemble E[2 x·g] equals the right side and E[g] = 0, so that what is subtracted has mean zero at every η.
/// Near the optimum 2 (x − c)·g = 4 (L − L*), so that of the loss nothing is left there but L* and a quarter of the right side,
/// which varies less by a factor of order η.
fn controlled_loss(
    scope: &mut Scope<'_>,
    measured: &Measured,
    difference: NodeId,
    reference: &[f64],
) -> NodeId {
    let twice: Vec<f64> = reference.iter().map(|c| 2.0 * c).collect();
    let shift = data_passes::weighted_total(scope, &measured.gradient, &twice);
    let balance = scope.graph.sub(difference, shift);
    let quarter = scope.graph.constant(0.25);
    let balance = scope.graph.mul(quarter, balance);
    scope.graph.sub(measured.loss, balance)
}

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
    let squares = data_passes::weighted_total(scope, &squares, rule.rates);
    let mixed = data_passes::weighted_total(scope, &mixed, rule.rates);
    let shift = data_passes::weighted_total(scope, &shifts, &ones);
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

fn products(scope: &mut Scope<'_>, a: &[NodeId], b: &[NodeId]) -> Vec<NodeId> {
    (a.iter().zip(b))
        .map(|(&a, &b)| scope.graph.mul(a, b))
        .collect()
}
