//! Shaders to compile: the double well beside kernels written by hand, every experiment of `examples/`, and losses of up to 32
//! parameters.

use etascope::compile::Problem;
use etascope::engine::Task;
use etascope::engine::gpu::{Entry, Lowering, Residency, Target, WORKGROUP, compose};
use etascope::random::{WGSL_THREEFRY, wgsl_constants, wgsl_noise};
use etascope::spec::Precision;
use etascope::spec::{NoiseKind, NormalTransform};
use etascope::toml;
use std::path::Path;

/// One entry point to compile.
pub(crate) struct Shader {
    pub(crate) name: String,
    pub(crate) entry: &'static str,
    pub(crate) source: String,
    /// Turn of the loop over whole noise blocks, if the shader consists of little else.
    pub(crate) block: Option<Block>,
}

/// Turn of a loop over noise blocks of four random words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// Function that generates the random words.
    generator: &'static str,
    /// Steps per noise block.
    pub(crate) steps: u32,
}

const THREEFRY: &str = "threefry4x32";

/// Texts at the beginning and the end of a block, in the kernels by hand and in `shaders/walk_whole.wgsl`.
const HAND_STEPS: &str = "    x = descend(x, first(draws));\n    draws = rest(draws);\n";
const HAND_BEGIN: &str = "block < run.first_block + run.blocks; block++) {\n";
const HAND_END: &str = "  }\n  state[chain] = x;";
const BLOCK_BEGIN: &str = "      refill(stream);\n      var largest = Bits();\n";
const BLOCK_END: &str = "      exceeded = largest > bound;";

const TABLE: &str = include_str!("../../shaders/normal_table_storage.wgsl");

/// Normal transforms: name and experiment key.
pub(crate) const NORMALS: [[&str; 2]; 3] = [
    ["integer normals", "normal = \"integer\""],
    ["Box-Muller", "normal = \"box-muller\""],
    ["Box-Muller of 16 bits", "normal = \"box-muller-16\""],
];

/// The double well: written by hand, compiled for each kind of noise, and reduced to the loop over whole blocks.
pub(crate) fn double_wells() -> Vec<Shader> {
    let mut shaders = vec![philox()];
    for [name, noise] in NORMALS {
        let task = double_well(noise);
        shaders.push(by_hand(name, &task));
        shaders.push(whole_blocks(name, &task));
    }
    for [name, noise] in NORMALS.into_iter().chain([
        ["two-point noise", "kind = \"two-point\""],
        ["three-point noise", "kind = \"three-point\""],
    ]) {
        shaders.extend(entries(
            &format!("double well, {name}"),
            &double_well(noise),
        ));
    }
    shaders
}

fn philox() -> Shader {
    Shader {
        name: "double well by hand, Philox4x32-10 and Box-Muller".to_owned(),
        entry: "main",
        source: include_str!("philox.wgsl").to_owned(),
        block: Some(Block {
            generator: "philox4x32",
            steps: 4,
        }),
    }
}

fn by_hand(name: &str, task: &Task) -> Shader {
    let (noise, steps) = (task.noise, task.addresses.steps_per_block);
    let mut source = wgsl_constants();
    source.push_str(WGSL_THREEFRY);
    if noise == NoiseKind::Gaussian(NormalTransform::Integer) {
        source.push_str(TABLE);
    }
    wgsl_noise(noise)
        .iter()
        .for_each(|file| source.push_str(file));
    let (before, after) = include_str!("double_well.wgsl")
        .split_once(HAND_STEPS)
        .expect("the steps of a block");
    source += before;
    source += &HAND_STEPS.repeat(steps as usize);
    source += after;
    Shader {
        name: format!("double well by hand, {name}"),
        entry: "main",
        source,
        block: Some(Block {
            generator: THREEFRY,
            steps,
        }),
    }
}

/// The compiled double well without the branch for single steps, which runs at most once per dispatch but would be counted in
/// every turn.
fn whole_blocks(name: &str, task: &Task) -> Shader {
    const REST: &str = "if remaining > 0u {";
    let source = compose(task, Entry::Advance, &for_hardware(task));
    assert_eq!(
        source.matches(REST).count(),
        1,
        "shaders/walk_whole.wgsl has changed"
    );
    Shader {
        name: format!("double well compiled, {name}"),
        entry: Entry::Advance.name(),
        source: source.replace(REST, "if false {"),
        block: Some(Block {
            generator: THREEFRY,
            steps: task.addresses.steps_per_block,
        }),
    }
}

fn double_well(noise: &str) -> Task {
    task(&format!(
        "[parameters]\nx = 1.0\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n[noise]\n{noise}\n\
         [dynamics]\nkind = \"langevin\"\neta = 0.1\ndt = 0.01\n"
    ))
}

fn task(text: &str) -> Task {
    let experiment =
        toml::parse("shader_cost.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    Problem::new(experiment)
        .unwrap_or_else(|error| panic!("{error}"))
        .task
}

/// Every entry point of every experiment of `examples/`.
pub(crate) fn examples() -> Vec<Shader> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(&folder).expect("the folder of the examples");
    let mut paths: Vec<_> = files
        .map(|file| file.expect("a readable folder").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no examples");
    (paths.iter())
        .flat_map(|path| {
            let experiment = toml::read(path, &[]).unwrap_or_else(|error| panic!("{error}"));
            let problem = Problem::new(experiment).unwrap_or_else(|error| panic!("{error}"));
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            entries(&name, &problem.task)
        })
        .collect()
}

/// Large losses of each kind with up to 32 parameters.
pub(crate) fn up_to_32_parameters() -> Vec<Shader> {
    let diabetes = format!("{}/examples/data/diabetes.csv", env!("CARGO_MANIFEST_DIR"));
    let data = format!(
        "[data]\nfile = \"{diabetes}\"\n\
         columns = {{ u = [\"age\", \"bmi\", \"bp\", \"s1\", \"s2\", \"s3\", \"s4\", \"s5\", \"s6\"], y = \"target\" }}\n\
         standardize = true\n"
    );
    let network = format!(
        "[parameters]\nW = {{ shape = [3, 9], start = 0.1 }}\nv = {{ shape = [5], start = 0.1 }}\n{data}\
         [loss]\nformula = \"\"\"\nh = tanh(W @ u)\n(v[0] * h[0] + v[1] * h[1] + v[2] * h[2] + v[3] + v[4] * u[0] - y)^2\n\"\"\"\n"
    );
    let chain: Vec<String> = (0..31)
        .map(|k| format!("(w[{}] - w[{k}]^2)^2 + (1 - w[{k}])^2", k + 1))
        .collect();
    let rosenbrock = format!(
        "[parameters]\nw = {{ shape = [32] }}\n[loss]\nformula = \"{}\"\n",
        chain.join(" + ")
    );
    let functions = "[parameters]\nw = { shape = [32], start = 0.1 }\n[loss]\n\
                     formula = \"sum(softplus(w)) + sum(erf(w)) + logsumexp(w) + square(norm(w)) + sum(tanh(w) * sin(w))\"\n";
    let experiments = [
        ("32 parameters, Rosenbrock", rosenbrock.clone(), ""),
        (
            "32 parameters, Rosenbrock with momentum",
            rosenbrock,
            "kind = \"sgd\"\noptimizer = \"momentum\"\n",
        ),
        ("32 parameters, functions", functions.to_owned(), ""),
        (
            "32 parameters, network, B = 1",
            network.clone(),
            "kind = \"sgd\"\n",
        ),
        (
            "32 parameters, network, B = 16",
            network.clone(),
            "kind = \"sgd\"\nbatch = 16\n",
        ),
        (
            "32 parameters, network, epochs",
            network.clone(),
            "kind = \"sgd\"\nbatch = 16\nsampling = \"shuffle\"\n",
        ),
        (
            "32 parameters, network, Adam",
            network,
            "kind = \"sgd\"\noptimizer = \"adam\"\n",
        ),
    ];
    (experiments.iter())
        .flat_map(|(name, text, dynamics)| {
            entries(
                name,
                &task(&format!("{text}[dynamics]\neta = 0.01\n{dynamics}")),
            )
        })
        .collect()
}

/// In double precision: the double well, and a loss of 8 parameters with every function that devices lack.
pub(crate) fn in_double_precision() -> Vec<Shader> {
    let functions = "[parameters]\nw = { shape = [8], start = 0.1 }\n[loss]\n\
                     formula = \"sum(softplus(w)) + sum(erf(w)) + logsumexp(w) + w[0]^w[1] + sum(tanh(w) * sin(w)) + expm1(w[2]) * cos(w[3])\"\n\
                     [dynamics]\neta = 0.01\n";
    [
        ("double well, f64", double_well("normal = \"integer\"")),
        ("8 parameters, functions, f64", task(functions)),
    ]
    .into_iter()
    .flat_map(|(name, mut task)| {
        task.precision = Precision::F64;
        entries(name, &task)
    })
    .collect()
}

impl Shader {
    /// The shader with a second block in every turn of its loop.
    pub(crate) fn doubled(&self) -> Option<String> {
        self.block?;
        let [begin, end, again] = if self.entry == "main" {
            [HAND_BEGIN, HAND_END, "let block = block + 1u;"]
        } else {
            [BLOCK_BEGIN, BLOCK_END, "refill(stream);"]
        };
        let (before, rest) = self.source.split_once(begin).expect("a loop over blocks");
        let (body, after) = rest.split_once(end).expect("its end");
        Some(format!(
            "{before}{begin}{body}{{{again}\n{body}}}\n{end}{after}"
        ))
    }

    /// The shader with `rounds` more rounds of additions and exclusive ors in every turn of its loop. The added cost shows how
    /// many turns the compiler counts.
    pub(crate) fn probed(&self, rounds: usize) -> Option<String> {
        let generator = self.block?.generator;
        let definition = format!("fn {generator}(");
        assert_eq!(self.source.matches(&definition).count(), 1, "{}", self.name);
        let (_, rest) = self.source.split_once(&definition)?;
        let (arguments, _) = rest.split_once(')')?;
        let bare = format!("fn bare_{generator}(");
        Some(format!(
            "{}\n{}\nfn {generator}({arguments}) -> vec4<u32> {{\n  return probe(bare_{generator}(counter, key));\n}}\n",
            self.source.replace(&definition, &bare),
            probe(rounds)
        ))
    }
}

/// A shader with only the probe, without a loop or branch.
pub(crate) fn bare_probe(rounds: usize) -> String {
    format!(
        "@group(0) @binding(0) var<storage, read_write> words: array<vec4<u32>>;\n{}\n\
         @compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3<u32>) {{\n  \
         words[id.x] = probe(words[id.x]);\n}}\n",
        probe(rounds)
    )
}

fn probe(rounds: usize) -> String {
    let round = "  y = vec4<u32>(y.x + y.y, y.y ^ y.z, y.z + y.w, y.w ^ y.x);\n";
    format!(
        "fn probe(x: vec4<u32>) -> vec4<u32> {{\n  var y = x;\n{}  return y;\n}}\n",
        round.repeat(rounds)
    )
}

/// Entry points that a run of a task uses.
fn entries(name: &str, task: &Task) -> Vec<Shader> {
    let lowering = for_hardware(task);
    (Entry::ALL.into_iter())
        .filter(|&entry| match entry {
            Entry::DataPass => !task.data_passes.is_empty(),
            Entry::Observe => lowering.observation == Residency::Memory,
            _ => true,
        })
        .map(|entry| Shader {
            name: name.to_owned(),
            entry: entry.name(),
            source: compose(task, entry, &lowering),
            block: None,
        })
        .collect()
}

fn for_hardware(task: &Task) -> Lowering {
    Lowering::new(task, Target::Hardware, WORKGROUP)
}
