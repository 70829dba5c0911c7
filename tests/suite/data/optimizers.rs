//! Update rules compared step by step with PyTorch, on given gradients (tests/fixtures/optimizers.py).

use super::{fixture, number, numbers};
use etascope::dynamics::{self, Rule, State, StepInputs};
use etascope::loss::{Graph, Program, Real, Shape, Varies};
use etascope::spec::{Kind, Optimizer};
use serde_json::Value;

/// All parameters after each step.
fn steps<T: Real>(
    optimizer: Optimizer,
    eta: f64,
    start: &[f64],
    gradients: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let size = start.len();
    let shape = Shape::Vector(size);
    let mut graph = Graph::new();
    let x = graph.input("x", shape, Varies::PerChain);
    let optimizer_state: Vec<_> = (optimizer.rule().state(&[shape]).into_iter())
        .map(|shape| graph.input("optimizer_state", shape, Varies::PerChain))
        .collect();
    let state_size: usize = optimizer_state
        .iter()
        .map(|&node| graph.shape(node).len())
        .sum();
    let g = graph.input("g", shape, Varies::PerChain);
    let rates = vec![1.0; size];
    let rule = Rule {
        kind: Kind::Sgd,
        optimizer,
        scale: None,
        rates: &rates,
    };
    let state = State {
        parameters: vec![x],
        optimizer_state,
    };
    let inputs = StepInputs {
        state: &state,
        gradients: &[g],
        draws: &[],
        sigma: &[],
    };
    let step = dynamics::step(&mut graph, &inputs, &rule);
    let width = size + state_size;
    let feedback: Vec<(usize, usize)> = (0..width).map(|k| (k, k)).collect();
    let program = Program::compile_feedback(
        &graph,
        &[step.next, step.optimizer_state].concat(),
        &feedback,
    );
    let mut rows = vec![[T::ZERO]; program.row_count()];
    program.prepare(&mut rows);
    for (row, &x) in rows.iter_mut().zip(start) {
        *row = [T::from_f64(x)];
    }
    let coefficients = dynamics::coefficients(&rule, eta, eta);
    gradients
        .iter()
        .map(|gradient| {
            for (k, &value) in gradient.iter().chain(&coefficients).enumerate() {
                rows[width + k] = [T::from_f64(value)];
            }
            program.run(&mut rows);
            (0..size).map(|k| rows[k][0].to_f64()).collect()
        })
        .collect()
}

fn optimizer(name: &str, case: &Value) -> Optimizer {
    let get = |key: &str| number(&case[key]);
    match name {
        "sgd" => Optimizer::Sgd,
        "momentum" | "nesterov" => Optimizer::Momentum {
            beta: get("beta"),
            nesterov: name == "nesterov",
        },
        "rmsprop" => Optimizer::RmsProp {
            beta2: get("beta2"),
            epsilon: get("epsilon"),
        },
        "adam" => Optimizer::Adam {
            beta1: get("beta1"),
            beta2: get("beta2"),
            epsilon: get("epsilon"),
        },
        other => panic!("unknown rule {other}"),
    }
}

/// `epsilon` is the machine epsilon. 50 steps make about ten roundings each.
fn compare<T: Real>(sequence: &str, epsilon: f64) {
    let fixture = fixture("optimizers");
    let start = numbers(&fixture["start"]);
    let sequence = &fixture["sequences"][sequence];
    let gradients: Vec<Vec<f64>> = sequence["gradients"]
        .as_array()
        .expect("a list")
        .iter()
        .map(numbers)
        .collect();
    for name in ["sgd", "momentum", "nesterov", "rmsprop", "adam"] {
        let case = &sequence[name];
        let found = steps::<T>(
            optimizer(name, case),
            number(&case["eta"]),
            &start,
            &gradients,
        );
        let exact = case["parameters"].as_array().expect("a list");
        assert_eq!(found.len(), exact.len(), "{name}: as many steps");
        // Rounding errors are relative to the largest number added.
        let mut size = vec![0.0f64; start.len()];
        for (step, (found, exact)) in found.iter().zip(exact).enumerate() {
            for (k, (found, exact)) in found.iter().zip(numbers(exact)).enumerate() {
                size[k] = size[k].max(exact.abs()).max(1.0);
                let off = (found - exact).abs() / size[k];
                assert!(
                    off <= 500.0 * epsilon,
                    "{name}, step {step}, parameter {k}: {found} instead of {exact}"
                );
            }
        }
    }
}

#[test]
fn rules_follow_pytorch_in_f64() {
    compare::<f64>("ordinary", f64::EPSILON);
    compare::<f64>("extreme", f64::EPSILON);
}

#[test]
fn rules_follow_pytorch_in_f32() {
    compare::<f32>("ordinary", f64::from(f32::EPSILON));
}

/// Lion on the gradients of the PyTorch fixture against algorithm 2 of Chen et al. (2023), written out.
#[test]
fn lion_follows_its_paper() {
    let (beta1, beta2, eta) = (0.9, 0.99, 0.01);
    let fixture = fixture("optimizers");
    let start = numbers(&fixture["start"]);
    let gradients: Vec<Vec<f64>> = fixture["sequences"]["ordinary"]["gradients"]
        .as_array()
        .expect("a list")
        .iter()
        .map(numbers)
        .collect();
    let found = steps::<f64>(Optimizer::Lion { beta1, beta2 }, eta, &start, &gradients);
    let mut x = start.clone();
    let mut mean = vec![0.0f64; start.len()];
    for (step, (gradient, found)) in gradients.iter().zip(&found).enumerate() {
        for (k, &g) in gradient.iter().enumerate() {
            let mixed = beta1 * mean[k] + (1.0 - beta1) * g;
            x[k] -= eta * f64::from(i8::from(mixed > 0.0) - i8::from(mixed < 0.0));
            mean[k] = beta2 * mean[k] + (1.0 - beta2) * g;
            // Each step adds ±0.01: rounding is a few units in the last place of the largest x.
            assert!(
                (found[k] - x[k]).abs() < 1e-13,
                "step {step}, parameter {k}"
            );
        }
    }
    let moved = found.last().expect("steps").iter().zip(&start);
    assert!(
        moved.clone().all(|(x, from)| x != from),
        "every parameter moves"
    );
}
