//! C6: the slope of the converged loss at η = 0.

use super::c05::FILE;
use crate::lecture::LectureError;
use crate::lecture::claim::{Claim, Finding, statement, undecided};
use crate::lecture::judge::Judge;
use crate::lecture::laboratory::Laboratory;
use crate::measure::Estimate;
use crate::report::{Plot, PlotAxis, Series, Slope, Summary};

const WORDS: &str = "∂L(η)/∂η at η = 0 is ¼ E_i‖g_i‖² at Φ*";

pub(super) const CLAIM: Claim = Claim {
    id: "C6",
    title: "the slope of the converged loss",
    words: WORDS,
    investigate,
};

fn investigate(laboratory: &mut Laboratory<'_>) -> Result<Finding, LectureError> {
    let computed = laboratory.run(FILE, &[])?;
    let summary = &computed.results.summary;
    let Some(slope) = &summary.slope else {
        let why = "The run gave no slope.".to_owned();
        return Ok(Finding {
            statements: vec![undecided(WORDS, why)],
            ..Finding::default()
        });
    };
    let note = "The slope by weighted least squares of L(η) − L(Φ*) over the smallest η; the theorem's number at the \
                optimum that Newton's method finds.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &judged(slope),
            ("∂L/∂η at 0", slope.measured, slope.theory),
            note,
        )],
        picture: Some((
            picture(summary, slope),
            "The excess loss divided by η. As η → 0 it comes to the theorem's ¼ E‖g_i‖².".into(),
        )),
        table: None,
    })
}

fn judged(slope: &Slope) -> Judge {
    let mut judge = Judge::default();
    judge.equal("the slope", slope.measured, slope.theory);
    judge
}

fn picture(summary: &Summary, slope: &Slope) -> String {
    let optimum = summary
        .optimum
        .as_ref()
        .map_or(f64::NAN, |optimum| optimum.loss);
    let ratio = |eta: f64, loss: Estimate| (eta, loss.shifted(-optimum).scaled(1.0 / eta));
    let points: Vec<(f64, Estimate)> = (summary.points.iter())
        .map(|point| ratio(point.eta, point.loss))
        .collect();
    let plot = Plot {
        title: "The slope of the converged loss at η = 0".into(),
        subtitles: vec!["linear regression, B = 1; bars: 95 % interval".into()],
        x: PlotAxis::linear("learning rate η"),
        y: PlotAxis::linear("(L(η) − L(Φ*)) / η"),
        series: vec![
            Series::dots("measured at each η", 0, points),
            Series::dots("fitted slope at 0", 2, vec![(0.0, slope.measured)]),
            Series::dashes(
                "¼ E‖g_i(Φ*)‖²",
                1,
                [0.0, last_eta(summary)].map(|eta| (eta, slope.theory)),
            ),
        ],
        lines: Vec::new(),
    };
    plot.svg()
}

fn last_eta(summary: &Summary) -> f64 {
    summary
        .points
        .iter()
        .map(|point| point.eta)
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn the_slope_decides() {
        let verdict = |measured: f64, se: f64| {
            let slope = Slope {
                measured: Estimate::new(measured, se),
                theory: 0.25,
            };
            judged(&slope).ruling().verdict
        };
        assert_eq!(verdict(0.252, 1e-3), Verdict::Holds);
        assert_eq!(verdict(0.5, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.252, 1e-1), Verdict::Undecided);
    }
}
