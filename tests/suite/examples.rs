//! Every example reproduces the exact values of its header, at a fraction of its chains.
//!
//! A measured value must be within 5 standard errors: a false alarm has probability 6e-7 for each of about 110 values, and
//! the seeds are fixed. With 16 384 chains the variance of a Gaussian is known to 1.1 %, so that an error of 5.5 % is found.

use etascope::measure::Estimate;
use etascope::report::{ParameterEstimate, Point, Results};
use etascope::{Backend, Experiment, Options};
use nalgebra::{DMatrix, DVector};
use std::path::{Path, PathBuf};

/// All experiment files of `examples/`, sorted.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

/// Chains of the runs here.
const CHAINS: u64 = 16_384;
/// Largest distance from the exact value in standard errors.
const LIMIT: f64 = 5.0;

/// The result of an example with few chains, and the text of its file.
fn run(name: &str, chains: Option<u64>) -> (Results, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.toml"));
    let chains = chains.map(|chains| ("ensemble.chains".to_owned(), chains.to_string()));
    let settings: Vec<_> = chains.into_iter().collect();
    let results = Experiment::from_file_with(&file, &settings)
        .and_then(|experiment| experiment.run(&Options::default().backend(Backend::Cpu)))
        .unwrap_or_else(|error| panic!("{error}"));
    let text = std::fs::read_to_string(file).expect("a readable file");
    (results, text)
}

/// The result of an example with one learning rate.
fn run_one(name: &str) -> (Point, String) {
    run_with(name, CHAINS)
}

fn run_with(name: &str, chains: u64) -> (Point, String) {
    let (results, text) = run(name, Some(chains));
    assert_eq!(results.summary.points.len(), 1, "{name} has one point");
    (results.summary.points[0].clone(), text)
}

fn holds(what: &str, measured: Estimate, exact: f64) {
    let z = measured.z_against(exact);
    assert!(
        z.abs() < LIMIT,
        "{what}: {measured:?} against {exact}, {z:.1} standard errors"
    );
}

/// Asserts that the header states a value, rounded to `decimals` places.
fn stated(text: &str, value: f64, decimals: usize) {
    let number = format!("{value:.decimals$}");
    assert!(text.contains(&number), "the header does not state {number}");
}

fn parameter<'a>(point: &'a Point, name: &str) -> &'a ParameterEstimate {
    point.parameters.get(name).expect("a parameter's name")
}

/// Variance of x ← (1 − δ r h) x + r √(η δ) σ z in the stationary state; δ = η for SGD.
fn variance(eta: f64, rate: f64, sigma: f64, h: f64, dt: f64) -> f64 {
    rate * eta * sigma * sigma / (h * (2.0 - rate * h * dt))
}

/// E[f] under p ∝ exp(−L/T) by the trapezoidal rule, which converges fast for decaying functions.
fn gibbs(temperature: f64, loss: fn(f64) -> f64, f: impl Fn(f64) -> f64) -> f64 {
    let points = (-4000..=4000).map(|k| f64::from(k) * 1e-3);
    let (sum, norm) = points.fold((0.0, 0.0), |(sum, norm), x| {
        let weight = (-loss(x) / temperature).exp();
        (sum + weight * f(x), norm + weight)
    });
    sum / norm
}

fn well(x: f64) -> f64 {
    (x * x - 1.0).powi(2) / 4.0
}

/// E[x L′] at a finite time step: T = ½ησ² plus the correction ½ δ E[L′²] = ½ δ T E[L″].
fn well_temperature(temperature: f64, dt: f64) -> f64 {
    let curvature = gibbs(temperature, well, |x| 3.0 * x * x - 1.0);
    temperature * (1.0 + 0.5 * dt * curvature)
}

#[test]
fn every_example_is_tested() {
    let tests = include_str!("examples.rs");
    for file in files() {
        let name = file.file_stem().expect("a file").to_string_lossy();
        assert!(
            tests.contains(&format!("(\"{name}\"")),
            "{name} is not tested"
        );
        let text = std::fs::read_to_string(&file).expect("a readable file");
        assert!(text.starts_with("# "), "{name} has no header");
    }
}

#[test]
fn double_well() {
    let (point, _) = run_one("double-well");
    holds("loss", point.loss, gibbs(0.05, well, well));
    holds(
        "temperature",
        parameter(&point, "x").temperature,
        well_temperature(0.05, 0.005),
    );
    assert!(point.converged, "{}", point.verdict);
}

#[test]
fn brownian() {
    let (point, _) = run_one("brownian");
    holds("variance of x", parameter(&point, "x").variance, 1.0);
    holds("variance of y", parameter(&point, "y").variance, 1.0);
    let distance = point.observables.get("distance_squared");
    holds("distance", *distance.expect("an observable"), 2.0);
    assert!(!point.converged, "Brownian motion has no stationary state");
}

#[test]
fn gibbs_16d() {
    let (point, text) = run_one("gibbs-16d");
    let exact = 0.05 * (15.0 / (2.0 - 0.01) + 1.0 / (2.0 - 4.0 * 0.01));
    stated(&text, exact, 6);
    holds("loss", point.loss, exact);
    // (½ησ²) times the mean of 2 / (2 − λ dt) over the eigenvalues: the loss is half the sum of the temperatures.
    for (name, estimate) in point.parameters.iter() {
        holds(name, estimate.temperature, 2.0 * exact / 16.0);
    }
    let p = point.gibbs.and_then(|gibbs| gibbs.equal_temperature_p);
    assert!(p.is_some_and(|p| p > 1e-4), "equal temperatures: {p:?}");
}

#[test]
fn two_temperatures() {
    let (point, text) = run_one("two-temperatures");
    for (name, temperature) in [("x", 0.05), ("y", 0.2)] {
        stated(&text, temperature, if name == "x" { 2 } else { 1 });
        let exact = well_temperature(temperature, 0.01);
        holds(name, parameter(&point, name).temperature, exact);
    }
    let p = point.gibbs.and_then(|gibbs| gibbs.equal_temperature_p);
    assert!(p.is_some_and(|p| p < 1e-6), "equal temperatures: {p:?}");
}

#[test]
fn rates() {
    let (point, text) = run_one("rates");
    for (name, rate, sigma, h) in [
        ("x", 1.0, 1.0, 1.0),
        ("y", 0.2, 3.0, 2.0),
        ("z", 2.0, 1.0, 4.0),
    ] {
        let exact = variance(0.1, rate, sigma, h, 0.1);
        stated(&text, exact, 6);
        holds(name, parameter(&point, name).variance, exact);
    }
}

/// Checks the temperatures under rates that follow from σ = 1, 2, 3 and returns the p-value of their equality.
fn unequal_noise(name: &str, rate: fn(f64) -> f64, dt: f64) -> f64 {
    let (point, _) = run_one(name);
    for (parameter_name, sigma, h) in [("x", 1.0, 1.0), ("y", 2.0, 1.0), ("z", 3.0, 4.0)] {
        let exact = h * variance(0.1, rate(sigma), sigma, h, dt);
        holds(
            parameter_name,
            parameter(&point, parameter_name).temperature,
            exact,
        );
    }
    let p = point.gibbs.and_then(|gibbs| gibbs.equal_temperature_p);
    p.expect("three parameters have a test of equal temperatures")
}

#[test]
fn inverse_variance() {
    // The p-value is uniform if temperatures are equal: below 1e-4 for a share of 1e-4 of seeds, and this seed is fixed.
    let p = unequal_noise("inverse-variance", |sigma| 1.0 / (sigma * sigma), 0.01);
    assert!(p > 1e-4, "p = {p}");
}

#[test]
fn rmsprop_rates() {
    let p = unequal_noise("rmsprop-rates", |sigma| 1.0 / sigma, 0.005);
    assert!(p < 1e-6, "p = {p}");
}

#[test]
fn sgd_quadratic_sweep() {
    let (results, text) = run("sgd-quadratic-sweep", Some(CHAINS));
    let points = &results.summary.points;
    assert_eq!(points.len(), 10, "ten learning rates");
    for point in points {
        let exact = 0.5 * variance(point.eta, 1.0, 1.0, 1.0, point.eta);
        holds(&format!("η = {}", point.eta), point.loss, exact);
    }
    stated(&text, 0.5 * variance(0.1, 1.0, 1.0, 1.0, 0.1), 6);
}

#[test]
fn covariance() {
    let (point, text) = run_one("covariance");
    let exact = |noise: f64, h: f64, k: f64| 0.1 * noise / (h + k - 0.1 * h * k);
    let product = *point.observables.get("product").expect("an observable");
    for (what, measured, exact) in [
        ("x x", parameter(&point, "x").variance, exact(1.0, 1.0, 1.0)),
        ("y y", parameter(&point, "y").variance, exact(4.0, 3.0, 3.0)),
        ("x y", product, exact(1.2, 1.0, 3.0)),
    ] {
        stated(&text, exact, 6);
        holds(what, measured, exact);
    }
    let balance = point.detailed_balance.expect("two parameters");
    let turning = (1.0 - 3.0) * exact(1.2, 1.0, 3.0);
    stated(&text, turning, 6);
    let circulation = balance.circulation.get("x, y").expect("the only pair");
    holds("circulation", *circulation, turning);
    // With S = Σ⁻¹ and f = HCH: (2/η) tr Sf − tr H − tr SHf.
    let h = DMatrix::from_diagonal(&DVector::from_vec(vec![1.0, 3.0]));
    let inverse = DMatrix::from_row_slice(2, 2, &[4.0, -1.2, -1.2, 1.0]) / 2.56;
    let entries = [
        (1.0, 1.0, 1.0),
        (1.2, 1.0, 3.0),
        (1.2, 3.0, 1.0),
        (4.0, 3.0, 3.0),
    ];
    let covariance = entries.map(|(noise, h, k)| exact(noise, h, k));
    let f = &h * DMatrix::from_row_slice(2, 2, &covariance) * &h;
    let production = 20.0 * (&inverse * &f).trace() - 4.0 - (&inverse * &h * &f).trace();
    stated(&text, production, 6);
    let measured = balance.entropy_production.expect("constant noise");
    holds("entropy production", measured, production);
}

#[test]
fn state_dependent_noise() {
    // Enough chains that the interpretations of Itô and Stratonovich are 19 standard errors apart.
    let (point, text) = run_with("state-dependent-noise", 4 * CHAINS);
    let exact = 0.2 / (2.0 - 0.2 - 0.01);
    stated(&text, exact, 6);
    let measured = parameter(&point, "x").variance;
    holds("variance", measured, exact);
    let stratonovich = measured.z_against(0.125);
    assert!(stratonovich.abs() > 2.0 * LIMIT, "{stratonovich}");
}

#[test]
fn schedule() {
    let (results, text) = run("schedule", Some(CHAINS));
    for (step, eta) in [(100, 0.4), (250, 0.1), (1000, 0.025)] {
        let exact = 0.5 * variance(eta, 1.0, 1.0, 1.0, eta);
        stated(&text, exact, if step == 100 { 3 } else { 6 });
        let rows = &results.traces.traces[0].rows;
        let row = rows.iter().find(|row| row.step == step);
        holds(
            &format!("the plateau at η = {eta}"),
            row.expect("a measurement at the end of each plateau").loss,
            exact,
        );
    }
    let point = &results.summary.points[0];
    assert!(point.converged, "{}", point.verdict);
}

#[test]
fn gradient_flow() {
    let (results, text) = run("gradient-flow", None);
    assert_eq!(results.summary.points.len(), 5, "five time steps");
    for point in &results.summary.points {
        let exact = (1.0 - point.eta).powf(1.0 / point.eta);
        stated(&text, exact, 6);
        let x = parameter(point, "x").mean;
        // Each of up to 64 steps rounds to half an ulp, and the steps contract.
        let tolerance = 64.0 * 0.5 * f64::from(f32::EPSILON);
        assert!((x - exact).abs() < tolerance, "{x} against {exact}");
    }
}

/// The examples of a data set of `examples/data/`: the standardized columns and a 1, and the target.
fn examples(file: &str, columns: [&str; 3], target: &str) -> Vec<(DVector<f64>, f64)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/data/{file}"));
    let mut reader = csv::Reader::from_path(path).expect("a readable file");
    let header = reader.headers().expect("a header").clone();
    let places = columns.map(|name| header.iter().position(|h| h == name).expect("a column"));
    let target = header.iter().position(|h| h == target).expect("a column");
    let mut rows: Vec<(DVector<f64>, f64)> = (reader.records())
        .map(|record| {
            let record = record.expect("a row");
            let number = |k: usize| record[k].parse::<f64>().expect("a number");
            let inputs = places.map(number);
            (
                DVector::from_vec([inputs.as_slice(), &[1.0]].concat()),
                number(target),
            )
        })
        .collect();
    for k in 0..3 {
        let column: Vec<f64> = rows.iter().map(|(u, _)| u[k]).collect();
        let (mean, sd) = mean_and_sd(&column);
        rows.iter_mut().for_each(|(u, _)| u[k] = (u[k] - mean) / sd);
    }
    rows
}

fn mean_and_sd(column: &[f64]) -> (f64, f64) {
    let count = column.len() as f64;
    let mean = column.iter().sum::<f64>() / count;
    let squares: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}

/// Loss at the optimum and L(η) of linear regression with one example per step, by iterating the equation of the
/// second moments to its fixed point.
fn regression_loss(rows: &[(DVector<f64>, f64)], eta: f64) -> (f64, f64) {
    let count = rows.len() as f64;
    let hessian = rows.iter().map(|(u, _)| u * u.transpose() / count);
    let hessian = hessian.fold(DMatrix::zeros(4, 4), |sum, h| sum + h);
    let pull = rows.iter().map(|(u, y)| u * (*y / count));
    let pull = pull.fold(DVector::zeros(4), |sum, p| sum + p);
    let optimum = hessian.clone().cholesky().expect("a minimum").solve(&pull);
    let residual = |u: &DVector<f64>, y: f64| u.dot(&optimum) - y;
    let least: f64 = rows.iter().map(|(u, y)| residual(u, *y).powi(2)).sum();
    let mut moments = DMatrix::<f64>::zeros(4, 4);
    loop {
        let mut next = &moments - (&hessian * &moments + &moments * &hessian) * eta;
        for (u, y) in rows {
            let kick = u.dot(&(&moments * u)) + residual(u, *y).powi(2);
            next += u * u.transpose() * (eta * eta * kick / count);
        }
        let change = (&next - &moments).norm();
        moments = next;
        if change <= 1e-12 * moments.norm() {
            break;
        }
    }
    let least = 0.5 * least / count;
    (least, least + 0.5 * (&hessian * &moments).trace())
}

#[test]
fn regression() {
    let (results, text) = run("regression", Some(CHAINS));
    let mut rows = examples("diabetes.csv", ["bmi", "bp", "s5"], "target");
    let (mean, sd) = mean_and_sd(&rows.iter().map(|(_, y)| *y).collect::<Vec<f64>>());
    rows.iter_mut().for_each(|(_, y)| *y = (*y - mean) / sd);
    let points = &results.summary.points;
    assert_eq!(points.len(), 8, "eight learning rates");
    for point in points {
        let (least, exact) = regression_loss(&rows, point.eta);
        holds(&format!("η = {}", point.eta), point.loss, exact);
        assert!(point.converged, "η = {}: {}", point.eta, point.verdict);
        stated(&text, least, 6);
    }
    stated(&text, regression_loss(&rows, 0.2).1, 6);
    // The value of tests/fixtures/regression.py.
    let slope = results.summary.slope.expect("a sweep has a slope");
    stated(&text, slope.theory, 6);
    assert!((slope.theory - 0.471_075_937_238).abs() < 1e-9, "{slope:?}");
    holds("slope", slope.measured, slope.theory);
}

/// Loss at the optimum of logistic regression with `ridge` |w|², and ¼ E|g_i|² there.
fn logistic_optimum(rows: &[(DVector<f64>, f64)], ridge: f64) -> (f64, f64) {
    let count = rows.len() as f64;
    let pull = DVector::from_vec(vec![2.0 * ridge, 2.0 * ridge, 2.0 * ridge, 0.0]);
    let mut at = DVector::<f64>::zeros(4);
    // Newton's method doubles the digits with each step.
    for _ in 0..20 {
        let mut slope = pull.component_mul(&at);
        let mut hessian = DMatrix::from_diagonal(&pull);
        for (u, y) in rows {
            let p = 1.0 / (1.0 + (-u.dot(&at)).exp());
            slope += u * ((p - y) / count);
            hessian += u * u.transpose() * (p * (1.0 - p) / count);
        }
        at -= hessian.cholesky().expect("a convex loss").solve(&slope);
    }
    let regularization = 0.5 * at.dot(&pull.component_mul(&at));
    let (mut loss, mut squares) = (regularization, 0.0);
    for (u, y) in rows {
        let z = u.dot(&at);
        let p = 1.0 / (1.0 + (-z).exp());
        loss += (z.exp().ln_1p() - y * z) / count;
        squares += (u * (p - y) + pull.component_mul(&at)).norm_squared() / count;
    }
    (loss, 0.25 * squares)
}

#[test]
fn logistic() {
    let (results, text) = run("logistic", Some(CHAINS / 4));
    let columns = ["radius", "texture", "concave_points"];
    let rows = examples("breast-cancer.csv", columns, "malignant");
    let (loss, slope) = logistic_optimum(&rows, 0.05);
    stated(&text, loss, 6);
    stated(&text, slope / 4.0, 6);
    // Examples are stored in 24 binary digits.
    let optimum = results.summary.optimum.expect("a convex loss has one");
    assert!((optimum.loss - loss).abs() < 1e-6, "{optimum:?}");
    let measured = results.summary.slope.expect("a sweep has a slope");
    holds("slope", measured.measured, slope / 4.0);
    for point in &results.summary.points {
        assert!(point.converged, "η = {}: {}", point.eta, point.verdict);
    }
}

#[test]
fn network() {
    let (results, _) = run("network", Some(2048));
    let point = &results.summary.points[0];
    assert!(point.converged, "{}", point.verdict);
    let signed = |name: &str| ["W", "c", "v"].iter().any(|of| name.starts_with(of));
    let units: Vec<_> = (point.parameters.iter())
        .filter(|(name, _)| signed(name))
        .collect();
    assert_eq!(units.len(), 20, "parameters of hidden units");
    for (name, estimate) in units {
        holds(name, estimate.estimate(), 0.0);
        // All units have the distribution of unit 0.
        let first = name.replace(['1', '2', '3'], "0");
        if name.starts_with(['c', 'v']) {
            let difference = estimate.variance.minus(parameter(point, &first).variance);
            holds(&format!("variance of {name}"), difference, 0.0);
        }
    }
    // The noise of shuffled batches cancels over an epoch, so that ½ησ² is not the temperature.
    let theory = |estimate: &ParameterEstimate| estimate.temperature_theory.is_some();
    assert!(
        !point
            .parameters
            .iter()
            .any(|(_, estimate)| theory(estimate))
    );
    let held_out = point.validation_loss.expect("a fifth is held out");
    assert!(held_out.mean > point.loss.mean, "{held_out:?}");
}
