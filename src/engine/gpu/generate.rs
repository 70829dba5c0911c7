//! The functions of a shader that are written for one task: its programs as WGSL, and the loops around them.

use crate::engine::{CHUNK, Gather, Order, Task};
use crate::loss::Program;
use std::fmt::Write;

/// Consecutive inputs of a program and the expressions that stand for them.
struct Inputs(Vec<String>);

impl Inputs {
    /// Element k as `array[k]`.
    fn of(array: &str, count: usize) -> Self {
        Self((0..count).map(|k| format!("{array}[{k}]")).collect())
    }

    fn then(mut self, next: Self) -> Self {
        self.0.extend(next.0);
        self
    }
}

/// The numbers of the example that begins at `at` in the data sets.
fn example(width: usize) -> Inputs {
    Inputs((0..width).map(|k| format!("number(at + {k}u)")).collect())
}

/// `step` and `extent` of a task.
pub(super) fn step(task: &Task) -> String {
    let mut text = String::from("\n");
    if let Some(gather) = task.batch.as_ref().and_then(|batch| batch.gather.as_ref()) {
        text.push_str(&gathering(
            "batch",
            task,
            gather,
            task.batch.as_ref().map_or(0, |b| b.table.width),
        ));
    }
    text.push_str(
        "fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {\n",
    );
    draws(&mut text, task);
    let batch = batch(&mut text, task);
    let inputs = Inputs::of("(*values)", task.state)
        .then(Inputs((0..task.draws).map(|k| format!("z{k}")).collect()))
        .then(batch)
        .then(Inputs::of(
            "coefficients",
            task.coefficients[0][0].step.len(),
        ));
    let outputs = body(&mut text, &task.step, inputs);
    for (k, output) in outputs.iter().enumerate() {
        let _ = writeln!(text, "  let next{k} = {output};");
    }
    for k in 0..task.state {
        let _ = writeln!(text, "  (*values)[{k}] = next{k};");
    }
    text.push_str("}\n\n");
    text.push_str(&extent(task));
    text
}

/// Takes the draws of a step from the stream.
fn draws(text: &mut String, task: &Task) {
    let per_block = task.noise.draws_per_block();
    for draw in 0..task.draws {
        if draw > 0 && draw % per_block == 0 {
            text.push_str("  refill(stream);\n");
        }
        let _ = writeln!(text, "  let z{draw} = take(stream);");
    }
    if !task.picks() {
        skip(text, task, task.draws);
    }
}

/// Turns the words that the step leaves of its share of a block.
fn skip(text: &mut String, task: &Task, used: u32) {
    if task.addresses.steps_per_block > 1 {
        for _ in used..task.addresses.width {
            text.push_str("  skip(stream);\n");
        }
    }
}

/// Takes the examples of a step, and gives the inputs that come of them.
fn batch(text: &mut String, task: &Task) -> Inputs {
    let Some(batch) = &task.batch else {
        return Inputs(Vec::new());
    };
    let width = batch.table.width;
    let inputs = match &batch.gather {
        None => {
            let _ = writeln!(text, "  let at = next_example(stream) * {width}u;");
            example(width)
        }
        Some(gather) => {
            let next = match batch.order {
                Order::All => format!("index * {width}u"),
                Order::WithReplacement | Order::Shuffle => {
                    format!("next_example(stream) * {width}u")
                }
            };
            let refill =
                "      if index > 0u && index % 4u == 0u {\n        refill(stream);\n      }\n";
            let refill = if batch.order == Order::WithReplacement && batch.size > 4 {
                refill
            } else {
                ""
            };
            let _ = writeln!(text, "  let state = *values;");
            sum(
                text,
                "batch",
                "  var sums: BatchSums;\n",
                u64::from(batch.size),
                refill,
                &next,
            );
            Inputs::of("sums", gather.sums)
        }
    };
    if task.picks() {
        skip(text, task, batch.size);
    }
    inputs
}

/// Names of the sums of a loop: `BatchSums` and `add_batch`.
fn names(what: &str) -> (String, String) {
    let mut capital = what.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    (format!("{capital}Sums"), format!("{what}_add"))
}

/// A loop over examples in chunks, whose sums end in `sums`, which `declaration` declares.
fn sum(text: &mut String, what: &str, declaration: &str, count: u64, before: &str, at: &str) {
    let (sums, add) = names(what);
    let _ = writeln!(
        text,
        "{declaration}  for (var begin = 0u; begin < {count}u; begin += {CHUNK}u) {{\n    var part: {sums};\n    \
         for (var index = begin; index < min(begin + {CHUNK}u, {count}u); index++) {{\n{before}      \
         {add}(&part, state, {at});\n    }}\n    {what}_join(&sums, part);\n  }}"
    );
}

/// The type of sums over examples, what adds an example to them, and what joins two of them.
fn gathering(what: &str, task: &Task, gather: &Gather, width: usize) -> String {
    let (sums, add) = names(what);
    let mut text = format!(
        "alias {sums} = array<f32, {}>;\n\n\
         fn {add}(sums: ptr<function, {sums}>, state: State, at: u32) {{\n",
        gather.sums
    );
    let inputs = Inputs::of("state", task.state)
        .then(Inputs::of("(*sums)", gather.sums))
        .then(example(width));
    let outputs = body(&mut text, &gather.program, inputs);
    for (k, output) in outputs.iter().enumerate() {
        let _ = writeln!(text, "  (*sums)[{k}] = {output};");
    }
    let _ = writeln!(
        text,
        "}}\n\nfn {what}_join(sums: ptr<function, {sums}>, part: {sums}) {{"
    );
    for k in 0..gather.sums {
        let _ = writeln!(text, "  (*sums)[{k}] += part[{k}];");
    }
    text.push_str("}\n\n");
    text
}

fn extent(task: &Task) -> String {
    let mut text = String::from(
        "// The greatest magnitude of any number of the state.\nfn extent(values: State) -> u32 {\n  var most = 0u;\n",
    );
    for k in 0..task.state {
        let _ = writeln!(text, "  most = max(most, magnitude(values[{k}]));");
    }
    text.push_str("  return most;\n}\n\n");
    text
}

/// `observe` of a task.
pub(super) fn observe(task: &Task) -> String {
    let mut text = String::from("\n");
    let mut first = 0u64;
    let mut inputs = Inputs::of("values", task.state);
    let mut loops = String::new();
    for (number, survey) in task.surveys.iter().enumerate() {
        let what = format!("survey{number}");
        let width = survey.table.width;
        text.push_str(&gathering(&what, task, &survey.gather, width));
        let (sums, _) = names(&what);
        let count = u64::from(survey.table.count);
        let at = format!("index * {width}u + {first}u");
        let _ = writeln!(text, "fn {what}(state: State) -> {sums} {{");
        sum(
            &mut text,
            &what,
            &format!("  var sums: {sums};\n"),
            count,
            "",
            &at,
        );
        text.push_str("  return sums;\n}\n\n");
        let _ = writeln!(loops, "  let s{number} = {what}(values);");
        inputs = inputs.then(Inputs::of(&format!("s{number}"), survey.gather.sums));
        first += count * width as u64;
    }
    text.push_str("fn observe(values: State, scales: Scales) -> Outputs {\n");
    text.push_str(&loops);
    let inputs = inputs.then(Inputs::of("scales", task.coefficients[0][0].observe.len()));
    let outputs = body(&mut text, &task.observe, inputs);
    let _ = writeln!(text, "  return Outputs({});\n}}\n", outputs.join(", "));
    text
}
/// `whole` and `accumulate_all` of this task, written out by output: private memory under a running index is slow on
/// every device, and slowest on software rasterisers.
pub(super) fn accumulate(task: &Task) -> String {
    let mut text = String::from(
        "\nalias AllSums = array<Sums, OUTPUTS>;\n\n\
         fn accumulate_all(sums: ptr<function, AllSums>, values: Outputs, first: bool) {\n",
    );
    for k in 0..task.observe.output_count() {
        let _ = writeln!(
            text,
            "  (*sums)[{k}] = accumulate((*sums)[{k}], values[{k}], first);"
        );
    }
    text.push_str("}\n\n// Whether the outputs that must be finite are.\nfn whole(values: Outputs) -> bool {\n");
    let checks: Vec<String> = (0..task.checked)
        .map(|k| format!("finite(values[{k}])"))
        .collect();
    let _ = writeln!(text, "  return {};\n}}\n", checks.join(" && "));
    text
}

/// Names the inputs that are used, appends the statements, returns the output expressions.
fn body(text: &mut String, program: &Program, inputs: Inputs) -> Vec<String> {
    let mut names = Vec::with_capacity(inputs.0.len());
    for (slot, input) in inputs.0.into_iter().enumerate() {
        if program.input_is_used(slot) {
            let _ = writeln!(text, "  let i{slot} = {input};");
        }
        names.push(format!("i{slot}"));
    }
    let body = program.wgsl(&names);
    text.push_str(&body.statements);
    body.outputs
}
