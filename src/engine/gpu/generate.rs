//! The functions of a shader that are written for one task whose chains fit into registers: its programs as WGSL, and the
//! loops over examples around them.

use super::body::{InputRange, unrolled};
use super::compose::Target;
use crate::engine::{Batch, CHUNK, ExampleSum, ROUNDINGS_PER_BLOCK, Task};
use crate::loss::Access;
use crate::spec::Precision;
use crate::spec::Sampling;
use std::fmt::Write;

/// Elements of an array.
fn array(name: &str, length: usize) -> InputRange {
    InputRange::new(Access::array(name), length)
}

/// The numbers of the example that begins at `at` in the data sets.
fn example(width: usize) -> InputRange {
    let number = Access {
        open: "number(at + ".to_owned(),
        close: "u)".to_owned(),
    };
    InputRange::new(number, width)
}

/// `step` and `extent` of a task.
pub(super) fn step(task: &Task) -> String {
    let mut text = String::from("\n");
    if let Some(batch) = &task.batch
        && let Some(example_sum) = &batch.example_sum
    {
        text.push_str(&gathering("batch", task, example_sum, batch.table.width));
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
        put(task, k, value)
    });
    text.push_str("}\n\n");
    text.push_str(&extent(task));
    text
}

/// The numbers that programs read of a chain in registers.
fn numbers(task: &Task, state: &str) -> String {
    match task.precision {
        Precision::F32 | Precision::F64 => state.to_owned(),
        Precision::Compensated | Precision::F16State => format!("{state}.numbers"),
    }
}

/// What makes an output of the stepping program part of the state.
fn put(task: &Task, k: usize, value: &str) -> String {
    let numbers = numbers(task, "(*values)");
    match task.precision {
        Precision::Compensated if k < task.parameters => format!(
            "(*values).held[{k}] = fixed_add((*values).held[{k}], {value});\n  \
             {numbers}[{k}] = fixed_view((*values).held[{k}])"
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

/// Takes the draws of a step from the stream.
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

/// Turns the words that the step leaves of its share of a block.
pub(super) fn skip(task: &Task, used: u32) -> String {
    let left = match task.addresses.steps_per_block {
        1 => 0,
        _ => task.addresses.width - used,
    };
    "  skip(stream);\n".repeat(left as usize)
}

/// Takes the examples of a step, and gives the inputs that come of them.
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

/// What comes before an example in the loop over a batch, and where the example begins.
pub(super) fn next(batch: &Batch) -> (&'static str, String) {
    let width = batch.table.width;
    match batch.sampling {
        Sampling::All => ("", format!("index * {width}u")),
        Sampling::WithReplacement => (NEXT_BLOCK, format!("next_example(stream) * {width}u")),
        Sampling::Shuffle => ("", format!("next_example(stream) * {width}u")),
    }
}

/// A block of words serves four picks.
const NEXT_BLOCK: &str =
    "      if index > 0u && index % 4u == 0u {\n        refill(stream);\n      }\n";

/// Name of the type of a loop's sums: `BatchSums`.
fn sums_type(what: &str) -> String {
    let mut capital = what.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{capital}Sums")
}

/// A loop over examples in chunks, whose sums are added to `sums`.
fn sum(text: &mut String, what: &str, state: &str, count: u64, before: &str, at: &str) {
    let sums = sums_type(what);
    let _ = writeln!(
        text,
        "  for (var begin = 0u; begin < {count}u; begin += {CHUNK}u) {{\n    var part: {sums};\n    \
         for (var index = begin; index < min(begin + {CHUNK}u, {count}u); index++) {{\n{before}      \
         {what}_add(&part, {state}, {at});\n    }}\n    {what}_join(&sums, &part);\n  }}"
    );
}

/// The type of sums over examples, what adds an example to them, and what joins two of them.
fn gathering(what: &str, task: &Task, example_sum: &ExampleSum, width: usize) -> String {
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

fn extent(task: &Task) -> String {
    let mut text = String::from(
        "// The greatest magnitude of any number of the state.\n\
         fn extent(values: ptr<function, State>) -> Bits {\n  var most = Bits();\n",
    );
    let numbers = numbers(task, "(*values)");
    for k in 0..task.state {
        let _ = writeln!(text, "  most = max(most, magnitude({numbers}[{k}]));");
    }
    text.push_str("  return most;\n}\n\n");
    text
}

/// `observe` of a task without data_passes.
pub(super) fn observe(task: &Task) -> String {
    let mut text = String::from(
        "\nfn observe(values: State, scales: Scales) -> Outputs {\n  var outputs: Outputs;\n",
    );
    let inputs = [
        array(&numbers(task, "values"), task.state),
        array("scales", task.uniforms[0][0].observe.len()),
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

/// `aim_all` and `tally_all` of this task, written out by histogram: no output but theirs need then be computed.
pub(super) fn tally(task: &Task) -> String {
    let count = task.histograms.len();
    let aims: Vec<String> = (0..count).map(|r| format!("aim({r}u, point)")).collect();
    let mut text = format!(
        "alias Aims = array<Aim, {}>;\n\n\
         fn aim_all(point: u32) -> Aims {{\n  return Aims({});\n}}\n\n\
         fn tally_all(aims: Aims, outputs: ptr<function, Outputs>) {{\n",
        count.max(1),
        aims.join(", ")
    );
    for (r, request) in task.histograms.iter().enumerate() {
        let _ = match request.outputs[..] {
            [value] => writeln!(text, "  tally_value(aims[{r}], output(outputs, {value}u));"),
            [first, second] => writeln!(
                text,
                "  tally_pair(aims[{r}], output(outputs, {first}u), output(outputs, {second}u));"
            ),
            _ => unreachable!("histograms have one axis or two"),
        };
    }
    text.push_str("}\n\n");
    text
}

/// Outputs whose sums the registers of hardware hold. Of more the sums stay in the buffer that they go to.
const SUMMED: usize = 24;

/// Whether invocations of `moments` add to sums in the buffer.
pub(super) fn sums_stay_in_memory(task: &Task, target: Target) -> bool {
    task.observe.output_count() > SUMMED && target == Target::Hardware
}

/// `whole` and `accumulate_all` of this task, written out by output: private memory under a running index is slow on
/// every device, and slowest on software rasterisers.
pub(super) fn accumulate(task: &Task, target: Target) -> String {
    let count = task.observe.output_count();
    let each = |statement: &dyn Fn(usize) -> String| -> String {
        (0..count)
            .map(|k| format!("  {};\n", statement(k)))
            .collect()
    };
    let [declared, accumulate, put] = if !sums_stay_in_memory(task, target) {
        [
            "alias AllSums = array<Sums, OUTPUTS>;\n\n\
             fn no_sums(at: u32) -> AllSums {\n  return AllSums();\n}\n"
                .to_owned(),
            each(&|k| format!("(*sums)[{k}] = accumulate((*sums)[{k}], values[{k}], first)")),
            each(&|k| format!("put_sums(at, {k}u, sums[{k}])")),
        ]
    } else {
        [
            "// Where they are.\nalias AllSums = u32;\n\n\
             fn no_sums(at: u32) -> AllSums {\n  return at;\n}\n"
                .to_owned(),
            each(&|k| {
                format!(
                    "put_sums(*sums, {k}u, accumulate(sums_so_far(*sums, {k}u), values[{k}], first))"
                )
            }),
            String::new(),
        ]
    };
    let mut text = format!(
        "\n{declared}\n\
         fn accumulate_all(sums: ptr<function, AllSums>, values: Outputs, first: bool) {{\n{accumulate}}}\n\n\
         fn put_all(at: u32, sums: AllSums) {{\n{put}"
    );
    text.push_str("}\n\n// Whether the outputs that must be finite are.\nfn whole(values: Outputs) -> bool {\n");
    let checks: Vec<String> = (0..task.checked)
        .map(|k| format!("finite(values[{k}])"))
        .collect();
    let _ = writeln!(text, "  return {};\n}}\n", checks.join(" && "));
    text
}
