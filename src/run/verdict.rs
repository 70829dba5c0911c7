//! Whether the ensemble of one point stands still, and the reasons in words.

use super::adaptive_run::Watch;
use super::summarize::Case;
use crate::diagnose::{Check, NestedRhat, Rounding, fluctuation_dissipation, stationarity};
use crate::measure::Moments;

/// Kept times from which on a drift among them is looked for.
const LEAST_TIMES: usize = 4;

impl Case<'_> {
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

    fn checks(&self) -> Vec<Check> {
        let watch = Watch::new(self.problem);
        let mut checks = Vec::new();
        if let Some(output) = watch.balance {
            checks.push(fluctuation_dissipation(self.mean(output)));
        }
        checks.extend(
            (watch.quantities.iter()).filter_map(|(name, output)| self.drift(name, *output)),
        );
        checks
    }

    /// How far an output's mean moved: over the kept times, or where these are few since half of the run.
    fn drift(&self, name: &str, output: usize) -> Option<Check> {
        let averages = (self.record.averages.as_ref()).filter(|a| a.times() >= LEAST_TIMES);
        if let Some(averages) = averages {
            let name = format!("the drift of {name} after burn-in");
            return Some(Check::new(name, averages.drift(output)));
        }
        let (earlier, last) = (self.half_way()?[output], self.last(output));
        // Chains that remember make the true error smaller, so that this check is lenient at worst.
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

    /// The nested R-hat that speaks most against mixing, of the loss and the parameters at the end; its p allows for their number.
    pub(super) fn nested_rhat(&self) -> Option<NestedRhat> {
        let superchains = self.record.superchains.as_ref()?;
        let watch = Watch::new(self.problem);
        watch.worst(superchains).map(|(_, rhat)| rhat)
    }

    /// The measurement nearest to half of the run, which is neither the start nor the end.
    fn half_way(&self) -> Option<&[Moments]> {
        let (half, end) = (self.point().steps / 2, self.point().steps);
        let between = (self.record.trace.iter()).filter(|(steps, _)| (1..end).contains(steps));
        between
            .min_by_key(|(steps, _)| steps.abs_diff(half))
            .map(|(_, moments)| moments.as_slice())
    }
}
