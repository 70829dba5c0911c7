//! Sweeps over η on two real data sets, as a user runs them: the converged loss, variances and temperatures beside the exact
//! second moments, for batches of 1, 4 and 16, on the CPU and on the device.

use super::{data_and_loss, fixture, number, numbers};
use crate::truth::verdict::Comparisons;
use clap::Parser;
use etascope::cli::{Cli, Command, RunArgs};
use etascope::experiment;
use etascope::measure::Estimate;
use etascope::report::Summary;
use etascope::run::compute;
use etascope::theory::{Momentum, QuadraticExamples};
use serde_json::Value;

fn arguments(backend: &str) -> RunArgs {
    let line = ["etascope", "run", "x.toml", "--quiet", "--backend", backend];
    match Cli::try_parse_from(line)
        .expect("a valid command line")
        .command
    {
        Command::Run(arguments) => arguments,
        _ => unreachable!("the line says run"),
    }
}

fn sweep(case: &Value, batch: u32, etas: &[f64], time: f64, chains: u32) -> String {
    // At the optimum, where the means stay: what has to settle is the spread, twice as fast.
    let optimum = numbers(&case["optimum"]);
    let (b, w) = optimum.split_last().expect("a bias comes last");
    format!(
        "[parameters]\nw = {w:?}\nb = {b:?}\n{}\
         [dynamics]\nkind = \"sgd\"\neta = {etas:?}\nbatch = {batch}\n\
         [ensemble]\nchains = {chains}\nduration = {{ time = {time:?} }}\nseed = 81\n[measure]\ntrace = 8\n",
        data_and_loss(case)
    )
}

fn run(text: &str, backend: &str) -> Summary {
    let experiment = experiment::parse("sweep.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let computed = compute(experiment, &arguments(backend)).unwrap_or_else(|e| panic!("{e}"));
    computed.results.summary
}

/// Every point against its exact moments. Standard errors of losses need fourth moments, and are themselves known where
/// eighth ones exist: `fractions` of the limit at which they do.
fn check(what: &str, summary: &Summary, least: f64) {
    let mut all = Comparisons::default();
    for point in &summary.points {
        let theory = point
            .theory
            .as_ref()
            .expect("linear regression has a theory");
        let exact = theory.loss.expect("an exact loss");
        let label = |quantity: &str| format!("{what}, eta {}: {quantity}", point.eta);
        // 2e-4: what is left of the start.
        all.add_within(label("loss"), point.loss, exact, 2e-4 * (exact - least));
        assert!(
            point.loss.se < 0.01 * (exact - least),
            "{}: {} known to {}",
            label("excess"),
            exact - least,
            point.loss.se
        );
        for ((name, measured), (_, theory)) in point.parameters.iter().zip(theory.parameters.iter())
        {
            let variance = theory.variance.expect("an exact variance");
            let sd = variance.sqrt();
            all.add_within(label(name), measured.variance, variance, 1e-3 * variance);
            let mean = Estimate::new(measured.mean, measured.se);
            all.add_within(
                label(name),
                mean,
                theory.mean.expect("an exact mean"),
                1e-3 * sd,
            );
            let temperature = measured.temperature_theory.expect("an exact temperature");
            all.add_within(
                label(name),
                measured.temperature,
                temperature,
                1e-3 * temperature.abs(),
            );
        }
    }
    if let Err(why) = all.verdict() {
        panic!("{why}");
    }
}

/// The learning rate up to which second moments exist.
fn limit(case: &Value, batch: u32) -> f64 {
    let problem = crate::support::problem(&sweep(case, batch, &[0.01], 1.0, 128));
    let data = problem.data.as_ref().expect("a loss over data");
    let exact = QuadraticExamples::new(&data.examples).expect("linear regression is quadratic");
    let limit = exact.mean_square_limit(&problem.rates, batch as usize);
    let limit = limit.unwrap_or_else(|error| panic!("{error}"));
    if let Some(known) = case["stability_limit"][batch.to_string()].as_f64() {
        assert!((limit / known - 1.0).abs() < 1e-6, "{limit} and {known}");
    }
    limit
}

fn sweeps(name: &str, fractions: &[f64], time: f64, chains: u32) {
    let fixture = fixture("regression");
    let case = &fixture["cases"][name];
    let least = number(&case["loss"]);
    for batch in [1, 4, 16] {
        let limit = limit(case, batch);
        let etas: Vec<f64> = fractions.iter().map(|fraction| fraction * limit).collect();
        let text = sweep(case, batch, &etas, time, chains);
        for backend in ["cpu", "gpu"] {
            check(
                &format!("{name}, B = {batch}, {backend}"),
                &run(&text, backend),
                least,
            );
        }
    }
}

/// Slowest mode of the three columns: curvature about 0.35, so that e^(−2·0.35·16) = 10⁻⁵ of the spread is missing.
#[test]
fn losses_and_covariances_of_diabetes_are_exact_over_the_sweep() {
    sweeps(
        "diabetes_three_columns",
        &[0.01, 0.05, 0.2, 0.4],
        24.0,
        32_768,
    );
}

/// Slowest mode: curvature about 0.014, so that e^(−2·0.014·300) = 2·10⁻⁴ of its spread is missing.
#[test]
fn losses_and_covariances_of_twenty_thousand_examples_are_exact_over_the_sweep() {
    sweeps("randhie", &[0.05, 0.1], 300.0, 32_768);
}

/// All entries of the covariance at 2 % of the limit, where Δ is nearly normal: a sample covariance then has the variance
/// (c_ii c_jj + c_ij²)/N, here with a fifth more for its tails.
#[test]
fn covariances_are_exact() {
    let fixture = fixture("regression");
    let case = &fixture["cases"]["diabetes_three_columns"];
    for batch in [1, 4, 16] {
        let eta = 0.02 * limit(case, batch);
        let text = sweep(case, batch, &[eta], 16.0, 32_768);
        let problem = crate::support::problem(&text);
        let data = problem.data.as_ref().expect("a loss over data");
        let exact = QuadraticExamples::new(&data.examples).expect("linear regression is quadratic");
        let stationary = exact.stationary(eta, &problem.rates, batch as usize, Momentum::NONE);
        let c = stationary
            .unwrap_or_else(|error| panic!("{error}"))
            .covariance;
        for backend in ["cpu", "gpu"] {
            let summary = run(&text, backend);
            let measured = summary.points[0]
                .covariance
                .as_ref()
                .expect("few parameters");
            let mut all = Comparisons::default();
            for (i, row) in measured.iter().enumerate() {
                for (j, &found) in row.iter().enumerate().take(i + 1) {
                    let square = c[(i, i)] * c[(j, j)] + c[(i, j)] * c[(i, j)];
                    let estimate = Estimate::new(found, 1.2 * (square / 32_768.0).sqrt());
                    let what = format!("B = {batch}, {backend}: covariance {i}, {j}");
                    all.add_within(what, estimate, c[(i, j)], 1e-4 * c[(i, i)]);
                }
            }
            if let Err(why) = all.verdict() {
                panic!("{why}");
            }
        }
    }
}

/// Where the fourth moments do not exist the program says so, and beyond the limit that there is no L(η).
#[test]
fn missing_moments_are_told() {
    let fixture = fixture("regression");
    let case = &fixture["cases"]["diabetes_three_columns"];
    let limit = number(&case["stability_limit"]["1"]);
    let text = sweep(
        case,
        1,
        &[0.1 * limit, 0.97 * limit, 1.03 * limit],
        24.0,
        1_024,
    );
    let summary = run(&text, "cpu");
    let warned = |eta: f64| {
        (summary.warnings.iter())
            .any(|text| text.contains(&format!("{eta}")) && text.contains("fourth moments"))
    };
    assert!(!warned(0.1 * limit), "{:?}", summary.warnings);
    assert!(warned(0.97 * limit), "{:?}", summary.warnings);
    let beyond = &summary.points[2];
    assert!(
        !beyond.converged && beyond.verdict.contains("no L(η)"),
        "{}",
        beyond.verdict
    );
    assert!(beyond.theory.is_none(), "no exact loss beyond the limit");
}
