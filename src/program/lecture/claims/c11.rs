//! C11: Langevin dynamics converges to gradient flow as η → 0.

use super::flow::{Convergence, euler, final_moments};
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::theory::Quadratic1d;

const WORDS: &str =
    "As η → 0 the noise term of Langevin dynamics vanishes, which leaves gradient flow";

pub(super) const CLAIM: Claim = Claim {
    id: "C11",
    title: "Langevin dynamics becomes gradient flow as η → 0",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let computed = runner.run("c11-langevin-flow.toml", &[])?;
    let problem = &computed.problem;
    let (steps, delta) = (problem.points[0].steps, problem.points[0].dt);
    let flow = euler(problem, steps, delta);
    let points = (problem.points.iter().enumerate())
        .map(|(i, point)| (point.eta, final_moments(&computed, i), flow.clone()));
    let convergence = Convergence::new(points);
    // The loss is quadratic in y, so the variance of y is known at this time step.
    let exact = |eta: f64| {
        let y = Quadratic1d {
            curvature: 1.0,
            noise_variance: 1.0,
            eta,
            dt: delta,
        };
        y.after(steps, 1.0, 0.0).1
    };
    let variances: Vec<(f64, Estimate, f64)> = (problem.points.iter().enumerate())
        .map(|(i, point)| {
            let variance = final_moments(&computed, i)[1].variance_estimate();
            (point.eta, variance, exact(point.eta))
        })
        .collect();
    let note = "Distances are measured from Euler steps of the same Δt, so that the time step has \
        no effect; the exponent is for η → 0. The variances of the quadratic coordinate are \
        compared with their exact values.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(convergence.exponent, &variances),
            ("exponent of η in the distance", convergence.exponent, 0.5),
            note,
        )],
        picture: Some((
            convergence.picture(
                "Langevin dynamics approaches gradient flow as η → 0",
                "(x² − 1)²/4 + y²/2 at time 1, Δt = 0.01 throughout".into(),
            ),
            "Distance of Langevin dynamics from gradient flow at a fixed time. The chains have a \
                spread of order √η around a mean with a bias of order η."
                .into(),
        )),
        table: None,
    })
}

fn criteria(exponent: Estimate, variances: &[(f64, Estimate, f64)]) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.equal("the exponent of the distance", exponent, 0.5);
    for (eta, measured, exact) in variances {
        criteria.equal(format!("the variance of y at η = {eta}"), *measured, *exact);
    }
    criteria
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn exponent_and_variances_decide() {
        let verdict = |exponent: f64, variance: f64, se: f64| {
            let variances = [(0.1, Estimate::new(variance, 0.01 * se), 0.01)];
            criteria(Estimate::new(exponent, se), &variances)
                .outcome()
                .verdict
        };
        assert_eq!(verdict(0.502, 0.01, 2e-3), Verdict::Holds);
        assert_eq!(verdict(0.52, 0.01, 2e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.502, 0.011, 2e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.5, 0.01, 0.1), Verdict::Undecided);
    }
}
