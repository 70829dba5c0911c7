//! Generated functions for a task whose chains fit into registers: its programs as WGSL, and loops over examples.

use super::lowering::Residency;
use super::program_text::{InputRange, unrolled};
use crate::engine::storage::ROUNDINGS_PER_BLOCK;
use crate::engine::task::{Batch, CHUNK, ExampleSum, Task};
use crate::loss::Access;
use crate::spec::Precision;
use crate::spec::Sampling;
use std::fmt::Write;

/// Inputs that are elements of an array.
fn array(name: &str, length: usize) -> InputRange {
    InputRange::new(Access::array(name), length)
}

/// Inputs that are numbers of the example that begins at `at` in the data sets.
fn example(width: usize) -> InputRange {
    let number = Access {
        open: "number(at + ".to_owned(),
        close: "u)".to_owned(),
    };
    InputRange::new(number, width)
}

/// Functions `step` and `max_norm`.
pub(super) fn step(task: &Task) -> String {
    let mut text = String::from("\n");
    if let Some(batch) = &task.batch
        && let Some(example_sum) = &batch.example_sum
    {
        text.push_str(&example_sum_functions(
            "batch",
            task,
            example_sum,
            batch.table.width,
        ));
    }
    text.push_str(
        "fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {\n",
    );
    let mut inputs = vec![array(&numbers(task, "(*values)"), task.state)];
    if task.draws > 0 {
        inputs.push(draws(&mut text, task));
    }
    if let Some(batch) = &task.batch {
        inputs.push(self::batch(&mut text, task, batch));
    }
    inputs.push(array("coefficients", task.uniforms[0][0].step.len()));
    if task.precision == Precision::F16State {
        for block in 0..task.rounding_blocks() {
            let _ = writeln!(text, "  let r{block} = rounding_words(values);");
        }
    }
    unrolled(&mut text, task.width(), &task.step, &inputs, |k, value| {
        store(task, k, value)
    });
    text.push_str("}\n\n");
    text.push_str(&max_norm(task));
    text
}

/// Expression for the array of numbers that programs read of a state.
fn numbers(task: &Task, state: &str) -> String {
    match task.precision {
        Precision::F32 | Precision::F64 => state.to_owned(),
        Precision::Compensated | Precision::F16State => format!("{state}.numbers"),
    }
}

/// Statement that stores output k of the stepping program in the state.
fn store(task: &Task, k: usize, value: &str) -> String {
    let numbers = numbers(task, "(*values)");
    match task.precision {
        Precision::Compensated if k < task.parameters => format!(
            "(*values).integers[{k}] = fixed_add((*values).integers[{k}], {value});\n  \
             {numbers}[{k}] = fixed_view((*values).integers[{k}])"
        ),
        Precision::F16State if k < task.parameters => {
            let (block, within) = (
                k / ROUNDINGS_PER_BLOCK as usize,
                k % ROUNDINGS_PER_BLOCK as usize,
            );
            let (word, shift) = (["x", "y", "z", "w"][within % 4], within / 4 * 16);
            format!("{numbers}[{k}] = round_half({value}, r{block}.{word} >> {shift}u)")
        }
        _ => format!("{numbers}[{k}] = {value}"),
    }
}

/// Writes statements that take the draws of a step from the stream; returns the inputs that they make.
fn draws(text: &mut String, task: &Task) -> InputRange {
    for draw in 0..task.draws {
        if draw > 0 && draw % task.noise.draws_per_block() == 0 {
            text.push_str("  refill(stream);\n");
        }
        let _ = writeln!(text, "  let z{draw} = take(stream);");
    }
    text.push_str(&skip(task, task.draws));
    let named = Access {
        open: "z".to_owned(),
        close: String::new(),
    };
    InputRange::new(named, task.draws as usize)
}

/// Statements that skip the draws that a step leaves of its share of a noise block.
pub(super) fn skip(task: &Task, used: u32) -> String {
    let left = match task.addresses.steps_per_block {
        1 => 0,
        _ => task.addresses.width - used,
    };
    "  skip(stream);\n".repeat(left as usize)
}

/// Writes statements that read the examples of a step; returns the inputs that they make.
fn batch(text: &mut String, task: &Task, batch: &Batch) -> InputRange {
    let width = batch.table.width;
    let inputs = match &batch.example_sum {
        None => {
            let _ = writeln!(text, "  let at = next_example(stream) * {width}u;");
            example(width)
        }
        Some(example_sum) => {
            let (before, at) = next(batch);
            let count = u64::from(batch.size);
            text.push_str("  var sums: BatchSums;\n");
            sum(text, "batch", "values", count, before, &at);
            array("sums", example_sum.sums)
        }
    };
    if task.picks() {
        text.push_str(&skip(task, batch.size));
    }
    inputs
}

/// Statements before each example of the loop over a batch, and the position of the example.
pub(super) fn next(batch: &Batch) -> (&'static str, String) {
    let width = batch.table.width;
    match batch.sampling {
        Sampling::All => ("", format!("index * {width}u")),
        Sampling::WithReplacement => (NEXT_BLOCK, format!("next_example(stream) * {width}u")),
        Sampling::Shuffle => ("", format!("next_example(stream) * {width}u")),
    }
}

/// A noise block has four random words, one for each pick.
const NEXT_BLOCK: &str =
    "      if index > 0u && index % 4u == 0u {\n        refill(stream);\n      }\n";

/// Name of the type of sums, such as `BatchSums`.
fn sums_type(what: &str) -> String {
    let mut capital = what.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{capital}Sums")
}

/// Writes a loop over examples in chunks, whose sums are added to `sums`.
fn sum(text: &mut String, what: &str, state: &str, count: u64, before: &str, at: &str) {
    let sums = sums_type(what);
    let _ = writeln!(
        text,
        "  for (var begin = 0u; begin < {count}u; begin += {CHUNK}u) {{\n    var part: {sums};\n    \
         for (var index = begin; index < min(begin + {CHUNK}u, {count}u); index++) {{\n{before}      \
         {what}_add(&part, {state}, {at});\n    }}\n    {what}_join(&sums, &part);\n  }}"
    );
}

/// Type of sums over examples, function that adds an example, function that adds the sums of a chunk.
fn example_sum_functions(
    what: &str,
    task: &Task,
    example_sum: &ExampleSum,
    width: usize,
) -> String {
    let sums = sums_type(what);
    let mut text = format!(
        "alias {sums} = array<Real, {}>;\n\n\
         fn {what}_add(sums: ptr<function, {sums}>, state: ptr<function, State>, at: u32) {{\n",
        example_sum.sums
    );
    let inputs = [
        array(&numbers(task, "(*state)"), task.state),
        array("(*sums)", example_sum.sums),
        example(width),
    ];
    unrolled(
        &mut text,
        task.width(),
        &example_sum.program,
        &inputs,
        |k, sum| format!("(*sums)[{k}] = {sum}"),
    );
    let _ = writeln!(
        text,
        "}}\n\nfn {what}_join(sums: ptr<function, {sums}>, part: ptr<function, {sums}>) {{"
    );
    for k in 0..example_sum.sums {
        let _ = writeln!(text, "  (*sums)[{k}] += (*part)[{k}];");
    }
    text.push_str("}\n\n");
    text
}

fn max_norm(task: &Task) -> String {
    let mut text = String::from(
        "// Largest magnitude of the numbers of the state.\n\
         fn max_norm(values: ptr<function, State>) -> Bits {\n  var largest = Bits();\n",
    );
    let numbers = numbers(task, "(*values)");
    for k in 0..task.state {
        let _ = writeln!(text, "  largest = max(largest, magnitude({numbers}[{k}]));");
    }
    text.push_str("  return largest;\n}\n\n");
    text
}

/// Function `observe` of a task without data passes.
pub(super) fn observe(task: &Task) -> String {
    let mut text = String::from(
        "\nfn observe(values: State, uniforms_of_point: ObserveUniforms) -> Outputs {\n  var outputs: Outputs;\n",
    );
    let inputs = [
        array(&numbers(task, "values"), task.state),
        array("uniforms_of_point", task.uniforms[0][0].observe.len()),
    ];
    unrolled(
        &mut text,
        task.width(),
        &task.observe,
        &inputs,
        |k, value| format!("outputs[{k}] = {value}"),
    );
    text.push_str("  return outputs;\n}\n\n");
    text
}

/// Functions `requests_at` and `count_all`, with one statement per histogram, so that only their outputs are computed.
pub(super) fn count_all(task: &Task) -> String {
    let count = task.histograms.len();
    let requests: Vec<String> = (0..count)
        .map(|r| format!("request_at({r}u, point)"))
        .collect();
    let mut text = format!(
        "alias PointRequests = array<PointRequest, {}>;\n\n\
         fn requests_at(point: u32) -> PointRequests {{\n  return PointRequests({});\n}}\n\n\
         fn count_all(all: PointRequests, outputs: ptr<function, Outputs>) {{\n",
        count.max(1),
        requests.join(", ")
    );
    for (r, request) in task.histograms.iter().enumerate() {
        let _ = match request.outputs[..] {
            [value] => writeln!(text, "  count_value(all[{r}], output(outputs, {value}u));"),
            [first, second] => writeln!(
                text,
                "  count_pair(all[{r}], output(outputs, {first}u), output(outputs, {second}u));"
            ),
            _ => unreachable!("histograms have one axis or two"),
        };
    }
    text.push_str("}\n\n");
    text
}

/// Functions `accumulate_all`, `put_all` and `all_finite`, with one statement per output: private memory under a running
/// index is slow on every device, and slowest on software rasterizers.
pub(super) fn accumulate_all(task: &Task, moments: Residency) -> String {
    let count = task.observe.output_count();
    let [declared, accumulate, put] = match moments {
        Residency::Registers => accumulators_in_registers(count),
        Residency::Memory => accumulators_in_buffer(count),
    };
    let mut text = format!(
        "\n{declared}\n\
         fn accumulate_all(sums: ptr<function, AllSums>, values: Outputs, first: bool) {{\n{accumulate}}}\n\n\
         fn put_all(at: u32, sums: AllSums) {{\n{put}"
    );
    text.push_str("}\n\n// True when the outputs that must be finite are.\nfn all_finite(values: Outputs) -> bool {\n");
    let checks: Vec<String> = (0..task.checked)
        .map(|k| format!("finite(values[{k}])"))
        .collect();
    let _ = writeln!(text, "  return {};\n}}\n", checks.join(" && "));
    text
}

/// One line per output.
fn each(count: usize, statement: impl Fn(usize) -> String) -> String {
    (0..count)
        .map(|k| format!("  {};\n", statement(k)))
        .collect()
}

/// Declarations, statements of `accumulate_all` and of `put_all`, with accumulators in registers.
fn accumulators_in_registers(count: usize) -> [String; 3] {
    [
        "alias AllSums = array<Sums, OUTPUTS>;\n\n\
         fn no_sums(at: u32) -> AllSums {\n  return AllSums();\n}\n"
            .to_owned(),
        each(count, |k| {
            format!("(*sums)[{k}] = accumulate((*sums)[{k}], values[{k}], first)")
        }),
        each(count, |k| format!("put_sums(at, {k}u, sums[{k}])")),
    ]
}

/// As [`accumulators_in_registers`], with accumulators in the result buffer.
fn accumulators_in_buffer(count: usize) -> [String; 3] {
    [
        "// Position of the first accumulator in the buffer.\nalias AllSums = u32;\n\n\
         fn no_sums(at: u32) -> AllSums {\n  return at;\n}\n"
            .to_owned(),
        each(count, |k| {
            format!(
                "put_sums(*sums, {k}u, accumulate(sums_so_far(*sums, {k}u), values[{k}], first))"
            )
        }),
        String::new(),
    ]
}
