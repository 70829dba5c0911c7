//! Experiments built in code.
//!
//! A builder assembles the text of an experiment file and reads it, so that every check and every default of a file holds
//! here too, and an error shows the line that is wrong.

use super::text::{length_text, list, number, numbers, optimizer_text, quoted, start_text, table};
use crate::spec::{
    Experiment, ExperimentError, Kind, NoiseKind, Optimizer, ParameterShape, RunLength, Sampling,
    Start,
};

/// Builds an [`Experiment`] without a TOML file.
///
/// Every method sets one key of the experiment file; a key that is set twice keeps the last value. [`Self::set`] reaches the
/// keys that have no method.
#[derive(Debug, Clone)]
pub struct ExperimentBuilder {
    name: String,
    /// Section, key and TOML text of the value, in the order in which they were first set.
    entries: Vec<(String, String, String)>,
}

impl Experiment {
    /// Starts to build an experiment of this name.
    pub fn builder(name: &str) -> ExperimentBuilder {
        ExperimentBuilder {
            name: name.to_owned(),
            entries: Vec::new(),
        }
    }
}

impl ExperimentBuilder {
    /// Adds a parameter: a scalar, or with several starting values a vector.
    #[must_use]
    pub fn parameter(self, name: &str, start: impl Into<Start>) -> Self {
        let value = match start.into() {
            Start::Values(values) if values.len() != 1 => numbers(&values),
            start => start_text(&start, ParameterShape::Scalar),
        };
        self.key("parameters", name, value)
    }

    /// Adds a parameter of a given shape; each entry starts at the same value or with the same distribution, unless `start`
    /// holds one value per entry, row by row.
    #[must_use]
    pub fn tensor(self, name: &str, shape: ParameterShape, start: impl Into<Start>) -> Self {
        let lengths = match shape {
            ParameterShape::Scalar => return self.parameter(name, start),
            ParameterShape::Vector(length) => format!("[{length}]"),
            ParameterShape::Matrix(rows, columns) => format!("[{rows}, {columns}]"),
        };
        let start = start_text(&start.into(), shape);
        let value = table([("shape", lengths), ("start", start)].into_iter());
        self.key("parameters", name, value)
    }

    /// Sets the loss, a formula in the parameters; with data the loss of one example.
    #[must_use]
    pub fn loss(self, formula: &str) -> Self {
        self.key("loss", "formula", quoted(formula))
    }

    /// Sets a term that is added to the loss once, not for each example.
    #[must_use]
    pub fn regularization(self, formula: &str) -> Self {
        self.key("loss", "regularization", quoted(formula))
    }

    /// Sets the CSV file with the examples.
    #[must_use]
    pub fn data_file(self, path: &str) -> Self {
        self.key("data", "file", quoted(path))
    }

    /// Names columns of the CSV file for formulas: one column is a scalar, several are a vector.
    #[must_use]
    pub fn columns<'n>(self, names: impl IntoIterator<Item = (&'n str, &'n [&'n str])>) -> Self {
        let names = names.into_iter().map(|(name, columns)| match columns {
            [column] => (name, quoted(column)),
            columns => (name, list(columns.iter().map(|column| quoted(column)))),
        });
        let value = table(names);
        self.key("data", "columns", value)
    }

    /// Sets the standard deviation σ of the noise that is added to the gradient.
    #[must_use]
    pub fn noise(self, sigma: f64) -> Self {
        self.key("noise", "sigma", number(sigma))
    }

    /// Sets the distribution of the noise.
    #[must_use]
    pub fn noise_kind(self, kind: NoiseKind) -> Self {
        let builder = self.key("noise", "kind", quoted(kind.name()));
        match kind {
            NoiseKind::Gaussian(transform) => {
                builder.key("noise", "normal", quoted(transform.name()))
            }
            NoiseKind::ThreePoint | NoiseKind::TwoPoint => builder,
        }
    }

    /// Sets the kind of dynamics.
    #[must_use]
    pub fn dynamics(self, kind: Kind) -> Self {
        self.key("dynamics", "kind", quoted(kind.name()))
    }

    /// Sets the learning rates η, one run for each.
    #[must_use]
    pub fn eta(self, rates: impl IntoIterator<Item = f64>) -> Self {
        let rates: Vec<f64> = rates.into_iter().collect();
        self.key("dynamics", "eta", numbers(&rates))
    }

    /// Sets the time step of the discretization, for dynamics that have one apart from η.
    #[must_use]
    pub fn dt(self, dt: f64) -> Self {
        self.key("dynamics", "dt", number(dt))
    }

    /// Sets the number of examples in each step's batch and how they are picked.
    #[must_use]
    pub fn batch(self, size: u64, sampling: Sampling) -> Self {
        self.key("dynamics", "batch", size.to_string()).key(
            "dynamics",
            "sampling",
            quoted(sampling.name()),
        )
    }

    /// Sets the optimizer.
    #[must_use]
    pub fn optimizer(self, optimizer: Optimizer) -> Self {
        self.key("dynamics", "optimizer", optimizer_text(optimizer))
    }

    /// Sets the number of chains at each learning rate.
    #[must_use]
    pub fn chains(self, chains: u64) -> Self {
        self.key("ensemble", "chains", chains.to_string())
    }

    /// Sets the seed of all random numbers.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.key("ensemble", "seed", seed.to_string())
    }

    /// Sets the length of the burn-in.
    #[must_use]
    pub fn burn_in(self, length: RunLength) -> Self {
        self.key("ensemble", "burn_in", length_text(length))
    }

    /// Sets the length of the run after burn-in.
    #[must_use]
    pub fn duration(self, length: RunLength) -> Self {
        self.key("ensemble", "duration", length_text(length))
    }

    /// Adds a named formula whose mean is reported.
    #[must_use]
    pub fn observable(self, name: &str, formula: &str) -> Self {
        self.key("measure", &format!("observables.{name}"), quoted(formula))
    }

    /// Sets any key of the experiment file, such as `"measure.trace"`, to a TOML value, such as `"100"`.
    #[must_use]
    pub fn set(self, key: &str, value: &str) -> Self {
        match key.split_once('.') {
            Some((section, key)) => self.key(section, key, value.to_owned()),
            None => self.key("", key, value.to_owned()),
        }
    }

    /// Checks the experiment and fills in its defaults.
    ///
    /// # Errors
    /// All problems found, each with the line of [`Self::to_toml`] that it is about.
    pub fn build(&self) -> Result<Experiment, ExperimentError> {
        super::parse("experiment built in code", &self.to_toml(), &[])
    }

    /// The text of the experiment file.
    pub fn to_toml(&self) -> String {
        let mut text = format!("name = {}\n", quoted(&self.name));
        let mut sections: Vec<&str> = vec![""];
        for (section, _, _) in &self.entries {
            if !sections.contains(&section.as_str()) {
                sections.push(section);
            }
        }
        for section in sections {
            if !section.is_empty() {
                text.push_str(&format!("\n[{section}]\n"));
            }
            for (_, key, value) in self.entries.iter().filter(|(of, _, _)| of == section) {
                text.push_str(&format!("{key} = {value}\n"));
            }
        }
        text
    }

    fn key(mut self, section: &str, key: &str, value: String) -> Self {
        let known = (self.entries.iter_mut()).find(|(of, name, _)| of == section && name == key);
        match known {
            Some((_, _, old)) => *old = value,
            None => (self.entries).push((section.to_owned(), key.to_owned(), value)),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_experiment_equals_the_one_read_from_a_file() {
        let built = Experiment::builder("well")
            .parameter("x", 0.5)
            .parameter("v", vec![0.0, 1.0])
            .tensor(
                "w",
                ParameterShape::Matrix(2, 3),
                Start::Normal { mean: 0.0, sd: 2.0 },
            )
            .loss("x^2 / 2\n+ dot(v, v) + sum(w * w)")
            .noise(2.0)
            .noise_kind(NoiseKind::TwoPoint)
            .dynamics(Kind::Sgd)
            .eta([0.1, 0.2])
            .optimizer(Optimizer::Momentum {
                beta: 0.5,
                nesterov: true,
            })
            .chains(128)
            .seed(7)
            .burn_in(RunLength::Steps(10))
            .duration(RunLength::Time(3.0))
            .observable("second", "x^2")
            .observable("root", "sqrt(abs(x))")
            .set("measure.trace", "5")
            .set("ensemble.bound", "1e6")
            .build()
            .unwrap_or_else(|error| panic!("{error}"));
        let text = "name = 'well'\n[parameters]\nx = 0.5\nv = [0.0, 1.0]\n\
            w = { shape = [2, 3], start = 'normal(0, 2)' }\n\
            [loss]\nformula = '''\nx^2 / 2\n+ dot(v, v) + sum(w * w)'''\n\
            [noise]\nsigma = 2.0\nkind = 'two-point'\n\
            [dynamics]\neta = [0.1, 0.2]\noptimizer = { kind = 'momentum', beta = 0.5, nesterov = true }\n\
            [ensemble]\nchains = 128\nseed = 7\nburn_in = 10\nduration = { time = 3.0 }\nbound = 1e6\n\
            [measure]\nobservables = { second = 'x^2', root = 'sqrt(abs(x))' }\ntrace = 5\n";
        let read = crate::toml::parse("well.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(built, read);
    }

    #[test]
    fn data_and_batches_are_written_as_a_file_has_them() {
        let built = Experiment::builder("line")
            .parameter("w", vec![0.0, 0.0])
            .data_file("points.csv")
            .columns([("u", &["a", "b"][..]), ("y", &["c"][..])])
            .loss("(dot(w, u) - y)^2 / 2")
            .regularization("dot(w, w)")
            .eta([0.1])
            .batch(4, Sampling::Shuffle)
            .build()
            .unwrap_or_else(|error| panic!("{error}"));
        let data = built.data.as_ref().expect("it has data");
        assert_eq!(data.file.value, "points.csv");
        assert!(data.columns[0].is_list && !data.columns[1].is_list);
        assert_eq!(built.dynamics.batch.value, 4);
        assert_eq!(built.dynamics.sampling, Sampling::Shuffle);
        assert!(built.regularization.is_some());
    }

    #[test]
    fn errors_show_the_line_of_the_text() {
        let error = Experiment::builder("well")
            .parameter("x", 0.0)
            .loss("x^2")
            .eta([-0.1])
            .build()
            .expect_err("η is negative");
        let shown = error.to_string();
        assert!(shown.contains("experiment built in code"), "{shown}");
        assert!(shown.contains("eta = [-0.1]"), "{shown}");
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        let text = Experiment::builder("well").chains(3).chains(4).to_toml();
        assert_eq!(text, "name = \"well\"\n\n[ensemble]\nchains = 4\n");
        let text = Experiment::builder("well")
            .observable("r", "x")
            .observable("r", "x^2")
            .to_toml();
        assert_eq!(
            text,
            "name = \"well\"\n\n[measure]\nobservables.r = \"x^2\"\n"
        );
    }
}
