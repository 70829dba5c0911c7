//! The program of one step, and the batch of examples that it takes.

use super::full_loss::FullLoss;
use super::scope::{Scope, shapes};
use super::sums::accumulate;
use crate::dynamics::{self, Rule, StepInputs};
use crate::engine::{Batch, ExampleSum, Table};
use crate::loss::{NodeId, Program};
use crate::spec::{Experiment, ExperimentError, Precision, Sampling};

/// The compiled step.
#[derive(Debug)]
pub(super) struct CompiledStep {
    pub(super) program: Program,
    /// Numbers in a chain's state: parameters, then optimizer state.
    pub(super) state: usize,
    /// Draws of one step.
    pub(super) draws: u32,
    /// The examples of a step, where it takes any.
    pub(super) batch: Option<Batch>,
}

/// Compiles one step of the dynamics.
///
/// # Errors
/// A formula is wrong, or the program is too large.
pub(super) fn compile(
    experiment: &Experiment,
    full: &FullLoss,
    rule: &Rule<'_>,
    precision: Precision,
) -> Result<CompiledStep, ExperimentError> {
    let mut scope = full.scope(experiment);
    let sigma = scope.sigma(rule.scale)?;
    let draws = dynamics::draws(&mut scope.graph, &scope.state.parameters, rule.scale);
    let (gradients, batch) = gradient(&mut scope, full)?;
    let state = scope.state.clone();
    let inputs = StepInputs {
        state: &state,
        gradients: &gradients,
        draws: &draws,
        sigma: &sigma,
    };
    let step = dynamics::step(&mut scope.graph, &inputs, rule);
    let parameters = match precision {
        Precision::F32 | Precision::F64 | Precision::F16State => step.next,
        Precision::Compensated => step.increments,
    };
    let outputs = [parameters, step.optimizer_state].concat();
    scope.check_program(&outputs, "one step")?;
    let size = scope.state_size();
    let feedback: Vec<(usize, usize)> = (0..size).map(|k| (k, k)).collect();
    Ok(CompiledStep {
        program: Program::compile_feedback(&scope.graph, &outputs, &feedback),
        state: size,
        draws: step.draws,
        batch,
    })
}

/// The gradient that a step follows, and the examples that it is taken from.
fn gradient(
    scope: &mut Scope<'_>,
    full: &FullLoss,
) -> Result<(Vec<NodeId>, Option<Batch>), ExperimentError> {
    let dynamics = &scope.experiment.dynamics;
    let Some(table) = full.table() else {
        let loss = scope.loss()?;
        return Ok((scope.gradient(loss)?, None));
    };
    if !dynamics.kind.value.takes_batches() {
        if let Some(quadratic) = full.quadratic() {
            let displacement = quadratic.displacement(scope);
            return Ok((quadratic.gradient(scope, displacement), None));
        }
        let size = table.count;
        return mean_gradient(scope, full, table, size, Sampling::All);
    }
    let (size, sampling) = (dynamics.batch.value as u32, dynamics.sampling);
    if size > 1 {
        return mean_gradient(scope, full, table, size, sampling);
    }
    scope.declare_example();
    let loss = scope.loss()?;
    let batch = Batch {
        table,
        size,
        sampling,
        example_sum: None,
    };
    Ok((scope.gradient(loss)?, Some(batch)))
}

/// The mean gradient of several examples, from sums that are computed before the step.
fn mean_gradient(
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
    let batch = Batch {
        table,
        size,
        sampling,
        example_sum: Some(gradient_sum(scope.experiment, full)?),
    };
    Ok((gradient, Some(batch)))
}

/// The sum of the gradients of examples.
fn gradient_sum(experiment: &Experiment, full: &FullLoss) -> Result<ExampleSum, ExperimentError> {
    let mut scope = full.scope(experiment);
    let sums = scope.declare_sums(&shapes(experiment));
    scope.declare_example();
    let loss = scope.bare_loss()?;
    let terms = scope.gradient(loss)?;
    accumulate(&mut scope, &sums, &terms)
}
