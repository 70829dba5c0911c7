//! The names that formulas may use, and the graph that formulas are built into.

use crate::data::Variable;
use crate::dynamics::{self, Scale};
use crate::loss::{self, Graph, Names, NodeId, Shape, Varies};
use crate::spec::{
    Experiment, ExperimentError, Formula, NoiseScale, ParameterScale, ParameterShape,
};

/// Most scalar operations of one program. Programs are unrolled: one of this size takes seconds to compile, and GPU
/// drivers fail at far smaller sizes.
const LARGEST_PROGRAM: u64 = 200_000;

/// A graph under construction with the names that formulas may use.
pub(super) struct Scope<'a> {
    pub(super) experiment: &'a Experiment,
    variables: &'a [Variable],
    pub(super) graph: Graph,
    pub(super) state: dynamics::State,
    pub(super) names: Names,
}

impl<'a> Scope<'a> {
    /// A graph whose inputs are the state of a chain: the parameters, then the optimizer state.
    pub(super) fn new(experiment: &'a Experiment, variables: &'a [Variable]) -> Self {
        let optimizer_state = experiment
            .dynamics
            .optimizer
            .value
            .rule()
            .state(&shapes(experiment));
        Self::with(experiment, variables, &optimizer_state)
    }

    /// A graph whose inputs are the parameters alone, for the loss as a function.
    pub(super) fn of_parameters(experiment: &'a Experiment, variables: &'a [Variable]) -> Self {
        Self::with(experiment, variables, &[])
    }

    fn with(
        experiment: &'a Experiment,
        variables: &'a [Variable],
        optimizer_state: &[Shape],
    ) -> Self {
        let mut graph = Graph::new();
        let parameters: Vec<NodeId> = (experiment.parameters.iter())
            .map(|p| graph.input(&p.name.value, shape(p.shape), Varies::PerChain))
            .collect();
        let optimizer_state = (optimizer_state.iter().enumerate())
            .map(|(k, &shape)| graph.input(&format!("optimizer_state{k}"), shape, Varies::PerChain))
            .collect();
        let names = (experiment.parameters.iter().zip(&parameters))
            .map(|(p, &node)| (p.name.value.clone(), node));
        let names = names.collect();
        Self {
            experiment,
            variables,
            graph,
            state: dynamics::State {
                parameters,
                optimizer_state,
            },
            names,
        }
    }

    /// Declares the columns of one example as inputs that formulas may name.
    pub(super) fn declare_example(&mut self) {
        for variable in self.variables {
            let shape = variable.length.map_or(Shape::Scalar, Shape::Vector);
            let node = self.graph.input(&variable.name, shape, Varies::PerChain);
            self.names.insert(variable.name.clone(), node);
        }
    }

    /// Declares sums of these shapes as inputs.
    pub(super) fn declare_sums(&mut self, shapes: &[Shape]) -> Vec<NodeId> {
        (shapes.iter().enumerate())
            .map(|(k, &shape)| {
                self.graph
                    .input(&format!("sum{k}"), shape, Varies::PerChain)
            })
            .collect()
    }

    pub(super) fn formula(&mut self, formula: &Formula) -> Result<NodeId, ExperimentError> {
        let built = loss::formula(&mut self.graph, &self.names, &formula.text);
        let node = built.map_err(|error| {
            ExperimentError::formula(
                &self.experiment.source,
                formula,
                &error.message,
                error.span.clone(),
                &error.label,
                self.misplaced(&formula.text[error.span.clone()])
                    .or(error.help.as_deref()),
            )
        })?;
        self.check_size(&[node], formula, "this formula")?;
        Ok(node)
    }

    /// Advice about a name that exists but cannot be used at this position.
    fn misplaced(&self, name: &str) -> Option<&'static str> {
        let observables = &self.experiment.measure.observables;
        if name == "loss" {
            return Some("only observables and histograms can use the loss");
        }
        let known = observables.iter().any(|other| other.name.value == name);
        (known && !self.names.contains_key(name))
            .then_some("only observables below an observable, and histograms, can use it")
    }

    /// Refuses a program that is too large, before any tensor is flattened.
    fn check_size(
        &self,
        nodes: &[NodeId],
        formula: &Formula,
        what: &str,
    ) -> Result<(), ExperimentError> {
        let dimension = self.experiment.dimension() as u64;
        let count = self
            .graph
            .scalar_operations(nodes)
            .saturating_add(dimension);
        if count <= LARGEST_PROGRAM {
            return Ok(());
        }
        let message = format!(
            "{what} with {dimension} parameters takes about {count} operations for every chain"
        );
        let label = format!("at most {LARGEST_PROGRAM} are possible");
        let help = "sums and products are written out, element by element: take smaller vectors and matrices";
        let whole = 0..formula.text.trim_end().len();
        Err(ExperimentError::formula(
            &self.experiment.source,
            formula,
            &message,
            whole,
            &label,
            Some(help),
        ))
    }

    /// Checks the size of a program that computes more than one formula, and points at the loss.
    pub(super) fn check_program(
        &self,
        nodes: &[NodeId],
        what: &str,
    ) -> Result<(), ExperimentError> {
        self.check_size(nodes, &self.experiment.loss, what)
    }

    /// The formula of the loss: the loss itself, or that of the declared example.
    pub(super) fn bare_loss(&mut self) -> Result<NodeId, ExperimentError> {
        self.formula(&self.experiment.loss)
    }

    /// The regularization; zero where there is none.
    pub(super) fn regularization(&mut self) -> Result<NodeId, ExperimentError> {
        match &self.experiment.regularization {
            Some(formula) => self.formula(formula),
            None => Ok(self.graph.constant(0.0)),
        }
    }

    /// The formula of the loss with the regularization.
    pub(super) fn loss(&mut self) -> Result<NodeId, ExperimentError> {
        let bare = self.bare_loss()?;
        let regularization = self.regularization()?;
        Ok(self.graph.add(bare, regularization))
    }

    /// The gradient of a scalar by parameter.
    pub(super) fn gradient(&mut self, of: NodeId) -> Result<Vec<NodeId>, ExperimentError> {
        let gradient = self.graph.gradient(of, &self.state.parameters);
        let both: Vec<NodeId> = std::iter::once(of)
            .chain(gradient.iter().copied())
            .collect();
        self.check_program(&both, "the loss with its gradient")?;
        Ok(gradient)
    }

    /// σ of each parameter tensor where it depends on the parameters; empty for every other scale.
    ///
    /// # Errors
    /// A formula of the noise is wrong.
    pub(super) fn sigma(&mut self, scale: Option<&Scale>) -> Result<Vec<NodeId>, ExperimentError> {
        let experiment = self.experiment;
        match (scale, &experiment.noise.scale) {
            (Some(Scale::StateDependent), NoiseScale::Formula(formula)) => {
                let sigma = self.formula(formula)?;
                Ok(vec![sigma; self.state.parameters.len()])
            }
            (Some(Scale::StateDependent), NoiseScale::PerParameter(scales)) => (scales
                .iter()
                .zip(&experiment.parameters))
            .map(|(scale, parameter)| match scale {
                ParameterScale::Constant(value) => Ok(self.graph.constant(*value)),
                ParameterScale::Values(values) => Ok(self.tensor(values, shape(parameter.shape))),
                ParameterScale::Formula(formula) => self.formula(formula),
            })
            .collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// Number of scalars in tensors.
    pub(super) fn size_of(&self, tensors: &[NodeId]) -> usize {
        (tensors.iter())
            .map(|&tensor| self.graph.shape(tensor).len())
            .sum()
    }

    /// Numbers in a chain's state: the parameters, then the optimizer state.
    pub(super) fn state_size(&self) -> usize {
        self.size_of(&self.state.parameters) + self.size_of(&self.state.optimizer_state)
    }

    pub(super) fn tensor(&mut self, values: &[f64], shape: Shape) -> NodeId {
        let nodes: Vec<NodeId> = values
            .iter()
            .map(|&value| self.graph.constant(value))
            .collect();
        if shape == Shape::Scalar {
            return nodes[0];
        }
        let vector = self.graph.stack(&nodes);
        self.graph.reshape(vector, shape)
    }

    /// All elements of the tensors, in order.
    pub(super) fn flatten(&mut self, tensors: &[NodeId]) -> Vec<NodeId> {
        let mut elements = Vec::new();
        for &tensor in tensors {
            for index in 0..self.graph.shape(tensor).len() {
                elements.push(self.graph.element(tensor, index));
            }
        }
        elements
    }

    pub(super) fn sum(&mut self, terms: &[NodeId]) -> NodeId {
        let mut sum = self.graph.constant(0.0);
        for &term in terms {
            sum = self.graph.add(sum, term);
        }
        sum
    }
}

/// Shapes of the parameters.
pub(super) fn shapes(experiment: &Experiment) -> Vec<Shape> {
    (experiment.parameters.iter())
        .map(|parameter| shape(parameter.shape))
        .collect()
}

fn shape(shape: ParameterShape) -> Shape {
    match shape {
        ParameterShape::Scalar => Shape::Scalar,
        ParameterShape::Vector(n) => Shape::Vector(n),
        ParameterShape::Matrix(m, n) => Shape::Matrix(m, n),
    }
}
