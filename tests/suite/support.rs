//! Helpers for tests: experiments from text, engines, runs.

use etascope::compile::Problem;
use etascope::engine::gpu::{self, Gpu, OpenDevice};
use etascope::engine::{Cpu, Engine};
use etascope::plan::Tile;
use etascope::report::Summary;
use etascope::run::{Computed, Options, PointRecord, compute, execute};
use etascope::spec::{Backend, Precision};
use etascope::toml;

/// Compiles an experiment from TOML text.
pub(crate) fn problem(text: &str) -> Problem {
    stored(text, Precision::F32)
}

/// Compiles an experiment from TOML text for a given precision.
pub(crate) fn stored(text: &str, precision: Precision) -> Problem {
    let experiment = toml::parse("test.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    Problem::with_precision(experiment, precision).unwrap_or_else(|error| panic!("{error}"))
}

/// Opens the device of the GPU tests. Without one they fail, because a skipped test would look like a passed one.
pub(crate) fn device() -> OpenDevice {
    gpu::open(None)
        .unwrap_or_else(|error| panic!("GPU tests need a Vulkan, Metal or DX12 adapter: {error}"))
}

/// The whole ensemble as one tile.
pub(crate) fn whole(problem: &Problem) -> Tile {
    Tile {
        first_block: 0,
        blocks: problem.task.layout.blocks(),
    }
}

/// Runs a problem on an engine in one tile.
pub(crate) fn run_on(problem: &Problem, engine: &mut dyn Engine) -> Vec<PointRecord> {
    execute(problem, engine, &[whole(problem)], &|_| {}).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a problem on the CPU in f32, the CPU in f64 and the GPU.
pub(crate) fn run_everywhere(problem: &Problem) -> Vec<(&'static str, Vec<PointRecord>)> {
    let mut gpu =
        Gpu::new(problem.task.clone(), device()).unwrap_or_else(|error| panic!("{error}"));
    vec![
        (
            "cpu f32",
            run_on(problem, &mut Cpu::<f32>::new(problem.task.clone())),
        ),
        (
            "cpu f64",
            run_on(problem, &mut Cpu::<f64>::new(problem.task.clone())),
        ),
        ("gpu", run_on(problem, &mut gpu)),
    ]
}

/// Runs an experiment from TOML text on a backend, "cpu" or "gpu", and returns its summary.
pub(crate) fn summary(text: &str, backend: &str) -> Summary {
    let backend = (Backend::ALL.into_iter()).find(|known| known.name() == backend);
    computed_on(text, backend.expect("a backend"))
        .results
        .summary
}

/// Runs an experiment from TOML text on the CPU.
pub(crate) fn computed(text: &str) -> Computed {
    computed_on(text, Backend::Cpu)
}

fn computed_on(text: &str, backend: Backend) -> Computed {
    let experiment = toml::parse("test.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    let options = Options::default().backend(backend);
    compute(experiment, &options).unwrap_or_else(|error| panic!("{error}"))
}
