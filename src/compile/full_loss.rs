//! The loss of an experiment: a formula in the parameters, or the mean of a formula over a data set.

use super::scope::Scope;
use crate::data::{Examples, Variable};
use crate::engine::Table;
use crate::loss::{NodeId, Program};
use crate::objective::{DataSets, OverData, QUADRATIC_LIMIT, Quadratic};
use crate::spec::{Experiment, ExperimentError};

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
        let parameters = experiment.dimension();
        let data = OverData::new(program, parameters, may_be_quadratic, sets, starts);
        Ok(Self { data: Some(data) })
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
}

pub(super) fn table(examples: &Examples, half: bool) -> Table {
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
    let quadratic = experiment.dimension() <= QUADRATIC_LIMIT
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
