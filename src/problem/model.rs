//! Formulas become graphs here, graphs become the programs of a task.

use crate::dynamics::{self, Kind, Scale};
use crate::experiment::{
    Experiment, ExperimentError, Formula, NoiseScale, ParameterScale, ParameterShape,
};
use crate::loss::{self, Graph, Names, NodeId, Program, Rate, Shape};
use nalgebra::DMatrix;
use std::ops::Range;

/// The loss as mathematics, for theory.
#[derive(Debug, Clone)]
pub struct Model {
    /// Inputs: flattened parameters. Outputs: loss, then its gradient.
    pub gradient: Program,
    /// The noise of the gradient; its nodes belong to no graph that is kept, only numbers may be used.
    pub scale: Option<Scale>,
    /// Whether ∂L/∂x_k depends on x_k alone, for every k: the loss is a sum of functions of one parameter each.
    pub separable: bool,
    /// The centre of the start.
    pub start: Vec<f64>,
}

impl Model {
    /// L(x).
    pub fn loss(&self, x: &[f64]) -> f64 {
        self.gradient.evaluate(x)[0]
    }

    /// ∇L(x).
    pub fn gradient(&self, x: &[f64]) -> Vec<f64> {
        self.gradient.evaluate(x).split_off(1)
    }
}

/// Which output of the observing program is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// L(x).
    pub loss: usize,
    /// x_k ∂L/∂x_k.
    pub virial: Range<usize>,
    /// x_k.
    pub parameters: Range<usize>,
    /// 2 x·g.
    pub fdr_left: usize,
    /// Σ_k r_k (δ g_k² + η σ_k²): equal in mean to the left side where the ensemble is stationary.
    pub fdr_right: usize,
    /// Left minus right, chain by chain.
    pub fdr_difference: usize,
    /// σ_k², where it depends on the state.
    pub variances: Option<Range<usize>>,
    /// The user's observables.
    pub observables: Range<usize>,
}

/// Programs and what is known of them.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) names: Vec<String>,
    pub(super) step: Program,
    pub(super) observe: Program,
    pub(super) draws: u32,
    pub(super) scale: Option<Scale>,
    pub(super) outputs: Outputs,
    /// Per histogram, the outputs of its axes.
    pub(super) histogram_outputs: Vec<Vec<usize>>,
    pub(super) model: Model,
}

/// Most parameters for which separability is looked into: each costs a small compilation.
const SEPARABLE_LIMIT: usize = 64;

/// Most scalar operations of one program. Programs are unrolled; compiling one of this size takes seconds, and drivers
/// of GPUs give up long before.
const LARGEST_PROGRAM: u64 = 200_000;

/// Graph, parameters and what formulas may name.
struct Scope<'a> {
    experiment: &'a Experiment,
    graph: Graph,
    parameters: Vec<NodeId>,
    names: Names,
}

impl<'a> Scope<'a> {
    fn new(experiment: &'a Experiment) -> Self {
        let mut graph = Graph::new();
        let parameters: Vec<NodeId> = (experiment.parameters.iter())
            .map(|p| graph.input(&p.name.value, shape(p.shape), Rate::Lane))
            .collect();
        let names = (experiment.parameters.iter().zip(&parameters))
            .map(|(p, &node)| (p.name.value.clone(), node));
        let names = names.collect();
        Self {
            experiment,
            graph,
            parameters,
            names,
        }
    }

    fn formula(&mut self, formula: &Formula) -> Result<NodeId, ExperimentError> {
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

    /// Advice about a name that exists, but not where it was used.
    fn misplaced(&self, name: &str) -> Option<&'static str> {
        let observables = &self.experiment.measure.observables;
        if name == "loss" {
            return Some("only observables and histograms can use the loss");
        }
        let known = observables.iter().any(|other| other.name.value == name);
        (known && !self.names.contains_key(name))
            .then_some("only observables below an observable, and histograms, can use it")
    }

    /// Refuses what would be too large as a program, before any tensor is taken apart.
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

    /// As [`Self::check_size`], for a program that computes more than one formula; points at the loss.
    fn check_program(&self, nodes: &[NodeId], what: &str) -> Result<(), ExperimentError> {
        self.check_size(nodes, &self.experiment.loss, what)
    }

    /// The loss and its gradient by parameter.
    fn loss(&mut self) -> Result<(NodeId, Vec<NodeId>), ExperimentError> {
        let loss = self.formula(&self.experiment.loss)?;
        let gradient = self.graph.gradient(loss, &self.parameters);
        let both: Vec<NodeId> = std::iter::once(loss)
            .chain(gradient.iter().copied())
            .collect();
        self.check_program(&both, "the loss with its gradient")?;
        Ok((loss, gradient))
    }

    /// The noise of the gradient.
    fn scale(&mut self) -> Result<Option<Scale>, ExperimentError> {
        let experiment = self.experiment;
        if let Some(sigma) = super::constant_sigma(experiment) {
            return Ok(Some(Scale::Constant(sigma)));
        }
        match &experiment.noise.scale {
            NoiseScale::None | NoiseScale::Constant(_) => Ok(None),
            NoiseScale::Formula(formula) => {
                let sigma = self.formula(formula)?;
                Ok(Some(Scale::State(vec![sigma; self.parameters.len()])))
            }
            NoiseScale::PerParameter(scales) => {
                let mut sigma = Vec::new();
                for (scale, parameter) in scales.iter().zip(&experiment.parameters) {
                    sigma.push(match scale {
                        ParameterScale::Constant(value) => self.graph.constant(*value),
                        ParameterScale::Values(values) => {
                            self.tensor(values, shape(parameter.shape))
                        }
                        ParameterScale::Formula(formula) => self.formula(formula)?,
                    });
                }
                Ok(Some(Scale::State(sigma)))
            }
            NoiseScale::Covariance(rows) => Ok(Some(Scale::Factor(square_root(&rows.value)))),
        }
    }

    fn tensor(&mut self, values: &[f64], shape: Shape) -> NodeId {
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

    /// All elements of tensors, one after the other.
    fn flatten(&mut self, tensors: &[NodeId]) -> Vec<NodeId> {
        let mut elements = Vec::new();
        for &tensor in tensors {
            for index in 0..self.graph.shape(tensor).len() {
                elements.push(self.graph.element(tensor, index));
            }
        }
        elements
    }

    fn sum(&mut self, terms: &[NodeId]) -> NodeId {
        let mut sum = self.graph.constant(0.0);
        for &term in terms {
            sum = self.graph.add(sum, term);
        }
        sum
    }
}

pub(super) fn build(
    experiment: &Experiment,
    kind: Kind,
    rates: &[f64],
) -> Result<Built, ExperimentError> {
    let (step, draws, scale) = step_program(experiment, rates)?;
    let (observe, outputs, histogram_outputs) = observe_program(experiment, kind, rates)?;
    let model = model(experiment, scale.clone())?;
    Ok(Built {
        names: names(experiment),
        step,
        observe,
        draws,
        scale,
        outputs,
        histogram_outputs,
        model,
    })
}

fn step_program(
    experiment: &Experiment,
    rates: &[f64],
) -> Result<(Program, u32, Option<Scale>), ExperimentError> {
    let mut scope = Scope::new(experiment);
    let (_, gradient) = scope.loss()?;
    let scale = scope.scale()?;
    let step = dynamics::step(
        &mut scope.graph,
        &scope.parameters,
        &gradient,
        scale.as_ref(),
        rates,
    );
    scope.check_program(&step.next, "one step")?;
    let feedback: Vec<(usize, usize)> = (0..experiment.dimension()).map(|k| (k, k)).collect();
    Ok((
        Program::compile_feedback(&scope.graph, &step.next, &feedback),
        step.draws,
        scale,
    ))
}

fn observe_program(
    experiment: &Experiment,
    kind: Kind,
    rates: &[f64],
) -> Result<(Program, Outputs, Vec<Vec<usize>>), ExperimentError> {
    let mut scope = Scope::new(experiment);
    let delta = scope.graph.input("delta", Shape::Scalar, Rate::Uniform);
    let eta = scope.graph.input("eta", Shape::Scalar, Rate::Uniform);
    let (loss, gradient) = scope.loss()?;
    let scale = scope.scale()?;
    let size = experiment.dimension();
    let x = scope.flatten(&scope.parameters.clone());
    let g = scope.flatten(&gradient);
    let virial: Vec<NodeId> = x
        .iter()
        .zip(&g)
        .map(|(&x, &g)| scope.graph.mul(x, g))
        .collect();
    let variances = variances(&mut scope, scale.as_ref());

    let total = scope.sum(&virial);
    let two = scope.graph.constant(2.0);
    let left = scope.graph.mul(two, total);
    let right = fluctuation(&mut scope, &g, &variances, rates, delta, eta, kind);
    let difference = scope.graph.sub(left, right);

    let mut nodes = vec![loss];
    nodes.extend(&virial);
    nodes.extend(&x);
    nodes.extend([left, right, difference]);
    let state_dependent = matches!(scale, Some(Scale::State(_)));
    let first_variance = nodes.len();
    if state_dependent {
        nodes.extend(&variances);
    }
    let first_observable = nodes.len();
    scope.names.insert("loss".to_owned(), loss);
    for observable in &experiment.measure.observables {
        let node = scope.formula(&observable.formula)?;
        scope.names.insert(observable.name.value.clone(), node);
        nodes.push(node);
    }
    let outputs = Outputs {
        loss: 0,
        virial: 1..1 + size,
        parameters: 1 + size..1 + 2 * size,
        fdr_left: 1 + 2 * size,
        fdr_right: 2 + 2 * size,
        fdr_difference: 3 + 2 * size,
        variances: state_dependent.then(|| first_variance..first_variance + size),
        observables: first_observable..nodes.len(),
    };
    let histograms = histogram_outputs(&mut scope, &mut nodes)?;
    scope.check_program(&nodes, "one measurement")?;
    Ok((Program::compile(&scope.graph, &nodes), outputs, histograms))
}

/// Finds the outputs that histograms need, adding those that are not there yet.
fn histogram_outputs(
    scope: &mut Scope<'_>,
    nodes: &mut Vec<NodeId>,
) -> Result<Vec<Vec<usize>>, ExperimentError> {
    let mut histograms = Vec::new();
    for histogram in &scope.experiment.measure.histograms {
        let mut outputs = Vec::new();
        for axis in &histogram.axes {
            let node = scope.formula(&axis.of)?;
            let known = nodes.iter().position(|&other| other == node);
            outputs.push(known.unwrap_or_else(|| {
                nodes.push(node);
                nodes.len() - 1
            }));
        }
        histograms.push(outputs);
    }
    Ok(histograms)
}

/// σ_k² of every flattened parameter.
fn variances(scope: &mut Scope<'_>, scale: Option<&Scale>) -> Vec<NodeId> {
    let size = scope.experiment.dimension();
    match scale {
        None => vec![scope.graph.constant(0.0); size],
        Some(Scale::Constant(sigma)) => sigma.iter().map(|s| scope.graph.constant(s * s)).collect(),
        Some(Scale::Factor(rows)) => rows
            .iter()
            .map(|row| scope.graph.constant(row.iter().map(|f| f * f).sum()))
            .collect(),
        Some(Scale::State(sigma)) => {
            let mut all = Vec::new();
            for (&sigma, parameter) in sigma.iter().zip(scope.parameters.clone()) {
                let square = scope.graph.mul(sigma, sigma);
                let length = scope.graph.shape(parameter).len();
                if scope.graph.shape(square) == Shape::Scalar {
                    all.extend(vec![square; length]);
                } else {
                    all.extend(scope.flatten(&[square]));
                }
            }
            all
        }
    }
}

/// The right side of the fluctuation–dissipation relation (Yaida 2018, with rates and, for Langevin, its own time
/// step): from E‖x′‖² = E‖x‖² in the metric diag(1/r), 2 E[x·g] = Σ_k r_k (δ E g_k² + η E σ_k²).
fn fluctuation(
    scope: &mut Scope<'_>,
    g: &[NodeId],
    variances: &[NodeId],
    rates: &[f64],
    delta: NodeId,
    eta: NodeId,
    kind: Kind,
) -> NodeId {
    let mut terms = Vec::new();
    for ((&g, &variance), &rate) in g.iter().zip(variances).zip(rates) {
        let graph = &mut scope.graph;
        let square = graph.mul(g, g);
        let drift = graph.mul(delta, square);
        let both = if kind == Kind::GradientFlow {
            drift
        } else {
            let spread = graph.mul(eta, variance);
            graph.add(drift, spread)
        };
        let rate = graph.constant(rate);
        terms.push(graph.mul(rate, both));
    }
    scope.sum(&terms)
}

fn model(experiment: &Experiment, scale: Option<Scale>) -> Result<Model, ExperimentError> {
    let mut scope = Scope::new(experiment);
    let (loss, gradient) = scope.loss()?;
    let flat = scope.flatten(&gradient);
    let separable = flat.len() <= SEPARABLE_LIMIT
        && flat.iter().enumerate().all(|(k, &g)| {
            let alone = Program::compile(&scope.graph, &[g]);
            (0..flat.len()).all(|slot| slot == k || !alone.input_is_used(slot))
        });
    let mut nodes = vec![loss];
    nodes.extend(flat);
    Ok(Model {
        gradient: Program::compile(&scope.graph, &nodes),
        scale,
        separable,
        start: centre(experiment),
    })
}

fn centre(experiment: &Experiment) -> Vec<f64> {
    use crate::dynamics::Law;
    let laws = super::laws(experiment);
    (laws.iter())
        .map(|law| match *law {
            Law::Value(value) => value,
            Law::Normal { mean, .. } => mean,
            Law::Uniform { from, to } => 0.5 * (from + to),
        })
        .collect()
}

fn shape(shape: ParameterShape) -> Shape {
    match shape {
        ParameterShape::Scalar => Shape::Scalar,
        ParameterShape::Vector(n) => Shape::Vector(n),
        ParameterShape::Matrix(m, n) => Shape::Matrix(m, n),
    }
}

/// Names of the flattened parameters.
fn names(experiment: &Experiment) -> Vec<String> {
    (experiment.parameters.iter())
        .flat_map(|parameter| {
            let name = &parameter.name.value;
            match parameter.shape {
                ParameterShape::Scalar => vec![name.clone()],
                ParameterShape::Vector(n) => (0..n).map(|i| format!("{name}[{i}]")).collect(),
                ParameterShape::Matrix(m, n) => (0..m)
                    .flat_map(|i| (0..n).map(move |j| (i, j)))
                    .map(|(i, j)| format!("{name}[{i},{j}]"))
                    .collect(),
            }
        })
        .collect()
}

/// The symmetric square root F of a positive semidefinite matrix, F Fᵀ = Σ. Unlike Cholesky's factor it exists where Σ
/// is singular, and it is diagonal where Σ is.
fn square_root(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let size = rows.len();
    let matrix = DMatrix::from_fn(size, size, |i, j| rows[i][j]);
    let diagonal = (0..size).all(|i| (0..size).all(|j| i == j || rows[i][j] == 0.0));
    let root = if diagonal {
        matrix.map(|value| value.max(0.0).sqrt())
    } else {
        let eigen = matrix.symmetric_eigen();
        let values = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
        &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose()
    };
    (0..size)
        .map(|i| (0..size).map(|j| root[(i, j)]).collect())
        .collect()
}
