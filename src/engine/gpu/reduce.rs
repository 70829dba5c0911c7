//! The host's half of the reductions: partial sums of the device, merged in f64 in a fixed order.

use super::mirror::{Block, NONE, NOT_DIVERGED, Request};
use super::numbers::Numbers;
use crate::engine::results::{AtPoint, Divergence, Observation};
use crate::engine::task::{Bins, HistogramRequest, Task};
use crate::measure::{Comoments, Histogram, Moments, not_negative};
use crate::plan::LANES;
use rayon::prelude::*;

/// Numbers that one invocation of `moments` writes: a count, and seven for each output.
pub(super) fn partial_numbers(task: &Task) -> usize {
    1 + 7 * task.observe.output_count()
}

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

/// Merges the partial sums of each block that holds chains.
pub(super) fn observations(task: &Task, table: &[Block], partials: &Numbers) -> Vec<Observation> {
    let lanes = LANES as usize;
    let blocks: Vec<Vec<Moments>> = (0..table.len())
        .into_par_iter()
        .map(|block| {
            let mut moments = vec![Moments::default(); task.observe.output_count()];
            let mut partial = vec![0.0; partial_numbers(task)];
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
    let held = table
        .iter()
        .zip(blocks)
        .filter(|(block, _)| block.filled > 0);
    for (block, moments) in held {
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

/// Count and means of the parameters for every invocation of `moments`.
pub(super) fn group_means(
    task: &Task,
    table: &[Block],
    partials: &Numbers,
) -> Vec<(u64, Vec<f64>)> {
    let mut partial = vec![0.0; partial_numbers(task)];
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

/// Chains that have left, per point.
pub(super) fn divergence(
    task: &Task,
    table: &[Block],
    diverged: &[u32],
) -> Vec<AtPoint<Divergence>> {
    let mut points: Vec<AtPoint<Divergence>> = Vec::new();
    for (block, places) in table
        .iter()
        .zip(diverged.chunks(task.layout.block_slots() as usize))
    {
        let left = places[..block.filled as usize]
            .iter()
            .filter(|&&step| step != NOT_DIVERGED);
        let here = Divergence {
            count: left.clone().count() as u64,
            first_step: left.min().map(|&step| u64::from(step)),
        };
        let point = block.point as usize;
        match points.last_mut().filter(|last| last.point == point) {
            Some(last) => last.value.merge(here),
            None => points.push(AtPoint { point, value: here }),
        }
    }
    points
}

/// How many chains had left by the time that the points had done so many steps.
pub(super) fn left_by(task: &Task, table: &[Block], done: &[u64], diverged: &[u32]) -> u64 {
    let places = diverged.chunks(task.layout.block_slots() as usize);
    let left = table.iter().zip(places).map(|(block, places)| {
        let by = done[block.point as usize];
        let held = &places[..block.filled as usize];
        held.iter()
            .filter(|&&step| step != NOT_DIVERGED && u64::from(step) <= by)
            .count() as u64
    });
    left.sum()
}

/// `count` values of each place (`value(k, place)`) in the order of chains, those of one chain together, NaN for chains
/// that left.
pub(super) fn per_chain(
    task: &Task,
    table: &[Block],
    count: usize,
    value: impl Fn(usize, usize) -> f64,
    diverged: &[u32],
) -> Vec<f64> {
    let block_places = task.layout.block_slots() as usize;
    let mut values = Vec::new();
    for (index, block) in table.iter().enumerate() {
        for place in (0..block.filled as usize).map(|within| index * block_places + within) {
            let stayed = diverged[place] == NOT_DIVERGED;
            values.extend((0..count).map(|k| if stayed { value(k, place) } else { f64::NAN }));
        }
    }
    values
}

/// Where the counts of every histogram of every point lie.
#[derive(Debug)]
pub(super) struct Slots {
    pub(super) requests: Vec<Request>,
    pub(super) ranges: Vec<[f32; 2]>,
    pub(super) total: u64,
}

impl Slots {
    pub(super) fn new(task: &Task, bins: &[Vec<Bins>]) -> Self {
        let mut slots = Self {
            requests: Vec::new(),
            ranges: Vec::new(),
            total: 0,
        };
        let mut within = 0;
        for (index, request) in task.histograms.iter().enumerate() {
            let per_point = Self::per_point(request) as u32;
            slots.requests.push(Request {
                outputs: [
                    request.outputs[0] as u32,
                    request.outputs.get(1).map_or(NONE, |&o| o as u32),
                ],
                bins: [
                    request.bins[0],
                    *request.bins.last().expect("one axis at least"),
                ],
                slots: [slots.total as u32, per_point],
                ranges: slots.ranges.len() as u32,
                within,
            });
            within += per_point;
            slots.total += u64::from(per_point) * bins.len() as u64;
            for axes in bins {
                slots
                    .ranges
                    .extend(axes[index].iter().map(|axis| [axis.origin(), axis.scale()]));
            }
        }
        slots
    }

    /// Slots of one request at one point.
    fn per_point(request: &HistogramRequest) -> u64 {
        let bins: u64 = request.bins.iter().map(|&bins| u64::from(bins)).product();
        // One axis: below, above, not a number. Two: outside, not a number.
        bins + if request.outputs.len() == 1 { 3 } else { 2 }
    }

    /// Slots of all requests at one point.
    pub(super) fn of_a_point(task: &Task) -> u64 {
        task.histograms.iter().map(Self::per_point).sum()
    }

    /// Slots of all requests at all points.
    pub(super) fn words(task: &Task) -> u64 {
        Self::of_a_point(task) * task.layout.points as u64
    }

    /// Histograms of all points, those outside the tile empty.
    pub(super) fn histograms(&self, bins: &[Vec<Bins>], counts: &[u32]) -> Vec<Vec<Histogram>> {
        (bins.iter().enumerate())
            .map(|(point, axes)| {
                (self.requests.iter().zip(axes))
                    .map(|(request, axes)| {
                        let first = request.slots[0] as usize + point * request.slots[1] as usize;
                        let mine = counts[first..first + request.slots[1] as usize].iter();
                        let mut mine: Vec<u64> = mine.map(|&count| u64::from(count)).collect();
                        let mut histogram = Histogram::new(axes.clone());
                        let rest = mine.split_off(histogram.counts.len());
                        histogram.counts = mine;
                        match rest[..] {
                            [below, above, nan] => {
                                (histogram.below, histogram.above, histogram.nan) =
                                    (below, above, nan);
                            }
                            [outside, nan] => (histogram.outside, histogram.nan) = (outside, nan),
                            _ => unreachable!("one axis has three extra slots and two have two"),
                        }
                        histogram
                    })
                    .collect()
            })
            .collect()
    }
}
