//! C2: SGD converges to gradient flow.

use super::flow::{Convergence, final_moments, flow_at};
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;

const WORDS: &str =
    "SGD, ΔΦ = −ĝ Δt with a random data point, converges to deterministic gradient flow as Δt → 0";

pub(super) const CLAIM: Claim = Claim {
    id: "C2",
    title: "gradient flow also models SGD",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let computed = runner.run("c02-sgd-flow.toml", &[])?;
    let summary = &computed.results.summary;
    let flow = flow_at(&computed.problem, summary.points[0].time)?;
    let points = (summary.points.iter().enumerate())
        .map(|(i, point)| (point.eta, final_moments(&computed, i), flow.clone()));
    let convergence = Convergence::new(points);
    let note = "Exponents as η → 0, fitted together with higher-order corrections. The distance of \
        the chains scales as √η, the distance of their mean as η.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(&convergence),
            ("exponent of η in the distance", convergence.exponent, 0.5),
            note,
        )],
        picture: Some((
            convergence.picture(
                "SGD with one example per step approaches gradient flow",
                "linear regression, B = 1, at a fixed time Σ η = 1".into(),
            ),
            "Distance of SGD from the gradient flow of the full data set at the same time. The \
                chains have a spread of order √η around a mean with a bias of order η."
                .into(),
        )),
        table: None,
    })
}

fn criteria(convergence: &Convergence) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.equal("the exponent of the distance", convergence.exponent, 0.5);
    criteria.near(
        "the exponent of the bias",
        convergence.bias_exponent,
        1.0,
        [0.0, 0.5],
    );
    criteria
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Estimate;
    use crate::program::output::Verdict;

    #[test]
    fn both_exponents_decide() {
        let verdict = |exponent: (f64, f64), bias: (f64, f64)| {
            let convergence = Convergence {
                distances: Vec::new(),
                biases: Vec::new(),
                exponent: Estimate::new(exponent.0, exponent.1),
                bias_exponent: Estimate::new(bias.0, bias.1),
            };
            criteria(&convergence).outcome().verdict
        };
        assert_eq!(verdict((0.51, 0.005), (0.9, 0.05)), Verdict::Holds);
        assert_eq!(verdict((0.6, 0.005), (0.9, 0.05)), Verdict::Contradicted);
        assert_eq!(verdict((0.51, 0.005), (f64::NAN, 1.0)), Verdict::Undecided);
    }
}
