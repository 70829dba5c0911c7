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
    let width = numbers(&case["optimum"]).len() - 1;
    format!(
        "[parameters]\nw = {{ shape = [{width}], start = 0.0 }}\nb = 0.0\n{}\
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

fn sweeps(name: &str, fractions: &[f64], time: f64, chains: u32) {
    let fixture = fixture("regression");
    let case = &fixture["cases"][name];
    let least = number(&case["loss"]);
    // The limit grows with B; that of one example is stable for all.
    let limit = number(&case["stability_limit"]["1"]);
    let etas: Vec<f64> = fractions.iter().map(|fraction| fraction * limit).collect();
    for batch in [1, 4, 16] {
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

/// Slowest mode of the three columns: curvature about 0.35, so that e^(−2·0.35·t) is 10⁻⁵ at t = 16.
#[test]
fn losses_and_covariances_of_diabetes_are_exact_over_the_sweep() {
    sweeps(
        "diabetes_three_columns",
        &[0.01, 0.05, 0.2, 0.4],
        24.0,
        32_768,
    );
}

/// Slowest mode: the fixture's longest relaxation, t about 1/0.05.
#[test]
fn losses_and_covariances_of_twenty_thousand_examples_are_exact_over_the_sweep() {
    sweeps("randhie", &[0.05, 0.1], 200.0, 32_768);
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
