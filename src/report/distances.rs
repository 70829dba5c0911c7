//! Two ensembles side by side: the figures and the folder of `etascope compare`.

use super::csv;
use super::folder::{COMPARISON, ReportError, write_files};
use super::summary::{Test, null_as_nan};
use crate::measure::Estimate;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The comparison of two ensembles, one entry for each pair of learning rates.
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

/// One of the two compared ensembles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The experiment's name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The kind of dynamics, as experiment files name it.
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
    /// Diverged chains; they are in no other figure.
    pub diverged: [u64; 2],
    /// True for each ensemble that has become stationary.
    pub converged: [bool; 2],
    /// Mean losses.
    pub loss: Difference,
    /// Differences of each scalar parameter.
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
    /// Estimate of the first ensemble.
    pub first: Estimate,
    /// Estimate of the second ensemble.
    pub second: Estimate,
    /// Second minus first, in standard errors.
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
    /// Its mean for two ensembles of these sizes with the same distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasserstein_floor: Option<f64>,
}

/// Energy distance of two samples of chains, each parameter in units of its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EnergyDistance {
    /// 2 E|X − Y| − E|X − X′| − E|Y − Y′|, estimated without bias.
    #[serde(deserialize_with = "null_as_nan")]
    pub distance: f64,
    /// p-value by permutation.
    #[serde(deserialize_with = "null_as_nan")]
    pub p: f64,
    /// Chains of each ensemble in the sample.
    pub sample: usize,
}

impl Distances {
    /// The JSON text, indented, with a final newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .expect("plain data with string keys has a JSON form");
        text + "\n"
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
        (COMPARISON.to_owned(), distances.to_json()),
        ("comparison.csv".to_owned(), csv::distances(distances)),
    ];
    write_files(dir, &files, force)
}
