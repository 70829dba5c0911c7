//! Table of `etascope compare`.

use super::terminal::{Ink, aligned, print, stdout_takes_color};
use crate::report::number::{count, p_relation, plain, plus_minus, significant, standard_errors};
use crate::report::{ComparedPoint, Difference, Distances, Side};
use std::io;

/// Corrected p-value below which a hypothesis is rejected.
const LEVEL: f64 = 0.01;

/// Writes the table, or JSON if `json`, to standard output.
///
/// # Errors
/// Standard output cannot be written. A closed pipe is not an error.
pub fn print_distances(distances: &Distances, json: bool) -> io::Result<()> {
    print(&if json {
        distances.to_json()
    } else {
        distance_table(distances, stdout_takes_color())
    })
}

/// Formats the two ensembles, warnings, the answer, and the figures: all figures of a single learning
/// rate, or one line for each of several.
#[must_use]
pub fn distance_table(distances: &Distances, color: bool) -> String {
    let ink = Ink { color };
    let named = |side: &Side| {
        let Side { name, dynamics, .. } = side;
        let chains = count(side.chains);
        format!(
            "{}  {dynamics}, {chains} chains, seed {}",
            ink.bold(name),
            side.seed
        )
    };
    let mut text = format!(
        "{}\n{}\n",
        named(&distances.first),
        named(&distances.second)
    );
    for warning in warnings(distances) {
        text += &format!("{} {warning}\n", ink.warning("!"));
    }
    text += &format!("{}\n\n", answer(distances));
    let cells = match distances.points.as_slice() {
        [point] => one(point),
        points => several(points),
    };
    text + &aligned(&cells, ink)
}

/// Warnings about diverged chains and about ensembles that are not stationary.
fn warnings(distances: &Distances) -> Vec<String> {
    let mut warnings = Vec::new();
    let sides = [&distances.first, &distances.second];
    for point in &distances.points {
        for (which, side) in sides.iter().enumerate() {
            let (name, eta) = (&side.name, plain(point.eta[which]));
            if point.diverged[which] > 0 {
                let diverged = count(point.diverged[which]);
                warnings.push(format!(
                    "{diverged} chains of {name} diverged at η = {eta}."
                ));
            }
            if !point.converged[which] {
                warnings.push(format!("{name} has not settled at η = {eta}."));
            }
        }
    }
    warnings
}

/// Greatest number of parameters in the table; the files have all.
const PARAMETERS: usize = 8;

/// Cells of the table of a single learning rate.
fn one(point: &ComparedPoint) -> Vec<Vec<String>> {
    let mut lines = vec![
        ["", "first", "second", "difference"]
            .map(String::from)
            .into(),
    ];
    let mut line = |name: String, difference: &Difference| {
        lines.push(vec![
            name,
            plus_minus(difference.first),
            plus_minus(difference.second),
            standard_errors(difference.z),
        ]);
    };
    line("loss".into(), &point.loss);
    for (name, parameter) in point.parameters.iter().take(PARAMETERS) {
        line(format!("mean of {name}"), &parameter.mean);
        line(format!("variance of {name}"), &parameter.variance);
    }
    for (name, parameter) in point.parameters.iter().take(PARAMETERS) {
        if let (Some(distance), Some(floor)) = (parameter.wasserstein, parameter.wasserstein_floor)
        {
            let chance = format!("{} by chance", significant(floor, 2));
            lines.push(vec![
                format!("Wasserstein distance of {name}"),
                String::new(),
                significant(distance, 3),
                chance,
            ]);
        }
    }
    lines.extend(point.energy.map(|energy| {
        vec![
            format!("energy distance of {} chains", count(energy.sample as u64)),
            String::new(),
            significant(energy.distance, 2),
            format!("p {}", p_relation(energy.p)),
        ]
    }));
    lines
}

/// Cells of the table of several learning rates.
fn several(points: &[ComparedPoint]) -> Vec<Vec<String>> {
    let header = [
        "η",
        "loss of first",
        "loss of second",
        "difference",
        "W₁ / chance",
        "energy distance",
        "",
        "differs",
    ];
    let mut lines = vec![header.map(String::from).into()];
    for point in points {
        let [first, second] = point.eta;
        let eta = if first == second {
            plain(first)
        } else {
            format!("{}, {}", plain(first), plain(second))
        };
        let ratio = point.parameters.iter().filter_map(|(_, parameter)| {
            Some(parameter.wasserstein? / parameter.wasserstein_floor?)
        });
        let ratio = ratio.reduce(f64::max);
        let energy = point.energy;
        let differs = point.tests.iter().any(|test| test.holm < LEVEL);
        lines.push(vec![
            eta,
            plus_minus(point.loss.first),
            plus_minus(point.loss.second),
            standard_errors(point.loss.z),
            ratio.map_or_else(String::new, |ratio| significant(ratio, 2)),
            energy.map_or_else(String::new, |energy| significant(energy.distance, 2)),
            energy.map_or_else(String::new, |energy| format!("p {}", p_relation(energy.p))),
            if differs { "yes" } else { "not seen" }.into(),
        ]);
    }
    lines
}

/// Tests that reject: learning rate of the first ensemble, and name of the test.
fn rejected(distances: &Distances) -> Vec<(f64, &str)> {
    let eta = |point: &'_ ComparedPoint| point.eta[0];
    (distances.points.iter())
        .flat_map(|point| point.tests.iter().map(move |test| (eta(point), test)))
        .filter(|(_, test)| test.holm < LEVEL)
        .map(|(eta, test)| (eta, test.name.as_str()))
        .collect()
}

/// Result of all tests, in one sentence.
fn answer(distances: &Distances) -> String {
    let all: usize = distances.points.iter().map(|point| point.tests.len()).sum();
    let rejected = rejected(distances);
    match rejected.first() {
        None => format!(
            "No difference was found: none of {} tests rejects at {LEVEL}, corrected for their number.",
            count(all as u64)
        ),
        Some((eta, name)) => format!(
            "The ensembles differ: {} of {} tests reject at {LEVEL}, corrected for their number; first the {name} at η = {}.",
            count(rejected.len() as u64),
            count(all as u64),
            plain(*eta)
        ),
    }
}
