//! The loss as mathematics, for theory.

use super::data_passes::FullLoss;
use super::scope::Scope;
use crate::dynamics::Scale;
use crate::loss::Program;
use crate::objective::ExampleModel;
use crate::spec::{Experiment, ExperimentError, ParameterShape};
use std::cell::RefCell;

/// The loss as mathematics, for theory.
#[derive(Debug, Clone)]
pub struct Model {
    loss: Evaluation,
    /// The noise of the gradient; its nodes belong to no graph that is kept, only numbers may be used.
    pub scale: Option<Scale>,
    /// Whether ∂L/∂x_k depends on x_k alone, for every k: the loss is a sum of functions of one parameter each.
    pub separable: bool,
    /// The centre of the start.
    pub start: Vec<f64>,
}

/// How the loss is evaluated.
#[derive(Debug, Clone)]
enum Evaluation {
    /// Inputs: flattened parameters. Outputs: loss, then its gradient.
    Formula(Box<Program>),
    /// The mean over a data set.
    Examples(ExampleModel),
}

impl Model {
    /// L(x).
    pub fn loss(&self, x: &[f64]) -> f64 {
        match &self.loss {
            Evaluation::Formula(program) => program.evaluate(x)[0],
            Evaluation::Examples(model) => model.mean(x).0,
        }
    }

    /// L as a function of parameter `k` with the others at `at`: quicker than [`Self::loss`] at many places, because memory is
    /// taken once.
    pub fn along(&self, k: usize, at: &[f64]) -> Box<dyn Fn(f64) -> f64> {
        let at = at.to_vec();
        match &self.loss {
            Evaluation::Formula(program) => {
                let program = program.clone();
                let mut rows = vec![[0.0]; program.row_count()];
                program.prepare(&mut rows);
                let rows = RefCell::new(rows);
                Box::new(move |x| {
                    let rows = &mut *rows.borrow_mut();
                    for (row, value) in rows.iter_mut().zip(&at) {
                        row[0] = *value;
                    }
                    rows[k][0] = x;
                    program.run(rows);
                    rows[program.output_row(0)][0]
                })
            }
            Evaluation::Examples(model) => {
                let model = model.clone();
                Box::new(move |x| {
                    let mut place = at.clone();
                    place[k] = x;
                    model.mean(&place).0
                })
            }
        }
    }

    /// ∇L(x).
    pub fn gradient(&self, x: &[f64]) -> Vec<f64> {
        match &self.loss {
            Evaluation::Formula(program) => program.evaluate(x).split_off(1),
            Evaluation::Examples(model) => model.mean(x).1,
        }
    }
}

/// Most parameters for which separability is looked into: each costs a small compilation.
const SEPARABLE_LIMIT: usize = 64;

pub(super) fn model(
    experiment: &Experiment,
    full: &FullLoss,
    scale: Option<Scale>,
    start: Vec<f64>,
) -> Result<Model, ExperimentError> {
    if let Some(data) = full.data() {
        return Ok(Model {
            loss: Evaluation::Examples(data.examples.clone()),
            scale,
            separable: false,
            start,
        });
    }
    let mut scope = Scope::of_parameters(experiment, &[]);
    let loss = scope.loss()?;
    let gradient = scope.gradient(loss)?;
    let flat = scope.flatten(&gradient);
    let separable = flat.len() <= SEPARABLE_LIMIT
        && flat.iter().enumerate().all(|(k, &g)| {
            let alone = Program::compile(&scope.graph, &[g]);
            (0..flat.len()).all(|slot| slot == k || !alone.input_is_used(slot))
        });
    let nodes = [vec![loss], flat].concat();
    Ok(Model {
        loss: Evaluation::Formula(Box::new(Program::compile(&scope.graph, &nodes))),
        scale,
        separable,
        start,
    })
}

/// Names of the flattened parameters.
pub(super) fn names(experiment: &Experiment) -> Vec<String> {
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
