//! The minima to which chains belong, and how many belong to each: what a metastable ensemble is made of.

use crate::compile::Problem;
use crate::engine::{Engine, EngineError};
use crate::measure::Estimate;
use crate::plan::Tile;
use crate::theory;

/// Chains that are followed down from at each learning rate.
const FOLLOWED: usize = 1024;

/// Parameters up to which basins are looked for: beyond, minima are seldom isolated points.
const MOST_PARAMETERS: usize = 8;

/// Numbers read back from the device at most.
const MOST_NUMBERS: u64 = 1 << 22;

/// More minima than that are not basins but a valley.
const MOST_BASINS: usize = 8;

/// Steps of a descent at most.
const MOST_STEPS: usize = 500;

/// One basin of attraction.
#[derive(Debug, Clone, PartialEq)]
pub struct Basin {
    /// Its minimum.
    pub minimum: Vec<f64>,
    /// The loss there.
    pub loss: f64,
    /// The share of the chains that descend to it.
    pub weight: Estimate,
}

/// The basins of every point of a tile, where there are at least two; empty otherwise, and where the loss is over data or has many
/// parameters.
///
/// # Errors
/// The engine's.
pub(super) fn basins(
    problem: &Problem,
    tile: Tile,
    engine: &mut dyn Engine,
) -> Result<Vec<(usize, Vec<Basin>)>, EngineError> {
    let task = &problem.task;
    let places = tile.blocks * task.layout.block() * task.state as u64;
    if problem.data.is_some() || task.parameters > MOST_PARAMETERS || places > MOST_NUMBERS {
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

fn same(a: &[f64], b: &[f64]) -> bool {
    let scale = a.iter().map(|x| x * x).sum::<f64>().sqrt().max(1.0);
    let distance = a
        .iter()
        .zip(b)
        .map(|(x, y)| (x - y).powi(2))
        .sum::<f64>()
        .sqrt();
    // Newton's method ends within far less of a strict minimum.
    distance < 1e-4 * scale
}

/// The minimum below a chain: gradient descent in small steps, so that no ridge is jumped over, then Newton's method.
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
        // Never further than a fiftieth of the parameters' size at once.
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
