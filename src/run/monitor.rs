//! The quantities whose convergence decides when burn-in is over.

use super::groups::Groups;
use crate::compile::Problem;
use crate::diagnose::{NestedRhat, nested_rhat};
use crate::measure::Moments;

/// Number of leading parameters that must converge before burn-in ends.
const MONITORED: usize = 16;

/// The quantities that must become stationary.
#[derive(Debug, Clone)]
pub(super) struct ConvergenceMonitor {
    /// The name of each quantity in words and its output; the first is the loss.
    pub(super) quantities: Vec<(String, usize)>,
    /// The output whose mean is zero when the fluctuation–dissipation relation holds.
    pub(super) balance: Option<usize>,
    /// Number of superchains.
    pub(super) superchains: usize,
}

impl ConvergenceMonitor {
    pub(super) fn new(problem: &Problem) -> Self {
        let outputs = &problem.outputs;
        let parameters = (problem.measured().iter().zip(outputs.parameters.clone()))
            .take(MONITORED)
            .map(|(name, output)| (format!("the mean of {name}"), output));
        Self {
            quantities: std::iter::once(("the loss".to_owned(), outputs.loss))
                .chain(parameters)
                .collect(),
            balance: outputs.fdr.map(|fdr| fdr.difference),
            superchains: problem.experiment.ensemble.superchains.unwrap_or(1) as usize,
        }
    }

    /// The output of the loss.
    pub(super) fn loss(&self) -> usize {
        self.quantities[0].1
    }

    /// Group means of every quantity, then of the fluctuation–dissipation difference.
    pub(super) fn means(&self, groups: &Groups) -> Vec<Vec<f64>> {
        (self.quantities.iter().map(|(_, output)| *output))
            .chain(self.balance)
            .map(|output| groups.means(output))
            .collect()
    }

    /// Moments of every quantity by superchain, where no group mixes two superchains.
    pub(super) fn by_superchain(&self, groups: &Groups) -> Option<Vec<Vec<Moments>>> {
        (self.quantities.iter())
            .map(|(_, output)| groups.by_superchain(*output, self.superchains))
            .collect()
    }

    /// The quantity whose R-hat has the smallest p-value, with that p-value times the number of quantities (Bonferroni).
    pub(super) fn worst(&self, superchains: &[Vec<Moments>]) -> Option<(&str, NestedRhat)> {
        let found: Vec<_> = (self.quantities.iter().zip(superchains))
            .filter_map(|((name, _), moments)| {
                let present: Vec<_> = moments.iter().filter(|m| m.count > 0).copied().collect();
                Some((name.as_str(), nested_rhat(&present)?))
            })
            .collect();
        let number = found.len() as f64;
        let worst = found.into_iter().min_by(|a, b| a.1.p.total_cmp(&b.1.p));
        worst.map(|(name, rhat)| {
            let p = (number * rhat.p).min(1.0);
            (name, NestedRhat { p, ..rhat })
        })
    }
}
