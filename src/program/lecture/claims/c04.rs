//! C4: the losses form a plateau for each η when η is reduced.

use crate::compile::Problem;
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::number::plain;
use crate::report::{Line, Plot, PlotAxis, Results, Series, Style, TraceRow};

const WORDS: &str =
    "When η is reduced, training and validation loss decrease to a plateau for each η";

pub(super) const CLAIM: Claim = Claim {
    id: "C4",
    title: "the picture of the ResNet paper",
    investigate,
};

/// End of a phase at one learning rate, compared with a run at that learning rate alone.
#[derive(Debug, Clone, Copy)]
struct Plateau {
    eta: f64,
    /// Training and validation loss at the end of the phase.
    reached: [Estimate; 2],
    /// Training and validation loss of a run at this η alone.
    alone: [Estimate; 2],
    /// L(η) of the training examples from exact second moments.
    exact: f64,
}

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let schedule = runner.run("c04-schedule.toml", &[])?;
    let alone = runner.run("c04-plateaus.toml", &[])?;
    let plateaus = plateaus(&schedule.problem, &schedule.results, &alone.results);
    let optimum = optimum(&alone.results);
    let last = plateaus.last().copied();
    let unknown = Estimate::new(f64::NAN, f64::INFINITY);
    let (reached, exact) = last.map_or((unknown, f64::NAN), |p| (p.reached[0], p.exact));
    let note = "Losses are averages over all training examples and over the validation examples. \
        Each plateau is compared with a run at that η alone and with the exact L(η) of the \
        training examples, and must be lower than the plateau before.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(&plateaus, optimum),
            (
                "training loss at the end of the last plateau",
                reached,
                exact,
            ),
            note,
        )],
        picture: Some((
            picture(&schedule.results, &plateaus),
            "Training loss (thin) and validation loss (thick) when η is halved twice. The marked \
                levels are the exact training losses L(η) to which SGD converges at each learning \
                rate alone."
                .into(),
        )),
        table: None,
    })
}

fn optimum(results: &Results) -> f64 {
    let optimum = results.summary.optimum.as_ref();
    optimum.map_or(f64::NAN, |optimum| optimum.loss)
}

fn plateaus(problem: &Problem, schedule: &Results, alone: &Results) -> Vec<Plateau> {
    let point = &problem.points[0];
    let changes = problem.experiment.dynamics.schedule.iter();
    let ends = changes.map(|change| change.at).chain([1.0]);
    let rows = rows(schedule);
    let at_end = |fraction: f64| {
        let step = (fraction * point.steps as f64).round() as u64;
        rows.iter().rev().find(|row| row.step <= step)
    };
    (ends.zip(&point.phases).zip(&alone.summary.points))
        .filter_map(|((end, phase), alone)| {
            let row = at_end(end)?;
            Some(Plateau {
                eta: phase.eta,
                reached: [row.loss, row.validation_loss?],
                alone: [alone.loss, alone.validation_loss?],
                exact: alone.theory.as_ref()?.loss?,
            })
        })
        .collect()
}

fn rows(results: &Results) -> &[TraceRow] {
    let first = results.traces.traces.first();
    first.map_or(&[], |trace| &trace.rows)
}

fn criteria(plateaus: &[Plateau], optimum: f64) -> Criteria {
    let mut criteria = Criteria::default();
    for plateau in plateaus {
        let at = format!("at η = {}", plain(plateau.eta));
        // A difference of a fifth of the excess loss must be detectable.
        let detectable = 0.2 * (plateau.exact - optimum);
        let what = format!("the training plateau {at}");
        criteria.near(what, plateau.reached[0], plateau.exact, [0.0, detectable]);
        for (k, name) in ["training", "validation"].iter().enumerate() {
            let difference = plateau.reached[k].minus(plateau.alone[k]);
            let what = format!("the {name} plateau {at} minus that of a run at this η alone");
            criteria.near(what, difference, 0.0, [0.0, detectable]);
        }
    }
    for pair in plateaus.windows(2) {
        for (k, name) in ["training", "validation"].iter().enumerate() {
            let step = pair[0].reached[k].minus(pair[1].reached[k]);
            let what = format!(
                "the decrease of the {name} loss on reducing to η = {}",
                plain(pair[1].eta)
            );
            criteria.above(what, step, 0.0);
        }
    }
    criteria
}

fn picture(schedule: &Results, plateaus: &[Plateau]) -> String {
    let curve = |of: fn(&TraceRow) -> Option<Estimate>| -> Vec<(f64, Estimate)> {
        rows(schedule)
            .iter()
            .filter_map(|row| Some((row.step as f64, of(row)?)))
            .collect()
    };
    let series = |label: &str, color: usize, style: Style, points| Series {
        label: label.into(),
        color,
        style,
        points,
    };
    let plot = Plot {
        title: "η is halved twice".into(),
        subtitles: vec!["linear regression, B = 1; bands: 95 % interval".into()],
        x: PlotAxis::linear("steps"),
        y: PlotAxis::log("loss"),
        series: vec![
            series(
                "validation",
                4,
                Style::Thick,
                curve(|row| row.validation_loss),
            ),
            series("training", 0, Style::Thin, curve(|row| Some(row.loss))),
        ],
        lines: (plateaus.iter())
            .map(|plateau| Line {
                at: plateau.exact,
                label: format!("L({})", plain(plateau.eta)),
                upright: false,
            })
            .collect(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    /// Plateaus at 0.30 and 0.275. The second has the given errors in training and validation loss.
    fn verdict(training: f64, validation: f64, se: f64) -> Verdict {
        let plateau = |eta: f64, exact: f64, off: [f64; 2]| Plateau {
            eta,
            reached: off.map(|off| Estimate::new(exact + off, se)),
            alone: [Estimate::new(exact, se); 2],
            exact,
        };
        let plateaus = [
            plateau(0.1, 0.30, [0.0; 2]),
            plateau(0.05, 0.275, [training, validation]),
        ];
        criteria(&plateaus, 0.25).outcome().verdict
    }

    #[test]
    fn plateaus_must_equal_those_of_runs_at_one_eta() {
        assert_eq!(verdict(0.0005, 0.0005, 2e-4), Verdict::Holds);
        assert_eq!(verdict(0.01, 0.0, 2e-4), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 0.01, 2e-4), Verdict::Contradicted);
        assert_eq!(
            verdict(0.03, 0.03, 2e-4),
            Verdict::Contradicted,
            "no step down"
        );
        assert_eq!(verdict(0.0, 0.0, 1e-2), Verdict::Undecided);
    }
}
