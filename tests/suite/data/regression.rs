//! Linear regression by SGD on real data: the exact stationary moments at finite η (tests/fixtures/regression.py).

use super::{data_and_loss, fixture, number, numbers};
use crate::truth::verdict::{Comparisons, ensure, holds_everywhere, parameter};
use serde_json::Value;

/// Steps after which the initial deviation is below a thousandth of the stationary excess. `spectral_radius` is the factor by
/// which one step reduces second moments.
fn settled(spectral_radius: f64) -> u64 {
    ((1e-4f64).ln() / spectral_radius.ln()).ceil() as u64
}

fn text(case: &Value, dynamics: &str, chains: u64, steps: u64) -> String {
    let width = numbers(&case["optimum"]).len() - 1;
    format!(
        "[parameters]\nw = {{ shape = [{width}], start = 0.0 }}\nb = 0.0\n{}\
         [dynamics]\nkind = \"sgd\"\n{dynamics}\n\
         [ensemble]\nchains = {chains}\nduration = {{ steps = {steps} }}\nseed = 31\n[measure]\ntrace = 1\n",
        data_and_loss(case)
    )
}

/// Mean loss after 1, 10 and 100 steps from zero, where every chain's loss has finite moments of all orders.
#[test]
fn the_transient_mean_loss_is_exact() {
    let fixture = fixture("regression");
    for name in ["diabetes", "diabetes_ridge", "randhie"] {
        let case = &fixture["cases"][name];
        for stationary in case["stationary"].as_array().expect("a list") {
            let after = &stationary["loss_after"];
            let (steps, losses) = (numbers(&after["steps"]), numbers(&after["loss"]));
            for (&steps, &loss) in steps.iter().zip(&losses).take(3) {
                let dynamics = format!(
                    "eta = {}\nbatch = {}",
                    stationary["eta"], stationary["batch"]
                );
                let text = text(case, &dynamics, 16_384, steps as u64);
                holds_everywhere(&text, |problem, records| {
                    let mut all = Comparisons::default();
                    let measured = records[0].last()[problem.outputs.loss].mean_estimate();
                    // Rounding of f32 in the state and in a form of some hundred terms.
                    let what = format!("{name}, {dynamics}, {steps} steps");
                    all.add_within(what, measured, loss, 2e-6 * loss);
                    all.verdict()
                });
            }
        }
    }
}

/// Stationary loss and variances at 5 % and 20 % of the limit of stability, for batches of 1 and 4.
#[test]
fn stationary_moments_are_exact() {
    let fixture = fixture("regression");
    let case = &fixture["cases"]["diabetes_three_columns"];
    for stationary in case["stationary"].as_array().expect("a list") {
        let dynamics = format!(
            "eta = {}\nbatch = {}",
            stationary["eta"], stationary["batch"]
        );
        let steps = settled(1.0 - 0.4 * number(&stationary["eta"]));
        let text = text(case, &dynamics, 32_768, steps);
        holds_everywhere(&text, |problem, records| {
            let mut all = Comparisons::default();
            let excess = number(&stationary["loss"]) - number(&case["loss"]);
            let loss = records[0].last()[problem.outputs.loss].mean_estimate();
            // A thousandth for the remaining initial deviation.
            all.add_within(
                format!("{dynamics}: loss"),
                loss,
                number(&stationary["loss"]),
                1e-3 * excess,
            );
            ensure(loss.se < 0.01 * excess, || {
                format!(
                    "{dynamics}: the excess loss {excess} is known to {} only",
                    loss.se
                )
            })?;
            for (k, exact) in numbers(&stationary["variance"]).into_iter().enumerate() {
                let measured = parameter(problem, &records[0], k).variance_estimate();
                all.add_within(
                    format!("{dynamics}: variance {k}"),
                    measured,
                    exact,
                    1e-3 * exact,
                );
            }
            let fdr = problem.outputs.fdr.expect("plain steps have the relation");
            let balance = records[0].last()[fdr.difference].mean_estimate();
            let size = records[0].last()[fdr.left].mean.abs();
            all.add_within(format!("{dynamics}: balance"), balance, 0.0, 1e-3 * size);
            all.verdict()
        });
    }
}

/// Momentum and Nesterov's variant at B = 1.
#[test]
fn momentum_has_its_own_stationary_moments() {
    let fixture = fixture("regression");
    let case = &fixture["cases"]["diabetes"];
    for stationary in case["momentum"].as_array().expect("a list") {
        let dynamics = format!(
            "eta = {}\nbatch = {}\noptimizer = {{ kind = \"momentum\", beta = {}, nesterov = {} }}",
            stationary["eta"], stationary["batch"], stationary["beta"], stationary["nesterov"]
        );
        let steps = settled(number(&stationary["spectral_radius"]));
        let text = text(case, &dynamics, 2_048, steps);
        holds_everywhere(&text, |problem, records| {
            let mut all = Comparisons::default();
            let excess = number(&stationary["loss"]) - number(&case["loss"]);
            let loss = records[0].last()[problem.outputs.loss].mean_estimate();
            all.add_within("loss", loss, number(&stationary["loss"]), 1e-3 * excess);
            for (k, exact) in numbers(&stationary["variance"]).into_iter().enumerate() {
                let measured = parameter(problem, &records[0], k).variance_estimate();
                all.add_within(format!("variance {k}"), measured, exact, 1e-3 * exact);
            }
            let fdr = problem.outputs.fdr.expect("momentum has the relation");
            let balance = records[0].last()[fdr.difference].mean_estimate();
            let size = records[0].last()[fdr.left].mean.abs();
            all.add_within("balance", balance, 0.0, 1e-3 * size);
            all.verdict()
        });
    }
}

/// Beyond the stability limit the second moment grows without bound, and the program must not call the chains stationary.
#[test]
fn beyond_the_stability_limit_nothing_is_called_stationary() {
    let fixture = fixture("regression");
    let case = &fixture["cases"]["diabetes_three_columns"];
    let limit = number(&case["stability_limit"]["1"]);
    let text = text(case, &format!("eta = {}", 3.4 * limit), 4_096, 400);
    holds_everywhere(&text, |_, records| {
        let diverged = records[0].divergence.count;
        ensure(diverged > 3_000, || {
            format!("only {diverged} of 4096 chains left")
        })
    });
}
