//! Losses that need full-data passes, and networks that exceed the registers: engines compared with each other and with the
//! loss in f64.

use super::{data_and_loss, fixture};
use crate::support::{problem, whole};
use crate::truth::verdict::engines;
use etascope::compile::Problem;
use etascope::plan::{Checkpoint, Segment};

fn diabetes(parameters: &str, formula: &str, dynamics: &str, chains: u32) -> Problem {
    problem(&format!(
        "[parameters]\n{parameters}\n\
         [data]\nfile = \"{}/examples/data/diabetes.csv\"\nvalidation = 0.2\nstandardize = true\n\
         columns = {{ u = [\"age\", \"sex\", \"bmi\", \"bp\", \"s1\", \"s2\", \"s3\", \"s4\", \"s5\", \"s6\"], y = \"target\" }}\n\
         [loss]\nformula = \"\"\"\n{formula}\n\"\"\"\nregularization = \"0.001 * c^2\"\n\
         [dynamics]\nkind = \"sgd\"\n{dynamics}\n[ensemble]\nchains = {chains}\nduration = {{ steps = 3 }}\nseed = 71\n",
        env!("CARGO_MANIFEST_DIR")
    ))
}

/// A network of two hidden layers with tanh.
fn network(first: u32, second: u32, dynamics: &str, chains: u32) -> Problem {
    diabetes(
        &format!(
            "W1 = {{ shape = [{first}, 10], start = \"normal(0, 0.3)\" }}\nb1 = {{ shape = [{first}], start = 0.0 }}\n\
             W2 = {{ shape = [{second}, {first}], start = \"normal(0, 0.2)\" }}\nb2 = {{ shape = [{second}], start = 0.0 }}\n\
             v = {{ shape = [{second}], start = \"normal(0, 0.2)\" }}\nc = 0.0"
        ),
        "h = tanh(W1 @ u + b1)\nk = tanh(W2 @ h + b2)\n0.5 * (dot(v, k) + c - y)^2",
        dynamics,
        chains,
    )
}

/// States and observed values after three steps; the first engine is the reference.
fn compare(what: &str, problem: &Problem, bound: f64) {
    let mut reference: Option<(Vec<f64>, Vec<f64>)> = None;
    for (name, mut engine) in engines(problem) {
        engine.init_tile(whole(problem)).expect("loads");
        let checkpoint = Checkpoint {
            segments: vec![Segment { begin: 0, steps: 3 }],
            phase: 0,
            measured: true,
        };
        engine.step(&checkpoint, &|_| {}).expect("advances");
        let found = (
            engine.states().expect("states"),
            engine.values().expect("values"),
        );
        let Some((states, values)) = &reference else {
            check_loss(what, problem, &found);
            reference = Some(found);
            continue;
        };
        for (kind, a, b) in [("state", &found.0, states), ("value", &found.1, values)] {
            assert_eq!(a.len(), b.len(), "{what}: as many numbers");
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                let off = (a - b).abs() / b.abs().max(1.0);
                assert!(off <= bound, "{what}, {name}: {kind} {index}: {a} and {b}");
            }
        }
    }
}

/// Compares the observed loss of the first chain with the mean over the data in f64. The tolerance 1e-5 is for f32 sums of
/// some hundred examples.
fn check_loss(what: &str, problem: &Problem, (states, values): &(Vec<f64>, Vec<f64>)) {
    let parameters = &states[..problem.names.len()];
    let exact = problem.model.loss(parameters);
    let found = values[problem.outputs.loss];
    assert!(
        (found - exact).abs() < 1e-5 * exact.max(1.0),
        "{what}: {found} instead of {exact}"
    );
}

/// Tolerance 2e-5: three steps and a sum over 354 examples make some thousand random roundings of 6e-8, of numbers near 1.
const BOUND: f64 = 2e-5;

#[test]
fn small_networks_agree_on_every_engine() {
    compare("one at a time", &network(4, 3, "eta = 0.05", 300), BOUND);
    compare(
        "batches",
        &network(4, 3, "eta = 0.05\nbatch = 6", 300),
        BOUND,
    );
    let shuffled = "eta = 0.05\nbatch = 6\nsampling = \"shuffle\"\noptimizer = \"adam\"";
    compare(
        "Adam in the order of epochs",
        &network(4, 3, shuffled, 300),
        1e-3,
    );
}

#[test]
fn a_network_of_two_thousand_parameters_agrees_on_every_engine() {
    let problem = network(40, 37, "eta = 0.01\nbatch = 2", 8);
    assert_eq!(problem.names.len(), 1995, "parameters");
    compare("two thousand parameters", &problem, BOUND);
}

#[test]
fn logistic_softmax_and_poisson_regression_agree_on_every_engine() {
    let fixture = fixture("optima");
    for (name, parameters) in [
        (
            "logistic",
            "w = { shape = [10], start = \"normal(0, 0.5)\" }\nb = 0.0",
        ),
        (
            "softmax",
            "W = { shape = [3, 4], start = \"normal(0, 0.5)\" }\nb = { shape = [3], start = 0.0 }",
        ),
        (
            "poisson",
            "w = { shape = [9], start = \"normal(0, 0.1)\" }\nb = 0.0",
        ),
    ] {
        let problem = problem(&format!(
            "[parameters]\n{parameters}\n{}[dynamics]\nkind = \"sgd\"\neta = 0.001\nbatch = 3\n\
             [ensemble]\nchains = 140\nseed = 72\n",
            data_and_loss(&fixture["cases"][name])
        ));
        // Sums over 20 190 examples of Poisson regression, whose terms reach 10³.
        compare(name, &problem, if name == "poisson" { 1e-3 } else { BOUND });
    }
}

/// Scores of ±10⁶ and more: neither loss nor gradient may overflow.
#[test]
fn extreme_scores_leave_losses_finite() {
    let fixture = fixture("optima");
    for (name, parameters) in [
        ("logistic", "w = { shape = [10], start = 3e5 }\nb = 0.0"),
        (
            "softmax",
            "W = { shape = [3, 4], start = \"normal(0, 1e6)\" }\nb = { shape = [3], start = -1e6 }",
        ),
    ] {
        let problem = problem(&format!(
            "[parameters]\n{parameters}\n{}[dynamics]\nkind = \"sgd\"\neta = 0.001\n\
             [ensemble]\nchains = 64\nseed = 73\nduration = {{ steps = 3 }}\n[measure]\ntrace = 1\n",
            data_and_loss(&fixture["cases"][name])
        ));
        for (engine, records) in crate::support::run_everywhere(&problem) {
            let left = records[0].divergence.count;
            let loss = records[0].last()[problem.outputs.loss];
            assert_eq!(left, 0, "{name} on {engine}: chains left");
            assert!(
                loss.mean.is_finite() && loss.count == 64,
                "{name} on {engine}: {loss:?}"
            );
        }
    }
}

#[test]
fn sixteen_bit_examples_have_their_stated_accuracy() {
    let mut text = String::from(
        "[parameters]\nw = { shape = [2], start = \"normal(0, 1)\" }\nc = 0.0\n\
         [data]\nfile = \"FILE\"\nstandardize = true\nstorage = \"f16\"\n\
         columns = { u = [\"bmi\", \"bp\"], y = \"target\" }\n\
         [loss]\nformula = \"log(1 + (dot(w, u) + c - y)^2)\"\n\
         [dynamics]\nkind = \"sgd\"\neta = 0.1\n[ensemble]\nchains = 140\nseed = 74\n",
    );
    text = text.replace(
        "FILE",
        &format!("{}/examples/data/diabetes.csv", env!("CARGO_MANIFEST_DIR")),
    );
    let halves = problem(&text);
    compare("f16", &halves, BOUND);
    let singles = problem(&text.replace("f16", "f32"));
    let at = [0.3, 0.2, 0.1];
    let (a, b) = (halves.model.loss(&at), singles.model.loss(&at));
    // Each number has a random relative error of at most 2⁻¹¹. The mean of 442 losses of slope about 1 has far less.
    assert!(a != b && (a - b).abs() < 2.0f64.powi(-11), "{a} and {b}");
}

#[test]
fn a_data_set_that_does_not_fit_the_device_is_an_error_with_both_sizes() {
    use etascope::engine::{Engine, EngineError, gpu::Gpu};
    let mut task = network(4, 3, "eta = 0.05", 8).task;
    // Exceeds lavapipe's largest binding of 128 MiB, 33 554 432 numbers. (A test of the largest possible binding, 2³² − 1
    // bytes, would need too much memory.)
    let data_pass = &mut task.data_passes[0];
    data_pass.table.values = vec![0.0; 33_554_433].into();
    let mut engine = Gpu::new(task, crate::support::device()).expect("compiles");
    let tile = etascope::plan::Tile {
        first_block: 0,
        blocks: 1,
    };
    match engine.init_tile(tile) {
        Err(EngineError::TooLarge {
            what,
            needed,
            available,
        }) => {
            assert_eq!(what, "the data set");
            assert!(
                needed.contains("134.2 MB") && available.contains("MB"),
                "{needed}, {available}"
            );
        }
        // Hardware may have larger bindings.
        Ok(()) if !crate::support::device().report.software => {}
        other => panic!("{other:?}"),
    }
}

/// A measurement of this loss is a pass over all 442 examples, held-out ones included.
#[test]
fn data_passes_are_limited_to_the_cost_of_the_steps() {
    let measured = |loss: &str, steps: u32, rest: &str| {
        let text = format!(
            "[parameters]\nw = 0.1\n\
             [data]\nfile = \"{}/examples/data/diabetes.csv\"\nvalidation = 0.2\nstandardize = true\n\
             columns = {{ u = [\"bmi\"], y = \"target\" }}\n\
             [loss]\nformula = \"{loss}\"\n[dynamics]\nkind = \"sgd\"\neta = 0.01\nbatch = 2\n\
             [ensemble]\nchains = 8\nduration = {{ steps = {steps} }}\n{rest}",
            env!("CARGO_MANIFEST_DIR")
        );
        problem(&text).measurements
    };
    let passes = "square(tanh(w * u[0]) - y)";
    // Two examples per step.
    for (steps, expected) in [
        (22_100, 100),
        (22_099, 50),
        (11_050, 50),
        (11_049, 20),
        (1, 20),
    ] {
        assert_eq!(measured(passes, steps, ""), expected, "{steps} steps");
    }
    assert_eq!(measured(passes, 1, "[measure]\ntrace = 33\n"), 33);
    // Quadratic for every example: measured by polynomials, without a pass.
    assert_eq!(measured("square(w * u[0] - y)", 1, ""), 100);
}
