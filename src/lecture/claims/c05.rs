//! C5: the converged loss as a function of η.

use crate::lecture::LectureError;
use crate::lecture::claim::{Claim, Finding, statement};
use crate::lecture::fit::polynomial;
use crate::lecture::judge::Judge;
use crate::lecture::laboratory::Laboratory;
use crate::measure::Estimate;
use crate::report::{Line, Plot, PlotAxis, Point, Series, Summary};

const WORDS: &str = "For each value of η we converge at a loss L(η), and L(η) → L(Φ*) as η → 0";

pub(super) const CLAIM: Claim = Claim {
    id: "C5",
    title: "the converged loss as a function of η",
    words: WORDS,
    investigate,
};

/// The experiment that C6 and C7 share.
pub(super) const FILE: &str = "c05-converged-loss.toml";

/// Learning rates from which L(0) is extrapolated: the smallest.
const SMALLEST: usize = 8;

fn investigate(laboratory: &mut Laboratory<'_>) -> Result<Finding, LectureError> {
    let computed = laboratory.run(FILE, &[])?;
    let summary = &computed.results.summary;
    let limit = limit(summary);
    let optimum = summary
        .optimum
        .as_ref()
        .map_or(f64::NAN, |optimum| optimum.loss);
    let note = "L(0) by a parabola through the smallest η, against the least loss that Newton's method finds; L(η) \
                against its exact value where there is one; and whether each ensemble stands still.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &judged(summary, limit, optimum),
            ("L(η) extrapolated to η → 0", limit, optimum),
            note,
        )],
        picture: Some((
            picture(summary, optimum),
            "The converged loss at each learning rate. It comes down to the loss at the optimum, and near it along a \
             straight line."
                .into(),
        )),
        table: None,
    })
}

fn limit(summary: &Summary) -> Estimate {
    let points: Vec<(f64, Estimate)> = (summary.points.iter().take(SMALLEST))
        .map(|point| (point.eta, point.loss))
        .collect();
    let fit = polynomial(&points, 2);
    fit.map_or(Estimate::new(f64::NAN, f64::INFINITY), |all| all[0])
}

/// The loss that theory has at one point.
fn exact(point: &Point) -> Option<f64> {
    point.theory.as_ref()?.loss
}

fn judged(summary: &Summary, limit: Estimate, optimum: f64) -> Judge {
    let mut judge = Judge::default();
    // The loss of the smallest η is a natural scale: an intercept that misses by as much would be no limit.
    let first = summary
        .points
        .first()
        .map_or(f64::NAN, |point| point.loss.mean);
    judge.near("L(0)", limit, optimum, [0.0, 0.5 * (first - optimum).abs()]);
    for point in &summary.points {
        if let Some(stationarity) = &point.stationarity {
            let z = Estimate::new(stationarity.z, 1.0);
            // z has error 1 by definition; what it can tell is not a matter of its own size.
            judge.near(
                format!("z of stationarity at η = {:.4}", point.eta),
                z,
                0.0,
                [0.0, f64::INFINITY],
            );
        }
        if let Some(exact) = exact(point) {
            let telling = 0.2 * (exact - optimum).abs();
            judge.near(
                format!("L at η = {:.4}", point.eta),
                point.loss,
                exact,
                [0.0, telling],
            );
        }
    }
    judge
}

fn picture(summary: &Summary, optimum: f64) -> String {
    let points = summary.points.iter();
    let expected = points.clone().filter_map(|p| Some((p.eta, exact(p)?)));
    let plot = Plot {
        title: "The converged loss against the learning rate".into(),
        subtitles: vec!["linear regression, B = 1; bars: 95 % interval".into()],
        x: PlotAxis::linear("learning rate η").including([0.0]),
        y: PlotAxis::linear("L(η)"),
        series: vec![
            Series::dashes("exact", 1, expected),
            Series::dots("measured", 0, points.map(|p| (p.eta, p.loss)).collect()),
        ],
        lines: vec![Line {
            at: optimum,
            label: "L(Φ*)".into(),
            upright: false,
        }],
    };
    plot.svg()
}
