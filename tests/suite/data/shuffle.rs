//! Picks of examples: equal on every engine, and each epoch visits every example once.

use super::{csv, fixture, number, numbers};
use crate::support::{problem, whole};
use crate::truth::verdict::{Comparisons, engines, holds_everywhere};
use etascope::compile::Problem;
use etascope::engine::Engine;
use etascope::plan::{Checkpoint, Segment};
use std::fmt::Write;

/// Chains that add up the numbers of the examples they pick, and another whole number per example. Means over batches round,
/// by less than a thousandth after a hundred steps.
fn counting(examples: usize, dynamics: &str) -> (tempfile::NamedTempFile, Problem) {
    let mut text = String::from("i,q\n");
    for i in 0..examples {
        let _ = writeln!(text, "{i},{}", (i * i) % 251);
    }
    let file = csv(&text);
    // ∇L_i = −(i, q): a step with η = 1 (times the size of the batch) adds the number and the other.
    let problem = problem(&format!(
        "[parameters]\nx = 0.0\ny = 0.0\n[data]\nfile = \"{}\"\ncolumns = {{ i = \"i\", q = \"q\" }}\n\
         [loss]\nformula = \"-i * x - q * y\"\n[dynamics]\nkind = \"sgd\"\n{dynamics}\n\
         [ensemble]\nchains = 700\nduration = {{ steps = 100 }}\nseed = 51\n[measure]\ntrace = 1\n",
        file.path().display()
    ));
    (file, problem)
}

/// The states after segments of these lengths.
fn states_after(problem: &Problem, engine: &mut dyn Engine, segments: &[u64]) -> Vec<Vec<f64>> {
    engine.init_tile(whole(problem)).expect("loads");
    let mut begin = 0;
    segments
        .iter()
        .map(|&steps| {
            let checkpoint = Checkpoint {
                segments: vec![Segment { begin, steps }],
                phase: 0,
                measured: true,
            };
            begin += steps;
            engine.step(&checkpoint, &|_| {}).expect("advances");
            let states = engine.states().expect("states");
            let whole: Vec<f64> = states.iter().map(|x| x.round()).collect();
            for (x, whole) in states.iter().zip(&whole) {
                assert!((x - whole).abs() < 0.1, "{x} is no sum of whole numbers");
            }
            whole
        })
        .collect()
}

#[test]
fn picks_are_the_same_bits_on_every_engine() {
    for (examples, batch, sampling) in [
        (7, 1, "with-replacement"),
        (442, 2, "with-replacement"),
        (442, 3, "with-replacement"),
        (1000, 9, "with-replacement"),
        (1, 1, "shuffle"),
        (7, 1, "shuffle"),
        (442, 4, "shuffle"),
        (1000, 7, "shuffle"),
    ] {
        let dynamics = format!("eta = {batch}.0\nbatch = {batch}\nsampling = \"{sampling}\"");
        let (_file, problem) = counting(examples, &dynamics);
        let mut seen: Option<(&str, Vec<Vec<f64>>)> = None;
        for (name, mut engine) in engines(&problem) {
            // Odd lengths, so that blocks of random words and epochs end within segments.
            let states = states_after(&problem, engine.as_mut(), &[1, 2, 5, 1, 13, 31]);
            match &seen {
                None => seen = Some((name, states)),
                Some((first, before)) => assert!(
                    *before == states,
                    "{first} and {name} pick differently: {examples} examples, {dynamics}"
                ),
            }
        }
    }
}

#[test]
fn an_epoch_takes_every_example_once() {
    for (examples, batch) in [(1, 1), (2, 1), (7, 1), (60, 4), (442, 13), (500, 1)] {
        let dynamics = format!("eta = {batch}.0\nbatch = {batch}\nsampling = \"shuffle\"");
        let (_file, problem) = counting(examples, &dynamics);
        let epoch = (examples / batch) as u64;
        let sum: usize = (0..examples).sum();
        let others: usize = (0..examples).map(|i| (i * i) % 251).sum();
        for (name, mut engine) in engines(&problem) {
            let states = states_after(&problem, engine.as_mut(), &[epoch; 4]);
            for (number, states) in (1..).zip(states) {
                for (chain, state) in states.chunks(2).enumerate() {
                    let expected = [(number * sum) as f64, (number * others) as f64];
                    assert_eq!(
                        state, expected,
                        "{name}: chain {chain} after {number} epochs of {examples}"
                    );
                }
            }
        }
    }
}

/// Six examples, few enough for an exact average over all 720 orders (tests/fixtures/shuffle.py).
#[test]
fn the_loss_in_the_order_of_epochs_is_exact() {
    let fixture = fixture("shuffle");
    let six = &fixture["six"];
    let mut text = String::from("u0,u1,y\n");
    for row in six["examples"].as_array().expect("a list") {
        let row = numbers(row);
        let _ = writeln!(text, "{:?},{:?},{:?}", row[0], row[1], row[2]);
    }
    let file = csv(&text);
    for case in six["cases"].as_array().expect("a list") {
        for (sampling, key) in [
            ("shuffle", "shuffle"),
            ("with-replacement", "with_replacement"),
        ] {
            let losses = numbers(&case[key]["loss_from_zero"]);
            let optimizer = case["beta"].as_f64().map_or(String::new(), |beta| {
                format!("optimizer = {{ kind = \"momentum\", beta = {beta} }}\n")
            });
            let steps = losses.len();
            let text = format!(
                "[parameters]\nw = [0.0, 0.0]\n[data]\nfile = \"{}\"\ncolumns = {{ u = [\"u0\", \"u1\"], y = \"y\" }}\n\
                 [loss]\nformula = \"0.5 * (dot(w, u) - y)^2\"\n\
                 [dynamics]\nkind = \"sgd\"\neta = {}\nbatch = {}\nsampling = \"{sampling}\"\n{optimizer}\
                 [ensemble]\nchains = 65_536\nduration = {{ steps = {steps} }}\nseed = 61\n[measure]\ntrace = {steps}\n",
                file.path().display(),
                case["eta"],
                case["batch"],
            );
            holds_everywhere(&text, |problem, records| {
                let mut all = Comparisons::default();
                let end = numbers(&case[key]["loss_from_zero"]);
                for (step, moments) in &records[0].trace[1..] {
                    let measured = moments[problem.outputs.loss].mean_estimate();
                    let exact = end[*step as usize - 1];
                    // After the first step only six losses are possible, so rounding matters beside their spread.
                    let what = format!("{sampling}, {}: step {step}", case["eta"]);
                    all.add_within(what, measured, exact, 1e-6 * exact);
                }
                all.verdict()
            });
            // Power: the two kinds of sampling differ by more than the tolerance.
            let (a, b) = (
                number(&case["shuffle"]["loss"]),
                number(&case["with_replacement"]["loss"]),
            );
            assert!(
                (a - b).abs() > 0.01 * b,
                "the kinds of sampling give different results"
            );
        }
    }
}
