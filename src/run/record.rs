//! Everything measured at one sweep point.

use super::adaptive_run::Length;
use super::basins::Basin;
use super::groups::Groups;
use crate::engine::Divergence;
use crate::measure::{Comoments, Histogram, Moments, TimeAverages};

/// Everything measured at one sweep point.
#[derive(Debug, Clone, Default)]
pub struct PointRecord {
    /// Steps done and the moments of every output, at every measurement.
    pub trace: Vec<(u64, Vec<Moments>)>,
    /// Co-moments of the parameters at the end; `None` where the parameters are too many.
    pub covariance: Option<Comoments>,
    /// Histograms at the end, in the order of the problem's.
    pub histograms: Vec<Histogram>,
    /// Chains that diverged.
    pub divergence: Divergence,
    /// Averages over the kept times, where groups of chains are followed.
    pub averages: Option<TimeAverages>,
    /// `superchains[quantity][superchain]` at the end, the loss first and then the parameters, where no group mixes two
    /// superchains.
    pub superchains: Option<Vec<Vec<Moments>>>,
    /// The minima around which the chains of the last tile lie, where these are several.
    pub basins: Vec<Basin>,
    /// The length of the run, where the run itself decided it.
    pub length: Option<Length>,
    /// `[chain][parameter]` of evenly spaced chains at the end, where they were asked for.
    pub kept: Vec<f64>,
}

impl PointRecord {
    /// The moments of every output at the end; empty before the first measurement.
    pub fn last(&self) -> &[Moments] {
        self.trace
            .last()
            .map_or(&[], |(_, moments)| moments.as_slice())
    }

    /// Prepares for the chains of another tile.
    pub(super) fn begin_tile(&mut self) {
        if let Some(averages) = &mut self.averages {
            averages.next_tile();
        }
    }

    /// Adds the groups of a tile at one time to the averages over time.
    pub(super) fn keep(&mut self, step: u64, groups: &Groups) {
        let averages = self
            .averages
            .get_or_insert_with(|| TimeAverages::new(reference(groups)));
        averages.add(step, &groups.parts);
    }

    /// Merges the moments by superchain of a tile.
    pub(super) fn add_superchains(&mut self, more: Option<Vec<Vec<Moments>>>) {
        let Some(more) = more else { return };
        let Some(all) = &mut self.superchains else {
            self.superchains = Some(more);
            return;
        };
        for (a, b) in all.iter_mut().flatten().zip(more.iter().flatten()) {
            a.merge(b);
        }
    }
}

/// Values near the means of all outputs, from which averages are taken: the means of the first group without a diverged
/// chain.
fn reference(groups: &Groups) -> Vec<f64> {
    let finite = groups
        .parts
        .iter()
        .find(|parts| parts.iter().all(|p| p.count > 0.0 && p.mean.is_finite()));
    let outputs = groups.parts.first().map_or(0, Vec::len);
    finite.map_or_else(
        || vec![0.0; outputs],
        |parts| parts.iter().map(|part| part.mean).collect(),
    )
}
