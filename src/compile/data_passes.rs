//! The loss over the whole data set: how it is known, and how a measurement computes it.

use super::scope::Scope;
use super::step::{accumulate, survey_shapes};
use crate::data::{Examples, Variable};
use crate::engine::{DataPass, Table};
use crate::loss::{NodeId, Program, Shape};
use crate::objective::ExampleModel;
use crate::objective::Quadratic;
use crate::spec::{Experiment, ExperimentError};
use crate::theory::{self, DataOptimum};
use std::sync::Arc;

/// The examples of an experiment.
#[derive(Debug, Clone)]
pub struct DataSets {
    /// What steps learn from.
    pub training: Arc<Examples>,
    /// What is held out.
    pub validation: Option<Arc<Examples>>,
    /// Whether devices are to store them in 16 bits; then every number fits.
    pub half: bool,
}

/// What is known of a loss over data.
#[derive(Debug, Clone)]
pub struct OverData {
    /// The examples.
    pub sets: DataSets,
    /// The loss in f64, example by example.
    pub examples: ExampleModel,
    /// A minimum of the loss, and what the examples' gradients do there, where the search found one.
    pub optimum: Option<DataOptimum>,
    quadratic: Option<Quadratic>,
}

impl OverData {
    /// Whether every example's loss is quadratic in the parameters.
    pub fn is_quadratic(&self) -> bool {
        self.quadratic.is_some()
    }
}

/// Most parameters for which the optimum is searched for: its Hessian is d × d.
pub(super) const OPTIMUM_LIMIT: usize = 64;

/// The loss over everything: the formula itself, or a mean over data.
#[derive(Debug, Clone, Default)]
pub(super) struct FullLoss {
    data: Option<OverData>,
}

impl FullLoss {
    /// The loss of a formula without data.
    pub(super) fn formula() -> Self {
        Self::default()
    }

    /// The mean of a formula over data.
    ///
    /// `starts` are where the search for the optimum begins, one after the other until one succeeds.
    pub(super) fn over(
        experiment: &Experiment,
        sets: DataSets,
        starts: &[Vec<f64>],
    ) -> Result<Self, ExperimentError> {
        let (program, may_be_quadratic) = example_program(experiment, &sets.training.variables)?;
        let program = Arc::new(program);
        let size = experiment.dimension();
        let model =
            |examples: &Arc<Examples>| ExampleModel::new(program.clone(), size, examples.clone());
        let training = model(&sets.training);
        let validation = sets.validation.as_ref().map(model);
        let quadratic = may_be_quadratic
            .then(|| Quadratic::new(&training, validation.as_ref()))
            .flatten();
        let center = quadratic.iter().map(|quadratic| &quadratic.center);
        let optimum = (size <= OPTIMUM_LIMIT)
            .then(|| {
                center
                    .chain(starts)
                    .filter_map(|start| theory::find_data_optimum(&training, start).ok())
                    .find(DataOptimum::is_strict_minimum)
            })
            .flatten();
        Ok(Self {
            data: Some(OverData {
                sets,
                examples: training,
                optimum,
                quadratic,
            }),
        })
    }

    pub(super) fn data(&self) -> Option<&OverData> {
        self.data.as_ref()
    }

    pub(super) fn into_data(self) -> Option<OverData> {
        self.data
    }

    pub(super) fn quadratic(&self) -> Option<&Quadratic> {
        self.data.as_ref()?.quadratic.as_ref()
    }

    /// A scope in which the columns of the data set may be declared.
    pub(super) fn scope<'a>(&'a self, experiment: &'a Experiment) -> Scope<'a> {
        Scope::new(experiment, self.variables())
    }

    fn variables(&self) -> &[Variable] {
        (self.data.as_ref()).map_or(&[], |data| &data.sets.training.variables)
    }

    /// The training examples as engines read them.
    pub(super) fn table(&self) -> Option<Table> {
        let data = self.data.as_ref()?;
        Some(table(&data.sets.training, data.sets.half))
    }

    /// The passes over the data that come before a measurement; none where polynomials say the same.
    pub(super) fn data_passes(
        &self,
        experiment: &Experiment,
    ) -> Result<Vec<DataPass>, ExperimentError> {
        let Some(data) = self.data.as_ref().filter(|data| data.quadratic.is_none()) else {
            return Ok(Vec::new());
        };
        let half = data.sets.half;
        let mut scope = self.scope(experiment);
        let sums = scope.declare_sums(&survey_shapes(experiment));
        scope.declare_example();
        let loss = scope.bare_loss()?;
        let gradient = scope.gradient(loss)?;
        let squares: Vec<NodeId> = gradient.iter().map(|&g| scope.graph.mul(g, g)).collect();
        let terms = [vec![loss], gradient, squares].concat();
        let mut data_passes = vec![DataPass {
            table: table(&data.sets.training, half),
            gather: accumulate(&mut scope, &sums, &terms)?,
        }];
        if let Some(held_out) = &data.sets.validation {
            let mut scope = self.scope(experiment);
            let sums = scope.declare_sums(&[Shape::Scalar]);
            scope.declare_example();
            let loss = scope.bare_loss()?;
            data_passes.push(DataPass {
                table: table(held_out, half),
                gather: accumulate(&mut scope, &sums, &[loss])?,
            });
        }
        Ok(data_passes)
    }
}

fn table(examples: &Examples, half: bool) -> Table {
    Table {
        width: examples.width,
        count: examples.count() as u32,
        values: examples.values.as_slice().into(),
        half,
    }
}

/// L_i with the regularization and its gradient, and whether no second derivative names a parameter.
fn example_program(
    experiment: &Experiment,
    variables: &[Variable],
) -> Result<(Program, bool), ExperimentError> {
    let mut scope = Scope::of_parameters(experiment, variables);
    scope.declare_example();
    let loss = scope.loss()?;
    let gradient = scope.gradient(loss)?;
    let quadratic = experiment.dimension() <= crate::objective::QUADRATIC_LIMIT
        && second_derivatives_are_constant(&mut scope, &gradient);
    let outputs = [vec![loss], gradient].concat();
    Ok((Program::compile(&scope.graph, &outputs), quadratic))
}

fn second_derivatives_are_constant(scope: &mut Scope<'_>, gradient: &[NodeId]) -> bool {
    let parameters = scope.state.parameters.clone();
    scope.flatten(gradient).into_iter().all(|slope| {
        let second = scope.graph.gradient(slope, &parameters);
        second.iter().all(|&node| {
            (parameters.iter()).all(|&parameter| !scope.graph.depends_on(node, parameter))
        })
    })
}

/// The loss, its gradient and the variance of a step's gradient as nodes of the observing program.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) loss: NodeId,
    pub(super) gradient: Vec<NodeId>,
    pub(super) validation: Option<NodeId>,
    /// Of the mean gradient of a batch, entry by entry, flattened; `None` where they are too many.
    pub(super) variances: Option<Vec<NodeId>>,
    /// Their sum weighted by the rates.
    pub(super) spread: NodeId,
}

/// Declares what the data_passes give and computes the loss of it. `share` is the variance of a batch's mean gradient over
/// that of one example's.
pub(super) fn surveyed(
    scope: &mut Scope<'_>,
    data: &OverData,
    share: f64,
    rates: &[f64],
) -> Result<Surveyed, ExperimentError> {
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
) -> Surveyed {
    let displacement = quadratic.displacement(scope);
    let (variances, spread) = quadratic.spread(scope, displacement, share, rates);
    Surveyed {
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
) -> Result<Surveyed, ExperimentError> {
    let sums = scope.declare_sums(&survey_shapes(scope.experiment));
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
    Ok(Surveyed {
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
