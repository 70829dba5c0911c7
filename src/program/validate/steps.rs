//! Stages of steps, replayed with the noise that the engine itself drew.

use super::check::{Check, Stage};
use super::models::{MODELS, problem};
use super::rounding::{FloatModel, Tracked, share};
use super::subject::{Subject, worse};
use crate::engine::{ChainNoise, EngineError, Task};
use crate::loss::Real;
use crate::plan::{Checkpoint, LANES, Segment};
use crate::random::draw;

/// Chains of each problem: complete rows, so that the number of a chain is its slot.
const CHAINS: u32 = 4_096;

const WIDE: usize = LANES as usize;

/// Checks one step of every model from random states.
pub(super) fn one<P: FloatModel>(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let mut worst = (0.0, "");
    for model in &MODELS {
        let task = model.problem(CHAINS).task;
        let (exact, found) = both::<Tracked<P>>(subject, &task, 1, Tracked::exact)?;
        for (exact, found) in exact.into_iter().zip(found) {
            let share = share(found, exact);
            if share > worst.0 {
                worst = (share, model.name);
            }
        }
    }
    let what = format!("{} models from {CHAINS} states", MODELS.len());
    let note = format!(
        "share of the rounding error that the operations allow; worst: {}",
        worst.1
    );
    Ok(vec![subject.check(
        Stage::OneStep,
        &what,
        worst.0,
        1.0,
        &note,
    )])
}

/// Checks a hundred steps of SGD on λx²/2 with λ = 1. Each step rounds by a few ulp, and the
/// contraction accumulates 1/(ηλ) of those.
pub(super) fn hundred<P: FloatModel>(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let eta = 0.1;
    let start = "x = { start = \"uniform(-2, 2)\" }";
    let dynamics = format!("kind = \"sgd\"\neta = {eta}");
    let task = problem(start, "x^2 / 2", &dynamics, "sigma = 1.0", CHAINS, 100).task;
    let (exact, found) = both::<f64>(subject, &task, 100, |x| x)?;
    let (mut deviation, mut scale) = (0.0, 1.0f64);
    for (exact, found) in exact.into_iter().zip(found) {
        deviation = worse(deviation, (found - exact).abs());
        scale = scale.max(exact.abs());
    }
    let note = "8 ulp of the largest |x|, divided by ηλ; the contraction damps older rounding \
        errors";
    let bound = 8.0 * P::ULP * scale / eta;
    Ok(vec![subject.check(
        Stage::HundredSteps,
        "a quadratic against f64, same noise",
        deviation,
        bound,
        note,
    )])
}

/// States after `steps` steps from the start: replayed in `T` with the engine's draws, and those of
/// the engine.
fn both<T: Real + From<f32>>(
    subject: &Subject<'_>,
    task: &Task,
    steps: u64,
    exact: impl Fn(f64) -> T,
) -> Result<(Vec<T>, Vec<f64>), EngineError> {
    let mut engine = subject.engine(task)?;
    let start = engine.states()?;
    let blocks = steps.div_ceil(u64::from(task.addresses.steps_per_block)) as u32
        * task.addresses.blocks_per_step;
    let drawn = engine.draws(0, blocks)?;
    let segment = Segment { begin: 0, steps };
    let checkpoint = Checkpoint {
        segments: vec![segment],
        phase: 0,
        measured: true,
    };
    engine.step(&checkpoint, &|_| {})?;
    let state: Vec<T> = start.into_iter().map(exact).collect();
    Ok((replay(task, &state, &drawn, steps), engine.states()?))
}

/// Replays `steps` steps of the first sweep point with the stepping program.
fn replay<T: Real + From<f32>>(
    task: &Task,
    start: &[T],
    drawn: &[ChainNoise],
    steps: u64,
) -> Vec<T> {
    let size = task.parameters;
    let first_uniform = size + task.draws as usize;
    let chains = task.layout.chains as usize;
    let mut rows = vec![[T::ZERO; WIDE]; task.step.row_count()];
    task.step.prepare(&mut rows);
    for (row, &value) in rows[first_uniform..]
        .iter_mut()
        .zip(&task.uniforms[0][0].step)
    {
        row.fill(T::from_f64(value));
    }
    let mut states = start.to_vec();
    for (group, states) in states.chunks_mut(WIDE * size).enumerate() {
        for k in 0..size {
            rows[k] = std::array::from_fn(|lane| states[lane * size + k]);
        }
        for step in 0..steps {
            for index in 0..task.draws {
                let (block, within) = task.addresses.locate(step, index);
                let first = block as usize * chains + group * WIDE;
                let words = std::array::from_fn(|row| {
                    std::array::from_fn(|lane| drawn[first + lane].all_variates()[row])
                });
                draw(task.noise, &words, within, &mut rows[size + index as usize]);
            }
            task.step.run(&mut rows);
        }
        for k in 0..size {
            for lane in 0..WIDE {
                states[lane * size + k] = rows[k][lane];
            }
        }
    }
    states
}
