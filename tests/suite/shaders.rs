//! Every shader is valid and translates for every graphics API. No device is needed. Shaders of double precision translate for
//! Vulkan only, the only API for which wgpu supports it.

use crate::support::{problem, stored};
use etascope::compile::Problem;
use etascope::engine::Task;
use etascope::engine::gpu::{Entry, Lowering, Residency, Target, WORKGROUP, compose};
use etascope::loss::{Access, Program, TensorInput};
use etascope::spec::Precision;
use etascope::spec::Width;
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

const NOISES: [&str; 6] = [
    "normal = \"integer\"",
    "normal = \"box-muller\"",
    "normal = \"box-muller-16\"",
    "kind = \"two-point\"",
    "kind = \"three-point\"",
    "sigma = 0.0",
];

fn task(parameters: &str, formula: &str, noise: &str) -> Task {
    let text = format!(
        "[parameters]\n{parameters}\n[loss]\nformula = \"{formula}\"\n[dynamics]\nkind = \"sgd\"\neta = [0.1, 0.2]\n[noise]\n{noise}\n\
         [measure]\nobservables = {{ size = \"2 * {}\" }}\n",
        parameters
            .split([' ', '='])
            .next()
            .expect("a name")
            .to_owned()
            + if parameters.contains("shape") {
                "[0, 0]"
            } else {
                ""
            },
    );
    problem(&text.replace(
        "[0, 0]",
        if parameters.contains(',') && !parameters.contains("shape = [64]") {
            "[0, 0]"
        } else {
            "[0]"
        },
    ))
    .task
}

/// Tasks with every noise distribution and every property that changes the generated text.
fn tasks() -> Vec<(String, Task)> {
    let mut tasks: Vec<(String, Task)> = Vec::new();
    for noise in NOISES {
        tasks.push((
            format!("double well, {noise}"),
            task("x = 0.0", "(x^2 - 1)^2 / 4", noise),
        ));
    }
    for (name, parameters, formula, noise) in [
        (
            "64 parameters",
            "w = { shape = [64] }",
            "dot(w, w) / 2 + w[0] * w[63]",
            "sigma = 1.0",
        ),
        (
            "matrix and functions",
            "W = { shape = [2, 3] }",
            "sum(square(tanh(W @ [1, 2, 3]))) + erf(W[0, 1]) + sum(softplus(W)) + log1p(square(W[1, 1]))",
            "",
        ),
        (
            "state-dependent noise",
            "x = 0.0",
            "x^2 / 2 + exp(-x) + max(x, 1)^1.5",
            "sigma = \"sqrt(1 + x^2)\"",
        ),
        (
            "covariance",
            "x = 0.0\ny = 0.0",
            "x^2 + y^2",
            "covariance = [[1.0, 0.5], [0.5, 2.0]]",
        ),
    ] {
        tasks.push((name.to_owned(), task(parameters, formula, noise)));
    }
    tasks.extend(data_tasks());
    let doubled: Vec<(String, Task)> = (tasks.iter())
        .map(|(name, task)| {
            let mut task = task.clone();
            task.precision = Precision::F64;
            (format!("{name}, in double precision"), task)
        })
        .collect();
    tasks.extend(doubled);
    tasks.extend(stored_tasks());
    tasks
}

/// Tasks whose parameters are not floats between steps: with and without optimizer state, with an odd number of parameters,
/// with more than one block of random words for rounding; measured in registers and over data.
fn stored_tasks() -> Vec<(String, Task)> {
    let file = format!("{}/examples/data/diabetes.csv", env!("CARGO_MANIFEST_DIR"));
    let texts = [
        "[parameters]\nx = 0.0\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\neta = 0.1\n".to_owned(),
        "[parameters]\nw = { shape = [11] }\n[loss]\nformula = \"dot(w, w)\"\n[dynamics]\neta = 0.1\noptimizer = \"adam\"\n"
            .to_owned(),
        format!(
            "[parameters]\nw = {{ shape = [3] }}\n[data]\nfile = \"{file}\"\nstorage = \"f16\"\n\
             columns = {{ u = [\"bmi\", \"bp\", \"s5\"], y = \"target\" }}\nstandardize = true\n\
             [loss]\nformula = \"log(1 + (dot(w, u) - y)^2)\"\n[dynamics]\neta = 0.1\nbatch = 5\n"
        ),
    ];
    [Precision::Compensated, Precision::F16State, Precision::F64]
        .into_iter()
        .flat_map(|storage| texts.iter().map(move |text| (storage, text)))
        .map(|(storage, text)| {
            (
                format!("{}, {text}", storage.name()),
                stored(text, storage).task,
            )
        })
        .collect()
}

/// Tasks over data: one example per step, a batch, all examples; in registers and in memory; stored in 32 bits and in 16.
fn data_tasks() -> Vec<(String, Task)> {
    let file = format!("{}/examples/data/diabetes.csv", env!("CARGO_MANIFEST_DIR"));
    let network = "h = tanh(W @ u)\nlog(1 + (dot(v, h) - y)^2)";
    [
        ("one at a time", 3, "0.5 * (sum(W @ u) + sum(v) - y)^2", "f32", "kind = \"sgd\""),
        ("summed", 3, network, "f16", "kind = \"sgd\"\nbatch = 5"),
        ("in order", 3, network, "f32", "kind = \"sgd\"\nbatch = 5\nsampling = \"shuffle\"\noptimizer = \"adam\""),
        ("all", 3, network, "f32", "kind = \"gradient-flow\""),
        ("in memory", 40, network, "f32", "kind = \"sgd\"\nbatch = 5\noptimizer = \"momentum\""),
        ("one in memory", 40, network, "f16", "kind = \"sgd\"\nrates = { v = 0.5 }"),
    ]
    .into_iter()
    .map(|(name, width, formula, storage, dynamics)| {
        let problem = problem(&format!(
            "[parameters]\nW = {{ shape = [{width}, 3], start = 0.1 }}\nv = {{ shape = [{width}], start = 0.1 }}\n\
             [data]\nfile = \"{file}\"\ncolumns = {{ u = [\"bmi\", \"bp\", \"s5\"], y = \"target\" }}\n\
             standardize = true\nvalidation = 0.2\nstorage = \"{storage}\"\n\
             [loss]\nformula = \"\"\"\n{formula}\n\"\"\"\n[dynamics]\neta = [0.1, 0.2]\n{dynamics}\n"
        ));
        (format!("data, {name}"), problem.task)
    })
    .collect()
}

/// A complete shader.
struct Source {
    name: String,
    entry: &'static str,
    width: Width,
    text: String,
}

/// Every composition, and the example model instead of a generated one.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for (name, task) in tasks() {
        for target in [Target::Software, Target::Hardware] {
            let lowering = Lowering::new(&task, target, WORKGROUP);
            for entry in Entry::ALL {
                sources.push(Source {
                    name: format!("{}: {name}, for {target:?}", entry.name()),
                    entry: entry.name(),
                    width: task.width(),
                    text: compose(&task, entry, &lowering),
                });
            }
        }
    }
    for storage in [Precision::F32, Precision::F64] {
        sources.extend(with_the_example_model(storage));
    }
    sources
}

/// Compositions with `shaders/model.wgsl` instead of the generated functions.
fn with_the_example_model(precision: Precision) -> Vec<Source> {
    let model = include_str!("../../shaders/model.wgsl");
    let at = |name: &str| model.find(name).expect("the example has every part");
    let (step, observe, count_all, sums) = (
        &model[..at("fn observe")],
        &model[at("fn observe")..at("alias PointRequests")],
        &model[at("alias PointRequests")..at("alias AllSums")],
        &model[at("alias AllSums")..],
    );
    let counts = include_str!("../../shaders/counts_workgroup.wgsl");
    let binning = [
        "const COUNTS_PER_POINT: u32 = 8u;\n",
        observe,
        counts,
        count_all,
    ]
    .concat();
    let summing = [observe, include_str!("../../shaders/sums.wgsl"), sums].concat();
    let mut task = task("x = 0.0", "x^2 / 2", "");
    task.precision = precision;
    let lowering = Lowering::new(&task, Target::Software, WORKGROUP);
    let [_, operations] = task.width().wgsl_operations();
    // Only the stepping shader has a stream.
    [
        (Entry::Advance, step, "// The steps of a segment"),
        (Entry::Moments, &summing, "// Partial sums of"),
        (Entry::Histogram, &binning, "// Histograms:"),
        (Entry::Values, observe, "// Outputs of every"),
    ]
    .into_iter()
    .map(|(entry, model, first)| {
        let source = compose(&task, entry, &lowering);
        let (before, generated) = source
            .split_once(operations)
            .expect("operations come before the model");
        let after = &generated[generated.find(first).expect("an entry point follows")..];
        let before = before.replace(
            &format!("const OUTPUTS: u32 = {}u;", task.observe.output_count()),
            "const OUTPUTS: u32 = 3u;",
        );
        let partial = |outputs: usize| format!("const PARTIAL: u32 = {}u;", 1 + 7 * outputs);
        let before = before.replace(&partial(task.observe.output_count()), &partial(3));
        Source {
            name: format!("{} with shaders/model.wgsl, {precision:?}", entry.name()),
            entry: entry.name(),
            width: task.width(),
            text: format!("{before}{operations}{model}{after}"),
        }
    })
    .collect()
}

fn validated(
    Source {
        name, width, text, ..
    }: &Source,
) -> (Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    let capabilities = match width {
        // No capability beyond WGSL's own: what every device has.
        Width::Single => Capabilities::empty(),
        Width::Double => Capabilities::FLOAT64 | Capabilities::SHADER_INT64,
    };
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    (module, info)
}

#[test]
fn every_composition_is_valid_wgsl() {
    for source in sources() {
        validated(&source);
    }
}

/// Translations that wgpu's backends request from naga: SPIR-V 1.1 (Vulkan), MSL 2.0 (Metal), HLSL for shader model 6.0
/// (DX12), GLSL ES 3.10 and GLSL 4.30 (compute in OpenGL), each with bounds checks. Shaders of double precision are compiled on
/// Vulkan only.
#[test]
fn every_composition_translates_for_every_api() {
    for source in sources() {
        let (module, info) = validated(&source);
        let (name, entry) = (&source.name, source.entry);
        let spirv = spv::Options {
            lang_version: (1, 1),
            ..Default::default()
        };
        let words = spv::write_vec(&module, &info, &spirv, None)
            .unwrap_or_else(|error| panic!("{name}: SPIR-V: {error}"));
        assert_eq!(words[0], 0x0723_0203, "{name}: SPIR-V's magic number");
        if source.width == Width::Double {
            continue;
        }

        let metal = msl::Options {
            lang_version: (2, 0),
            fake_missing_bindings: true,
            ..Default::default()
        };
        let (text, _) = msl::write_string(&module, &info, &metal, &msl::PipelineOptions::default())
            .unwrap_or_else(|error| panic!("{name}: MSL: {error}"));
        assert!(text.contains("kernel void"), "{name}: a kernel in MSL");

        let direct = hlsl::Options {
            shader_model: hlsl::ShaderModel::V6_0,
            ..Default::default()
        };
        let mut text = String::new();
        hlsl::Writer::new(&mut text, &direct, &hlsl::PipelineOptions::default())
            .write(&module, &info, None)
            .unwrap_or_else(|error| panic!("{name}: HLSL: {error}"));
        assert!(
            text.contains("numthreads"),
            "{name}: a compute shader in HLSL"
        );

        for version in [glsl::Version::new_gles(310), glsl::Version::Desktop(430)] {
            let options = glsl::Options {
                version,
                ..Default::default()
            };
            let pipeline = glsl::PipelineOptions {
                shader_stage: ShaderStage::Compute,
                entry_point: entry.to_owned(),
                multiview: None,
            };
            let policies = BoundsCheckPolicies {
                index: BoundsCheckPolicy::Restrict,
                ..Default::default()
            };
            let mut text = String::new();
            glsl::Writer::new(&mut text, &module, &info, &options, &pipeline, policies)
                .and_then(|mut writer| writer.write())
                .unwrap_or_else(|error| panic!("{name}: GLSL {version:?}: {error}"));
            assert!(
                text.contains("local_size_x"),
                "{name}: a compute shader in GLSL"
            );
        }
    }
}

/// Tasks of every experiment of `examples/` and its folders.
fn example_tasks() -> Vec<(String, Task)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = [root.clone(), root.join("coverage"), root.join("lecture")];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a readable folder"));
    let paths = files.map(|file| file.expect("a readable folder").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let experiment = etascope::toml::read(&path, &[]).unwrap_or_else(|e| panic!("{e}"));
            let problem = Problem::new(experiment).unwrap_or_else(|e| panic!("{e}"));
            (path.display().to_string(), problem.task)
        })
        .collect()
}

/// Temporaries that the generated loops of a program use.
fn generated_temporaries(program: &Program, width: Width) -> usize {
    let memory = TensorInput {
        array: Access::array("memory"),
        first: 0,
    };
    let inputs = vec![memory.clone(); program.tensor_inputs().len()];
    program.wgsl_loops(&inputs, &memory, width).temporaries
}

/// `Lowering` counts memory without writing a shader; the count is that of the generated text.
#[test]
fn counted_memory_is_the_generated_memory() {
    let examples = example_tasks();
    assert!(examples.len() > 60, "only {} examples", examples.len());
    let mut in_memory = 0;
    for (name, task) in examples.into_iter().chain(tasks()) {
        let batch = task.batch.iter().filter_map(|b| b.example_sum.as_ref());
        let passes = task.data_passes.iter().map(|pass| &pass.example_sum);
        let sums = batch.chain(passes).map(|sum| &sum.program);
        for program in sums.chain([&task.step, &task.observe]) {
            let generated = generated_temporaries(program, task.width());
            assert_eq!(program.loop_temporaries(), generated, "{name}");
        }
        for target in [Target::Software, Target::Hardware] {
            let lowering = Lowering::new(&task, target, WORKGROUP);
            in_memory += usize::from(lowering.column_length() > 0);
            let entries = [
                (Entry::Advance, lowering.steps),
                (Entry::DataPass, lowering.observation),
                (Entry::Observe, lowering.observation),
            ];
            for (entry, _) in (entries.into_iter()).filter(|entry| entry.1 == Residency::Memory) {
                let text = compose(&task, entry, &lowering);
                let arrays = text.lines().filter_map(|line| {
                    let (_, first) = line.strip_prefix("  const t")?.split_once(": u32 = ")?;
                    first.strip_suffix("u;")?.parse::<usize>().ok()
                });
                for first in arrays {
                    assert!(first < lowering.column_length(), "{name}: {entry:?}");
                }
            }
        }
    }
    assert!(in_memory > 20, "only {in_memory} tasks have memory");
}

/// Every decision is explained in one line, with its reason.
#[test]
fn every_task_is_explained() {
    for (name, task) in tasks() {
        for target in [Target::Software, Target::Hardware] {
            let lines = Lowering::new(&task, target, WORKGROUP).explain();
            assert!(lines.len() > 8, "{name}: {lines:?}");
            for (label, value) in lines {
                assert!(
                    !value.is_empty() && !value.contains('\n'),
                    "{name}: {label}"
                );
            }
        }
    }
    let task = task("x = 0.0", "(x^2 - 1)^2 / 4", "normal = \"integer\"");
    let lines = Lowering::new(&task, Target::Hardware, WORKGROUP).explain();
    let of = |label: &str| {
        let line = lines.iter().find(|line| line.0 == label);
        line.expect("a line with this label").1.clone()
    };
    assert!(of("steps").starts_with("in registers (1 number of state, "));
    assert!(of("divergence checks").starts_with("every 4 steps"));
    assert_eq!(of("normals"), "by table, in storage memory");
}
