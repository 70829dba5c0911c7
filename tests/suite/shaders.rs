//! Every shader is valid and translates for every graphics API, without any device.

use crate::support::problem;
use etascope::engine::Task;
use etascope::engine::gpu::{Entry, TableMemory, WORKGROUP, compose};
use etascope::random::{
    NoiseKind, NormalTransform, WGSL_THREEFRY, WGSL_UNIFORM, wgsl_constants, wgsl_noise,
};
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

/// A complete shader: what it is, its entry point, its text.
struct Shader {
    name: String,
    entry: &'static str,
    source: String,
}

/// Every law of noise and every way in which an experiment changes the generated text: parameters, formula, noise.
const EXPERIMENTS: [[&str; 3]; 10] = [
    ["x = 0.0", "(x^2 - 1)^2 / 4", r#"normal = "integer""#],
    ["x = 0.0", "(x^2 - 1)^2 / 4", r#"normal = "box-muller""#],
    ["x = 0.0", "(x^2 - 1)^2 / 4", r#"kind = "two-point""#],
    ["x = 0.0", "(x^2 - 1)^2 / 4", r#"kind = "three-point""#],
    ["x = 0.0", "(x^2 - 1)^2 / 4", "sigma = 0.0"],
    [
        "w = { shape = [64] }",
        "dot(w, w) / 2 + w[0] * w[63]",
        "sigma = 2.0",
    ],
    [
        "x = 0.0\nW = { shape = [2, 3] }",
        "sum(square(tanh(W @ [1, 2, 3]))) + erf(W[0, 1]) + sum(softplus(W)) + log1p(x^2) * sin(x)",
        "sigma = { x = 1.0, W = 2.0 }",
    ],
    [
        "x = 0.0",
        "x^2 / 2 + exp(-x) + max(x, 1)^1.5",
        r#"sigma = "sqrt(1 + x^2)""#,
    ],
    [
        "x = 0.0\ny = 0.0",
        "x^2 + y^2 + select(x < y, sigmoid(x), expm1(y))",
        "covariance = [[1.0, 0.5], [0.5, 2.0]]",
    ],
    // Infinity, which WGSL has no literal for.
    ["x = 0.0", "x^2 / (1 + 0 * x) + log(0) * 0", "sigma = 1.0"],
];

fn task([parameters, formula, noise]: [&str; 3]) -> Task {
    let text = format!(
        "[parameters]\n{parameters}\n[loss]\nformula = \"{formula}\"\n[dynamics]\nkind = \"sgd\"\neta = [0.1, 0.2]\n\
         [noise]\n{noise}\n[measure]\nobservables = {{ twice = \"2 * ({formula})\", root = \"sqrt(twice)\" }}\n"
    );
    problem(&text).task
}

/// Every composition, and the example model in the place of a generated one.
fn shaders() -> Vec<Shader> {
    let mut shaders = Vec::new();
    for experiment in EXPERIMENTS {
        let task = task(experiment);
        for table in [TableMemory::Uniform, TableMemory::Storage] {
            for entry in Entry::ALL {
                shaders.push(Shader {
                    name: format!(
                        "{} of {experiment:?}, table in {table:?} memory",
                        entry.name()
                    ),
                    entry: entry.name(),
                    source: compose(&task, entry, WORKGROUP, table),
                });
            }
        }
    }
    shaders.extend(with_the_example_model());
    shaders
}

/// The files of `shaders/` around `shaders/model.wgsl`, which stands where the generated model does.
fn with_the_example_model() -> Vec<Shader> {
    const HEADER: &str = "const LANES: u32 = 128u; const WORKGROUP: u32 = 64u; const PARAMETERS: u32 = 1u;\n\
         const COEFFICIENTS: u32 = 2u; const SCALES: u32 = 1u; const OUTPUTS: u32 = 3u; const CHECKED: u32 = 1u;\n\
         const WIDTH: u32 = 1u; const STEPS_PER_BLOCK: u32 = 4u;\n";
    let common = [
        HEADER,
        include_str!("../../shaders/ensemble.wgsl"),
        &wgsl_constants(),
        WGSL_THREEFRY,
        WGSL_UNIFORM,
        include_str!("../../shaders/stream.wgsl"),
        include_str!("../../shaders/operations.wgsl"),
        include_str!("../../shaders/sums.wgsl"),
        include_str!("../../shaders/model.wgsl"),
    ]
    .concat();
    let table = include_str!("../../shaders/normal_table_uniform.wgsl");
    let noises = [
        (NoiseKind::Gaussian(NormalTransform::Integer), table),
        (NoiseKind::Gaussian(NormalTransform::BoxMuller), ""),
        (NoiseKind::TwoPoint, ""),
        (NoiseKind::ThreePoint, ""),
    ];
    let mut shaders = Vec::new();
    for (noise, table) in noises {
        for (entry, text) in [
            ("advance", include_str!("../../shaders/advance.wgsl")),
            ("draws", include_str!("../../shaders/draws.wgsl")),
        ] {
            shaders.push(Shader {
                name: format!("{entry}.wgsl with model.wgsl and {noise:?}"),
                entry,
                source: [&common, table, &wgsl_noise(noise).concat(), text].concat(),
            });
        }
    }
    let noise = wgsl_noise(NoiseKind::TwoPoint).concat();
    for (entry, text) in [
        ("moments", include_str!("../../shaders/moments.wgsl")),
        ("covariance", include_str!("../../shaders/covariance.wgsl")),
        ("histogram", include_str!("../../shaders/histogram.wgsl")),
        ("values", include_str!("../../shaders/values.wgsl")),
    ] {
        shaders.push(Shader {
            name: format!("{entry}.wgsl with model.wgsl"),
            entry,
            source: [&common, &noise, text].concat(),
        });
    }
    shaders
}

/// Parsed and validated with no capability beyond WGSL's own: what every device has.
fn validated(shader: &Shader) -> (Module, ModuleInfo) {
    let Shader { name, source, .. } = shader;
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    (module, info)
}

#[test]
fn every_composition_is_valid_wgsl() {
    for shader in shaders() {
        validated(&shader);
    }
}

/// SPIR-V 1.1, as wgpu asks of naga for Vulkan.
#[test]
fn every_composition_translates_to_spir_v() {
    let options = spv::Options {
        lang_version: (1, 1),
        ..Default::default()
    };
    for shader in shaders() {
        let (module, info) = validated(&shader);
        let words = spv::write_vec(&module, &info, &options, None)
            .unwrap_or_else(|error| panic!("{}: {error}", shader.name));
        assert_eq!(words[0], 0x0723_0203, "{}: the magic number", shader.name);
    }
}

/// MSL 2.0, the oldest that runs on current systems; bindings are not assigned, which changes names alone.
#[test]
fn every_composition_translates_to_metal() {
    let options = msl::Options {
        lang_version: (2, 0),
        fake_missing_bindings: true,
        ..Default::default()
    };
    for shader in shaders() {
        let (module, info) = validated(&shader);
        let (text, _) =
            msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
                .unwrap_or_else(|error| panic!("{}: {error}", shader.name));
        assert!(text.contains("kernel void"), "{}: a kernel", shader.name);
    }
}

/// HLSL for shader model 6.0, as wgpu asks of naga for DX12.
#[test]
fn every_composition_translates_to_hlsl() {
    let options = hlsl::Options {
        shader_model: hlsl::ShaderModel::V6_0,
        ..Default::default()
    };
    for shader in shaders() {
        let (module, info) = validated(&shader);
        let mut text = String::new();
        hlsl::Writer::new(&mut text, &options, &hlsl::PipelineOptions::default())
            .write(&module, &info, None)
            .unwrap_or_else(|error| panic!("{}: {error}", shader.name));
        assert!(text.contains("numthreads"), "{}: a kernel", shader.name);
    }
}

/// GLSL ES 3.10 and GLSL 4.30, the first versions with compute shaders, indices restricted to their arrays.
#[test]
fn every_composition_translates_to_glsl() {
    let policies = BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        ..Default::default()
    };
    for version in [glsl::Version::new_gles(310), glsl::Version::Desktop(430)] {
        let options = glsl::Options {
            version,
            ..Default::default()
        };
        for shader in shaders() {
            let (module, info) = validated(&shader);
            let pipeline = glsl::PipelineOptions {
                shader_stage: ShaderStage::Compute,
                entry_point: shader.entry.to_owned(),
                multiview: None,
            };
            let mut text = String::new();
            glsl::Writer::new(&mut text, &module, &info, &options, &pipeline, policies)
                .and_then(|mut writer| writer.write())
                .unwrap_or_else(|error| panic!("{}, {version:?}: {error}", shader.name));
            assert!(text.contains("local_size_x"), "{}: a kernel", shader.name);
        }
    }
}
