//! The verdict on one sweep point: has its ensemble become stationary, and if not, why.

use super::case::Case;
use super::monitor::ConvergenceMonitor;
use crate::diagnose::{Check, NestedRhat, Rounding, fluctuation_dissipation, stationarity};
use crate::measure::Moments;

/// Least number of kept times for a test of drift among them.
const LEAST_TIMES: usize = 4;

impl Case<'_> {
    /// Returns true when the ensemble is stationary, and the reason in words.
    pub(super) fn verdict(&self) -> (bool, String) {
        let diverged = self.record.divergence.count;
        if diverged == self.problem.task.layout.chains {
            return (false, "every chain diverged".to_owned());
        }
        if self.is_flow() {
            return (
                true,
                "gradient flow has no stationary distribution to converge to".to_owned(),
            );
        }
        if let Some(Err(why)) = self.theory.data().map(|data| &data.moments) {
            return (
                false,
                format!("there is no L(η) at this learning rate: {why}"),
            );
        }
        if let Some((k, Rounding::Fatal(_))) = self.rounding() {
            let name = &self.problem.names[k];
            return (false, format!("rounding spoils the steps of {name}"));
        }
        if self.problem.task.layout.chains == 1 {
            return (
                false,
                "one chain alone has no standard errors, and nothing can be tested".to_owned(),
            );
        }
        let checks = self.checks();
        let rhat = self.nested_rhat();
        let mut verdict = stationarity(&checks, rhat.as_ref(), diverged);
        let shortfall = (self.record.length.as_ref()).and_then(|length| length.shortfall.clone());
        verdict.reasons.extend(shortfall);
        if verdict.reasons.is_empty() {
            let count = checks.len() + usize::from(rhat.is_some());
            return (true, format!("all {count} tests of stationarity hold"));
        }
        (false, verdict.reasons.join("; "))
    }

    /// The tests of stationarity.
    fn checks(&self) -> Vec<Check> {
        let monitor = ConvergenceMonitor::new(self.problem);
        let mut checks = Vec::new();
        if let Some(output) = monitor.balance {
            checks.push(fluctuation_dissipation(self.mean(output)));
        }
        checks.extend(
            (monitor.quantities.iter()).filter_map(|(name, output)| self.drift(name, *output)),
        );
        checks
    }

    /// The change of an output's mean: over the kept times, or with fewer than four of them since the middle of the run.
    fn drift(&self, name: &str, output: usize) -> Option<Check> {
        let averages = (self.record.averages.as_ref()).filter(|a| a.times() >= LEAST_TIMES);
        if let Some(averages) = averages {
            let name = format!("the drift of {name} after burn-in");
            return Some(Check::new(name, averages.drift(output)));
        }
        let (earlier, last) = (self.half_way()?[output], self.last(output));
        // Both means come from the same chains. Positive correlation makes the true error smaller than this one, so the
        // test errs toward accepting.
        let change = last.mean_estimate().minus(earlier.mean_estimate());
        Some(Check::new(
            format!("the change of {name} since half of the run"),
            change,
        ))
    }

    /// The drift of the loss, in standard errors.
    pub(super) fn loss_drift_z(&self) -> Option<f64> {
        let drift = self.drift("the loss", self.problem.outputs.loss)?;
        Some(drift.z)
    }

    /// The nested R-hat with the smallest p-value, of the loss and the parameters at the end; the p-value is corrected for their
    /// number.
    pub(super) fn nested_rhat(&self) -> Option<NestedRhat> {
        let superchains = self.record.superchains.as_ref()?;
        let monitor = ConvergenceMonitor::new(self.problem);
        monitor.worst(superchains).map(|(_, rhat)| rhat)
    }

    /// The measurement nearest to the middle of the run, start and end excluded.
    fn half_way(&self) -> Option<&[Moments]> {
        let (half, end) = (self.steps() / 2, self.steps());
        let between = (self.record.trace.iter()).filter(|(steps, _)| (1..end).contains(steps));
        between
            .min_by_key(|(steps, _)| steps.abs_diff(half))
            .map(|(_, moments)| moments.as_slice())
    }
}
