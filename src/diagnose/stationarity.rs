//! Has the ensemble reached its stationary law?

use super::NestedRhat;
use crate::measure::Estimate;
use serde::Serialize;

/// |z| from here on is a failure: a false alarm has probability 6e-5 for each check.
const LIMIT: f64 = 4.0;

/// A number that is zero in a stationary ensemble.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What is zero, in words.
    pub name: String,
    /// What it was measured to be.
    pub difference: Estimate,
    /// In standard errors.
    pub z: f64,
}

impl Check {
    /// A check that an estimate is zero.
    #[must_use]
    pub fn new(name: impl Into<String>, difference: Estimate) -> Self {
        Self {
            name: name.into(),
            difference,
            z: difference.z_against(0.0),
        }
    }

    /// Whether |z| < 4. Not so where z is NaN.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.z.abs() < LIMIT
    }
}

/// The fluctuation–dissipation relation `2 E[Φ·g] = η E[ĝᵀDĝ]` (Yaida 2018), exact at every η in a stationary
/// ensemble: `difference` is the mean of left less right, taken on each chain.
#[must_use]
pub fn fluctuation_dissipation(difference: Estimate) -> Check {
    Check::new(
        "the fluctuation–dissipation difference 2Φ·g − ηĝᵀDĝ",
        difference,
    )
}

/// The verdict on an ensemble, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stationarity {
    /// Whether nothing speaks against stationarity.
    pub converged: bool,
    /// What speaks against it, a sentence each; empty where `converged`.
    pub reasons: Vec<String>,
}

/// Converged if every check holds, the superchains have mixed (where there are any), and no chain has diverged.
///
/// Nothing here sees a mode that no chain has visited: starts must be dispersed for that.
#[must_use]
pub fn stationarity(checks: &[Check], mixing: Option<&NestedRhat>, diverged: u64) -> Stationarity {
    let mut reasons: Vec<String> = checks
        .iter()
        .filter(|check| !check.holds())
        .map(against)
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

/// What a check that does not hold says, in words.
#[must_use]
pub fn against(check: &Check) -> String {
    let Check { name, z, .. } = check;
    if z.is_nan() {
        format!("{name} could not be measured")
    } else {
        format!("{name} is {:.1} standard errors from zero", z.abs())
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
