//! Independent groups of chains: single chains of small ensembles, blocks of large ones.

use crate::compile::Problem;
use crate::engine::Observation;
use crate::measure::{Moments, Part};
use crate::plan::Tile;

/// Largest ensemble that is followed chain by chain.
const SINGLE_CHAINS: u64 = 8192;

/// Maximum values read back per measurement.
const SINGLE_NUMBERS: u64 = 1 << 20;

/// The groups of one sweep point in a tile at one time.
#[derive(Debug)]
pub(super) struct Groups {
    /// The point.
    pub(super) point: usize,
    /// `parts[group][output]`.
    pub(super) parts: Vec<Vec<Part>>,
    /// The superchain of each group, where no group mixes two.
    pub(super) superchains: Option<Vec<usize>>,
}

impl Groups {
    /// Chains of each group.
    pub(super) fn weights(&self) -> Vec<f64> {
        (self.parts.iter())
            .map(|parts| parts.first().map_or(0.0, |part| part.count))
            .collect()
    }

    /// Mean of an output over each group; NaN when all chains of the group have diverged.
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

/// Returns true when groups are single chains, so that the engine must read back the values of every chain.
pub(super) fn are_single(problem: &Problem) -> bool {
    let (layout, outputs) = (&problem.task.layout, problem.task.observe.output_count());
    layout.chains <= SINGLE_CHAINS
        && layout.chains * layout.points as u64 * outputs as u64 <= SINGLE_NUMBERS
}

/// The groups of the observed points of a tile. `values` are the values of every chain where groups are single chains.
pub(super) fn grouped(
    problem: &Problem,
    tile: Tile,
    observations: &[Observation],
    values: &[f64],
) -> Vec<Groups> {
    let (layout, outputs) = (&problem.task.layout, problem.task.observe.output_count());
    let ensemble = &problem.experiment.ensemble;
    let size = ensemble.superchains.map(|count| ensemble.chains / count);
    let single = are_single(problem);
    let mut rows = values.chunks_exact(outputs);
    let groups = |observation: &Observation| {
        let point = observation.point;
        let blocks = tile
            .range()
            .filter(|&block| layout.point_of(block) == point);
        let of = |chain: u64| size.map(|size| (chain / size) as usize);
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
        let unmixed = single || size == Some(layout.group);
        Groups {
            point,
            parts,
            superchains: superchains
                .into_iter()
                .collect::<Option<Vec<usize>>>()
                .filter(|_| unmixed),
        }
    };
    observations.iter().map(groups).collect()
}

/// The output of one chain. Diverged chains have a loss of NaN and count as no chain.
fn one(x: f64, loss: f64) -> Part {
    let mut part = Part::single(x);
    if loss.is_nan() {
        part.count = 0.0;
    }
    part
}
