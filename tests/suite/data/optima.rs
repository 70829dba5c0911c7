//! Losses, gradients and optima of regressions on real data, compared with scipy (tests/fixtures/optima.py).

use super::{data_and_loss, fixture, number, numbers};
use crate::support::problem;
use etascope::compile::Problem;
use serde_json::Value;

fn build(case: &Value, parameters: &str) -> Problem {
    problem(&format!(
        "[parameters]\n{parameters}\n{}[dynamics]\nkind = \"sgd\"\neta = 0.01\n[ensemble]\nchains = 128\n",
        data_and_loss(case)
    ))
}

/// Tolerance 1e-9: losses and gradients are sums of 10⁴ terms in f64. (An optimum found from the loss alone would be accurate
/// only to the square root of that.)
fn close(what: &str, found: f64, exact: f64) {
    let off = (found - exact).abs() / exact.abs().max(1.0);
    assert!(off < 1e-9, "{what}: {found} instead of {exact}");
}

fn check(name: &str, case: &Value, problem: &Problem) {
    let probe = &case["probe"];
    if !probe.is_null() {
        let at = numbers(&probe["at"]);
        close(
            &format!("{name}: loss"),
            problem.model.loss(&at),
            number(&probe["loss"]),
        );
        let gradient = problem.model.gradient(&at);
        for (found, exact) in gradient.iter().zip(numbers(&probe["gradient"])) {
            close(&format!("{name}: gradient"), *found, exact);
        }
    }
    let data = problem.data.as_ref().expect("a loss over data");
    let optimum = data.optimum.as_ref().expect("the loss has an optimum");
    close(
        &format!("{name}: least loss"),
        optimum.minimum.loss,
        number(&case["loss"]),
    );
    let exact = numbers(&case["optimum"]);
    for (found, exact) in optimum.minimum.parameters.iter().zip(exact) {
        close(&format!("{name}: optimum"), *found, exact);
    }
    let squares = numbers(&case["mean_square_gradient"]);
    for (found, exact) in optimum.second_moment.diagonal().iter().zip(squares) {
        close(
            &format!("{name}: mean square of the gradients"),
            *found,
            exact,
        );
    }
}

#[test]
fn logistic_softmax_and_poisson_regression_agree_with_scipy() {
    let fixture = fixture("optima");
    for (name, parameters) in [
        ("logistic", "w = { shape = [10], start = 0.0 }\nb = 0.0"),
        (
            "softmax",
            "W = { shape = [3, 4], start = 0.0 }\nb = { shape = [3], start = 0.0 }",
        ),
        ("poisson", "w = { shape = [9], start = 0.0 }\nb = 0.0"),
    ] {
        let case = &fixture["cases"][name];
        check(name, case, &build(case, parameters));
    }
}

#[test]
fn linear_regression_agrees_with_numpy() {
    let fixture = fixture("regression");
    for name in [
        "diabetes",
        "diabetes_ridge",
        "diabetes_three_columns",
        "randhie",
    ] {
        let case = &fixture["cases"][name];
        let width = numbers(&case["optimum"]).len() - 1;
        let parameters = format!("w = {{ shape = [{width}], start = 0.0 }}\nb = 0.0");
        check(name, case, &build(case, &parameters));
    }
}
