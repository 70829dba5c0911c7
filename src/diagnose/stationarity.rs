//! Verdict on the stationarity of the ensemble.

use super::nested_rhat::NestedRhat;
use crate::measure::Estimate;
use serde::Serialize;

/// Smallest |z| that fails a check; each check has a false-alarm probability of 6e-5.
const LIMIT: f64 = 4.0;

/// Check of a quantity whose mean is zero in a stationary ensemble.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Name of the quantity, for example "the drift of the loss".
    pub name: String,
    /// Measured mean.
    pub difference: Estimate,
    /// Measured mean in standard errors.
    pub z: f64,
}

impl Check {
    /// Check that `difference` is zero.
    #[must_use]
    pub fn new(name: impl Into<String>, difference: Estimate) -> Self {
        Self {
            name: name.into(),
            difference,
            z: difference.z_against(0.0),
        }
    }

    /// True if |z| < 4; false if z is NaN.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.z.abs() < LIMIT
    }

    /// Sentence that states the failure of the check.
    #[must_use]
    pub fn objection(&self) -> String {
        let Self { name, z, .. } = self;
        if z.is_nan() {
            format!("{name} could not be measured")
        } else {
            format!("{name} is {:.1} standard errors from zero", z.abs())
        }
    }
}

/// Check of the fluctuation–dissipation relation `2 E[Φ·g] = η E[ĝᵀDĝ]`, exact at every η in a stationary ensemble.
///
/// `difference` is the mean over chains of the left side minus the right side. Source: S. Yaida, "Fluctuation–dissipation
/// relations for stochastic gradient descent", ICLR 2019.
#[must_use]
pub fn fluctuation_dissipation(difference: Estimate) -> Check {
    Check::new(
        "the fluctuation–dissipation difference 2Φ·g − ηĝᵀDĝ",
        difference,
    )
}

/// Verdict on an ensemble, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stationarity {
    /// True if no check contradicts stationarity.
    pub converged: bool,
    /// Evidence against stationarity, one sentence each; empty if `converged`.
    pub reasons: Vec<String>,
}

/// Verdict from the checks, the mixing of the superchains (if there are any) and the number of diverged chains.
///
/// No check detects a mode that no chain has visited, so the starts should be dispersed.
#[must_use]
pub fn stationarity(checks: &[Check], mixing: Option<&NestedRhat>, diverged: u64) -> Stationarity {
    let mut reasons: Vec<String> = checks
        .iter()
        .filter(|check| !check.holds())
        .map(Check::objection)
        .collect();
    if let Some(mixing) = mixing.filter(|mixing| !mixing.mixed()) {
        let NestedRhat { rhat, p, .. } = mixing;
        reasons.push(format!(
            "chains from different starts have not mixed: nested R-hat {rhat:.5}, p = {p:.1e}"
        ));
    }
    match diverged {
        0 => {}
        1 => reasons.push("1 chain diverged".into()),
        n => reasons.push(format!("{n} chains diverged")),
    }
    Stationarity {
        converged: reasons.is_empty(),
        reasons,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_ensemble_has_converged() {
        let checks = [
            fluctuation_dissipation(Estimate::new(0.05, 0.6)),
            Check::new("the change of the loss", Estimate::new(-0.3, 0.1)),
        ];
        let verdict = stationarity(
            &checks,
            Some(&NestedRhat {
                rhat: 1.0001,
                f: 1.0,
                p: 0.4,
            }),
            0,
        );
        assert!(verdict.converged && verdict.reasons.is_empty());
    }

    #[test]
    fn each_fault_is_named() {
        let checks = [
            Check::new("A", Estimate::new(0.5, 0.1)),
            Check::new("B", Estimate::new(f64::NAN, 1.0)),
            Check::new("C", Estimate::new(0.39, 0.1)),
        ];
        let verdict = stationarity(
            &checks,
            Some(&NestedRhat {
                rhat: 1.2,
                f: 9.0,
                p: 1e-9,
            }),
            3,
        );
        assert!(!verdict.converged);
        assert_eq!(
            verdict.reasons,
            [
                "A is 5.0 standard errors from zero",
                "B could not be measured",
                "chains from different starts have not mixed: nested R-hat 1.20000, p = 1.0e-9",
                "3 chains diverged",
            ]
        );
    }
}
