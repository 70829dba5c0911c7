//! Time of the parts of a run of a million chains, and its peak memory: `cargo bench --bench whole_run`.
//!
//! Prints the seconds of each part for one and ten parameters on both engines. The column "not stepping" is the share of
//! everything but steps in a run of 10,000 steps with a trace of 100 points. Does nothing without `--bench`, as under
//! `cargo test --benches`, because unoptimized times would be meaningless.

use etascope::compile::Problem;
use etascope::engine::{Bins, Cpu, Engine};
use etascope::measure::Axis;
use etascope::plan::{Checkpoint, Segment, Tile};
use etascope::toml;
use std::time::Instant;

const STEPS: u64 = 100;
const TRACE: f64 = 100.0;
const REPETITIONS: usize = 5;

const ONE: &str = r#"
[parameters]
x = { start = "uniform(-2, 2)" }
[loss]
formula = "(x^2 - 1)^2 / 4"
[dynamics]
kind = "langevin"
eta = 0.1
dt = 0.05
[ensemble]
chains = 1_048_576
"#;

const TEN: &str = r#"
[parameters]
w = { shape = [10], start = "normal(0, 1)" }
[loss]
formula = "sum((w^2 - 1)^2) / 4"
[dynamics]
kind = "langevin"
eta = 0.1
dt = 0.05
[ensemble]
chains = 1_048_576
"#;

fn problem(text: &str) -> Problem {
    let experiment = toml::parse("whole_run.toml", text, &[]).expect("a valid experiment");
    Problem::new(experiment).expect("valid formulas")
}

/// Seconds of the parts of a run.
struct Parts {
    init_tile: f64,
    /// [`STEPS`] steps.
    step: f64,
    observe: f64,
    finish: f64,
    /// Growth of the peak of resident memory in MiB; `None` if the system does not report it.
    peak: Option<f64>,
}

fn measure(problem: &Problem, open: impl FnOnce() -> Box<dyn Engine>) -> Parts {
    let before = reset_peak();
    let mut engine = open();
    let tile = Tile {
        first_block: 0,
        blocks: problem.task.layout.blocks(),
    };
    let init_tile = seconds(|| engine.init_tile(tile).expect("it fits"));
    let mut begin = 0;
    let mut next_checkpoint = || {
        let checkpoint = Checkpoint {
            segments: vec![Segment {
                begin,
                steps: STEPS,
            }],
            phase: 0,
            measured: true,
        };
        begin += STEPS;
        checkpoint
    };
    let (mut stepping, mut observing) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        let checkpoint = next_checkpoint();
        stepping.push(seconds(|| {
            engine.step(&checkpoint, &|_| {}).expect("the engine works")
        }));
        observing.push(seconds(|| {
            drop(engine.observe().expect("the engine works"))
        }));
    }
    let bins = vec![bins(problem)];
    let finish = seconds(|| {
        engine.histograms(&bins).expect("the engine works");
        engine.covariance().expect("the engine works");
        engine.divergence().expect("the engine works");
    });
    let peak = before
        .zip(status("VmHWM"))
        .map(|(before, after)| (after - before) / 1024.0);
    Parts {
        init_tile,
        step: median(stepping),
        observe: median(observing),
        finish,
        peak,
    }
}

fn bins(problem: &Problem) -> Vec<Bins> {
    let axis = |&bins: &u32| Axis::new(-3.0, 3.0, bins).expect("a range that divides");
    problem
        .task
        .histograms
        .iter()
        .map(|request| request.bins.iter().map(axis).collect())
        .collect()
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resets the peak of resident memory and returns the resident memory in KiB.
fn reset_peak() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    status("VmRSS")
}

fn status(name: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn print(what: &str, parts: &Parts) {
    let Parts {
        init_tile,
        step,
        observe,
        finish,
        peak,
    } = parts;
    let rest = init_tile + (TRACE + 1.0) * observe + finish;
    let share = 100.0 * rest / (rest + TRACE * step);
    let peak = peak.map_or("unknown".to_owned(), |peak| format!("{peak:.0} MiB"));
    println!(
        "{what:<16} {init_tile:>9.3} {step:>9.3} {observe:>8.4} {finish:>8.3} {share:>12.1} % {peak:>12}"
    );
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "{:<16} {:>9} {:>9} {:>8} {:>8} {:>14} {:>12}",
        "seconds of", "init_tile", "100 steps", "observe", "finish", "not stepping", "peak memory"
    );
    for (name, text) in [("1 parameter", ONE), ("10 parameters", TEN)] {
        let problem = problem(text);
        let parts = measure(&problem, || Box::new(Cpu::<f32>::new(problem.task.clone())));
        print(&format!("{name}, cpu"), &parts);
        #[cfg(feature = "gpu")]
        {
            use etascope::engine::gpu::{self, Gpu};
            let parts = measure(&problem, || {
                let open = gpu::open(None).expect("an adapter");
                Box::new(Gpu::new(problem.task.clone(), open).expect("the shader compiles"))
            });
            print(&format!("{name}, gpu"), &parts);
        }
    }
}
