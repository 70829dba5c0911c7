//! The compiled double well against kernels written by hand, on the CPU and on the GPU.
//!
//! Every kernel must first give the answer: the same chains as the engine, and the temperature that theory says. Then
//! both are timed by turns, and medians printed: `cargo bench --bench double_well`, or with `-- avx2`, `-- gpu` for some of it.
//! Without `--bench`, as under `cargo test --benches`, the answers are checked and nothing is timed.

mod by_hand;
#[cfg(feature = "gpu")]
mod on_device;
mod timing;

use by_hand::{Instructions, STEPS_PER_BLOCK, Well};
use etascope::engine::{Cpu, Engine, Level};
use etascope::experiment;
use etascope::plan::{Event, Leg, Tile};
use etascope::problem::Problem;
use etascope::random::{NoiseKind, NormalTransform};
use timing::{Comparison, Work, compare, rate};

const CHAINS: u64 = 1 << 17;
/// Steps of one timed run.
const STEPS: u64 = 512;
/// Steps before the answer is checked: ten relaxation times of the loss within a well.
const SETTLING: u64 = 2_000;
const TURNS: usize = 15;

const EXPERIMENT: &str = r#"
[parameters]
x = 1.0
[loss]
formula = "(x^2 - 1)^2 / 4"
[dynamics]
kind = "langevin"
eta = 0.1
dt = 0.01
[ensemble]
chains = 131_072
duration = { steps = 512 }
"#;

fn problem(transform: NormalTransform) -> Problem {
    let name = match transform {
        NormalTransform::Integer => "integer",
        NormalTransform::BoxMuller => "box-muller",
    };
    let text = format!("{EXPERIMENT}[noise]\nnormal = \"{name}\"\n");
    let experiment =
        experiment::parse("double_well.toml", &text, &[]).expect("the experiment above is right");
    Problem::new(experiment).expect("its formula is right")
}

fn well(problem: &Problem) -> Well {
    let coefficients = &problem.task.coefficients[0][0].step;
    Well {
        stream: problem.task.stream,
        noise: problem.task.noise,
        drift: coefficients[0] as f32,
        amplitude: coefficients[1] as f32,
    }
}

fn instructions(level: Level) -> Instructions {
    match level {
        Level::Portable => Instructions::Portable,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => Instructions::Avx2,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => Instructions::Avx512,
    }
}

/// An engine with all chains loaded.
fn loaded<E: Engine>(mut engine: E, problem: &Problem) -> E {
    let blocks = problem.task.layout.blocks();
    engine
        .load(Tile {
            first_block: 0,
            blocks,
        })
        .expect("a megabyte of chains fits");
    engine
}

fn advance(engine: &mut dyn Engine, begin: u64, steps: u64) {
    let event = Event {
        legs: vec![Leg { begin, steps }],
        phase: 0,
        measured: false,
    };
    engine.advance(&event, &|_| {}).expect("the engine works");
}

/// Panics unless both hold the same chains and those have the temperature of the Gibbs distribution.
fn check(engine: &mut dyn Engine, states: &[f32], what: &str) {
    let compiled = engine.states().expect("the engine works");
    // The well contracts differences, but the top of the barrier stretches them: a chain that lingers there multiplies
    // a difference of one rounding (6e-8) by up to exp(its time there). All but a few chains agree to 1e-4.
    let far = compiled
        .iter()
        .zip(states)
        .filter(|(a, b)| (*a - f64::from(**b)).abs() > 1e-4)
        .count();
    assert!(
        far <= states.len() / 1000,
        "{what}: {far} of {} chains differ from the engine's",
        states.len()
    );
    // E[x L'(x)] = T = eta sigma^2 / 2 = 0.05 under the Gibbs distribution. Standard error sd / sqrt(n) = 2e-4; the time
    // step of 0.01 adds about dt/2 of the curvature 2: 1 %. Ten standard errors together.
    let virial: f64 = states
        .iter()
        .map(|&x| f64::from(x))
        .map(|x| x * x * (x * x - 1.0))
        .sum::<f64>()
        / states.len() as f64;
    assert!(
        (virial - 0.05).abs() < 2e-3,
        "{what}: temperature {virial} and not 0.05"
    );
}

/// The engine and the hand-written kernel after the same steps, checked.
fn cpu(problem: &Problem, level: Level) -> (Cpu<f32>, Vec<f32>) {
    let mut engine = loaded(Cpu::<f32>::with_level(problem.task.clone(), level), problem);
    let mut states = vec![1.0; CHAINS as usize];
    advance(&mut engine, 0, SETTLING);
    well(problem).advance(
        instructions(level),
        &mut states,
        0..SETTLING / STEPS_PER_BLOCK,
    );
    check(
        &mut engine,
        &states,
        &format!("{level:?} {:?}", problem.task.noise),
    );
    (engine, states)
}

fn time_cpu(
    problem: &Problem,
    level: Level,
    mut engine: Cpu<f32>,
    mut states: Vec<f32>,
) -> Comparison {
    let well = well(problem);
    let (mut hand, mut compiled) = (SETTLING, SETTLING);
    let by_hand: Work<'_> = Box::new(|| {
        let blocks = hand / STEPS_PER_BLOCK..(hand + STEPS) / STEPS_PER_BLOCK;
        well.advance(instructions(level), &mut states, blocks);
        hand += STEPS;
    });
    let by_program: Work<'_> = Box::new(|| {
        advance(&mut engine, compiled, STEPS);
        compiled += STEPS;
    });
    compare((CHAINS * STEPS) as f64, TURNS, by_hand, by_program)
}

#[cfg(feature = "gpu")]
fn gpu(problem: &Problem) -> (etascope::engine::gpu::Gpu, on_device::OnDevice, String) {
    use etascope::engine::gpu::{self, Gpu};
    let open = gpu::open(None).expect("an adapter");
    let name = open.report.name.clone();
    let mut engine = loaded(
        Gpu::new(problem.task.clone(), open).expect("the shader compiles"),
        problem,
    );
    let hand = on_device::OnDevice::new(well(problem), &name, &vec![1.0; CHAINS as usize]);
    advance(&mut engine, 0, SETTLING);
    hand.advance(0..SETTLING / STEPS_PER_BLOCK);
    check(
        &mut engine,
        &hand.states(),
        &format!("{name} {:?}", problem.task.noise),
    );
    (engine, hand, name)
}

#[cfg(feature = "gpu")]
fn time_gpu(mut engine: etascope::engine::gpu::Gpu, device: &on_device::OnDevice) -> Comparison {
    let (mut hand, mut compiled) = (SETTLING, SETTLING);
    let by_hand: Work<'_> = Box::new(|| {
        device.advance(hand / STEPS_PER_BLOCK..(hand + STEPS) / STEPS_PER_BLOCK);
        hand += STEPS;
    });
    let by_program: Work<'_> = Box::new(|| {
        advance(&mut engine, compiled, STEPS);
        compiled += STEPS;
    });
    compare((CHAINS * STEPS) as f64, TURNS, by_hand, by_program)
}

fn print_generator(level: Level) {
    let stream = well(&problem(NormalTransform::Integer)).stream;
    let kinds = [
        ("words", NoiseKind::TwoPoint),
        (
            "normals, integer",
            NoiseKind::Gaussian(NormalTransform::Integer),
        ),
        (
            "normals, box-muller",
            NoiseKind::Gaussian(NormalTransform::BoxMuller),
        ),
    ];
    for (name, kind) in kinds {
        let work: Work<'_> = Box::new(|| {
            std::hint::black_box(by_hand::draw(
                stream,
                kind,
                instructions(level),
                CHAINS,
                0..STEPS / STEPS_PER_BLOCK,
            ));
        });
        println!(
            "{:<36} {name:<20} {:>12.3e} per second",
            format!("{level:?}"),
            rate((CHAINS * STEPS) as f64, TURNS, work)
        );
    }
}

fn print_comparison(place: &str, transform: NormalTransform, comparison: Comparison) {
    let Comparison {
        first,
        second,
        ratio,
        spread: (low, high),
    } = comparison;
    println!(
        "{place:<36} {:<12} {first:>12.3e} {second:>12.3e} {ratio:>8.2} ({low:.2}–{high:.2})",
        format!("{transform:?}")
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let timed = arguments.iter().any(|argument| argument == "--bench");
    let filters: Vec<String> = arguments
        .iter()
        .filter(|a| !a.starts_with('-'))
        .map(|a| a.to_lowercase())
        .collect();
    let wanted =
        |name: &str| filters.is_empty() || filters.iter().any(|f| name.to_lowercase().contains(f));
    // Without fused multiply-add in hardware the portable level calls a library for each: it is not compared.
    let levels = Level::available()
        .into_iter()
        .skip(usize::from(Level::best() != Level::Portable));
    let levels: Vec<Level> = levels
        .filter(|level| wanted(&format!("{level:?}")))
        .collect();
    if timed {
        levels.iter().for_each(|&level| print_generator(level));
        println!(
            "\n{:<36} {:<12} {:>12} {:>12} {:>8}",
            "chain-steps per second", "normals", "by hand", "compiled", "ratio"
        );
    }
    for transform in [NormalTransform::Integer, NormalTransform::BoxMuller] {
        let problem = problem(transform);
        for &level in &levels {
            let (engine, states) = cpu(&problem, level);
            if timed {
                print_comparison(
                    &format!("{level:?}"),
                    transform,
                    time_cpu(&problem, level, engine, states),
                );
            }
        }
        #[cfg(feature = "gpu")]
        if wanted("gpu") {
            let (engine, device, name) = gpu(&problem);
            if timed {
                print_comparison(&name, transform, time_gpu(engine, &device));
            }
        }
    }
}
