//! Basins of attraction: the minima that the chains of a metastable ensemble descend to, and the share of chains in each.

use crate::compile::Problem;
use crate::engine::{Engine, EngineError};
use crate::measure::Estimate;
use crate::plan::Tile;
use crate::theory;

/// Most chains per sweep point from which a descent starts.
const FOLLOWED: usize = 1024;

/// Most parameters for which basins are looked for: with more, minima are rarely isolated points.
const MOST_PARAMETERS: usize = 8;

/// Most numbers read back from the device.
const MOST_NUMBERS: u64 = 1 << 22;

/// Most basins of one ensemble. More minima are a valley and not isolated basins.
const MOST_BASINS: usize = 8;

/// Most steps of a descent.
const MOST_STEPS: usize = 500;

/// One basin of attraction.
#[derive(Debug, Clone, PartialEq)]
pub struct Basin {
    /// The parameters at its minimum.
    pub minimum: Vec<f64>,
    /// The loss at the minimum.
    pub loss: f64,
    /// The share of the chains that descend to it.
    pub weight: Estimate,
}

/// The basins of every sweep point of a tile that has at least two. None where the loss is over data or has many parameters.
///
/// # Errors
/// The engine's.
pub(super) fn basins(
    problem: &Problem,
    tile: Tile,
    engine: &mut dyn Engine,
) -> Result<Vec<(usize, Vec<Basin>)>, EngineError> {
    let task = &problem.task;
    let numbers = tile.blocks * task.layout.block_slots() * task.state as u64;
    if problem.data.is_some() || task.parameters > MOST_PARAMETERS || numbers > MOST_NUMBERS {
        return Ok(Vec::new());
    }
    let states = engine.states()?;
    let mut points: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    let mut at = 0;
    for block in tile.range() {
        let (point, begin) = (task.layout.point_of(block), at);
        at += task.layout.filled(block) as usize * task.state;
        match points.last_mut().filter(|(last, _)| *last == point) {
            Some((_, range)) => range.end = at,
            None => points.push((point, begin..at)),
        }
    }
    let found = points
        .into_iter()
        .map(|(point, range)| (point, of_chains(problem, &states[range])));
    Ok(found.filter(|(_, basins)| basins.len() > 1).collect())
}

/// The basins that the chains with these states descend to; empty when a descent fails or finds too many minima.
fn of_chains(problem: &Problem, states: &[f64]) -> Vec<Basin> {
    let (size, parameters) = (problem.task.state, problem.task.parameters);
    let chains: Vec<&[f64]> = (states.chunks_exact(size))
        .map(|state| &state[..parameters])
        .filter(|x| x.iter().all(|x| x.is_finite()))
        .collect();
    let every = chains.len().div_ceil(FOLLOWED).max(1);
    let mut counts: Vec<(theory::Optimum, u64)> = Vec::new();
    let mut followed = 0u64;
    for x in chains.iter().step_by(every) {
        let Some(found) = descend(problem, x) else {
            return Vec::new();
        };
        followed += 1;
        match counts
            .iter_mut()
            .find(|(known, _)| same(&known.parameters, &found.parameters))
        {
            Some((_, count)) => *count += 1,
            None => counts.push((found, 1)),
        }
        if counts.len() > MOST_BASINS {
            return Vec::new();
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .into_iter()
        .map(|(minimum, count)| {
            let share = count as f64 / followed as f64;
            Basin {
                minimum: minimum.parameters,
                loss: minimum.loss,
                weight: Estimate::new(share, (share * (1.0 - share) / followed as f64).sqrt()),
            }
        })
        .collect()
}

/// Returns true when two minima agree to the precision of a descent.
fn same(a: &[f64], b: &[f64]) -> bool {
    let scale = a.iter().map(|x| x * x).sum::<f64>().sqrt().max(1.0);
    let distance = a
        .iter()
        .zip(b)
        .map(|(x, y)| (x - y).powi(2))
        .sum::<f64>()
        .sqrt();
    // Newton's method ends far closer than this to a strict minimum.
    distance < 1e-4 * scale
}

/// The minimum below a chain: gradient descent in small steps, which cannot jump over a ridge, then Newton's method.
fn descend(problem: &Problem, start: &[f64]) -> Option<theory::Optimum> {
    let model = &problem.model;
    let mut x = start.to_vec();
    let mut loss = model.loss(&x);
    let first = model.gradient(&x);
    let mut step = 0.02 / norm(&first).max(1e-12);
    for _ in 0..MOST_STEPS {
        let gradient = model.gradient(&x);
        if norm(&gradient) < 1e-4 * norm(&first).max(1e-4) {
            break;
        }
        // At most a fiftieth of the norm of the parameters per step.
        let longest = 0.02 * norm(&x).max(1.0) / norm(&gradient);
        step = step.min(longest);
        let next: Vec<f64> = x.iter().zip(&gradient).map(|(x, g)| x - step * g).collect();
        let lower = model.loss(&next);
        if lower < loss {
            (x, loss, step) = (next, lower, step * 1.5);
        } else {
            step *= 0.5;
        }
    }
    let found = theory::find_optimum(|x| model.loss(x), |x| model.gradient(x), &x).ok()?;
    found.is_strict_minimum().then_some(found)
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}
