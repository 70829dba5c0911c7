//! C3: the sum of the learning rates is time.

use super::flow::{final_moments, flow_at};
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::polynomial;
use crate::program::lecture::runner::Runner;
use crate::report::number::plain;
use crate::report::{Line, Plot, PlotAxis, Series};

const WORDS: &str = "The sum of the learning rates can be interpreted as time: as η → 0, schedules \
    with equal Σ η reach the same point of the flow";

pub(super) const CLAIM: Claim = Claim {
    id: "C3",
    title: "the sum of the learning rates is time",
    investigate,
};

const SCHEDULES: [(&str, &str); 3] = [
    ("c03-constant.toml", "η throughout"),
    ("c03-halved.toml", "η, then η/2"),
    ("c03-tripled.toml", "η, then 3η"),
];

/// Bias at η = 0 of a cubic fit. The exact means, from propagating the density of the chain step by
/// step, have fits that miss the flow by 0.3e-5, 0.3e-5 and 7.2e-5.
const TRUNCATION: f64 = 1e-4;

/// Smallest distance from the flow that must be detectable; the start is 0.47 away.
const DETECTABLE: f64 = 0.02;

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let mut means = Vec::new();
    let mut flow = 0.0;
    for (file, name) in SCHEDULES {
        let computed = runner.run(file, &[])?;
        let points = &computed.results.summary.points;
        flow = flow_at(&computed.problem, points[0].time)?[0];
        let mean = |i: usize| final_moments(&computed, i)[0].mean_estimate();
        let curve: Vec<(f64, Estimate)> = (points.iter().enumerate())
            .map(|(i, point)| (point.eta, mean(i)))
            .collect();
        means.push((name, curve));
    }
    let limits = limits(&means);
    let note = format!(
        "Means of x are extrapolated to η → 0 by a cubic. At η = {} the largest difference between \
            schedules is {}.",
        plain(means[0].1[0].0),
        plain(spread(&means))
    );
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(&limits, flow),
            (
                "mean of x at Σ η = 1.92, constant η, as η → 0",
                limits[0].1,
                flow,
            ),
            &note,
        )],
        picture: Some((
            picture(&means, flow),
            "Mean of x for three schedules at equal Σ η. As η → 0 all means converge to the point \
                that gradient flow reaches at that time."
                .into(),
        )),
        table: None,
    })
}

type Curves = [(&'static str, Vec<(f64, Estimate)>)];

/// Mean of x as η → 0, for each schedule.
fn limits(means: &Curves) -> Vec<(&'static str, Estimate)> {
    let unknown = Estimate::new(f64::NAN, f64::INFINITY);
    let limit = |curve: &[(f64, Estimate)]| polynomial(curve, 3).map_or(unknown, |all| all[0]);
    means
        .iter()
        .map(|(name, curve)| (*name, limit(curve)))
        .collect()
}

/// Largest difference between the schedules at their greatest η.
fn spread(means: &Curves) -> f64 {
    let first = means.iter().map(|(_, curve)| curve[0].1.mean);
    let (least, most) = first.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| {
        (a.min(x), b.max(x))
    });
    most - least
}

fn criteria(limits: &[(&'static str, Estimate)], flow: f64) -> Criteria {
    let mut criteria = Criteria::default();
    for (name, limit) in limits {
        criteria.near(
            format!("the limit of \"{name}\""),
            *limit,
            flow,
            [TRUNCATION, DETECTABLE],
        );
    }
    criteria
}

fn picture(means: &Curves, flow: f64) -> String {
    let colors = [0, 2, 4];
    let series = means
        .iter()
        .zip(colors)
        .map(|((name, curve), color)| Series::dots(*name, color, curve.clone()));
    let plot = Plot {
        title: "Schedules with equal Σ η reach the same point".into(),
        subtitles: vec!["SGD on (x² − 1)²/4 from x = ½, Σ η = 1.92; bars: 95 % interval".into()],
        x: PlotAxis::linear("learning rate η at the start").including([0.0]),
        y: PlotAxis::linear("mean of x on flow_at"),
        series: series.collect(),
        lines: vec![Line {
            at: flow,
            label: "gradient flow".into(),
            upright: false,
        }],
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    fn verdict(limit: f64, se: f64) -> Verdict {
        let curve = |slope: f64| -> Vec<(f64, Estimate)> {
            [0.04, 0.02, 0.01, 0.005, 0.0025]
                .map(|eta| (eta, Estimate::new(limit - slope * eta, se)))
                .to_vec()
        };
        criteria(&limits(&[("a", curve(1.0)), ("b", curve(0.3))]), 0.97)
            .outcome()
            .verdict
    }

    #[test]
    fn the_limit_decides() {
        assert_eq!(verdict(0.97, 5e-4), Verdict::Holds);
        assert_eq!(verdict(0.99, 5e-4), Verdict::Contradicted);
        assert_eq!(verdict(0.97, 1e-1), Verdict::Undecided);
    }
}
