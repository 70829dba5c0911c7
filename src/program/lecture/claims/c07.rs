//! C7: the excess loss and the mean squared gradient of the same ensemble.

use super::sweep::{Sweep, sweeps};
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::{Line, Plot, PlotAxis, Point, Series};

const WORDS: &str = "L(η) − L(Φ*) = (η/4) E_Φ E_i‖g_i + H_i ΔΦ‖²";

pub(super) const CLAIM: Claim = Claim {
    id: "C7",
    title: "the excess loss at any η",
    investigate,
};

/// Both sides of the equation at one learning rate.
#[derive(Debug, Clone, Copy)]
struct Sides {
    eta: f64,
    /// L(η) − L(Φ*).
    left: Estimate,
    /// ¼ η E‖ĝ‖².
    right: Estimate,
}

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let sweeps = sweeps(runner)?;
    let all: Vec<(&Sweep, Vec<Sides>)> = sweeps.iter().map(|sweep| (sweep, sides(sweep))).collect();
    let statements = all.iter().map(|(sweep, sides)| {
        let trusted = sides.iter().zip(&sweep.trusted);
        let sides: Vec<Sides> = trusted.filter(|(_, yes)| **yes).map(|(s, _)| *s).collect();
        let unknown = Estimate::new(f64::NAN, f64::INFINITY);
        let ratio = sides.last().map_or(unknown, |sides| ratio(*sides));
        let note = format!(
            "For a quadratic loss g_i + H_i ΔΦ is the gradient itself, and the equation is exact \
                at every η. Both sides are measured on the same chains; their relative errors are \
                added, which is an upper bound. {}",
            sweep.describe()
        );
        let figure = ("left side / right side at the largest η tested", ratio, 1.0);
        let words = format!("{WORDS} (linear regression, {})", sweep.name);
        statement(&words, &criteria(&sides), figure, &note)
    });
    Ok(Finding {
        statements: statements.collect(),
        picture: Some((
            picture(&all),
            "Left side divided by right side at each learning rate, as a fraction of the stability \
                limit. Both sides are measured on the same ensemble."
                .into(),
        )),
        table: None,
    })
}

fn sides(sweep: &Sweep) -> Vec<Sides> {
    let right = |point: &Point| {
        let stationarity = point.stationarity.as_ref();
        stationarity.map_or(Estimate::new(f64::NAN, f64::INFINITY), |s| s.fdr_right)
    };
    (sweep.summary().points.iter().zip(sweep.excess()))
        .map(|(point, (eta, left))| Sides {
            eta,
            left,
            right: right(point).scaled(0.25),
        })
        .collect()
}

/// Left side divided by right side. Relative errors are added, as an upper bound.
fn ratio(sides: Sides) -> Estimate {
    let Sides { left, right, .. } = sides;
    let ratio = left.mean / right.mean;
    let relative = left.se / left.mean + right.se / right.mean;
    Estimate::new(ratio, ratio * relative)
}

fn criteria(all: &[Sides]) -> Criteria {
    let mut criteria = Criteria::default();
    for sides in all {
        criteria.equal(
            format!("left side / right side at η = {:.4}", sides.eta),
            ratio(*sides),
            1.0,
        );
    }
    criteria
}

fn picture(all: &[(&Sweep, Vec<Sides>)]) -> String {
    let dots = all.iter().enumerate().map(|(i, (sweep, sides))| {
        let points = sides.iter().map(|s| (s.eta / sweep.limit, ratio(*s)));
        Series::dots(sweep.name, 2 * i, points.collect())
    });
    let plot = Plot {
        title: "Excess loss divided by mean squared gradient".into(),
        subtitles: vec!["linear regression, B = 1; bars: upper bound of the 95 % interval".into()],
        x: PlotAxis::log("η as a fraction of the stability limit"),
        y: PlotAxis::linear("(L(η) − L(Φ*)) / ((η/4) E‖g_i + H_i ΔΦ‖²)"),
        series: dots.collect(),
        lines: vec![Line {
            at: 1.0,
            label: String::new(),
            upright: false,
        }],
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn both_sides_must_agree() {
        let verdict = |left: f64, se: f64| {
            let sides = Sides {
                eta: 0.1,
                left: Estimate::new(left, se),
                right: Estimate::new(0.02, se),
            };
            criteria(&[sides]).outcome().verdict
        };
        assert_eq!(verdict(0.0202, 1e-4), Verdict::Holds);
        assert_eq!(verdict(0.022, 1e-4), Verdict::Contradicted);
        assert_eq!(verdict(0.02, 1e-3), Verdict::Undecided);
    }
}
