//! The loss over a data set in f64 on the host: the mean over examples of a program's outputs.

use crate::data::Examples;
use crate::loss::Program;
use crate::theory::ExampleLoss;
use std::sync::Arc;

/// Examples that a program evaluates at a time: its lanes.
const LANES: usize = 64;

/// A program that is run over every example of a data set.
#[derive(Debug, Clone)]
pub struct ExampleModel {
    /// Inputs: flattened parameters, then the numbers of an example. Outputs: L_i with the regularization, its gradient.
    program: Arc<Program>,
    parameters: usize,
    examples: Arc<Examples>,
}

impl ExampleModel {
    pub(crate) fn new(program: Arc<Program>, parameters: usize, examples: Arc<Examples>) -> Self {
        Self {
            program,
            parameters,
            examples,
        }
    }

    /// L and ∇L at a point: the means over all examples.
    pub fn mean(&self, at: &[f64]) -> (f64, Vec<f64>) {
        let (mut loss, mut gradient) = (0.0, vec![0.0; self.parameters]);
        self.visit(at, &mut |one, slope| {
            loss += one;
            for (sum, g) in gradient.iter_mut().zip(slope) {
                *sum += g;
            }
        });
        let count = self.examples.count() as f64;
        gradient.iter_mut().for_each(|g| *g /= count);
        (loss / count, gradient)
    }
}

impl ExampleLoss for ExampleModel {
    fn dimension(&self) -> usize {
        self.parameters
    }

    fn examples(&self) -> usize {
        self.examples.count()
    }

    fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64])) {
        let mut rows = vec![[0.0; LANES]; self.program.row_count()];
        self.program.prepare(&mut rows);
        let width = self.examples.width;
        let mut gradient = vec![0.0; self.parameters];
        for block in self.examples.values.chunks(LANES * width) {
            // A run may leave other numbers in the rows of inputs only where it feeds back, and this program does not.
            for (row, &x) in rows.iter_mut().zip(at) {
                row.fill(x);
            }
            for (lane, example) in block.chunks(width).enumerate() {
                for (row, &value) in rows[self.parameters..].iter_mut().zip(example) {
                    row[lane] = value;
                }
            }
            self.program.run(&mut rows);
            let output = |k: usize| &rows[self.program.output_row(k)];
            for (lane, &loss) in output(0).iter().enumerate().take(block.len() / width) {
                for (k, g) in gradient.iter_mut().enumerate() {
                    *g = output(k + 1)[lane];
                }
                visit(loss, &gradient);
            }
        }
    }
}
