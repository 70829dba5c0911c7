//! Checks an engine against hand-written steps.

use super::cost;
use super::error::BenchError;
use super::target::Target;
use super::workload::{StepInput, Workload};
use crate::engine::Task;
use crate::plan::Layout;
use crate::random::{draw, pick, variates_from_words};
use crate::spec::Sampling;

/// Chains that are compared: one complete row and part of the next.
const CHAINS: u64 = 130;

/// Steps before the comparison: more than a noise block of any kind contains.
const STEPS: u64 = 160;

/// Standard deviations allowed, if rounding errors add up like a random walk. WGSL allows tanh and
/// exp an error of several roundings.
const DEVIATIONS: f64 = 16.0;

/// Runs a few chains on the engine and by hand, and compares their states.
///
/// Single precision rounds each operation of a step by 2⁻²⁴ of the largest number, and no workload
/// amplifies differences by more than e^1.6 in this many steps. The allowed deviation must be less
/// than a tenth of the distance that chains move, so that chains that do not move fail.
///
/// # Errors
/// The engine fails, or its states differ.
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
            // Comparisons with NaN are false, and diverged chains are NaN.
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
        target: target.label().to_string(),
        deviation,
        allowed,
        moved,
    })
}

/// Task with another number of chains.
pub(super) fn with_chains(task: &Task, chains: u64) -> Task {
    Task {
        layout: Layout::new(chains, task.layout.points),
        ..task.clone()
    }
}

/// State of one chain after all steps, computed by hand.
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
                let mut variates = [[0]; 8];
                variates[..4].copy_from_slice(&words.map(|word| [word]));
                variates_from_words(task.noise, &mut variates);
                let mut z = [0.0];
                draw(task.noise, &variates, index, &mut z);
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
