//! The experiments of the lecture, which are part of the program.

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        /// Name and text of every file of `examples/lecture/`.
        pub const EXPERIMENTS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../examples/lecture/", $name)))),*
        ];
    };
}

embedded![
    "c01-euler.toml",
    "c01-quadratic.toml",
    "c02-sgd-flow.toml",
    "c03-constant.toml",
    "c03-halved.toml",
    "c03-tripled.toml",
    "c04-plateaus.toml",
    "c04-schedule.toml",
    "c05-converged-loss.toml",
    "c08-block.toml",
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

/// Where the file stands in the repository.
pub(super) fn path(name: &str) -> String {
    format!("examples/lecture/{name}")
}
