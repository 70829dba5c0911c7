//! SGD on two real data sets from 1 % to 80 % of the stability limit, run as a user would: the converged loss, all
//! covariances, temperatures and the slope are compared with exact second moments, for batches of 1, 4 and 16, on CPU and GPU.
//!
//! Chains start from independent normals with the exact variances, so only the correlations have to relax. Their remaining
//! deviation at the end is known exactly and taken into account. Standard errors of losses and covariances need fourth
//! moments. If those do not exist, the program must say so, and only means are compared, which need second moments.

use super::{data_and_loss, fixture, number};
use crate::support::summary;
use crate::truth::verdict::Comparisons;
use etascope::report::{Point, Summary};
use etascope::theory::{EnsembleMoments, Momentum, QuadraticExamples, Stationary};
use nalgebra::{DMatrix, DVector};
use serde_json::Value;
use std::fmt::Write;

const BATCHES: [u32; 3] = [1, 4, 16];

/// A data set with its exact optimum and moments.
struct Regression {
    name: &'static str,
    case: Value,
    /// Of the parameters, in their order.
    names: Vec<String>,
    exact: QuadraticExamples,
    rates: Vec<f64>,
}

impl Regression {
    fn new(name: &'static str) -> Self {
        let mut case = fixture("regression")["cases"][name].clone();
        let vector = case["formula"].as_str().expect("a formula").to_owned();
        let columns = case["columns"]["u"].as_array().expect("a list").len();
        let weights: Vec<String> = (0..columns).map(|k| format!("w{k}")).collect();
        case["formula"] = format!("w = [{}]\n{vector}", weights.join(", ")).into();
        let names: Vec<String> = weights.into_iter().chain(["b".to_owned()]).collect();
        let starts: String = names.iter().map(|name| format!("{name} = 0.0\n")).collect();
        let text = format!(
            "[parameters]\n{starts}{}[dynamics]\neta = 0.01\n",
            data_and_loss(&case)
        );
        let problem = crate::support::problem(&text);
        let data = problem.data.as_ref().expect("a loss over data");
        let exact = QuadraticExamples::new(&data.examples).expect("linear regression is quadratic");
        Self {
            name,
            case,
            exact,
            rates: problem.rates.clone(),
            names,
        }
    }

    /// Stability limit: the learning rate below which second moments exist.
    fn limit(&self, batch: u32) -> f64 {
        let limit = self.exact.mean_square_limit(&self.rates, batch as usize);
        let limit = limit.unwrap_or_else(|error| panic!("{error}"));
        if let Some(known) = self.case["stability_limit"][batch.to_string()].as_f64() {
            assert!((limit / known - 1.0).abs() < 1e-6, "{limit} and {known}");
        }
        limit
    }

    fn stationary(&self, eta: f64, batch: u32) -> Stationary {
        let stationary = (self.exact).stationary(eta, &self.rates, batch as usize, Momentum::NONE);
        stationary.unwrap_or_else(|error| panic!("{error}"))
    }

    fn fourth_moments_exist(&self, eta: f64, batch: u32) -> bool {
        let exist = self
            .exact
            .fourth_moment_exists(eta, &self.rates, batch as usize);
        exist.expect("known in ten dimensions")
    }

    /// The exact moments at the end of a run from independent normals with these variances.
    fn end(&self, point: &Point, batch: u32, variances: &[f64]) -> EnsembleMoments {
        let start = DMatrix::from_diagonal(&DVector::from_column_slice(variances));
        let optimum = self.exact.optimum();
        let batch = batch as usize;
        let end = (self.exact).after(
            point.steps,
            optimum,
            &start,
            point.eta,
            &self.rates,
            batch,
            Momentum::NONE,
        );
        end.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A sweep that starts from independent normals about the optimum with these variances, and observes all products
    /// of deviations from it.
    fn experiment(&self, sweep: &Sweep<'_>, variances: &[f64]) -> String {
        let optimum = self.exact.optimum();
        let mut text = String::from("[parameters]\n");
        for ((name, at), variance) in self.names.iter().zip(optimum).zip(variances) {
            let sd = variance.sqrt();
            let _ = writeln!(text, "{name} = {{ start = \"normal({at:?}, {sd:?})\" }}");
        }
        let _ = writeln!(
            text,
            "{}[dynamics]\nkind = \"sgd\"\neta = {:?}\nbatch = {}\n\
             [ensemble]\nchains = {}\nduration = {{ time = {:?} }}\nseed = 81\n\
             [measure]\ntrace = 2\nhistogram = []\n[measure.observables]",
            data_and_loss(&self.case),
            sweep.etas,
            sweep.batch,
            sweep.chains,
            sweep.time
        );
        let deviation = |k: usize| format!("({} - ({:?}))", self.names[k], optimum[k]);
        for i in 0..self.names.len() {
            for j in 0..=i {
                let _ = writeln!(
                    text,
                    "{} = \"{} * {}\"",
                    product(i, j),
                    deviation(i),
                    deviation(j)
                );
            }
        }
        text
    }
}

/// Name of the observable of a product of two deviations.
fn product(i: usize, j: usize) -> String {
    format!("product_{i}_{j}")
}

struct Sweep<'a> {
    etas: &'a [f64],
    batch: u32,
    time: f64,
    chains: u32,
}

fn warns_of_fourth_moments(summary: &Summary, eta: f64) -> bool {
    (summary.warnings.iter())
        .any(|text| text.contains(&format!("η = {eta} ")) && text.contains("fourth moments"))
}

/// Compares everything measured at one learning rate with its exact value.
fn check(regression: &Regression, batch: u32, summary: &Summary, variances: &[f64]) {
    let exact = &regression.exact;
    let point = &summary.points[0];
    let eta = point.eta;
    let what = format!(
        "{}, B = {batch}, {}, {:.0} % of the limit",
        regression.name,
        summary.backend,
        100.0 * eta / regression.limit(batch)
    );
    let stationary = regression.stationary(eta, batch);
    let excess = stationary.excess_loss;
    let theory = point.theory.as_ref().and_then(|theory| theory.loss);
    let told = theory.expect("an exact loss") - exact.least_loss();
    assert!((told / excess - 1.0).abs() < 1e-9, "{what}: {told}");
    assert_eq!(point.diverged, 0, "{what}");

    let mut all = Comparisons::default();
    let c = &stationary.covariance;
    for (k, (name, measured)) in point.parameters.iter().enumerate() {
        let label = format!("{what}: mean of {name}");
        // A thousandth of a standard error of 10⁶ chains for rounding.
        let term = 1e-6 * c[(k, k)].sqrt();
        all.add_within(label, measured.estimate(), exact.optimum()[k], term);
    }
    let exist = regression.fourth_moments_exist(eta, batch);
    println!(
        "{what}: eta {eta:.4}, excess {:.5} ± {:.2} %, exact {excess:.5}, {:+.1} SE, fourth moments: {exist}",
        point.loss.mean - exact.least_loss(),
        100.0 * point.loss.se / excess,
        (point.loss.mean - stationary.loss) / point.loss.se,
    );
    assert_eq!(
        warns_of_fourth_moments(summary, eta),
        !exist,
        "{what}: {:?}",
        summary.warnings
    );
    if exist {
        let end = regression.end(point, batch, variances);
        let left = (end.loss - stationary.loss).abs();
        assert!(left < 1e-3 * excess, "{what}: {left} of the start is left");
        assert!(point.loss.se < 0.01 * excess, "{what}: {:?}", point.loss);
        let term = left + ROUNDING * excess;
        all.add_within(format!("{what}: loss"), point.loss, stationary.loss, term);
        add_covariances(
            &mut all,
            &what,
            regression,
            point,
            c,
            &end.covariance,
            summary.chains as f64,
        );
        let pressure = exact.hessian() * end.covariance;
        for (k, (name, measured)) in point.parameters.iter().enumerate() {
            let temperature = stationary.temperatures[k];
            let told = measured.temperature_theory.expect("an exact temperature");
            let size = temperature.abs();
            assert!((told - temperature).abs() < 1e-9 * size, "{what}: {told}");
            let term = (pressure[(k, k)] - temperature).abs() + ROUNDING * size;
            let label = format!("{what}: temperature of {name}");
            all.add_within(label, measured.temperature, temperature, term);
        }
    } else {
        // No confidence interval if the variance of the loss does not exist.
        assert!(point.loss.se.is_infinite(), "{what}: {:?}", point.loss);
    }
    if let Err(why) = all.verdict() {
        panic!("{why}");
    }
}

/// Relative rounding error of a second moment in f32: some hundred roundings of 6·10⁻⁸ each.
const ROUNDING: f64 = 1e-5;

/// Compares all entries of the covariance; the diagonal also with the program's variances.
fn add_covariances(
    all: &mut Comparisons,
    what: &str,
    regression: &Regression,
    point: &Point,
    exact: &DMatrix<f64>,
    end: &DMatrix<f64>,
    chains: f64,
) {
    let reported = point.covariance.as_ref().expect("few parameters");
    assert_eq!(reported.len(), exact.nrows());
    let parameters: Vec<_> = point.parameters.iter().map(|(_, found)| found).collect();
    let offset = |k: usize| parameters[k].mean - regression.exact.optimum()[k];
    for i in 0..exact.nrows() {
        let variance = exact[(i, i)];
        let term = (end[(i, i)] - variance).abs() + ROUNDING * variance;
        let label = format!("{what}: variance {i}");
        all.add_within(label, parameters[i].variance, variance, term);
        for j in 0..=i {
            let size = (exact[(i, i)] * exact[(j, j)]).sqrt();
            let left = (end[(i, j)] - exact[(i, j)]).abs();
            assert!(left < 1e-2 * size, "{what}: {left} of {size} is left");
            // About the optimum. This observable always has a standard error.
            let moment = *point.observables.get(&product(i, j)).expect("observed");
            let label = format!("{what}: covariance {i}, {j}");
            all.add_within(label, moment, exact[(i, j)], left + ROUNDING * size);
            let about_mean = moment.mean - offset(i) * offset(j);
            // For the divisor N − 1, and for rounding.
            let term = (2.0 / chains + ROUNDING) * size;
            assert!(
                (reported[i][j] - about_mean).abs() < term,
                "{what}: covariance {i}, {j}: {} and {about_mean}",
                reported[i][j]
            );
        }
    }
}

/// Fractions of the limit with the chains that bring the standard error of the excess below 1 % there.
type Grid = [(f64, u32)];

/// One run at each of the fractions, for each batch, on both backends.
fn runs(name: &'static str, grid: &Grid, time: f64) {
    let regression = Regression::new(name);
    for batch in BATCHES {
        for &(fraction, chains) in grid {
            let eta = fraction * regression.limit(batch);
            let variances = regression.stationary(eta, batch).covariance.diagonal();
            // Few chains suffice where only means are compared.
            let chains = if regression.fourth_moments_exist(eta, batch) {
                chains
            } else {
                chains.min(16_384)
            };
            let sweep = Sweep {
                etas: &[eta],
                batch,
                time,
                chains,
            };
            let text = regression.experiment(&sweep, variances.as_slice());
            for backend in ["cpu", "gpu"] {
                let summary = summary(&text, backend);
                check(&regression, batch, &summary, variances.as_slice());
            }
        }
    }
}

/// The slope of a sweep at 5, 10 and 20 % of the limit, and its losses, for each batch, on both backends. All start from the
/// variances at 10 %.
fn slopes(name: &'static str, time: f64, chains: u32) {
    let regression = Regression::new(name);
    for batch in BATCHES {
        let limit = regression.limit(batch);
        let etas = [0.05, 0.1, 0.2].map(|fraction| fraction * limit);
        let variances = regression.stationary(etas[1], batch).covariance.diagonal();
        let sweep = Sweep {
            etas: &etas,
            batch,
            time,
            chains,
        };
        let text = regression.experiment(&sweep, variances.as_slice());
        for backend in ["cpu", "gpu"] {
            let summary = summary(&text, backend);
            let what = format!("{name}, B = {batch}, {backend}");
            let mut all = Comparisons::default();
            let mut most_left: f64 = 0.0;
            for point in &summary.points {
                let stationary = regression.stationary(point.eta, batch);
                let end = regression.end(point, batch, variances.as_slice());
                let left = (end.loss - stationary.loss).abs() + ROUNDING * stationary.excess_loss;
                most_left = most_left.max(left / stationary.excess_loss);
                let label = format!("{what}, eta {}: loss", point.eta);
                all.add_within(label, point.loss, stationary.loss, left);
            }
            assert!(most_left < 2e-3, "{what}: {most_left} of the start is left");
            let slope = summary.slope.as_ref().expect("three settled points");
            let known = number(&regression.case["slope"]) / f64::from(batch);
            assert!(
                (slope.theory / known - 1.0).abs() < 1e-6,
                "{what}: {slope:?}"
            );
            // The three weights of a fit through three points at 1, 2 and 4 add up to 5 in magnitude.
            let term = 5.0 * most_left * known;
            all.add_within(format!("{what}: slope"), slope.measured, known, term);
            println!("{what}: slope {:?}, exact {known:.5}", slope.measured);
            if let Err(why) = all.verdict() {
                panic!("{why}");
            }
        }
    }
}

/// The slowest mode of second moments relaxes in a time of 0.9 at small η, of 2.4 at 80 % and B = 1. Fourth moments end
/// between 60 and 80 % for B = 1 and 4. Eighth ones, which make standard errors themselves well known, end between 50 and
/// 60 % there (spectral radius of the recursion on polynomials of degree 8: 0.69 and 1.05 at B = 1).
#[test]
fn three_columns_of_diabetes_are_exact() {
    runs(
        "diabetes_three_columns",
        &[(0.01, 16_384), (0.2, 16_384)],
        8.0,
    );
    runs(
        "diabetes_three_columns",
        &[(0.4, 32_768), (0.6, 65_536), (0.8, 65_536)],
        16.0,
    );
}

/// The slowest mode relaxes in a time of 37 to 39, all others in 8 or less. After a time of 30 more than half of its variance
/// comes from the run, not from the start.
#[test]
fn twenty_thousand_examples_are_exact() {
    runs("randhie", &[(0.01, 8_192)], 30.0);
    runs(
        "randhie",
        &[(0.4, 131_072), (0.6, 262_144), (0.8, 131_072)],
        40.0,
    );
}

#[test]
fn slopes_are_exact() {
    slopes("diabetes_three_columns", 8.0, 32_768);
    slopes("randhie", 40.0, 8_192);
}

/// Beyond the stability limit no L(η) exists, so the program must not report one.
#[test]
fn no_loss_is_reported_beyond_the_stability_limit() {
    let regression = Regression::new("diabetes_three_columns");
    for batch in BATCHES {
        let eta = 1.03 * regression.limit(batch);
        let sweep = Sweep {
            etas: &[eta],
            batch,
            time: 24.0,
            chains: 1_024,
        };
        let summary = summary(&regression.experiment(&sweep, &[1e-3; 4]), "cpu");
        let beyond = &summary.points[0];
        assert!(
            !beyond.converged && beyond.verdict.contains("no L(η)"),
            "{}",
            beyond.verdict
        );
        assert!(beyond.theory.is_none(), "no exact loss beyond the limit");
    }
}
