//! Chains in groups that share no random number: single chains of small ensembles, blocks of large ones.

use crate::compile::Problem;
use crate::engine::Observation;
use crate::measure::{Moments, Part};
use crate::plan::Tile;

/// Ensembles of at most so many chains are followed chain by chain.
const SINGLE_CHAINS: u64 = 8192;

/// So many numbers of an ensemble at most are read back for that at each measurement.
const SINGLE_NUMBERS: u64 = 1 << 20;

/// What the groups of one point in a tile showed at one time.
#[derive(Debug)]
pub(super) struct Grouped {
    /// The point.
    pub(super) point: usize,
    /// `parts[group][output]`.
    pub(super) parts: Vec<Vec<Part>>,
    /// The superchain of each group, where no group mixes two.
    pub(super) superchains: Option<Vec<usize>>,
}

impl Grouped {
    /// Chains of each group.
    pub(super) fn weights(&self) -> Vec<f64> {
        (self.parts.iter())
            .map(|parts| parts.first().map_or(0.0, |part| part.count))
            .collect()
    }

    /// Each group's mean of an output; NaN where no chain is left.
    pub(super) fn means(&self, output: usize) -> Vec<f64> {
        (self.parts.iter())
            .map(|parts| {
                if parts[output].count > 0.0 {
                    parts[output].mean
                } else {
                    f64::NAN
                }
            })
            .collect()
    }

    /// The moments of an output by superchain.
    pub(super) fn by_superchain(&self, output: usize, count: usize) -> Option<Vec<Moments>> {
        let mut all = vec![Moments::default(); count];
        for (parts, &superchain) in self.parts.iter().zip(self.superchains.as_ref()?) {
            all[superchain].merge(&parts[output].moments());
        }
        Some(all)
    }
}

/// Whether the groups are single chains, of which an engine must give the values.
pub(super) fn are_single(problem: &Problem) -> bool {
    let (layout, outputs) = (&problem.task.layout, problem.task.observe.output_count());
    layout.chains <= SINGLE_CHAINS
        && layout.chains * layout.points as u64 * outputs as u64 <= SINGLE_NUMBERS
}

/// The groups of an observation of a tile, from the values of the chains where these are groups.
pub(super) fn grouped(
    problem: &Problem,
    tile: Tile,
    observations: &[Observation],
    values: &[f64],
) -> Vec<Grouped> {
    let (layout, outputs) = (&problem.task.layout, problem.task.observe.output_count());
    let ensemble = &problem.experiment.ensemble;
    let together = ensemble.superchains.map(|count| ensemble.chains / count);
    let single = are_single(problem);
    let mut rows = values.chunks_exact(outputs);
    let place = |observation: &Observation| {
        let point = observation.point;
        let blocks = tile
            .range()
            .filter(|&block| layout.point_of(block) == point);
        let of = |chain: u64| together.map(|together| (chain / together) as usize);
        let mut parts = Vec::new();
        let mut superchains = Vec::new();
        for (block, moments) in blocks.zip(&observation.blocks) {
            let first = layout.first_chain(block);
            if single {
                for chain in first..first + layout.filled(block) {
                    let row = rows.next().expect("a row for each chain");
                    parts.push(
                        row.iter()
                            .map(|&x| one(x, row[problem.outputs.loss]))
                            .collect(),
                    );
                    superchains.push(of(chain));
                }
            } else {
                parts.push(moments.iter().map(Part::from).collect());
                superchains.push(of(first));
            }
        }
        let apart = single || together == Some(layout.group);
        Grouped {
            point,
            parts,
            superchains: superchains
                .into_iter()
                .collect::<Option<Vec<usize>>>()
                .filter(|_| apart),
        }
    };
    observations.iter().map(place).collect()
}

/// A chain's output; chains that have left show a loss of NaN.
fn one(x: f64, loss: f64) -> Part {
    let mut part = Part::single(x);
    if loss.is_nan() {
        part.count = 0.0;
    }
    part
}
