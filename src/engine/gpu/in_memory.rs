//! The functions of a shader for a task whose chains do not fit into registers: loops over memory, in which each chain has a
//! column. Twin of `generate.rs`.

use super::body::{Form, InputRange, loops};
use super::compose::Target;
use super::generate::{next, skip};
use crate::engine::{Batch, CHUNK, ExampleSum, Task};
use crate::loss::{Access, TensorInput};
use std::fmt::Write;

/// Numbers of memory that have a use so far, in each chain's column.
#[derive(Debug, Clone, Copy)]
struct Column {
    next: usize,
}

impl Column {
    /// Room for so many numbers.
    fn take(&mut self, length: usize) -> usize {
        self.next += length;
        self.next - length
    }
}

/// Memory from a number on.
fn cells(first: usize) -> Access {
    Access {
        open: format!("memory[({first}u + "),
        close: ") * ensemble.places + column]".to_owned(),
    }
}

fn temporaries(column: Column) -> TensorInput {
    TensorInput {
        array: cells(0),
        first: column.next,
    }
}

/// The chain's state, where steps write it: floats only.
fn state() -> Access {
    Access {
        open: "state[(".to_owned(),
        close: ") * ensemble.places + column]".to_owned(),
    }
}

/// The chain's state to be read, however it is held.
fn kept() -> Access {
    Access {
        open: "kept(".to_owned(),
        close: ", column)".to_owned(),
    }
}

fn uniforms(first: &str, length: usize) -> InputRange {
    let access = Access {
        open: format!("uniforms[point_of_column * (COEFFICIENTS + SCALES) + {first} + "),
        close: "]".to_owned(),
    };
    InputRange::new(access, length)
}

/// Functions and the numbers of memory that they use.
#[derive(Debug)]
pub(super) struct Generated {
    pub(super) text: String,
    pub(super) numbers: usize,
}

/// What a task uses of memory at most, in each chain's column.
pub(super) fn numbers(task: &Task, target: Target) -> usize {
    let steps = match Form::of_steps(task) {
        Form::Registers => 0,
        Form::Memory => step(task).numbers,
    };
    match Form::of_observation(task, target) {
        Form::Registers => steps,
        Form::Memory => steps
            .max(observe(task).numbers)
            .max(data_pass(task).numbers),
    }
}

/// `step` and `extent` of a task.
pub(super) fn step(task: &Task) -> Generated {
    let mut column = Column { next: 0 };
    let mut functions = String::from("\n");
    let mut text = String::from(
        "fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {\n",
    );
    let mut inputs = vec![InputRange::new(kept(), task.state)];
    if task.draws > 0 {
        inputs.push(draws(&mut text, task, &mut column));
    }
    let mut most = 0;
    if let Some(batch) = &task.batch {
        inputs.push(self::batch(
            &mut functions,
            &mut text,
            task,
            batch,
            &mut column,
            &mut most,
        ));
    }
    inputs.push(uniforms("0u", task.uniforms[0][0].step.len()));
    let used = loops(
        &mut text,
        task.width(),
        &task.step,
        &inputs,
        &temporaries(column),
        &state(),
    );
    text.push_str("}\n\n");
    Generated {
        text: functions + &text + EXTENT,
        numbers: most.max(column.next + used),
    }
}

const EXTENT: &str = "// The greatest magnitude of any number of the state.
fn extent(values: ptr<function, State>) -> Bits {
  var most = Bits();
  for (var k = 0u; k < turns(STATE); k++) {
    most = max(most, magnitude(state[k * ensemble.places + column]));
  }
  return most;
}

";

fn draws(text: &mut String, task: &Task, column: &mut Column) -> InputRange {
    let (count, per_block) = (task.draws, task.noise.draws_per_block());
    let access = cells(column.take(count as usize));
    let _ = writeln!(
        text,
        "  for (var k = 0u; k < turns({count}u); k++) {{\n    if k > 0u && k % {per_block}u == 0u {{\n      \
         refill(stream);\n    }}\n    {} = take(stream);\n  }}",
        access.element("k")
    );
    text.push_str(&skip(task, count));
    InputRange::new(access, count as usize)
}

/// Takes the examples of a step, and gives the inputs that come of them.
fn batch(
    functions: &mut String,
    text: &mut String,
    task: &Task,
    batch: &Batch,
    column: &mut Column,
    most: &mut usize,
) -> InputRange {
    let width = batch.table.width;
    let segment = match &batch.example_sum {
        None => {
            let _ = writeln!(text, "  let at = next_example(stream) * {width}u;");
            example(width)
        }
        Some(example_sum) => {
            let sums = Sums::new(example_sum, column);
            *most = sums.add(functions, "batch", task, example_sum, width, *column);
            let (before, at) = next(batch);
            sums.run(text, "batch", u64::from(batch.size), before, &at);
            InputRange::new(cells(sums.total), example_sum.sums)
        }
    };
    if task.picks() {
        text.push_str(&skip(task, batch.size));
    }
    segment
}

/// The numbers of the example that begins at `at` in the data sets.
fn example(width: usize) -> InputRange {
    let access = Access {
        open: "number(at + ".to_owned(),
        close: ")".to_owned(),
    };
    InputRange::new(access, width)
}

/// Sums over examples in memory: those of whole chunks, and of the present chunk.
#[derive(Debug, Clone, Copy)]
struct Sums {
    total: usize,
    part: usize,
    count: usize,
}

impl Sums {
    fn new(example_sum: &ExampleSum, column: &mut Column) -> Self {
        Self {
            total: column.take(example_sum.sums),
            part: column.take(example_sum.sums),
            count: example_sum.sums,
        }
    }

    /// The function that adds an example; gives the numbers of memory that are used then.
    fn add(
        self,
        functions: &mut String,
        what: &str,
        task: &Task,
        example_sum: &ExampleSum,
        width: usize,
        column: Column,
    ) -> usize {
        let part = cells(self.part);
        let inputs = [
            InputRange::new(kept(), task.state),
            InputRange::new(part.clone(), self.count),
            example(width),
        ];
        let _ = writeln!(functions, "fn {what}_add(at: u32) {{");
        let memory = temporaries(column);
        let used = loops(
            functions,
            task.width(),
            &example_sum.program,
            &inputs,
            &memory,
            &part,
        );
        functions.push_str("}\n\n");
        column.next + used
    }

    /// A loop over a range of the examples, whose chunks may begin and end in other ranges.
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

    /// A statement for each of the sums.
    fn each(self, statement: &str) -> String {
        let count = self.count;
        format!("for (var k = 0u; k < turns({count}u); k++) {{ {statement} }}")
    }

    /// The loop over examples, in chunks.
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

/// Where the outputs and the sums of data_passes are in memory during a measurement.
struct Observation {
    outputs: usize,
    sums: Vec<Sums>,
    column: Column,
}

impl Observation {
    fn new(task: &Task) -> Self {
        let mut column = Column { next: 0 };
        let outputs = column.take(task.observe.output_count());
        let data_passes = task.data_passes.iter();
        let sums = data_passes
            .map(|data_pass| Sums::new(&data_pass.example_sum, &mut column))
            .collect();
        Self {
            outputs,
            sums,
            column,
        }
    }
}

/// `OUTPUTS_AT`, the number of memory at which the outputs of a measurement begin.
pub(super) fn outputs_at(task: &Task) -> String {
    let outputs = Observation::new(task).outputs;
    format!("const OUTPUTS_AT: u32 = {outputs}u;\n\n")
}

/// `observe_chain`: from the state and the sums of data_passes to the outputs.
pub(super) fn observe(task: &Task) -> Generated {
    let Observation {
        outputs,
        sums,
        column,
    } = Observation::new(task);
    let mut text = String::from("fn observe_chain() {\n");
    let mut inputs = vec![InputRange::new(kept(), task.state)];
    for sums in sums {
        inputs.push(InputRange::new(cells(sums.total), sums.count));
    }
    inputs.push(uniforms("COEFFICIENTS", task.uniforms[0][0].observe.len()));
    let memory = temporaries(column);
    let used = loops(
        &mut text,
        task.width(),
        &task.observe,
        &inputs,
        &memory,
        &cells(outputs),
    );
    text.push_str("}\n\n");
    Generated {
        text,
        numbers: column.next + used,
    }
}

/// `survey_examples`: adds a range of the examples of a data_pass to its sums.
pub(super) fn data_pass(task: &Task) -> Generated {
    let Observation { sums, column, .. } = Observation::new(task);
    let mut functions = String::new();
    let mut text = String::from("fn survey_examples(number: u32, first: u32, last: u32) {\n");
    let (mut begin, mut numbers) = (0u64, column.next);
    for (number, (data_pass, sums)) in task.data_passes.iter().zip(sums).enumerate() {
        let what = format!("data_pass{number}");
        let (width, count) = (data_pass.table.width, u64::from(data_pass.table.count));
        let used = sums.add(
            &mut functions,
            &what,
            task,
            &data_pass.example_sum,
            width,
            column,
        );
        numbers = numbers.max(used);
        let _ = writeln!(text, "  if number == {number}u {{");
        let at = format!("index * {width}u + {begin}u");
        sums.run_range(&mut text, &what, count, &at);
        text.push_str("  }\n");
        begin += count * width as u64;
    }
    text.push_str("}\n\n");
    Generated {
        text: functions + &text,
        numbers,
    }
}
