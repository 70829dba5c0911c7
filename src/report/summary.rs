//! The figures of a run: the shape of `summary.json`.

use crate::measure::Estimate;
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};

/// The results of a run; other programs can rely on the names.
///
/// Estimates are `{ "mean", "se" }`. Non-finite numbers are written as `null` and read back as NaN; finite ones
/// round-trip exactly. Parts that do not apply to the run are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the program that ran.
    pub etascope: String,
    /// The experiment's name.
    pub name: String,
    /// The dynamics: "sgd", "langevin" or "gradient-flow".
    pub dynamics: String,
    /// "cpu" or "gpu".
    pub backend: String,
    /// The processor or graphics adapter that ran it.
    pub adapter: Option<String>,
    /// The adapter's driver, on the GPU.
    pub driver: Option<String>,
    /// True when the adapter is a software rasterizer, whose speed says nothing about a GPU.
    pub software_adapter: bool,
    /// Arithmetic of the chains: "f32", "f64", "compensated" or "f16-state".
    pub precision: String,
    /// The counter-based generator, such as "threefry4x32-13".
    pub generator: String,
    /// Version of the random stream: equal streams give equal bits.
    pub stream_version: u32,
    /// The transform to normal variates: "integer", "box-muller" or "box-muller-16".
    pub normal: String,
    /// The seed.
    pub seed: u64,
    /// Chains at each learning rate.
    pub chains: u64,
    /// Wall-clock time of the run, s.
    pub wall_seconds: f64,
    /// Throughput: chains × steps over all points, per second of `wall_seconds`.
    pub chain_steps_per_second: f64,
    /// From the command to the end of the first steps, s.
    pub startup_seconds: f64,
    /// Of these, opening the device and compiling the shader of the steps, s; on the GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compile_seconds: Option<f64>,
    /// The run's own warnings, one sentence each.
    pub warnings: Vec<String>,
    /// One result for each learning rate, in the order of the experiment file.
    pub points: Vec<Point>,
    /// The optimum that the run compares against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimum: Option<Optimum>,
    /// dL/dη at 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<Slope>,
    /// Changes of the loss from one learning rate to the next, where these share their noise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<LossDifference>,
}

/// The ensemble at the end of the run at one learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Learning rate η.
    pub eta: f64,
    /// Time of one step; η itself for SGD.
    pub dt: f64,
    /// Updates of each chain.
    pub steps: u64,
    /// Updates before the estimates begin.
    pub burn_in: u64,
    /// Measurements after burn-in over which estimates are averages; 1: the end only.
    pub kept_times: u64,
    /// Number of independent draws that would give the mean loss the same standard error, where there are several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_draws: Option<f64>,
    /// The longest autocorrelation time, where burn-in was `"auto"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relaxation: Option<Relaxation>,
    /// The minima around which the chains lie, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basins: Vec<Basin>,
    /// Time, the sum of the steps' dt.
    pub time: f64,
    /// Chains that diverged; every other figure excludes them.
    pub diverged: u64,
    /// The step at which the first chain diverged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_diverged_step: Option<u64>,
    /// True when no test rejects stationarity.
    pub converged: bool,
    /// The reasons for `converged`, in words.
    pub verdict: String,
    /// Full-data loss.
    pub loss: Estimate,
    /// Full-data loss with a control variate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced_loss: Option<ReducedLoss>,
    /// Mean loss over the held-out examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<Estimate>,
    /// Further scalar quantities of the run, by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub quantities: IndexMap<String, Estimate>,
    /// By scalar parameter: `x`, `w[3]`.
    pub parameters: IndexMap<String, ParameterEstimate>,
    /// Covariance of the parameters in their order, d × d.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "nulls_as_nan"
    )]
    pub covariance: Option<Vec<Vec<f64>>>,
    /// Means of the user's observables.
    pub observables: IndexMap<String, Estimate>,
    /// The fluctuation–dissipation relation and the chains' agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stationarity: Option<Stationarity>,
    /// Comparison with a Gibbs distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gibbs: Option<Gibbs>,
    /// Comparison with the exact distribution of the chain at this step size; one parameter only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discretized: Option<Discretized>,
    /// Theoretical values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theory: Option<Theory>,
    /// Histograms against the distribution that theory expects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goodness_of_fit: Vec<GoodnessOfFit>,
    /// Tests of detailed balance: the stationary ensemble looks the same in reversed time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detailed_balance: Option<DetailedBalance>,
    /// All tests of this point, corrected for their number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
}

/// Pearson's χ² of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoodnessOfFit {
    /// The quantity of the histogram; two quantities are joined by a comma.
    pub of: String,
    /// The distribution that the histogram is compared with, in words.
    pub distribution: String,
    /// The statistic over bins; neighbors are pooled until each expects 10 chains.
    #[serde(deserialize_with = "null_as_nan")]
    pub chi_square: f64,
    /// Mean of the statistic under that distribution: the number of pooled bins less one.
    pub degrees: usize,
    /// Its p-value.
    #[serde(deserialize_with = "null_as_nan")]
    pub p: f64,
}

/// The quantities that vanish under detailed balance, with F the drift −r ∂L/∂x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetailedBalance {
    /// E[x_k F_l − x_l F_k], twice the area per time that chains sweep in the plane of two parameters, by pair: "x, y".
    pub circulation: IndexMap<String, Estimate>,
    /// p-value of the test that all of them are zero.
    #[serde(deserialize_with = "null_as_nan")]
    pub circulation_p: f64,
    /// Entropy production per time; constant noise only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy_production: Option<Estimate>,
    /// p-value of the test that it is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy_production_p: Option<f64>,
}

/// One of several tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The hypothesis.
    pub name: String,
    /// The p-value of this test alone.
    #[serde(deserialize_with = "null_as_nan")]
    pub p: f64,
    /// The p-value with Holm's correction for the number of tests: rejecting every test below α rejects a true hypothesis
    /// with a probability of at most α.
    #[serde(deserialize_with = "null_as_nan")]
    pub holm: f64,
}

/// The loss less a control variate, whose mean is zero in a stationary ensemble: L − ¼ (2 (Φ − Φ*)·g − η ĝᵀDĝ).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReducedLoss {
    /// Mean.
    #[serde(deserialize_with = "null_as_nan")]
    pub mean: f64,
    /// Its standard error.
    #[serde(deserialize_with = "null_as_nan")]
    pub se: f64,
    /// The variance of the plain mean over that of this one.
    #[serde(deserialize_with = "null_as_nan")]
    pub gain: f64,
}

impl ReducedLoss {
    /// The mean with its standard error.
    #[must_use]
    pub const fn estimate(&self) -> Estimate {
        Estimate {
            mean: self.mean,
            se: self.se,
        }
    }
}

/// A minimum and the chains that descend to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Basin {
    /// Where it is.
    pub minimum: IndexMap<String, f64>,
    /// The loss there.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
    /// The share of the chains.
    pub weight: Estimate,
}

/// The time in which the correlation of the slowest monitored quantity falls by a factor e.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relaxation {
    /// Which quantity, in words.
    pub of: String,
    /// In updates.
    pub steps: f64,
    /// In time.
    pub time: f64,
}

/// The exact stationary distribution of the chain with this time step; the Gibbs distribution is its limit for dt → 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Discretized {
    /// Mean loss.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
    /// The α that fits that mean loss.
    #[serde(deserialize_with = "null_as_nan")]
    pub alpha: f64,
    /// Kolmogorov–Smirnov distance of the ensemble from that distribution.
    #[serde(deserialize_with = "null_as_nan")]
    pub ks_distance: f64,
    /// Its p-value.
    #[serde(deserialize_with = "null_as_nan")]
    pub ks_p: f64,
}

/// The distribution of one scalar parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterEstimate {
    /// Mean over chains.
    #[serde(deserialize_with = "null_as_nan")]
    pub mean: f64,
    /// Standard error of the mean.
    #[serde(deserialize_with = "null_as_nan")]
    pub se: f64,
    /// Variance over chains.
    pub variance: Estimate,
    /// Virial temperature, the mean of x ∂L/∂x.
    pub temperature: Estimate,
    /// The temperature of the stated dynamics in continuous time, ½ησ².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature_theory: Option<f64>,
    /// Quantiles, by increasing probability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<Quantile>,
}

impl ParameterEstimate {
    /// The mean with its standard error.
    #[must_use]
    pub const fn estimate(&self) -> Estimate {
        Estimate {
            mean: self.mean,
            se: self.se,
        }
    }
}

/// A quantile with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// Probability in (0, 1).
    pub q: f64,
    /// The value below which that share of chains lies.
    pub value: Estimate,
}

/// Tests that the ensemble has stopped changing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stationarity {
    /// `2 E[Φ·g]` (Yaida 2018).
    pub fdr_left: Estimate,
    /// `η E[ĝᵀDĝ]`, equal to the left side in a stationary ensemble.
    pub fdr_right: Estimate,
    /// Their paired difference in standard errors.
    #[serde(deserialize_with = "null_as_nan")]
    pub z: f64,
    /// Change of the mean loss after burn-in, or over the second half of a run without burn-in, in standard errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_drift_z: Option<f64>,
    /// Nested R-hat over superchains, of the loss or parameter with the smallest p-value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested_rhat: Option<f64>,
    /// p-value of nested R-hat, corrected for the number of quantities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nested_rhat_p: Option<f64>,
}

/// Comparison of the ensemble with p ∝ exp(−L/(αησ²)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gibbs {
    /// Maximum-likelihood α; one parameter only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Estimate>,
    /// Virial α, `T_k / (η_k σ_k²)`, by parameter.
    pub alpha_virial: IndexMap<String, Estimate>,
    /// Kolmogorov–Smirnov distance from the Gibbs distribution at α = ½.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ks_distance: Option<f64>,
    /// Its p-value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ks_p: Option<f64>,
    /// p-value of the test that all parameters have one temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equal_temperature_p: Option<f64>,
}

/// Exact or asymptotic values for one learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Theory {
    /// Their source, in words: "Gibbs distribution at α = ½".
    pub source: String,
    /// Expected loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// By parameter.
    pub parameters: IndexMap<String, ParameterTheory>,
}

/// Theoretical values of one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ParameterTheory {
    /// Expected value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Expected variance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
}

/// A local minimum of the full-data loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// Loss there.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
    /// Where it is.
    pub parameters: IndexMap<String, f64>,
}

/// Change of the loss from one learning rate to another, on chains that share their random numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossDifference {
    /// The first learning rate.
    pub from: f64,
    /// The second.
    pub to: f64,
    /// L at the second less L at the first.
    pub difference: Estimate,
    /// Factor by which shared noise divides the variance.
    #[serde(deserialize_with = "null_as_nan")]
    pub gain: f64,
}

/// dL/dη at η = 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// By regression on the measured L(η).
    pub measured: Estimate,
    /// `¼ Σ_k r_k E_i g_{i,k}² / B` at the optimum.
    #[serde(deserialize_with = "null_as_nan")]
    pub theory: f64,
    /// The slope of the losses with the control variate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced: Option<Estimate>,
    /// Factor by which shared noise divides the variance of the slope; below 1 it raises the variance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_noise_gain: Option<f64>,
    /// L at η = 0, extrapolated from the sweep alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_loss: Option<Estimate>,
}

impl Summary {
    /// The JSON text, indented, with a final newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .expect("plain data with string keys has a JSON form");
        text + "\n"
    }
}

pub(super) fn null_as_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

fn nulls_as_nan<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Vec<f64>>>, D::Error> {
    let rows = Option::<Vec<Vec<Option<f64>>>>::deserialize(deserializer)?;
    let row = |row: Vec<Option<f64>>| row.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect();
    Ok(rows.map(|rows| rows.into_iter().map(row).collect()))
}
