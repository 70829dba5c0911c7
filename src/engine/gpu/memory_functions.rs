//! Generated functions for a task whose chains do not fit into registers: loops over memory, in which each chain has a
//! column. Counterpart of `register_functions.rs`.

use super::columns::SumColumns;
use super::lowering::Lowering;
use super::program_text::{InputRange, loops};
use super::register_functions::{next, skip};
use crate::engine::task::{Batch, CHUNK, ExampleSum, Task};
use crate::loss::{Access, TensorInput};
use std::fmt::Write;

/// Elements of the column of the invocation's chain, from `first` on.
fn cells(first: usize) -> Access {
    Access {
        open: format!("memory[({first}u + "),
        close: ") * ensemble.slots + column]".to_owned(),
    }
}

fn temporaries(first: usize) -> TensorInput {
    TensorInput {
        array: cells(0),
        first,
    }
}

/// The chain's state as steps write it. Only states of plain floats live in memory.
fn state() -> Access {
    Access {
        open: "state[(".to_owned(),
        close: ") * ensemble.slots + column]".to_owned(),
    }
}

/// The chain's state as programs read it, whatever its precision.
fn stored() -> Access {
    Access {
        open: "stored(".to_owned(),
        close: ", column)".to_owned(),
    }
}

fn uniforms(first: &str, length: usize) -> InputRange {
    let access = Access {
        open: format!("uniforms[point_of_column * (COEFFICIENTS + OBSERVE_UNIFORMS) + {first} + "),
        close: "]".to_owned(),
    };
    InputRange::new(access, length)
}

/// Functions `step` and `max_norm`.
pub(super) fn step(task: &Task, lowering: &Lowering) -> String {
    let columns = &lowering.step_columns;
    let mut functions = String::from("\n");
    let mut text = String::from(
        "fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {\n",
    );
    let memory = temporaries(columns.temporaries);
    let mut inputs = vec![InputRange::new(stored(), task.state)];
    if task.draws > 0 {
        inputs.push(draws(&mut text, task, columns.draws));
    }
    if let Some(batch) = &task.batch {
        inputs.push(match (&batch.example_sum, columns.sums) {
            (Some(example_sum), Some(sums)) => {
                let width = batch.table.width;
                sums.add_function(&mut functions, "batch", task, example_sum, width, &memory);
                let (before, at) = next(batch);
                sums.run(&mut text, "batch", u64::from(batch.size), before, &at);
                InputRange::new(cells(sums.total), example_sum.sums)
            }
            _ => only_example(&mut text, batch),
        });
        if task.picks() {
            text.push_str(&skip(task, batch.size));
        }
    }
    inputs.push(uniforms("0u", task.uniforms[0][0].step.len()));
    let width = task.width();
    loops(&mut text, width, &task.step, &inputs, &memory, &state());
    text.push_str("}\n\n");
    functions + &text + MAX_NORM
}

const MAX_NORM: &str = "// Largest magnitude of the numbers of the state.
fn max_norm(values: ptr<function, State>) -> Bits {
  var largest = Bits();
  for (var k = 0u; k < turns(STATE); k++) {
    largest = max(largest, magnitude(state[k * ensemble.slots + column]));
  }
  return largest;
}

";

/// Writes a loop that takes the draws of a step from the stream; returns the inputs that it makes.
fn draws(text: &mut String, task: &Task, first: usize) -> InputRange {
    let (count, per_block) = (task.draws, task.noise.draws_per_block());
    let access = cells(first);
    let _ = writeln!(
        text,
        "  for (var k = 0u; k < turns({count}u); k++) {{\n    if k > 0u && k % {per_block}u == 0u {{\n      \
         refill(stream);\n    }}\n    {} = take(stream);\n  }}",
        access.element("k")
    );
    text.push_str(&skip(task, count));
    InputRange::new(access, count as usize)
}

/// Writes the statement that picks the only example of a step; returns the inputs that it makes.
fn only_example(text: &mut String, batch: &Batch) -> InputRange {
    let width = batch.table.width;
    let _ = writeln!(text, "  let at = next_example(stream) * {width}u;");
    example(width)
}

/// Inputs that are numbers of the example that begins at `at` in the data sets.
fn example(width: usize) -> InputRange {
    let access = Access {
        open: "number(at + ".to_owned(),
        close: ")".to_owned(),
    };
    InputRange::new(access, width)
}

impl SumColumns {
    /// Writes the function that adds an example to the sums of the current chunk.
    fn add_function(
        self,
        functions: &mut String,
        what: &str,
        task: &Task,
        example_sum: &ExampleSum,
        width: usize,
        memory: &TensorInput,
    ) {
        let part = cells(self.part);
        let inputs = [
            InputRange::new(stored(), task.state),
            InputRange::new(part.clone(), self.count),
            example(width),
        ];
        let _ = writeln!(functions, "fn {what}_add(at: u32) {{");
        let program = &example_sum.program;
        loops(functions, task.width(), program, &inputs, memory, &part);
        functions.push_str("}\n\n");
    }

    /// Writes a loop over a range of the examples. Its first and last chunk may continue in other ranges.
    fn run_range(self, text: &mut String, what: &str, count: u64, at: &str) {
        let (total, part) = (
            cells(self.total).element("k"),
            cells(self.part).element("k"),
        );
        let _ = writeln!(
            text,
            "    if first == 0u {{\n      {}\n    }}\n    \
             for (var index = first; index < last; index++) {{\n      \
             if index % {CHUNK}u == 0u {{\n        {}\n      }}\n      \
             {what}_add({at});\n      \
             if (index + 1u) % {CHUNK}u == 0u || index + 1u == {count}u {{\n        {}\n      }}\n    }}",
            self.each(&format!("{total} = 0.0;")),
            self.each(&format!("{part} = 0.0;")),
            self.each(&format!("{total} += {part};")),
        );
    }

    /// Loop that runs a statement for each of the sums.
    fn each(self, statement: &str) -> String {
        let count = self.count;
        format!("for (var k = 0u; k < turns({count}u); k++) {{ {statement} }}")
    }

    /// Writes a loop over examples in chunks.
    fn run(self, text: &mut String, what: &str, examples: u64, before: &str, at: &str) {
        let (total, part) = (
            cells(self.total).element("k"),
            cells(self.part).element("k"),
        );
        let each = |statement: &str| self.each(statement);
        let _ = writeln!(
            text,
            "  {}\n  for (var begin = 0u; begin < {examples}u; begin += {CHUNK}u) {{\n    {}\n    \
             for (var index = begin; index < min(begin + {CHUNK}u, {examples}u); index++) {{\n{before}      \
             {what}_add({at});\n    }}\n    {}\n  }}",
            each(&format!("{total} = 0.0;")),
            each(&format!("{part} = 0.0;")),
            each(&format!("{total} += {part};")),
        );
    }
}

/// Declaration of `OUTPUTS_AT`, the position of the first output in a chain's column.
pub(super) fn outputs_at(lowering: &Lowering) -> String {
    let outputs = lowering.observation_columns.outputs;
    format!("const OUTPUTS_AT: u32 = {outputs}u;\n\n")
}

/// Function `observe_chain`: computes the outputs from the state and the sums of data passes.
pub(super) fn observe(task: &Task, lowering: &Lowering) -> String {
    let columns = &lowering.observation_columns;
    let mut text = String::from("fn observe_chain() {\n");
    let mut inputs = vec![InputRange::new(stored(), task.state)];
    let sums = columns.sums.iter();
    inputs.extend(sums.map(|sums| InputRange::new(cells(sums.total), sums.count)));
    let count = task.uniforms[0][0].observe.len();
    inputs.push(uniforms("COEFFICIENTS", count));
    loops(
        &mut text,
        task.width(),
        &task.observe,
        &inputs,
        &temporaries(columns.temporaries),
        &cells(columns.outputs),
    );
    text.push_str("}\n\n");
    text
}

/// Function `sum_examples`: adds a range of the examples of a data pass to its sums.
pub(super) fn data_pass(task: &Task, lowering: &Lowering) -> String {
    let columns = &lowering.observation_columns;
    let memory = temporaries(columns.temporaries);
    let mut functions = String::new();
    let mut text = String::from("fn sum_examples(number: u32, first: u32, last: u32) {\n");
    let mut begin = 0u64;
    for (number, (data_pass, sums)) in task.data_passes.iter().zip(&columns.sums).enumerate() {
        let what = format!("data_pass{number}");
        let (width, count) = (data_pass.table.width, u64::from(data_pass.table.count));
        let example_sum = &data_pass.example_sum;
        sums.add_function(&mut functions, &what, task, example_sum, width, &memory);
        let _ = writeln!(text, "  if number == {number}u {{");
        let at = format!("index * {width}u + {begin}u");
        sums.run_range(&mut text, &what, count, &at);
        text.push_str("  }\n");
        begin += count * width as u64;
    }
    text.push_str("}\n\n");
    functions + &text
}
