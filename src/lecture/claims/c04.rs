//! C4: the losses come down in steps when η is reduced.

use crate::lecture::LectureError;
use crate::lecture::claim::{Claim, Finding, statement};
use crate::lecture::judge::Judge;
use crate::lecture::laboratory::Laboratory;
use crate::measure::Estimate;
use crate::problem::Problem;
use crate::report::number::plain;
use crate::report::{Line, Plot, PlotAxis, Results, Series, Style, TraceRow};

const WORDS: &str =
    "When η is reduced, training and validation loss come down to plateaus, one for each η";

pub(super) const CLAIM: Claim = Claim {
    id: "C4",
    title: "the picture of the ResNet paper",
    investigate,
};

/// The end of a stretch at one learning rate beside a run at that learning rate alone.
#[derive(Debug, Clone, Copy)]
struct Plateau {
    eta: f64,
    /// Steps at its begin and end.
    steps: [u64; 2],
    reached: Estimate,
    alone: Estimate,
    /// Validation loss of the run alone.
    validation: Option<Estimate>,
}

fn investigate(laboratory: &mut Laboratory<'_>) -> Result<Finding, LectureError> {
    let schedule = laboratory.run("c04-schedule.toml", &[])?;
    let alone = laboratory.run("c04-plateaus.toml", &[])?;
    let plateaus = plateaus(&schedule.problem, &schedule.results, &alone.results);
    let optimum = optimum(&alone.results);
    let Some(last) = plateaus.last().copied() else {
        return Ok(Finding::default());
    };
    let note = "Losses are those of all training examples. Each plateau is held against a run from the start at that η \
                alone.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &judged(&plateaus, optimum),
            ("loss at the end of the last plateau", last.reached, last.alone.mean),
            note,
        )],
        picture: Some((
            picture(&schedule.results, &plateaus),
            "The training loss (thin) when η is halved twice, and the validation loss (thick) that runs at each η alone \
             converge to. The marked levels are the training losses of those runs."
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
    let ends: Vec<f64> = changes.map(|change| change.at).chain([1.0]).collect();
    let starts = [0.0].into_iter().chain(ends.iter().copied());
    let at = |fraction: f64| (fraction * point.steps as f64).round() as u64;
    let rows = schedule
        .traces
        .traces
        .first()
        .map_or(&[][..], |trace| &trace.rows);
    let at_step =
        |step: u64| -> Option<&TraceRow> { rows.iter().rev().find(|row| row.step <= step) };
    (starts.zip(&ends).zip(&point.phases))
        .zip(&alone.summary.points)
        .filter_map(|(((start, &end), &(eta, _)), alone)| {
            let row = at_step(at(end))?;
            Some(Plateau {
                eta,
                steps: [at(start), at(end)],
                reached: row.loss,
                alone: alone.loss,
                validation: alone.validation_loss,
            })
        })
        .collect()
}

fn judged(plateaus: &[Plateau], optimum: f64) -> Judge {
    let mut judge = Judge::default();
    for plateau in plateaus {
        let what = format!("the plateau at η = {} less L(η)", plain(plateau.eta));
        let difference = plateau.reached.minus(plateau.alone);
        // A fifth of what stands above the optimum would matter.
        let telling = 0.2 * (plateau.alone.mean - optimum);
        judge.near(what, difference, 0.0, [0.0, telling]);
    }
    judge
}

fn picture(schedule: &Results, plateaus: &[Plateau]) -> String {
    let rows = schedule
        .traces
        .traces
        .first()
        .map_or(&[][..], |trace| &trace.rows);
    let curve = |of: fn(&TraceRow) -> Option<Estimate>| -> Vec<(f64, Estimate)> {
        rows.iter()
            .filter_map(|row| Some((row.step as f64, of(row)?)))
            .collect()
    };
    let training = Series {
        label: "training".into(),
        color: 0,
        style: Style::Thin,
        points: curve(|row| Some(row.loss)),
    };
    let plot = Plot {
        title: "η is halved twice".into(),
        subtitles: vec!["linear regression, B = 1; bands: 95 % interval".into()],
        x: PlotAxis::linear("steps"),
        y: PlotAxis::log("loss"),
        series: [training].into_iter().chain(validation(plateaus)).collect(),
        lines: plateaus
            .iter()
            .map(|plateau| Line {
                at: plateau.alone.mean,
                label: format!("L({})", plain(plateau.eta)),
                upright: false,
            })
            .collect(),
    };
    plot.svg()
}

/// The validation loss of each run alone, over the steps of its plateau.
fn validation(plateaus: &[Plateau]) -> impl Iterator<Item = Series> {
    let known = plateaus
        .iter()
        .filter_map(|p| Some((p.steps, p.validation?)));
    known.enumerate().map(|(i, (steps, loss))| Series {
        label: if i == 0 {
            "validation, at each η alone".into()
        } else {
            String::new()
        },
        color: 4,
        style: Style::Thick,
        points: steps.map(|step| (step as f64, loss)).to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn plateaus_must_be_those_of_single_runs() {
        let verdict = |reached: f64, se: f64| {
            let plateau = Plateau {
                eta: 0.1,
                steps: [0, 100],
                reached: Estimate::new(reached, se),
                alone: Estimate::new(0.30, se),
                validation: None,
            };
            judged(&[plateau], 0.25).ruling().verdict
        };
        assert_eq!(verdict(0.301, 5e-4), Verdict::Holds);
        assert_eq!(verdict(0.31, 5e-4), Verdict::Contradicted);
        assert_eq!(verdict(0.301, 1e-2), Verdict::Undecided);
    }
}
