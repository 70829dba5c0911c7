//! The program of one step, and what it takes from examples.

use super::data_passes::FullLoss;
use super::scope::{Scope, shapes};
use crate::dynamics::{self, Rule};
use crate::engine::{Batch, ExampleSum, Table};
use crate::loss::{NodeId, Program, Shape};
use crate::spec::Precision;
use crate::spec::{Experiment, ExperimentError, Kind, Sampling};

/// The programs of a step.
#[derive(Debug)]
pub(super) struct Stepping {
    pub(super) program: Program,
    /// Numbers in a chain's state.
    pub(super) state: usize,
    pub(super) draws: u32,
    pub(super) batch: Option<Batch>,
}

pub(super) fn stepping(
    experiment: &Experiment,
    full: &FullLoss,
    rule: &Rule<'_>,
    precision: Precision,
) -> Result<Stepping, ExperimentError> {
    let mut scope = full.scope(experiment);
    let scale = scope.adopt(rule.scale)?;
    let rule = Rule {
        scale: scale.as_ref(),
        ..*rule
    };
    let draws = dynamics::draws(&mut scope.graph, &scope.state.parameters, rule.scale);
    let (gradient, batch) = gradient(&mut scope, full)?;
    let state = scope.state.clone();
    let step = dynamics::step(&mut scope.graph, &state, &gradient, &draws, &rule);
    let parameters = match precision {
        Precision::F32 | Precision::F64 | Precision::F16State => step.next,
        Precision::Compensated => step.increments,
    };
    let outputs = [parameters, step.optimizer_state].concat();
    scope.check_program(&outputs, "one step")?;
    let size: usize = (state.parameters.iter().chain(&state.optimizer_state))
        .map(|&node| scope.graph.shape(node).len())
        .sum();
    let feedback: Vec<(usize, usize)> = (0..size).map(|k| (k, k)).collect();
    Ok(Stepping {
        program: Program::compile_feedback(&scope.graph, &outputs, &feedback),
        state: size,
        draws: step.draws,
        batch,
    })
}

/// The gradient that a step follows, from whatever it takes of the data.
fn gradient(
    scope: &mut Scope<'_>,
    full: &FullLoss,
) -> Result<(Vec<NodeId>, Option<Batch>), ExperimentError> {
    let experiment = scope.experiment;
    let Some(table) = full.table() else {
        let loss = scope.loss()?;
        return Ok((scope.gradient(loss)?, None));
    };
    if experiment.dynamics.kind.value != Kind::Sgd {
        if let Some(quadratic) = full.quadratic() {
            let displacement = quadratic.displacement(scope);
            return Ok((quadratic.gradient(scope, displacement), None));
        }
        let size = table.count;
        return summed(scope, full, table, size, Sampling::All);
    }
    let sampling = experiment.dynamics.sampling;
    let size = experiment.dynamics.batch.value as u32;
    if size > 1 {
        return summed(scope, full, table, size, sampling);
    }
    scope.declare_example();
    let loss = scope.loss()?;
    let batch = Batch {
        table,
        size,
        sampling,
        gather: None,
    };
    Ok((scope.gradient(loss)?, Some(batch)))
}

/// The mean gradient of several examples, by a sum outside the step.
fn summed(
    scope: &mut Scope<'_>,
    full: &FullLoss,
    table: Table,
    size: u32,
    sampling: Sampling,
) -> Result<(Vec<NodeId>, Option<Batch>), ExperimentError> {
    let sums = scope.declare_sums(&shapes(scope.experiment));
    let regularization = scope.regularization()?;
    let pull = scope.gradient(regularization)?;
    let share = scope.graph.constant(1.0 / f64::from(size));
    let gradient = (sums.iter().zip(pull))
        .map(|(&sum, pull)| {
            let mean = scope.graph.mul(sum, share);
            scope.graph.add(mean, pull)
        })
        .collect();
    let gather = gather(scope.experiment, full)?;
    let batch = Batch {
        table,
        size,
        sampling,
        gather: Some(gather),
    };
    Ok((gradient, Some(batch)))
}

/// Sums of the gradients of examples.
fn gather(experiment: &Experiment, full: &FullLoss) -> Result<ExampleSum, ExperimentError> {
    let mut scope = full.scope(experiment);
    let sums = scope.declare_sums(&shapes(experiment));
    scope.declare_example();
    let loss = scope.bare_loss()?;
    let terms = scope.gradient(loss)?;
    accumulate(&mut scope, &sums, &terms)
}

/// The program that adds terms to sums, which are the inputs after the state.
pub(super) fn accumulate(
    scope: &mut Scope<'_>,
    sums: &[NodeId],
    terms: &[NodeId],
) -> Result<ExampleSum, ExperimentError> {
    let after: Vec<NodeId> = (sums.iter().zip(terms))
        .map(|(&sum, &term)| scope.graph.add(sum, term))
        .collect();
    scope.check_program(&after, "the sum over examples")?;
    let width = |nodes: &[NodeId]| -> usize {
        nodes
            .iter()
            .map(|&node| scope.graph.shape(node).len())
            .sum()
    };
    let state = width(&scope.state.parameters) + width(&scope.state.optimizer_state);
    let count = width(sums);
    let feedback: Vec<(usize, usize)> = (0..count).map(|k| (k, state + k)).collect();
    Ok(ExampleSum {
        program: Program::compile_feedback(&scope.graph, &after, &feedback),
        sums: count,
    })
}

/// Shapes of the sums of a data_pass: the loss, its gradient, the squares of the gradient's entries.
pub(super) fn survey_shapes(experiment: &Experiment) -> Vec<Shape> {
    let gradient = shapes(experiment);
    [vec![Shape::Scalar], gradient.clone(), gradient].concat()
}
