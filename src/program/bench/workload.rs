//! Workloads: experiments, each with a hand-written step of one chain in double precision. Every
//! engine is checked against this step before it is timed.

use crate::compile::Problem;
use crate::data::{Examples, Variable};
use crate::objective::DataSets;
use crate::random::{Purpose, Stream, normal_integer};
use crate::spec::ExperimentError;
use crate::toml;
use std::sync::Arc;

/// Input of one step: the draws of its noise and its example.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepInput<'a> {
    pub(super) draws: &'a [f64],
    pub(super) example: &'a [f64],
}

/// Hand-written step of one chain, in double precision.
pub(super) type ByHand = fn(&mut [f64], StepInput<'_>);

/// Shape of a synthetic data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Synthetic {
    pub(super) count: usize,
    pub(super) features: usize,
    /// True when targets are classes 0 and 1.
    pub(super) classes: bool,
}

/// Workload of the benchmarks.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// Text of the experiment without its ensemble.
    text: String,
    data: Option<Synthetic>,
    pub(super) chains: u64,
    /// Steps of one run, if the workload prescribes them.
    pub(super) steps: Option<u64>,
    pub(super) by_hand: ByHand,
    /// True for the double well, which has hand-written kernels.
    pub(super) is_double_well: bool,
}

/// Double well in one dimension.
pub(super) const DOUBLE_WELL: &str = r#"
[parameters]
x = 1.0
[loss]
formula = "(x^2 - 1)^2 / 4"
[dynamics]
kind = "langevin"
eta = 0.1
dt = 0.01
"#;

/// Noise amplitude √(ηδ) of the double wells and Gaussians.
const AMPLITUDE: f64 = 0.031_622_776_601_683_79;

fn double_well(x: &mut [f64], input: StepInput<'_>) {
    let at = x[0];
    x[0] = at - 0.01 * at * (at * at - 1.0) + AMPLITUDE * input.draws[0];
}

/// dx = 1.5 x dt + 0.1 x dW in each of three dimensions over [0, 1].
const BROWNIAN: &str = r#"
[parameters]
x = 0.1
y = 0.1
z = 0.1
[loss]
formula = "-0.75 * (x^2 + y^2 + z^2)"
[noise]
sigma = { x = "0.1 * x", y = "0.1 * y", z = "0.1 * z" }
[dynamics]
kind = "langevin"
eta = 1.0
dt = 0.00390625
"#;

fn brownian(u: &mut [f64], input: StepInput<'_>) {
    for (u, z) in u.iter_mut().zip(input.draws) {
        *u += *u * (1.5 / 256.0 + 0.1 / 16.0 * z);
    }
}

const ANISOTROPIC: &str = r#"
[parameters]
x = 1.0
y = 1.0
[loss]
formula = "x^2 / 2 + 2 * y^2"
[noise]
sigma = { x = 1.0, y = 2.0 }
[dynamics]
kind = "langevin"
eta = 0.1
dt = 0.01
"#;

fn anisotropic(x: &mut [f64], input: StepInput<'_>) {
    x[0] += -0.01 * x[0] + AMPLITUDE * input.draws[0];
    x[1] += -0.04 * x[1] + 2.0 * AMPLITUDE * input.draws[1];
}

/// Dimension of the correlated Gaussian.
const DIMENSION: usize = 16;

/// Precision matrix of the Gaussian: ½ to the power of the distance of two coordinates.
fn precision(i: usize, j: usize) -> f64 {
    0.5_f64.powi(i.abs_diff(j) as i32)
}

fn gaussian_text() -> String {
    let row = |i: usize| {
        let entries: Vec<String> = (0..DIMENSION)
            .map(|j| precision(i, j).to_string())
            .collect();
        format!("[{}]", entries.join(", "))
    };
    let rows: Vec<String> = (0..DIMENSION).map(row).collect();
    format!(
        "[parameters]\nx = {{ shape = [{DIMENSION}], start = 1.0 }}\n\
         [loss]\nformula = \"\"\"\nA = [{}]\ndot(x, A @ x) / 2\n\"\"\"\n\
         [dynamics]\nkind = \"langevin\"\neta = 0.1\ndt = 0.01\n",
        rows.join(", ")
    )
}

fn gaussian(x: &mut [f64], input: StepInput<'_>) {
    let before = x.to_vec();
    for (i, x) in x.iter_mut().enumerate() {
        let slope: f64 = (0..DIMENSION).map(|j| precision(i, j) * before[j]).sum();
        *x += -0.01 * slope + AMPLITUDE * input.draws[i];
    }
}

/// Experiment with one example per step; the features are `u`, the target is `y`.
fn over_examples(parameters: &str, features: usize, formula: &str, eta: f64) -> String {
    let columns: Vec<String> = (0..features).map(|k| format!("\"u{k}\"")).collect();
    format!(
        "[parameters]\n{parameters}\n\
         [data]\nfile = \"synthetic.csv\"\ncolumns = {{ u = [{}], y = \"y\" }}\n\
         [loss]\nformula = \"\"\"\n{formula}\n\"\"\"\n\
         [dynamics]\nkind = \"sgd\"\neta = {eta}\n",
        columns.join(", ")
    )
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn descend(w: &mut [f64], step: f64, u: &[f64]) {
    for (w, u) in w.iter_mut().zip(u) {
        *w -= step * u;
    }
}

fn linear(w: &mut [f64], input: StepInput<'_>) {
    let (y, u) = input.example.split_last().expect("features and a target");
    descend(w, 0.01 * (dot(w, u) - y), u);
}

fn logistic(w: &mut [f64], input: StepInput<'_>) {
    let (y, u) = input.example.split_last().expect("features and a target");
    let p = 1.0 / (1.0 + (-dot(w, u)).exp());
    descend(w, 0.05 * (p - y), u);
}

/// Inputs and hidden units of the network.
const INPUTS: usize = 10;
const HIDDEN: usize = 16;

/// Step of the network. The parameters are W (16 × 10), c, v and b in this order.
fn network(parameters: &mut [f64], input: StepInput<'_>) {
    const ETA: f64 = 0.02;
    let (y, u) = input.example.split_last().expect("features and a target");
    let (first, rest) = parameters.split_at_mut(HIDDEN * INPUTS);
    let (c, rest) = rest.split_at_mut(HIDDEN);
    let (v, b) = rest.split_at_mut(HIDDEN);
    let h: Vec<f64> = (first.chunks(INPUTS).zip(&*c))
        .map(|(row, c)| (dot(row, u) + c).tanh())
        .collect();
    let residual = dot(v, &h) + b[0] - y;
    for (k, row) in first.chunks_mut(INPUTS).enumerate() {
        let back = ETA * residual * v[k] * (1.0 - h[k] * h[k]);
        descend(row, back, u);
        c[k] -= back;
    }
    descend(v, ETA * residual, &h);
    b[0] -= ETA * residual;
}

/// Chains and steps of DiffEqGPU's published benchmark of geometric Brownian motion.
const BROWNIAN_CHAINS: u64 = 8_388_608;
const BROWNIAN_STEPS: u64 = 256;

impl Workload {
    /// All workloads. With `quick` there are fewer chains and no large data sets.
    pub(super) fn all(quick: bool) -> Vec<Self> {
        let few = if quick { 1 << 14 } else { 1 << 17 };
        let noise = |kind: &str| format!("{DOUBLE_WELL}[noise]\n{kind}\n");
        let formula = |name, text: String, chains, by_hand| Self {
            name,
            text,
            data: None,
            chains,
            steps: None,
            by_hand,
            is_double_well: false,
        };
        let well = |name, kind: &str| Self {
            is_double_well: true,
            ..formula(name, noise(kind), few, double_well as ByHand)
        };
        let data = |name, text: String, (count, features, classes), chains, by_hand| Self {
            data: Some(Synthetic {
                count,
                features,
                classes,
            }),
            ..formula(name, text, chains, by_hand)
        };
        let regression = |features: usize| {
            let parameters = format!("w = {{ shape = [{features}], start = 0.0 }}");
            over_examples(&parameters, features, "square(dot(w, u) - y) / 2", 0.01)
        };
        let mut all = vec![
            well("double well", ""),
            well("double well, Box–Muller", "normal = \"box-muller\""),
            well(
                "double well, Box–Muller of 16 bits",
                "normal = \"box-muller-16\"",
            ),
            well("double well, two-point noise", "kind = \"two-point\""),
            Self {
                steps: Some(BROWNIAN_STEPS),
                ..formula(
                    "geometric Brownian motion, 3-D",
                    BROWNIAN.to_owned(),
                    if quick { 1 << 14 } else { BROWNIAN_CHAINS },
                    brownian as ByHand,
                )
            },
            formula("anisotropic, 2-D", ANISOTROPIC.to_owned(), few, anisotropic),
            formula(
                "correlated Gaussian, 16-D",
                gaussian_text(),
                few / 4,
                gaussian,
            ),
            data(
                "regression, 8 of 10³",
                regression(8),
                (1000, 8, false),
                few / 2,
                linear as ByHand,
            ),
            data(
                "regression, 64 of 10³",
                regression(64),
                (1000, 64, false),
                few / 8,
                linear,
            ),
            data(
                "logistic regression, 8 of 10³",
                over_examples(
                    "w = { shape = [8], start = 0.0 }",
                    8,
                    "z = dot(w, u)\nsoftplus(z) - y * z",
                    0.05,
                ),
                (1000, 8, true),
                few / 2,
                logistic,
            ),
            data(
                "network 10-16-1",
                over_examples(
                    "W = { shape = [16, 10], start = \"normal(0, 0.3)\" }\nc = { shape = [16], start = 0.0 }\n\
                     v = { shape = [16], start = \"normal(0, 0.3)\" }\nb = 0.0",
                    INPUTS,
                    "h = tanh(W @ u + c)\nsquare(dot(v, h) + b - y) / 2",
                    0.02,
                ),
                (1000, INPUTS, false),
                few / 8,
                network,
            ),
        ];
        if !quick {
            for (name, features) in [("regression, 8 of 10⁵", 8), ("regression, 64 of 10⁵", 64)]
            {
                let chains = few / if features == 8 { 2 } else { 8 };
                let shape = (100_000, features, false);
                all.push(data(name, regression(features), shape, chains, linear));
            }
        }
        all
    }

    /// Problem of the workload with `chains` chains.
    ///
    /// # Errors
    /// None for the workloads of this file.
    pub(super) fn problem(&self, chains: u64) -> Result<Problem, ExperimentError> {
        problem(&self.text, chains, &[], self.data)
    }
}

/// Problem from the text of an experiment, a number of chains, integer settings and an optional
/// synthetic data set.
pub(super) fn problem(
    text: &str,
    chains: u64,
    settings: &[(&str, u64)],
    data: Option<Synthetic>,
) -> Result<Problem, ExperimentError> {
    let settings: Vec<(String, String)> = [("ensemble.chains", chains)]
        .iter()
        .chain(settings)
        .map(|(key, value)| ((*key).to_owned(), value.to_string()))
        .collect();
    let experiment = toml::parse("bench.toml", text, &settings)?;
    let sets = data.map(|data| DataSets {
        training: Arc::new(data.examples()),
        validation: None,
        half: false,
    });
    Problem::over(experiment, sets, crate::spec::Precision::F32)
}

impl Synthetic {
    /// Normal features. Targets depend on them linearly, with a residual of variance 1, or are a
    /// class by the sign of that target.
    fn examples(self) -> Examples {
        let stream = Stream::new(1, Purpose::Split);
        let normal = |i: usize, k: usize| {
            let words = stream.block(k as u64 / 4, i as u64);
            f64::from(f32::from_bits(normal_integer(words[k % 4])))
        };
        let weight = |k: usize| (2.0 * k as f64 / self.features as f64 - 1.0) / 2.0;
        let mut values = Vec::with_capacity(self.count * (self.features + 1));
        for i in 0..self.count {
            let u = (0..self.features).map(|k| normal(i, k));
            values.extend(u);
            let first = values.len() - self.features;
            let mean: f64 = (0..self.features)
                .map(|k| weight(k) * values[first + k])
                .sum();
            let y = mean + normal(i, self.features);
            values.push(if self.classes {
                f64::from(u8::from(y > 0.0))
            } else {
                y
            });
        }
        let labels = (0..self.features).map(|k| format!("u{k}")).collect();
        let variables = vec![
            Variable {
                name: "u".to_owned(),
                first: 0,
                length: Some(self.features),
                labels,
            },
            Variable {
                name: "y".to_owned(),
                first: self.features,
                length: None,
                labels: vec!["y".to_owned()],
            },
        ];
        Examples {
            variables,
            width: self.features + 1,
            values,
        }
    }
}
