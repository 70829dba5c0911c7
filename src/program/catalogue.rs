//! Experiments and data sets that are part of the program, so that its commands need no file of the repository.

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

/// The experiments of a folder in `examples/`.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    folder: &'static str,
    /// Name and text of every file of the folder.
    pub experiments: &'static [(&'static str, &'static str)],
}

/// The experiments of `etascope lecture`.
pub const LECTURE: Catalogue = Catalogue {
    folder: "lecture",
    experiments: embedded!["lecture":
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
    ],
};

/// The experiments of `etascope coverage`.
pub const COVERAGE: Catalogue = Catalogue {
    folder: "coverage",
    experiments: embedded!["coverage":
        "adaptive.toml",
        "averages-double-well.toml",
        "averages-ten-chains.toml",
        "averages.toml",
        "brownian.toml",
        "circulating.toml",
        "double-well.toml",
        "gibbs-at-a-large-step.toml",
        "langevin.toml",
        "momentum.toml",
        "regression-momentum.toml",
        "regression.toml",
        "reversible.toml",
        "rough-start.toml",
        "sgd.toml",
        "slope.toml",
        "slow-start.toml",
        "superchains.toml",
        "two-parameters.toml",
        "two-point.toml",
        "two-temperatures.toml",
        "two-wells.toml",
    ],
};

impl Catalogue {
    /// The text of an experiment of this catalogue.
    pub fn text(&self, name: &str) -> &'static str {
        let found = self.experiments.iter().find(|(known, _)| *known == name);
        found.expect("only embedded experiments are named").1
    }

    /// Where an experiment stands beside the data that were unpacked to a folder, as it does in the repository.
    pub fn path(&self, root: &Path, name: &str) -> PathBuf {
        root.join("examples").join(self.folder).join(name)
    }

    /// Writes the data sets to `examples/data` of a folder, and makes the experiments' own folder beside it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn unpack(&self, root: &Path) -> io::Result<()> {
        let examples = root.join("examples");
        std::fs::create_dir_all(examples.join(self.folder))?;
        let data = examples.join("data");
        std::fs::create_dir_all(&data)?;
        (DATA.iter()).try_for_each(|(name, text)| std::fs::write(data.join(name), text))
    }
}
