//! One sweep point after the run: its record, the theory for it, and estimates of the measured outputs.

use super::record::PointRecord;
use super::theory::PointTheory;
use crate::compile::{Point, Problem};
use crate::measure::{Estimate, Histogram, Moments, TimeAverages};
use crate::spec::Precision;

/// The record of one sweep point beside the theory for it.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) problem: &'a Problem,
    pub(super) index: usize,
    pub(super) record: &'a PointRecord,
    pub(super) theory: PointTheory,
    pub(super) precision: Precision,
    /// True when it ran on a GPU.
    pub(super) on_gpu: bool,
}

impl Case<'_> {
    pub(super) fn point(&self) -> &Point {
        &self.problem.points[self.index]
    }

    /// Steps of the run at this point, burn-in included.
    pub(super) fn steps(&self) -> u64 {
        (self.record.length.as_ref()).map_or(self.point().steps, |length| length.steps)
    }

    /// Steps of the burn-in.
    pub(super) fn burn_in(&self) -> u64 {
        (self.record.length.as_ref()).map_or(self.point().burn_in, |length| length.burn_in)
    }

    /// The moments of an output at the end.
    pub(super) fn last(&self, output: usize) -> Moments {
        self.record.last().get(output).copied().unwrap_or_default()
    }

    /// Averages over the kept times, where there are several.
    pub(super) fn averages(&self) -> Option<&TimeAverages> {
        (self.record.averages.as_ref()).filter(|averages| averages.times() > 1)
    }

    /// The mean of an output over chains, and over the kept times where there are several.
    pub(super) fn mean(&self, output: usize) -> Estimate {
        match self.averages() {
            Some(averages) => averages.mean(output),
            None => mean_over_chains(&self.last(output)),
        }
    }

    /// The variance of an output over chains, and over the kept times where there are several.
    pub(super) fn variance(&self, output: usize) -> Estimate {
        match self.averages() {
            Some(averages) => averages.variance(output),
            None => {
                let moments = self.last(output);
                let freedom = moments.count.saturating_sub(1) as f64;
                moments.variance_estimate().widened(freedom)
            }
        }
    }

    /// An estimate whose standard error rests on fourth moments of the parameters: unknown where these are infinite.
    pub(super) fn needing_fourth_moments(&self, estimate: Estimate) -> Estimate {
        let missing = self.theory.data().map(|data| data.fourth_moments_exist) == Some(Some(false));
        let se = if missing { f64::INFINITY } else { estimate.se };
        Estimate::new(estimate.mean, se)
    }

    /// Returns true for deterministic dynamics.
    pub(super) fn is_flow(&self) -> bool {
        !self.problem.experiment.dynamics.kind.value.is_stochastic()
    }

    /// The fine histogram of a parameter, where there is one.
    pub(super) fn fine(&self, parameter: usize) -> Option<&Histogram> {
        let at = self.problem.fine_histogram(parameter)?;
        self.record.histograms.get(at)
    }
}

/// The mean over chains. Its standard error is widened for few chains, so that normal intervals hold.
pub(super) fn mean_over_chains(moments: &Moments) -> Estimate {
    let freedom = moments.count.saturating_sub(1) as f64;
    moments.mean_estimate().widened(freedom)
}
