//! Reductions on the host: merges partial sums of the device in f64, in a fixed order.

use super::mirror::{Block, NOT_DIVERGED};
use super::numbers::{Numbers, per_partial};
use crate::engine::results::{AtPoint, Divergence, Observation};
use crate::engine::task::Task;
use crate::measure::{Comoments, Moments, not_negative};
use crate::plan::LANES;
use rayon::prelude::*;

/// Central moments from sums of powers of (value − origin).
fn central(n: f64, numbers: &[f64]) -> Moments {
    let [origin, s1, s2, s3, s4, min, max] = [0, 1, 2, 3, 4, 5, 6].map(|k| numbers[k]);
    let d = s1 / n;
    Moments {
        count: n as u64,
        mean: origin + d,
        m2: not_negative(s2 - n * d * d),
        m3: s3 - 3.0 * d * s2 + 2.0 * n * d.powi(3),
        m4: not_negative(s4 - 4.0 * d * s3 + 6.0 * d * d * s2 - 3.0 * n * d.powi(4)),
        min,
        max,
    }
}

/// Observations of all sweep points: for each block with at least one chain, the moments merged from its partial sums.
pub(super) fn observations(task: &Task, table: &[Block], partials: &Numbers) -> Vec<Observation> {
    let lanes = LANES as usize;
    let blocks: Vec<Vec<Moments>> = (0..table.len())
        .into_par_iter()
        .map(|block| {
            let mut moments = vec![Moments::default(); task.observe.output_count()];
            let mut partial = vec![0.0; per_partial(task)];
            for lane in lanes * block..lanes * (block + 1) {
                partials.group(lane, &mut partial);
                if partial[0] > 0.0 {
                    for (moments, numbers) in moments.iter_mut().zip(partial[1..].chunks(7)) {
                        moments.merge(&central(partial[0], numbers));
                    }
                }
            }
            moments
        })
        .collect();
    let mut all: Vec<Observation> = Vec::new();
    let filled = table
        .iter()
        .zip(blocks)
        .filter(|(block, _)| block.filled > 0);
    for (block, moments) in filled {
        let point = block.point as usize;
        match all.last_mut().filter(|last| last.point == point) {
            Some(last) => last.blocks.push(moments),
            None => {
                let number = u64::from(block.chain[0]) | u64::from(block.chain[1]) << 32;
                all.push(Observation {
                    point,
                    first: number == task.chain_number(point, 0),
                    blocks: vec![moments],
                });
            }
        }
    }
    all
}

/// Count and means of the parameters, for every invocation of the moments shader.
pub(super) fn group_means(
    task: &Task,
    table: &[Block],
    partials: &Numbers,
) -> Vec<(u64, Vec<f64>)> {
    let mut partial = vec![0.0; per_partial(task)];
    (0..LANES as usize * table.len())
        .map(|lane| {
            partials.group(lane, &mut partial);
            let means = (0..task.parameters).map(|k| {
                let numbers = &partial[1 + 7 * (task.first_parameter + k)..];
                numbers[0] + numbers[1] / partial[0].max(1.0)
            });
            (partial[0] as u64, means.collect())
        })
        .collect()
}

/// Merges central sums of products (`products[pair][group]`) into co-moments per point and block.
pub(super) fn comoments(
    task: &Task,
    table: &[Block],
    groups: &[(u64, Vec<f64>)],
    products: &Numbers,
) -> Vec<AtPoint<Vec<Comoments>>> {
    let mut points: Vec<AtPoint<Vec<Comoments>>> = Vec::new();
    for (block, lanes) in groups.chunks(LANES as usize).enumerate() {
        let mut all = Comoments::new(task.parameters);
        for (lane, (count, mean)) in lanes.iter().enumerate().filter(|(_, group)| group.0 > 0) {
            let index = block * LANES as usize + lane;
            let pairs = task.parameters * (task.parameters + 1) / 2;
            let upper = (0..pairs)
                .map(|pair| products.get(pair * groups.len() + index))
                .collect();
            all.merge(&Comoments {
                count: *count,
                mean: mean.clone(),
                upper,
            });
        }
        let point = table[block].point as usize;
        match points.last_mut().filter(|last| last.point == point) {
            Some(last) => last.value.push(all),
            None => points.push(AtPoint {
                point,
                value: vec![all],
            }),
        }
    }
    points
}

/// Chains that have diverged, per point.
pub(super) fn divergence(
    task: &Task,
    table: &[Block],
    diverged: &[u32],
) -> Vec<AtPoint<Divergence>> {
    let mut points: Vec<AtPoint<Divergence>> = Vec::new();
    let slots = diverged.chunks(task.layout.block_slots() as usize);
    for (block, slots) in table.iter().zip(slots) {
        let steps = slots[..block.filled as usize]
            .iter()
            .filter(|&&step| step != NOT_DIVERGED);
        let here = Divergence {
            count: steps.clone().count() as u64,
            first_step: steps.min().map(|&step| u64::from(step)),
        };
        let point = block.point as usize;
        match points.last_mut().filter(|last| last.point == point) {
            Some(last) => last.value.merge(here),
            None => points.push(AtPoint { point, value: here }),
        }
    }
    points
}

/// Number of chains that had diverged when each point had done `done[point]` steps.
pub(super) fn diverged_by(task: &Task, table: &[Block], done: &[u64], diverged: &[u32]) -> u64 {
    let slots = diverged.chunks(task.layout.block_slots() as usize);
    let counts = table.iter().zip(slots).map(|(block, slots)| {
        let by = done[block.point as usize];
        let filled = &slots[..block.filled as usize];
        filled
            .iter()
            .filter(|&&step| step != NOT_DIVERGED && u64::from(step) <= by)
            .count() as u64
    });
    counts.sum()
}

/// Values `value(k, slot)` for k below `count`, `[chain][k]`; NaN for diverged chains.
pub(super) fn per_chain(
    task: &Task,
    table: &[Block],
    count: usize,
    value: impl Fn(usize, usize) -> f64,
    diverged: &[u32],
) -> Vec<f64> {
    let slots_of_block = task.layout.block_slots() as usize;
    let mut values = Vec::new();
    for (index, block) in table.iter().enumerate() {
        for slot in (0..block.filled as usize).map(|within| index * slots_of_block + within) {
            let valid = diverged[slot] == NOT_DIVERGED;
            values.extend((0..count).map(|k| if valid { value(k, slot) } else { f64::NAN }));
        }
    }
    values
}
