//! The experiments of the lecture and their data sets, which are part of the program.

use std::io;
use std::path::{Path, PathBuf};

macro_rules! embedded {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../examples/", $folder, "/", $name)))),*]
    };
}

/// Name and text of the data sets that experiments read.
const DATA: &[(&str, &str)] = embedded!["data":
    "breast-cancer.csv",
    "diabetes.csv",
    "iris.csv",
    "randhie.csv",
];

/// Name and text of every file of `examples/lecture/`.
pub const EXPERIMENTS: &[(&str, &str)] = embedded!["lecture":
    "c01-euler.toml",
    "c01-quadratic.toml",
    "c02-sgd-flow.toml",
    "c03-constant.toml",
    "c03-halved.toml",
    "c03-tripled.toml",
    "c04-plateaus.toml",
    "c04-schedule.toml",
    "c05-converged-loss.toml",
    "c05-many-examples.toml",
    "c06-logistic.toml",
    "c06-network.toml",
    "c08-block.toml",
    "c09-data-langevin.toml",
    "c09-data-sgd.toml",
    "c09-langevin.toml",
    "c09-sgd.toml",
    "c10-brownian.toml",
    "c11-langevin-flow.toml",
    "c12-one-basin.toml",
    "c12-two-basins.toml",
    "c13-gibbs.toml",
    "c14-gibbs.toml",
    "c15-two-temperatures.toml",
    "c16-rates.toml",
    "c17-data-inverse-variance.toml",
    "c17-inverse-variance.toml",
    "c18-adaptive.toml",
    "c18-data-inverse-standard-deviation.toml",
    "c18-data-inverse-variance.toml",
    "c18-data-rmsprop.toml",
    "c18-data-uniform.toml",
    "c18-rmsprop-rates.toml",
];

/// The text of an experiment.
pub(super) fn text(name: &str) -> &'static str {
    let found = EXPERIMENTS.iter().find(|(known, _)| *known == name);
    found.expect("claims name embedded experiments").1
}

/// Writes the data sets to `examples/data` of a folder, and the experiments' own folder beside it.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn unpack(folder: &Path) -> io::Result<()> {
    let examples = folder.join("examples");
    std::fs::create_dir_all(examples.join("lecture"))?;
    let data = examples.join("data");
    std::fs::create_dir_all(&data)?;
    (DATA.iter()).try_for_each(|(name, text)| std::fs::write(data.join(name), text))
}

/// Where an experiment stands beside the data that were unpacked to a folder, as it does in the repository.
pub(super) fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join("examples").join("lecture").join(name)
}
