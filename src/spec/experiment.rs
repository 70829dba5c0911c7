//! An experiment as plain data in which every range and length has been checked.

use std::{ops::Range, path::PathBuf};

use super::{ExampleStorage, Formula, Kind, NoiseKind, Optimizer, Sampling, Source, Spanned};

/// A checked experiment.
///
/// Formulas are still text. The module `compile` parses them and checks their shapes.
/// Two experiments are equal when their values are; positions in a file do not count.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name of the experiment, valid as the name of a folder; default the stem of the file's name.
    pub name: String,
    /// The parameters in the order of the file; never empty.
    pub parameters: Vec<Parameter>,
    /// The examples whose mean loss is L; without them `loss` is L itself.
    pub data: Option<Data>,
    /// The loss, a scalar formula: L in the parameters, or with `data` the loss of one example in parameters and columns.
    pub loss: Formula,
    /// A term in the parameters that is added to the loss once, not for each example.
    pub regularization: Option<Formula>,
    /// The noise that is added to the gradient.
    pub noise: Noise,
    /// The kind of dynamics and its learning rates.
    pub dynamics: Dynamics,
    /// Number of chains and length of the run.
    pub ensemble: Ensemble,
    /// Histograms, observables and trace.
    pub measure: Measure,
    /// The text that all spans refer to.
    pub source: Source,
}

impl PartialEq for Experiment {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.parameters == other.parameters
            && self.data == other.data
            && self.loss == other.loss
            && self.regularization == other.regularization
            && self.noise == other.noise
            && self.dynamics == other.dynamics
            && self.ensemble == other.ensemble
            && self.measure == other.measure
    }
}

impl Experiment {
    /// Names of the flattened parameters: `x`, `w[3]`, `W[1,2]`.
    pub fn flat_names(&self) -> Vec<String> {
        (self.parameters.iter())
            .flat_map(|parameter| {
                let name = &parameter.name.value;
                match parameter.shape {
                    ParameterShape::Scalar => vec![name.clone()],
                    ParameterShape::Vector(n) => (0..n).map(|i| format!("{name}[{i}]")).collect(),
                    ParameterShape::Matrix(m, n) => (0..m)
                        .flat_map(|i| (0..n).map(move |j| (i, j)))
                        .map(|(i, j)| format!("{name}[{i},{j}]"))
                        .collect(),
                }
            })
            .collect()
    }

    /// Returns true when steps take batches in the order of an epoch: then the noise depends on the state.
    pub fn follows_epochs(&self) -> bool {
        self.data.is_some()
            && self.dynamics.kind.value.takes_batches()
            && self.dynamics.sampling == Sampling::Shuffle
    }

    /// Number of scalars in all parameters, d.
    pub fn dimension(&self) -> usize {
        self.parameters
            .iter()
            .map(|parameter| parameter.shape.len())
            .sum()
    }
}

/// The examples of a data set: its file, its columns and their preparation.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// The CSV file as the user wrote it, relative to the experiment file.
    pub file: Spanned<String>,
    /// Names for columns in formulas, in the order of the experiment file; never empty.
    pub columns: Vec<DataName>,
    /// Columns that are shifted and scaled to mean 0 and standard deviation 1 over the training examples.
    pub standardize: Standardize,
    /// Columns whose values are class labels although they look like numbers.
    pub categorical: Vec<Spanned<String>>,
    /// The fraction of the examples that is held out, 0 ≤ v < 1; default 0.
    pub validation: f64,
    /// Float type in which chains read the examples.
    pub storage: ExampleStorage,
}

impl Data {
    /// The path of [`Self::file`], seen from the folder of the experiment file.
    pub fn path(&self, source: &Source) -> PathBuf {
        source.folder().join(&self.file.value)
    }

    /// Position of a column in the source; that of the file name if the column is `None` or not written anywhere.
    pub fn span_of(&self, column: Option<&str>) -> Range<usize> {
        let columns = self.columns.iter().flat_map(|name| &name.columns);
        let written = columns
            .chain(&self.categorical)
            .find(|written| column == Some(written.value.trim()));
        written.unwrap_or(&self.file).span.clone()
    }
}

/// A name for one or several columns of the data file.
#[derive(Debug, Clone, PartialEq)]
pub struct DataName {
    /// The name in formulas: an identifier different from every parameter and observable.
    pub name: Spanned<String>,
    /// The columns; never empty.
    pub columns: Vec<Spanned<String>>,
    /// True for a list of columns: the name is then a vector even with one column. A single column is a scalar, or the
    /// one-hot vector of its class where it is categorical.
    pub is_list: bool,
}

/// The columns that are standardized.
#[derive(Debug, Clone, PartialEq)]
pub enum Standardize {
    /// None.
    No,
    /// Every numeric column that takes more than two values.
    All,
    /// Every numeric column that takes more than two values, of these names.
    Names(Vec<Spanned<String>>),
}

/// One named parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name in formulas: an identifier that has no other meaning there.
    pub name: Spanned<String>,
    /// Its shape.
    pub shape: ParameterShape,
    /// The start of chains.
    pub start: Start,
}

/// Shape of a parameter; every length is at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterShape {
    /// One number.
    Scalar,
    /// A vector of this length.
    Vector(usize),
    /// A matrix of rows × columns, stored row by row.
    Matrix(usize, usize),
}

impl ParameterShape {
    /// Number of scalars.
    #[allow(clippy::len_without_is_empty, reason = "a shape is never empty")]
    pub fn len(self) -> usize {
        match self {
            Self::Scalar => 1,
            Self::Vector(length) => length,
            Self::Matrix(rows, columns) => rows * columns,
        }
    }
}

/// The start of chains in one parameter. Random starts are drawn independently for each chain and entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// The same values for every chain: one per entry, row by row.
    Values(Vec<f64>),
    /// Normal with this mean and standard deviation (sd ≥ 0).
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, at least 0.
        sd: f64,
    },
    /// Uniform between two bounds (from < to).
    Uniform {
        /// Lower bound.
        from: f64,
        /// Upper bound.
        to: f64,
    },
}

impl From<f64> for Start {
    fn from(value: f64) -> Self {
        Self::Values(vec![value])
    }
}

impl From<Vec<f64>> for Start {
    fn from(values: Vec<f64>) -> Self {
        Self::Values(values)
    }
}

/// The noise that is added to the gradient of the loss: ĝ = g + σ z.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// σ, or the covariance Σ.
    pub scale: NoiseScale,
    /// The distribution of z.
    pub kind: NoiseKind,
}

/// The scale σ of the noise, or its covariance.
#[derive(Debug, Clone, PartialEq)]
pub enum NoiseScale {
    /// No noise given: the default of gradient flow and of every experiment with data. With data, the batches of `sgd` are
    /// its noise, and the noise of `langevin` has their covariance at the optimum. Without data the default of both is
    /// σ = 1.
    None,
    /// The same σ ≥ 0 for every entry of every parameter.
    Constant(Spanned<f64>),
    /// One σ per parameter, in the order of [`Experiment::parameters`].
    PerParameter(Vec<ParameterScale>),
    /// One formula in the parameters for every entry.
    Formula(Formula),
    /// The covariance Σ of the noise: d × d, symmetric, positive semidefinite, all entries of all parameters in order.
    Covariance(Spanned<Vec<Vec<f64>>>),
}

/// The noise scale of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterScale {
    /// The same σ ≥ 0 for all entries.
    Constant(f64),
    /// One σ ≥ 0 per entry, row by row.
    Values(Vec<f64>),
    /// A formula in the parameters.
    Formula(Formula),
}

/// The kind of dynamics and its learning rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Dynamics {
    /// The kind of dynamics.
    pub kind: Spanned<Kind>,
    /// Learning rates η > 0, one run for each, in the order of the file; never empty.
    pub eta: Vec<Spanned<f64>>,
    /// Learning rates relative to η, r: `η_k = η r_k`.
    pub rates: Spanned<Rates>,
    /// Changes of the learning rate during the run, `at` ascending.
    pub schedule: Vec<ScheduleStep>,
    /// Time step of the discretization (`langevin` and `gradient-flow` only); `None` means η.
    pub dt: Option<Spanned<f64>>,
    /// Examples whose gradients one step of `sgd` averages, at least 1; default 1. Without data there are none.
    pub batch: Spanned<u64>,
    /// The choice of the examples of a batch.
    pub sampling: Sampling,
    /// The rule that turns the stochastic gradient into an update; for `sgd` only.
    pub optimizer: Spanned<Optimizer>,
}

/// Learning rates relative to η.
#[derive(Debug, Clone, PartialEq)]
pub enum Rates {
    /// r = 1.
    Uniform,
    /// `r_k = 1/σ_k`; without data the noise scale is then constant and positive for every entry. With data σ_k is that of
    /// the examples' gradients at the optimum, whatever the noise.
    InverseDeviation,
    /// `r_k = 1/σ_k²`, with σ_k as for [`Self::InverseDeviation`].
    InverseVariance,
    /// One r > 0 per entry for each parameter, in the order of [`Experiment::parameters`]; 1 where the file says nothing.
    PerParameter(Vec<Vec<f64>>),
}

/// One change of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduleStep {
    /// Time of the change: a fraction of the whole run, burn-in included, strictly between 0 and 1.
    pub at: f64,
    /// Factor of the learning rate from then on, on top of earlier changes; positive.
    pub factor: f64,
}

/// Number of chains and length of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// Number of independent chains, 1 to 2⁴⁰; default 65 536.
    pub chains: u64,
    /// Number of superchains for nested R-hat, a divisor of `chains` that is at least 2; `None` leaves the choice open.
    pub superchains: Option<u64>,
    /// Steps before `duration` that do not count for estimates; default none.
    pub burn_in: BurnIn,
    /// Length of the run after burn-in; default 1000 steps.
    pub duration: Duration,
    /// Most steps at one learning rate where the run itself decides on its length; default 1 000 000.
    pub at_most: u64,
    /// True when all learning rates of a sweep use the same random numbers; default false.
    pub common_noise: bool,
    /// Seed of all random numbers; default 1.
    pub seed: u64,
    /// A chain with an entry beyond ±bound counts as diverged; default 10¹⁸.
    pub bound: f64,
}

/// The rule that ends burn-in: a fixed length or tests of stationarity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BurnIn {
    /// Until the tests of stationarity hold, at each learning rate.
    Auto,
    /// This length.
    Fixed(RunLength),
}

/// The rule that ends the run after burn-in: a fixed length or a precision to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Duration {
    /// This length.
    Fixed(RunLength),
    /// Until the mean loss is known to this standard error, at each learning rate.
    LossStandardError(f64),
}

impl Ensemble {
    /// Returns true when a run must follow groups of chains: for averages over time, superchains, and learning rates that
    /// share their noise.
    pub fn follows_groups(&self) -> bool {
        self.is_adaptive()
            || self.superchains.is_some()
            || self.common_noise
            || self.burn_in != BurnIn::Fixed(RunLength::Steps(0))
    }

    /// Returns true when the run itself decides on its length.
    pub fn is_adaptive(&self) -> bool {
        self.burn_in == BurnIn::Auto || matches!(self.duration, Duration::LossStandardError(_))
    }
}

/// A length of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RunLength {
    /// Number of steps, at most 2⁵³.
    Steps(u64),
    /// Time t = Σ η (or Σ dt).
    Time(f64),
}

/// Measurements beside the loss and the moments of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Histograms over chains at the end of the run.
    pub histograms: Vec<Histogram>,
    /// Named formulas whose means are reported, in the order of the file.
    pub observables: Vec<Observable>,
    /// Number of measurements over the run, 0 to 10 000; `None` leaves the choice to the program.
    pub trace: Option<u32>,
}

/// One histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// One or two axes.
    pub axes: Vec<HistogramAxis>,
    /// Bins along each axis.
    pub bins: u32,
}

/// One axis of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramAxis {
    /// The quantity: a parameter, an observable, `loss`, or any scalar formula.
    pub of: Formula,
    /// Lower and upper edge; `None` takes the range from the ensemble.
    pub range: Option<(f64, f64)>,
}

/// A named formula whose mean is reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Observable {
    /// Its name, an identifier different from every parameter.
    pub name: Spanned<String>,
    /// The scalar formula.
    pub formula: Formula,
}
