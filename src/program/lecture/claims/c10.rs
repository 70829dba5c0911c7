//! C10: Brownian motion.

use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::{Plot, PlotAxis, Series};
use crate::run::Computed;

const WORDS: &str =
    "If g(Φ) = 0 and Σ = I, Langevin dynamics is Brownian motion: each coordinate has variance η t";

pub(super) const CLAIM: Claim = Claim {
    id: "C10",
    title: "Brownian motion",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let computed = runner.run("c10-brownian.toml", &[])?;
    let eta = computed.problem.points[0].eta;
    let coordinates = [0, 1].map(|k| variances(&computed, k));
    let (time, last) = *coordinates[0]
        .last()
        .expect("the experiment is measured on its way");
    let note = "The variance is exact at every time step. Variances at different times are \
        measured on the same chains.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(&coordinates, eta),
            ("variance of x at t = 10", last, eta * time),
            note,
        )],
        picture: Some((
            picture(&coordinates, eta),
            "Variance of both coordinates without a gradient, and the exact line η t.".into(),
        )),
        table: None,
    })
}

/// Pairs of time and variance of coordinate `k` after the start.
fn variances(computed: &Computed, k: usize) -> Vec<(f64, Estimate)> {
    let output = computed.problem.outputs.parameters.start + k;
    let trace = computed.records[0].trace.iter();
    trace
        .filter(|(step, _)| *step > 0)
        .map(|(step, moments)| {
            let time = computed.problem.points[0].time(*step);
            (time, moments[output].variance_estimate())
        })
        .collect()
}

fn criteria(coordinates: &[Vec<(f64, Estimate)>], eta: f64) -> Criteria {
    let mut criteria = Criteria::default();
    for (time, variance) in coordinates.iter().flatten() {
        criteria.equal(
            format!("the variance at t = {time:.1}"),
            *variance,
            eta * time,
        );
    }
    criteria
}

fn picture(coordinates: &[Vec<(f64, Estimate)>; 2], eta: f64) -> String {
    let times = [0.0]
        .into_iter()
        .chain(coordinates[0].iter().map(|(t, _)| *t));
    let [x, y] = coordinates.clone();
    let plot = Plot {
        title: "Without a gradient the variance grows as η t".into(),
        subtitles: vec!["Langevin dynamics with Σ = I, η = 0.1; bars: 95 % interval".into()],
        x: PlotAxis::linear("time t"),
        y: PlotAxis::linear("variance over chains"),
        series: vec![
            Series::dots("x", 0, x),
            Series::dots("y", 2, y),
            Series::dashes("η t", 1, times.map(|t| (t, eta * t))),
        ],
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn growth_must_be_linear() {
        let verdict = |power: f64, se: f64| {
            let curve = (1..10)
                .map(f64::from)
                .map(|t| (t, Estimate::new(0.1 * t.powf(power), 0.1 * t * se)));
            criteria(&[curve.collect()], 0.1).outcome().verdict
        };
        assert_eq!(verdict(1.0, 1e-3), Verdict::Holds);
        assert_eq!(verdict(1.01, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(1.0, 0.1), Verdict::Undecided);
    }
}
