//! What tests share: experiments from text, engines, runs.

use clap::Parser;
use etascope::compile::Problem;
use etascope::engine::gpu::{self, Gpu, OpenDevice};
use etascope::engine::{Cpu, Engine};
use etascope::plan::Tile;
use etascope::program::cli::{Cli, Command};
use etascope::report::Summary;
use etascope::run::{Computed, PointRecord, compute, execute};
use etascope::spec::Precision;
use etascope::toml;

/// An experiment from TOML text.
pub(crate) fn problem(text: &str) -> Problem {
    stored(text, Precision::F32)
}

/// An experiment from TOML text whose chains are held in a way of their own.
pub(crate) fn stored(text: &str, precision: Precision) -> Problem {
    let experiment = toml::parse("test.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    Problem::with_precision(experiment, precision).unwrap_or_else(|error| panic!("{error}"))
}

/// The device of the GPU tests. Where there is none they fail: a skipped test would look like a passed one.
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

/// What `etascope run` finds on a backend, "cpu" or "gpu", without writing anything.
pub(crate) fn summary(text: &str, backend: &str) -> Summary {
    computed_on(text, backend).results.summary
}

/// Runs an experiment from TOML text on the CPU, as `etascope run` does.
pub(crate) fn computed(text: &str) -> Computed {
    computed_on(text, "cpu")
}

fn computed_on(text: &str, backend: &str) -> Computed {
    let experiment = toml::parse("test.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    let line = [
        "etascope",
        "run",
        "test.toml",
        "--quiet",
        "--backend",
        backend,
    ];
    let Command::Run(arguments) = Cli::parse_from(line).command else {
        unreachable!("the line says run")
    };
    compute(experiment, &arguments).unwrap_or_else(|error| panic!("{error}"))
}
