//! The loss as a function in f64, for theory.

use super::example_model::ExampleModel;
use crate::loss::Program;
use std::cell::RefCell;

/// The loss as a function of the flattened parameters, in f64.
#[derive(Debug, Clone)]
pub struct Model {
    loss: Evaluation,
    /// True when ∂L/∂x_k depends on x_k alone, for every k: the loss is a sum of functions of one parameter each.
    pub separable: bool,
    /// The mean of the start, one number per flattened parameter.
    pub start: Vec<f64>,
}

/// The way in which the loss is evaluated.
#[derive(Debug, Clone)]
enum Evaluation {
    /// Inputs: flattened parameters. Outputs: loss, then its gradient.
    Formula(Box<Program>),
    /// The mean over a data set.
    Examples(ExampleModel),
}

impl Model {
    /// The loss of a program whose inputs are the flattened parameters and whose outputs are the loss and its gradient.
    pub(crate) fn formula(program: Program, separable: bool, start: Vec<f64>) -> Self {
        Self {
            loss: Evaluation::Formula(Box::new(program)),
            separable,
            start,
        }
    }

    /// The mean loss over examples.
    pub(crate) fn examples(examples: ExampleModel, start: Vec<f64>) -> Self {
        Self {
            loss: Evaluation::Examples(examples),
            separable: false,
            start,
        }
    }

    /// L(x).
    pub fn loss(&self, x: &[f64]) -> f64 {
        match &self.loss {
            Evaluation::Formula(program) => program.evaluate(x)[0],
            Evaluation::Examples(model) => model.mean(x).0,
        }
    }

    /// L as a function of parameter `k` with the others at `at`. Faster than [`Self::loss`] at many points, because it
    /// allocates once.
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
                    let mut x_k = at.clone();
                    x_k[k] = x;
                    model.mean(&x_k).0
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
