//! The results in words and in rows, as the terminal and the page show them.

use super::number::{count, plain, plus_minus, significant, standard_errors};
use super::point_rows::{Row, SHOWN_GAIN, row, z};
use super::quantities;
use super::summary::{Point, Summary};

/// The warnings, most serious first: diverged chains, ensembles that did not settle, the run's own warnings.
pub(crate) fn warnings(summary: &Summary) -> Vec<String> {
    let mut warnings: Vec<String> = summary
        .points
        .iter()
        .filter_map(|point| divergence(summary, point))
        .collect();
    for point in summary.points.iter().filter(|point| !point.converged) {
        warnings.push(format!(
            "At η = {}: {}.",
            plain(point.eta),
            point.verdict.trim_end_matches('.')
        ));
    }
    warnings.extend(summary.warnings.iter().cloned());
    warnings
}

fn divergence(summary: &Summary, point: &Point) -> Option<String> {
    if point.diverged == 0 {
        return None;
    }
    let first = point.first_diverged_step.map_or_else(String::new, |step| {
        format!(", the first at step {}", count(step))
    });
    let (diverged, chains, eta) = (
        count(point.diverged),
        count(summary.chains),
        plain(point.eta),
    );
    Some(format!(
        "{diverged} of {chains} chains diverged at η = {eta}{first}; every other figure leaves them out."
    ))
}

/// The answer in one sentence.
pub(crate) fn answer(summary: &Summary) -> String {
    match summary.points.as_slice() {
        [] => "Nothing was measured.".into(),
        [point] => {
            let verb = if point.converged {
                "settles at"
            } else {
                "has not settled; it stands at"
            };
            let theory = point
                .theory
                .as_ref()
                .and_then(|theory| theory.loss)
                .map_or_else(String::new, |theory| {
                    format!(
                        " (theory {}, {})",
                        plain(theory),
                        standard_errors(z(point.loss, theory))
                    )
                });
            let (eta, loss) = (plain(point.eta), plus_minus(point.loss));
            format!("At learning rate η = {eta} the loss {verb} {loss}{theory}.")
        }
        [first, .., last] => {
            let settled = summary
                .points
                .iter()
                .filter(|point| point.converged)
                .count();
            format!(
                "From η = {} to η = {} the loss goes from {} to {}; it has settled at {settled} of {} learning rates.",
                plain(first.eta),
                plain(last.eta),
                plus_minus(first.loss),
                plus_minus(last.loss),
                summary.points.len(),
            )
        }
    }
}

/// One line for each learning rate below a header: η, steps, loss, theory, difference, the further quantities of the
/// run, diverged, settled.
pub(crate) fn sweep(summary: &Summary) -> Vec<Vec<String>> {
    let further = quantities::of_points(&summary.points);
    let mut header = vec!["η", "steps", "loss", "theory", "difference"];
    header.extend(further.iter().map(|key| quantities::label(key)));
    header.extend(["diverged", "settled"]);
    let mut lines = vec![header.into_iter().map(String::from).collect()];
    for point in &summary.points {
        let theory = point.theory.as_ref().and_then(|theory| theory.loss);
        let mut line = vec![
            plain(point.eta),
            count(point.steps),
            plus_minus(point.loss),
            theory.map_or_else(String::new, plain),
            theory.map_or_else(String::new, |theory| standard_errors(z(point.loss, theory))),
        ];
        line.extend(
            further
                .iter()
                .map(|key| quantities::at_point(point, key).map_or_else(String::new, plus_minus)),
        );
        line.extend([
            count(point.diverged),
            if point.converged { "yes" } else { "NO" }.into(),
        ]);
        lines.push(line);
    }
    lines
}

/// dL/dη and L at η = 0, where they were estimated.
pub(crate) fn slope(summary: &Summary) -> Vec<Row> {
    let Some(slope) = &summary.slope else {
        return Vec::new();
    };
    let mut rows = vec![row("dL/dη at 0", slope.measured, Some(slope.theory))];
    if let Some(reduced) = slope
        .reduced
        .filter(|r| r.se * SHOWN_GAIN.sqrt() < slope.measured.se)
    {
        rows.push(row(
            "dL/dη at 0 with control variate",
            reduced,
            Some(slope.theory),
        ));
    }
    if let Some(least) = slope.least_loss {
        let known = summary.optimum.as_ref().map(|optimum| optimum.loss);
        rows.push(row("L at η = 0, extrapolated", least, known));
    }
    rows
}

/// Changes of the loss from one learning rate to the next.
pub(crate) fn differences(summary: &Summary) -> Vec<Row> {
    (summary.differences.iter())
        .map(|change| Row {
            quantity: format!("L({}) − L({})", plain(change.to), plain(change.from)),
            measured: plus_minus(change.difference),
            difference: format!("variance divided by {}", significant(change.gain, 2)),
            ..Row::default()
        })
        .collect()
}

/// Where and how the run was computed, as label and value.
pub(crate) fn provenance(summary: &Summary) -> Vec<(&'static str, String)> {
    let software = if summary.software_adapter {
        " (software rasterizer: its speed is not a GPU's)"
    } else {
        ""
    };
    let adapter = summary
        .adapter
        .as_ref()
        .map(|adapter| format!(", {adapter}{software}"))
        .unwrap_or_default();
    let driver = summary
        .driver
        .as_ref()
        .map(|driver| format!(", driver {driver}"))
        .unwrap_or_default();
    let rate = super::number::engineering(summary.chain_steps_per_second);
    vec![
        ("program", format!("etascope {}", summary.etascope)),
        ("backend", format!("{}{adapter}{driver}", summary.backend)),
        ("precision", summary.precision.clone()),
        (
            "random numbers",
            format!(
                "{}, stream version {}, {} normals",
                summary.generator, summary.stream_version, summary.normal
            ),
        ),
        ("seed", summary.seed.to_string()),
        ("chains", count(summary.chains)),
        (
            "time",
            format!(
                "{}, {rate} chain-steps/s",
                super::number::duration(summary.wall_seconds)
            ),
        ),
    ]
}
