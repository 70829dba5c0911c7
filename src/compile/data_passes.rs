//! Passes over all examples before a measurement, and the loss, its gradient and the gradient noise from their sums.

use super::full_loss::{FullLoss, table};
use super::scope::{Scope, shapes};
use super::sums::accumulate;
use crate::engine::DataPass;
use crate::loss::{NodeId, Shape};
use crate::objective::{OverData, Quadratic};
use crate::spec::{Experiment, ExperimentError};

/// The passes over the data that come before a measurement: over the training examples, then over those held out. None
/// where polynomials give the same.
pub(super) fn data_passes(
    full: &FullLoss,
    experiment: &Experiment,
) -> Result<Vec<DataPass>, ExperimentError> {
    let Some(data) = full.data().filter(|data| !data.is_quadratic()) else {
        return Ok(Vec::new());
    };
    let mut passes = vec![training_pass(full, experiment, data)?];
    if let Some(held_out) = &data.sets.validation {
        let mut scope = full.scope(experiment);
        let sums = scope.declare_sums(&[Shape::Scalar]);
        scope.declare_example();
        let loss = scope.bare_loss()?;
        passes.push(DataPass {
            table: table(held_out, data.sets.half),
            example_sum: accumulate(&mut scope, &sums, &[loss])?,
        });
    }
    Ok(passes)
}

/// Sums the loss, its gradient and the squares of the gradient's entries over the training examples.
fn training_pass(
    full: &FullLoss,
    experiment: &Experiment,
    data: &OverData,
) -> Result<DataPass, ExperimentError> {
    let mut scope = full.scope(experiment);
    let sums = scope.declare_sums(&pass_shapes(experiment));
    scope.declare_example();
    let loss = scope.bare_loss()?;
    let gradient = scope.gradient(loss)?;
    let squares: Vec<NodeId> = gradient.iter().map(|&g| scope.graph.mul(g, g)).collect();
    let terms = [vec![loss], gradient, squares].concat();
    Ok(DataPass {
        table: table(&data.sets.training, data.sets.half),
        example_sum: accumulate(&mut scope, &sums, &terms)?,
    })
}

/// Shapes of the sums of a pass over the training examples: the loss, its gradient, the squares of the gradient's entries.
fn pass_shapes(experiment: &Experiment) -> Vec<Shape> {
    let gradient = shapes(experiment);
    [vec![Shape::Scalar], gradient.clone(), gradient].concat()
}

/// The mean loss over examples, its gradient and the variance of a step's gradient, as nodes of the observing program.
#[derive(Debug)]
pub(super) struct MeanLoss {
    pub(super) loss: NodeId,
    pub(super) gradient: Vec<NodeId>,
    /// The loss over the held-out examples.
    pub(super) validation: Option<NodeId>,
    /// Variance of each entry of a batch's mean gradient, flattened; `None` where they are too many.
    pub(super) variances: Option<Vec<NodeId>>,
    /// The sum of these variances weighted by the rates.
    pub(super) spread: NodeId,
}

/// Declares the sums of the data passes as inputs and builds the loss from them, or from polynomials where the loss is
/// quadratic.
///
/// `share` is the variance of a batch's mean gradient relative to that of one example's gradient.
pub(super) fn mean_loss(
    scope: &mut Scope<'_>,
    data: &OverData,
    share: f64,
    rates: &[f64],
) -> Result<MeanLoss, ExperimentError> {
    match &data.quadratic {
        Some(quadratic) => Ok(by_polynomials(scope, quadratic, share, rates)),
        None => by_sums(scope, data, share, rates),
    }
}

fn by_polynomials(
    scope: &mut Scope<'_>,
    quadratic: &Quadratic,
    share: f64,
    rates: &[f64],
) -> MeanLoss {
    let displacement = quadratic.displacement(scope);
    let (variances, spread) = quadratic.spread(scope, displacement, share, rates);
    MeanLoss {
        loss: quadratic.loss.node(scope, displacement),
        gradient: quadratic.gradient(scope, displacement),
        validation: (quadratic.validation.as_ref()).map(|form| form.node(scope, displacement)),
        variances,
        spread,
    }
}

fn by_sums(
    scope: &mut Scope<'_>,
    data: &OverData,
    share: f64,
    rates: &[f64],
) -> Result<MeanLoss, ExperimentError> {
    let sums = scope.declare_sums(&pass_shapes(scope.experiment));
    let held_out = data.sets.validation.as_ref().map(|examples| {
        let sum = scope.declare_sums(&[Shape::Scalar])[0];
        (sum, 1.0 / examples.count() as f64)
    });
    let regularization = scope.regularization()?;
    let pull = scope.gradient(regularization)?;
    let weight = scope
        .graph
        .constant(1.0 / data.sets.training.count() as f64);
    let means: Vec<NodeId> = sums
        .iter()
        .map(|&sum| scope.graph.mul(sum, weight))
        .collect();
    let (slopes, squares) = means[1..].split_at(pull.len());
    let share = scope.graph.constant(share);
    let mut spreads = Vec::new();
    for (&slope, &square) in slopes.iter().zip(squares) {
        let squared_mean = scope.graph.mul(slope, slope);
        let variance = scope.graph.sub(square, squared_mean);
        spreads.push(scope.graph.mul(variance, share));
    }
    let spread = weighted_total(scope, &spreads, rates);
    let gradient = (slopes.iter().zip(pull))
        .map(|(&slope, pull)| scope.graph.add(slope, pull))
        .collect();
    let validation = held_out.map(|(sum, weight)| {
        let weight = scope.graph.constant(weight);
        let mean = scope.graph.mul(sum, weight);
        scope.graph.add(mean, regularization)
    });
    Ok(MeanLoss {
        loss: scope.graph.add(means[0], regularization),
        gradient,
        validation,
        variances: Some(scope.flatten(&spreads)),
        spread,
    })
}

/// Σ_k r_k v_k over tensors.
pub(super) fn weighted_total(scope: &mut Scope<'_>, tensors: &[NodeId], rates: &[f64]) -> NodeId {
    let mut first = 0;
    let mut terms = Vec::new();
    for &tensor in tensors {
        let shape = scope.graph.shape(tensor);
        let mine = &rates[first..first + shape.len()];
        first += shape.len();
        let weighted = if mine.iter().all(|rate| *rate == mine[0]) {
            let rate = scope.graph.constant(mine[0]);
            scope.graph.mul(tensor, rate)
        } else {
            let weights = scope.tensor(mine, shape);
            scope.graph.mul(tensor, weights)
        };
        terms.push(scope.graph.sum(weighted));
    }
    scope.sum(&terms)
}
