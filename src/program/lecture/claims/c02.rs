//! C2: SGD comes to gradient flow.

use super::flow::{Approach, arrival, final_moments};
use crate::program::lecture::LectureError;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::judge::Judge;
use crate::program::lecture::laboratory::Laboratory;

const WORDS: &str =
    "SGD, ΔΦ = −ĝ Δt with a random data point, converges to deterministic gradient flow as Δt → 0";

pub(super) const CLAIM: Claim = Claim {
    id: "C2",
    title: "gradient flow also models SGD",
    investigate,
};

fn investigate(laboratory: &mut Laboratory<'_>) -> Result<Finding, LectureError> {
    let computed = laboratory.run("c02-sgd-flow.toml", &[])?;
    let summary = &computed.results.summary;
    let flow = arrival(&computed.problem, summary.points[0].time)?;
    let points = (summary.points.iter().enumerate())
        .map(|(i, point)| (point.eta, final_moments(&computed, i), flow.clone()));
    let approach = Approach::new(points);
    let note = "Exponents as η → 0, corrections of higher order fitted with them. The chains' distance goes as √η; that \
                of their mean as η.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &judged(&approach),
            ("exponent of η in the distance", approach.exponent, 0.5),
            note,
        )],
        picture: Some((
            approach.picture(
                "SGD with one example per step comes to gradient flow",
                "linear regression, B = 1, at a fixed time Σ η = 1".into(),
            ),
            "The distance of SGD from the gradient flow of the whole data set at the same time. The chains scatter by \
             √η around a mean that is off by η."
                .into(),
        )),
        table: None,
    })
}

fn judged(approach: &Approach) -> Judge {
    let mut judge = Judge::default();
    judge.equal("the exponent of the distance", approach.exponent, 0.5);
    judge.near(
        "the exponent of the bias",
        approach.bias_exponent,
        1.0,
        [0.0, 0.5],
    );
    judge
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Estimate;
    use crate::report::Verdict;

    #[test]
    fn both_exponents_count() {
        let verdict = |exponent: (f64, f64), bias: (f64, f64)| {
            let approach = Approach {
                distances: Vec::new(),
                biases: Vec::new(),
                exponent: Estimate::new(exponent.0, exponent.1),
                bias_exponent: Estimate::new(bias.0, bias.1),
            };
            judged(&approach).ruling().verdict
        };
        assert_eq!(verdict((0.51, 0.005), (0.9, 0.05)), Verdict::Holds);
        assert_eq!(verdict((0.6, 0.005), (0.9, 0.05)), Verdict::Contradicted);
        assert_eq!(verdict((0.51, 0.005), (f64::NAN, 1.0)), Verdict::Undecided);
    }
}
