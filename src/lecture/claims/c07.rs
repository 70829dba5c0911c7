//! C7: the excess loss and the size of the gradients, on one ensemble.

use super::c05::FILE;
use crate::lecture::LectureError;
use crate::lecture::claim::{Claim, Finding, statement};
use crate::lecture::judge::Judge;
use crate::lecture::laboratory::Laboratory;
use crate::measure::Estimate;
use crate::report::{Plot, PlotAxis, Series, Summary};

const WORDS: &str = "L(η) − L(Φ*) = (η/4) E_Φ E_i‖g_i + H_i ΔΦ‖²";

pub(super) const CLAIM: Claim = Claim {
    id: "C7",
    title: "the excess loss at any η",
    words: WORDS,
    investigate,
};

/// One learning rate.
#[derive(Debug, Clone, Copy)]
struct Sides {
    eta: f64,
    /// L(η) − L*.
    left: Estimate,
    /// ¼ η E‖ĝ‖².
    right: Estimate,
}

fn investigate(laboratory: &mut Laboratory<'_>) -> Result<Finding, LectureError> {
    let computed = laboratory.run(FILE, &[])?;
    let sides = sides(&computed.results.summary);
    let Some(greatest) = sides.last().copied() else {
        return Ok(Finding::default());
    };
    let ratio = ratio(greatest);
    let note = "The loss is quadratic, where g_i + H_i ΔΦ is the gradient itself and the statement is exact at every η. \
                Both sides are of the same chains; their errors are added, as an upper bound.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &judged(&sides),
            ("left over right at the greatest η", ratio, 1.0),
            note,
        )],
        picture: Some((
            picture(&sides),
            "Both sides of the equation, measured on the same ensemble at each learning rate. They agree far beyond the \
             straight line of the slope at 0."
                .into(),
        )),
        table: None,
    })
}

fn sides(summary: &Summary) -> Vec<Sides> {
    let Some(optimum) = &summary.optimum else {
        return Vec::new();
    };
    let points = summary.points.iter();
    points
        .filter_map(|point| {
            Some(Sides {
                eta: point.eta,
                left: point.loss.shifted(-optimum.loss),
                right: point.stationarity.as_ref()?.fdr_right.scaled(0.25),
            })
        })
        .collect()
}

/// Left over right with the errors of both added.
fn ratio(sides: Sides) -> Estimate {
    let Sides { left, right, .. } = sides;
    let ratio = left.mean / right.mean;
    let relative = left.se / left.mean + right.se / right.mean;
    Estimate::new(ratio, ratio * relative)
}

fn judged(all: &[Sides]) -> Judge {
    let mut judge = Judge::default();
    for sides in all {
        judge.equal(
            format!("left over right at η = {:.4}", sides.eta),
            ratio(*sides),
            1.0,
        );
    }
    judge
}

fn picture(sides: &[Sides]) -> String {
    let side = |of: fn(&Sides) -> Estimate| -> Vec<(f64, Estimate)> {
        sides.iter().map(|s| (s.eta, of(s))).collect()
    };
    let plot = Plot {
        title: "The excess loss and the size of the gradients".into(),
        subtitles: vec!["linear regression, B = 1; bars: 95 % interval".into()],
        x: PlotAxis::log("learning rate η"),
        y: PlotAxis::log("excess loss"),
        series: vec![
            Series::dashes(
                "(η/4) E‖g_i + H_i ΔΦ‖²",
                1,
                sides.iter().map(|s| (s.eta, s.right.mean)),
            ),
            Series::dots("L(η) − L(Φ*)", 0, side(|s| s.left)),
        ],
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn both_sides_must_agree() {
        let verdict = |left: f64, se: f64| {
            let sides = Sides {
                eta: 0.1,
                left: Estimate::new(left, se),
                right: Estimate::new(0.02, se),
            };
            judged(&[sides]).ruling().verdict
        };
        assert_eq!(verdict(0.0202, 1e-4), Verdict::Holds);
        assert_eq!(verdict(0.022, 1e-4), Verdict::Contradicted);
        assert_eq!(verdict(0.02, 1e-3), Verdict::Undecided);
    }
}
