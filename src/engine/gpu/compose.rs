//! From a task to complete WGSL: a generated header, whole files of `shaders/`, and the generated model, in order.
//!
//! Nothing is replaced inside a file. `shaders/model.wgsl` shows by an example what the generated model provides.

use super::mirror::Access;
use crate::engine::Task;
use crate::loss::Program;
use crate::plan::LANES;
use crate::random::{self, NoiseKind, NormalTransform};
use std::fmt::Write;

/// What a device executes: one entry point and all it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Steps.
    Advance,
    /// Sums of powers of the outputs.
    Moments,
    /// Sums of products of parameters.
    Covariance,
    /// Counts in bins.
    Histogram,
    /// Every output of every chain.
    Values,
    /// Words, uniforms and prepared words.
    Draws,
}

impl Entry {
    /// All entry points.
    pub const ALL: [Self; 6] = [
        Self::Advance,
        Self::Moments,
        Self::Covariance,
        Self::Histogram,
        Self::Values,
        Self::Draws,
    ];

    /// Name of the WGSL function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::Moments => "moments",
            Self::Covariance => "covariance",
            Self::Histogram => "histogram",
            Self::Values => "values",
            Self::Draws => "draws",
        }
    }

    /// Bindings beyond those that all entry points share, from number 6 on.
    pub fn bindings(self, noise: NoiseKind, table: TableMemory) -> &'static [Access] {
        match self {
            Self::Advance | Self::Draws if wants_table(noise) => match table {
                TableMemory::Uniform => &[Access::Write, Access::Uniform],
                TableMemory::Storage => &[Access::Write, Access::Read],
            },
            Self::Advance | Self::Draws | Self::Moments | Self::Values => &[Access::Write],
            Self::Covariance => &[Access::Write, Access::Read],
            Self::Histogram => &[Access::Write, Access::Read, Access::Read],
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Advance => include_str!("../../../shaders/advance.wgsl"),
            Self::Moments => include_str!("../../../shaders/moments.wgsl"),
            Self::Covariance => include_str!("../../../shaders/covariance.wgsl"),
            Self::Histogram => include_str!("../../../shaders/histogram.wgsl"),
            Self::Values => include_str!("../../../shaders/values.wgsl"),
            Self::Draws => include_str!("../../../shaders/draws.wgsl"),
        }
    }
}

/// Invocations per workgroup of the stepping entry point; the summing ones have [`LANES`] by definition.
pub const WORKGROUP: u32 = 64;

/// Where the table of the integer normal transform lies: a matter of speed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableMemory {
    /// For software rasterisers: measured 1.08 times the price of Box–Muller, against 1.5 from storage memory.
    Uniform,
    /// For hardware, where neighbours that read different entries of uniform memory wait for each other.
    Storage,
}

/// Whether draws of this kind look up the table of the integer normal transform.
pub(super) fn wants_table(noise: NoiseKind) -> bool {
    noise == NoiseKind::Gaussian(NormalTransform::Integer)
}

/// The complete source of one entry point.
pub fn compose(task: &Task, entry: Entry, workgroup: u32, table: TableMemory) -> String {
    let mut source = header(task, workgroup);
    source.push_str(include_str!("../../../shaders/ensemble.wgsl"));
    match entry {
        Entry::Advance => {
            push_noise(&mut source, task.noise, table);
            source.push_str(include_str!("../../../shaders/stream.wgsl"));
            source.push_str(include_str!("../../../shaders/operations.wgsl"));
            source.push_str(&step(task));
        }
        Entry::Draws => {
            push_noise(&mut source, task.noise, table);
            source.push_str(random::WGSL_UNIFORM);
        }
        Entry::Moments => {
            source.push_str(include_str!("../../../shaders/operations.wgsl"));
            source.push_str(&observe(task));
            source.push_str(include_str!("../../../shaders/sums.wgsl"));
            source.push_str(&accumulate(task));
        }
        Entry::Histogram | Entry::Values => {
            source.push_str(include_str!("../../../shaders/operations.wgsl"));
            source.push_str(&observe(task));
        }
        Entry::Covariance => {}
    }
    source.push_str(entry.text());
    source
}

/// Sizes, from the host so that they are typed once.
fn header(task: &Task, workgroup: u32) -> String {
    let coefficients = task.coefficients[0][0].step.len();
    let scales = task.coefficients[0][0].observe.len();
    let mut text = String::from("// Generated for one experiment.\n");
    for (name, value) in [
        ("LANES", LANES as usize),
        ("WORKGROUP", workgroup as usize),
        ("PARAMETERS", task.parameters),
        ("COEFFICIENTS", coefficients),
        ("SCALES", scales),
        ("OUTPUTS", task.observe.output_count()),
        ("CHECKED", task.checked),
        ("WIDTH", task.addresses.width as usize),
        ("STEPS_PER_BLOCK", task.addresses.steps_per_block as usize),
    ] {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    text.push('\n');
    text
}

/// Words and what becomes of them.
fn push_noise(source: &mut String, kind: NoiseKind, table: TableMemory) {
    source.push_str(&random::wgsl_constants());
    source.push_str(random::WGSL_THREEFRY);
    if wants_table(kind) {
        source.push_str(match table {
            TableMemory::Uniform => include_str!("../../../shaders/normal_table_uniform.wgsl"),
            TableMemory::Storage => include_str!("../../../shaders/normal_table_storage.wgsl"),
        });
    }
    for file in random::wgsl_noise(kind) {
        source.push_str(file);
    }
}

/// `step` and `extent` of this task.
fn step(task: &Task) -> String {
    let mut text = String::from(
        "\nfn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {\n",
    );
    let per_block = task.noise.draws_per_block();
    for draw in 0..task.draws {
        if draw > 0 && draw % per_block == 0 {
            text.push_str("  refill(stream);\n");
        }
        let _ = writeln!(text, "  let z{draw} = take(stream);");
    }
    if task.addresses.steps_per_block > 1 {
        for _ in task.draws..task.addresses.width {
            text.push_str("  skip(stream);\n");
        }
    }
    let mut inputs: Vec<String> = (0..task.parameters)
        .map(|k| format!("(*values)[{k}]"))
        .collect();
    inputs.extend((0..task.draws).map(|k| format!("z{k}")));
    inputs.extend((0..task.coefficients[0][0].step.len()).map(|k| format!("coefficients[{k}]")));
    let outputs = body(&mut text, &task.step, inputs);
    for (k, output) in outputs.iter().enumerate() {
        let _ = writeln!(text, "  let next{k} = {output};");
    }
    for k in 0..task.parameters {
        let _ = writeln!(text, "  (*values)[{k}] = next{k};");
    }
    text.push_str("}\n\n// The greatest magnitude of any parameter.\nfn extent(values: State) -> u32 {\n  var most = 0u;\n");
    for k in 0..task.parameters {
        let _ = writeln!(text, "  most = max(most, magnitude(values[{k}]));");
    }
    text.push_str("  return most;\n}\n\n");
    text
}

/// `observe` of this task.
fn observe(task: &Task) -> String {
    let mut text = String::from("\nfn observe(values: State, scales: Scales) -> Outputs {\n");
    let mut inputs: Vec<String> = (0..task.parameters)
        .map(|k| format!("values[{k}]"))
        .collect();
    inputs.extend((0..task.coefficients[0][0].observe.len()).map(|k| format!("scales[{k}]")));
    let outputs = body(&mut text, &task.observe, inputs);
    let _ = writeln!(text, "  return Outputs({});\n}}\n", outputs.join(", "));
    text
}

/// `whole` and `accumulate_all` of this task, written out by output: private memory under a running index is slow on
/// every device, and slowest on software rasterisers.
fn accumulate(task: &Task) -> String {
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
fn body(text: &mut String, program: &Program, inputs: Vec<String>) -> Vec<String> {
    let mut names = Vec::with_capacity(inputs.len());
    for (slot, input) in inputs.into_iter().enumerate() {
        if program.input_is_used(slot) {
            let _ = writeln!(text, "  let i{slot} = {input};");
        }
        names.push(format!("i{slot}"));
    }
    let body = program.wgsl(&names);
    text.push_str(&body.statements);
    body.outputs
}
