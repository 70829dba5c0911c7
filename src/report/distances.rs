//! Two ensembles side by side: the folder and the table of `etascope compare`.

use super::folder::write_files;
use super::number::{count, p_relation, plain, plus_minus, significant, standard_errors};
use super::summary::null_as_nan;
use super::terminal::{Ink, aligned, print, stdout_takes_color};
use super::{ReportError, Test};
use crate::measure::Estimate;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The file by which the folder of a comparison is known.
pub(super) const MARK: &str = "comparison.json";

/// What distinguishes two ensembles, learning rate by learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// Version of the program that ran.
    pub etascope: String,
    /// One ensemble.
    pub first: Side,
    /// The other.
    pub second: Side,
    /// One for each pair of learning rates.
    pub points: Vec<ComparedPoint>,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The experiment's name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// "sgd", "langevin" or "gradient-flow".
    pub dynamics: String,
    /// "cpu" or "gpu".
    pub backend: String,
    /// Arithmetic of the chains.
    pub precision: String,
    /// The seed that was used.
    pub seed: u64,
    /// Chains at each learning rate.
    pub chains: u64,
}

/// Two ensembles at one learning rate, or one each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedPoint {
    /// Learning rates.
    pub eta: [f64; 2],
    /// Time steps.
    pub dt: [f64; 2],
    /// Chains that left; they are in no other figure.
    pub diverged: [u64; 2],
    /// Whether each has settled.
    pub converged: [bool; 2],
    /// Mean losses.
    pub loss: Difference,
    /// By scalar parameter.
    pub parameters: IndexMap<String, ComparedParameter>,
    /// Distance of the joint distributions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<EnergyDistance>,
    /// Tests that nothing differs, corrected for the number of them at all learning rates.
    pub tests: Vec<Test>,
}

/// Two independent estimates of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Of the first ensemble.
    pub first: Estimate,
    /// Of the second.
    pub second: Estimate,
    /// Second less first in standard errors.
    #[serde(deserialize_with = "null_as_nan")]
    pub z: f64,
}

/// One parameter in two ensembles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ComparedParameter {
    /// Means.
    pub mean: Difference,
    /// Variances.
    pub variance: Difference,
    /// Wasserstein-1 distance in the unit of the parameter; the first 16 parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasserstein: Option<f64>,
    /// What it would be in the mean for two ensembles of these sizes with one law.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasserstein_floor: Option<f64>,
}

/// Energy distance of two samples of chains, each parameter in units of its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EnergyDistance {
    /// 2 E|X − Y| − E|X − X′| − E|Y − Y′|, estimated without bias.
    #[serde(deserialize_with = "null_as_nan")]
    pub distance: f64,
    /// By permutation.
    #[serde(deserialize_with = "null_as_nan")]
    pub p: f64,
    /// Chains of each ensemble in the sample.
    pub sample: usize,
}

/// A hypothesis whose corrected p-value is below this is called rejected.
const LEVEL: f64 = 0.01;

impl Distances {
    /// The JSON text, indented, with a final newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .expect("plain data with string keys has a JSON form");
        text + "\n"
    }

    /// Learning rate and name of the tests that say that the ensembles differ.
    fn rejected(&self) -> Vec<(f64, &str)> {
        let tests = |point: &'_ ComparedPoint| point.eta[0];
        (self.points.iter())
            .flat_map(|point| point.tests.iter().map(move |test| (tests(point), test)))
            .filter(|(_, test)| test.holm < LEVEL)
            .map(|(eta, test)| (eta, test.name.as_str()))
            .collect()
    }

    /// What the tests say together, in a sentence.
    fn answer(&self) -> String {
        let all: usize = self.points.iter().map(|point| point.tests.len()).sum();
        let rejected = self.rejected();
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
}

/// Writes `comparison.json` and `comparison.csv`; the folder is whole or absent, as with [`super::write_folder`].
///
/// # Errors
/// The folder holds a result and `force` is not set, or something else; the file system refuses.
pub fn write_distances(
    dir: &Path,
    distances: &Distances,
    force: bool,
) -> Result<Vec<PathBuf>, ReportError> {
    let files = [
        (MARK.to_owned(), distances.to_json()),
        (
            "comparison.csv".to_owned(),
            super::csv::distances(distances),
        ),
    ];
    write_files(dir, &files, force)
}

/// Writes the table, or the JSON text, to standard output.
///
/// # Errors
/// Standard output cannot be written; a reader that left early is not an error.
pub fn print_distances(distances: &Distances, json: bool) -> io::Result<()> {
    print(&if json {
        distances.to_json()
    } else {
        distance_table(distances, stdout_takes_color())
    })
}

/// What was compared, what went wrong, the answer, and the figures: of one learning rate all, of several a line for each.
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
    for doubt in warnings(distances) {
        text += &format!("{} {doubt}\n", ink.warning("!"));
    }
    text += &format!("{}\n\n", distances.answer());
    let cells = match distances.points.as_slice() {
        [point] => one(point),
        points => several(points),
    };
    text + &aligned(&cells, ink)
}

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

/// Parameters beyond these are left to the files.
const PARAMETERS: usize = 8;

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
