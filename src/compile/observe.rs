//! The program of one measurement.

use super::balance;
use super::control::controlled_loss;
use super::data_passes::{self, weighted_total};
use super::fdr::relation;
use super::full_loss::FullLoss;
use super::measured::{Measured, Times};
use super::output_list::OutputList;
use super::outputs::{Fdr, Outputs};
use super::point::Phase;
use super::quantities;
use super::scope::Scope;
use crate::dynamics::{Rule, Scale};
use crate::loss::{NodeId, Program};
use crate::spec::{Experiment, ExperimentError, Kind, Sampling};

/// The observing program and the positions of its outputs.
#[derive(Debug)]
pub(super) struct Observing {
    pub(super) program: Program,
    pub(super) outputs: Outputs,
    /// Per histogram, the outputs of its axes.
    pub(super) histograms: Vec<Vec<usize>>,
}

/// Values of the observing program's uniform inputs in a phase of the schedule.
pub(super) fn uniforms(kind: Kind, phase: Phase) -> Vec<f64> {
    vec![phase.dt, (kind.abilities().noise_rate)(phase.eta, phase.dt)]
}

/// Compiles the program of one measurement. `reference` is the optimum, where it is known.
///
/// # Errors
/// A formula is wrong, or the program is too large.
pub(super) fn compile(
    experiment: &Experiment,
    full: &FullLoss,
    rule: &Rule<'_>,
    reference: Option<&[f64]>,
) -> Result<Observing, ExperimentError> {
    let mut scope = full.scope(experiment);
    let sigma = scope.sigma(rule.scale)?;
    let measured = measured(&mut scope, full, rule, &sigma)?;
    let times = Times::declare(&mut scope);
    let parameters = scope.state.parameters.clone();
    let virial: Vec<NodeId> = (parameters.iter().zip(&measured.gradient))
        .map(|(&x, &g)| scope.graph.mul(x, g))
        .collect();
    let relation = relation(&mut scope, rule, &measured, &virial, times);

    let mut list = OutputList::default();
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
    let controlled = (relation.zip(reference)).filter(|_| rule.kind.is_stochastic());
    let controlled = controlled.map(|([_, _, difference], reference)| {
        let node = controlled_loss(&mut scope, &measured, difference, reference);
        list.push(&scope, &[node]).start
    });
    let variances =
        (measured.variances.as_ref()).map(|variances| list.push_first(&mut scope, variances));
    let balance = balance::balance(&mut scope, &mut list, full, rule, &measured, times)?;
    let quantities = quantities::push(&mut scope, &mut list, &measured);
    let first_observable = list.len();
    push_observables(&mut scope, &mut list, measured.loss)?;
    let outputs = Outputs {
        loss,
        virial,
        parameters,
        fdr,
        controlled,
        variances,
        balance,
        quantities,
        observables: first_observable..list.len(),
    };
    let histograms = histogram_outputs(&mut scope, &mut list)?;
    let nodes = list.nodes();
    scope.check_program(&nodes, "one measurement")?;
    Ok(Observing {
        program: Program::compile(&scope.graph, &nodes),
        outputs,
        histograms,
    })
}

/// Adds the user's observables. Later formulas may use the loss and every observable before them.
fn push_observables(
    scope: &mut Scope<'_>,
    list: &mut OutputList,
    loss: NodeId,
) -> Result<(), ExperimentError> {
    let experiment = scope.experiment;
    scope.names.insert("loss".to_owned(), loss);
    for observable in &experiment.measure.observables {
        let node = scope.formula(&observable.formula)?;
        scope.names.insert(observable.name.value.clone(), node);
        list.push(scope, &[node]);
    }
    Ok(())
}

/// Positions of the quantities that histograms need. Adds those that are not outputs yet.
fn histogram_outputs(
    scope: &mut Scope<'_>,
    list: &mut OutputList,
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

/// The loss over all examples, its gradient, and the noise around it.
fn measured(
    scope: &mut Scope<'_>,
    full: &FullLoss,
    rule: &Rule<'_>,
    sigma: &[NodeId],
) -> Result<Measured, ExperimentError> {
    let Some(data) = full.data() else {
        let loss = scope.loss()?;
        let gradient = scope.gradient(loss)?;
        return Ok(with_given_noise(scope, rule, sigma, (loss, gradient, None)));
    };
    let share = variance_share(scope.experiment, data.sets.training.count());
    let mean = data_passes::mean_loss(scope, data, share, rule.rates)?;
    if rule.kind.takes_batches() {
        return Ok(Measured {
            loss: mean.loss,
            gradient: mean.gradient,
            validation: mean.validation,
            variances: mean.variances,
            spread: mean.spread,
        });
    }
    let known = (mean.loss, mean.gradient, mean.validation);
    Ok(with_given_noise(scope, rule, sigma, known))
}

/// The variance of the mean gradient of a batch relative to that of one example's gradient.
pub(super) fn variance_share(experiment: &Experiment, examples: usize) -> f64 {
    let batch = experiment.dynamics.batch.value as f64;
    match experiment.dynamics.sampling {
        Sampling::All => 0.0,
        Sampling::WithReplacement => 1.0 / batch,
        // A batch of one epoch is drawn without replacement.
        Sampling::Shuffle => {
            let all = examples as f64;
            ((all - batch) / (all - 1.0).max(1.0)).max(0.0) / batch
        }
    }
}

/// Adds the variance of the noise that steps add to the gradient.
fn with_given_noise(
    scope: &mut Scope<'_>,
    rule: &Rule<'_>,
    sigma: &[NodeId],
    (loss, gradient, validation): (NodeId, Vec<NodeId>, Option<NodeId>),
) -> Measured {
    let (variances, spread) = match rule.scale {
        Some(Scale::StateDependent) => {
            let mut squares = Vec::new();
            for (&sigma, parameter) in sigma.iter().zip(scope.state.parameters.clone()) {
                let shape = scope.graph.shape(parameter);
                let square = scope.graph.mul(sigma, sigma);
                squares.push(scope.graph.broadcast(square, shape));
            }
            let spread = weighted_total(scope, &squares, rule.rates);
            (Some(squares), spread)
        }
        scale => {
            let spread: f64 = (rule.rates.iter().enumerate())
                .map(|(k, rate)| rate * scale.map_or(0.0, |scale| scale.variance(k)))
                .sum();
            (None, scope.graph.constant(spread))
        }
    };
    Measured {
        loss,
        gradient,
        validation,
        variances,
        spread,
    }
}
