//! Whether an engine gives the answer of the step written by hand.

use super::target::Target;
use super::workload::{StepInput, Workload};
use super::{BenchError, cost};
use crate::engine::Task;
use crate::plan::Layout;
use crate::random::{draw, pick, variates_from_words};
use crate::spec::Sampling;

/// Chains that are compared: a row, and a little of the next.
const CHAINS: u64 = 130;

/// Steps after which they are: more than a block of any noise serves.
const STEPS: u64 = 160;

/// Roundings add up like a random walk, of which this many standard deviations are allowed; WGSL's tanh and exp may be off by
/// several roundings.
const DEVIATIONS: f64 = 16.0;

/// Runs a few chains on the engine and by hand.
///
/// Single precision rounds each operation of a step by 2⁻²⁴ of the largest number, and no workload stretches differences by
/// more than e^1.6 in so many steps. A chain that stood still would be off by as much as it should have moved, so it must
/// have moved by ten times what is allowed.
///
/// # Errors
/// The engine fails, or gives another answer.
pub(super) fn check(workload: &Workload, task: &Task, target: &Target) -> Result<(), BenchError> {
    let task = &with_chains(task, CHAINS);
    let mut loaded = target.engine(task)?;
    loaded.advance(STEPS)?;
    let found = loaded.engine.states()?;
    let (mut deviation, mut moved, mut largest) = (0.0_f64, 0.0_f64, 1.0_f64);
    for (chain, found) in found.chunks(task.state).enumerate() {
        let start: Vec<f64> = (0..task.state)
            .map(|k| task.start.value(k, chain as u64))
            .collect();
        let expected = replay(workload, task, &start, chain as u64);
        for ((found, expected), start) in found.iter().zip(&expected).zip(&start) {
            // A comparison with NaN is false, and a chain that left is NaN.
            deviation = if (found - expected).abs() <= deviation {
                deviation
            } else {
                (found - expected).abs()
            };
            moved = moved.max((expected - start).abs());
            largest = largest.max(expected.abs());
        }
    }
    let roundings = (STEPS * (cost::operations(task) + 4)) as f64;
    let allowed = DEVIATIONS * roundings.sqrt() * f64::from(f32::EPSILON) * largest;
    if deviation <= allowed && 10.0 * allowed <= moved {
        return Ok(());
    }
    Err(BenchError::Wrong {
        workload: workload.name,
        target: target.venue().to_string(),
        deviation,
        allowed,
        moved,
    })
}

/// The task with another number of chains.
pub(super) fn with_chains(task: &Task, chains: u64) -> Task {
    Task {
        layout: Layout::new(chains, task.layout.points),
        ..task.clone()
    }
}

/// One chain after all steps, by hand.
fn replay(workload: &Workload, task: &Task, start: &[f64], chain: u64) -> Vec<f64> {
    let mut state = start.to_vec();
    for step in 0..STEPS {
        let words = |draw: u32| {
            let (block, index) = task.addresses.locate(step, draw);
            (task.stream.block(block, chain), index)
        };
        let draws: Vec<f64> = (0..task.draws)
            .map(|number| {
                let (words, index) = words(number);
                let mut prepared = [[0]; 8];
                prepared[..4].copy_from_slice(&words.map(|word| [word]));
                variates_from_words(task.noise, &mut prepared);
                let mut z = [0.0];
                draw(task.noise, &prepared, index, &mut z);
                z[0]
            })
            .collect();
        let example = match &task.batch {
            Some(batch) if batch.sampling == Sampling::WithReplacement => {
                let (words, index) = words(0);
                let picked = pick(words[index as usize], batch.table.count) as usize;
                &batch.table.values[picked * batch.table.width..][..batch.table.width]
            }
            _ => &[],
        };
        let input = StepInput {
            draws: &draws,
            example,
        };
        (workload.by_hand)(&mut state, input);
    }
    state
}
