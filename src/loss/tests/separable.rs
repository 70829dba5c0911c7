//! Unrolled iterations of separable programs.

use crate::loss::{DrawRows, Program, Shape, formula};

/// The step of a state (x, y) with draws (z, w), fed back.
fn step(texts: [&str; 2]) -> Program {
    let shapes = ["x", "y", "z", "w", "a", "c"].map(|name| (name, Shape::Scalar));
    let (mut graph, names) = super::inputs(&shapes);
    let outputs = texts.map(|text| formula(&mut graph, &names, text).expect("a formula"));
    Program::compile_feedback(&graph, &outputs, &[(0, 0), (1, 1)])
}

const DRAWS: DrawRows = DrawRows {
    first: 2,
    count: 2,
    steps: 3,
};

const SEPARABLE: [&str; 2] = [
    "x + (a * z - c * ((x * x - 1) * x))",
    "y + (w * a - c * (y * c))",
];

/// Rows for three steps: a state, draws of every step, factors.
fn rows(program: &Program, state: [f64; 2]) -> Vec<[f64; 32]> {
    let mut rows = vec![[0.0; 32]; program.row_count() + 4];
    program.prepare(&mut rows);
    for (row, value) in state.into_iter().enumerate() {
        rows[row] = std::array::from_fn(|lane| value * (1.0 + lane as f64 / 64.0));
    }
    (rows[4], rows[5]) = ([0.25; 32], [0.5; 32]);
    let drawn = [2, 3].into_iter().chain(program.row_count()..);
    for (k, row) in drawn.take(6).enumerate() {
        rows[row] = std::array::from_fn(|lane| (k * 32 + lane) as f64 / 100.0 - 1.0);
    }
    rows
}

#[test]
fn unrolled_steps_equal_the_program_run_step_by_step() {
    let program = step(SEPARABLE);
    let unrolled = program.unroll(DRAWS).expect("two independent components");
    let mut at_once = rows(&program, [0.5, -2.0]);
    let mut one_by_one = at_once.clone();
    assert!(unrolled.run(&mut at_once, 1e6));
    for step in 0..3 {
        if step > 0 {
            let first = program.row_count() + 2 * (step - 1);
            one_by_one.copy_within(first..first + 2, 2);
        }
        program.run(&mut one_by_one);
    }
    assert_eq!(at_once[..2], one_by_one[..2]);
}

#[test]
fn values_beyond_the_bound_are_reported() {
    let program = step(SEPARABLE);
    let unrolled = program.unroll(DRAWS).expect("two independent components");
    for state in [[0.5, 40.0], [0.5, -40.0], [f64::NAN, 0.5]] {
        assert!(!unrolled.run(&mut rows(&program, state), 30.0), "{state:?}");
    }
    // A component beyond the bound after the first step, and back within it after the second.
    let mut returning = rows(&program, [0.5, 0.5]);
    returning[2] = [400.0; 32];
    returning[program.row_count()] = [-400.0; 32];
    returning[4] = [1.0; 32];
    returning[5] = [0.0; 32];
    assert!(!unrolled.run(&mut returning, 300.0));
    assert!(returning[0][0].abs() < 300.0);
    // The squares of the bound and of the component both overflow, or both underflow.
    for (bound, beyond) in [(1e200, 1e250), (1e-200, 1e-190)] {
        let mut still = rows(&program, [beyond, 0.0]);
        (still[4], still[5]) = ([0.0; 32], [0.0; 32]);
        assert!(
            !unrolled.run(&mut still, bound),
            "{beyond:e} beyond {bound:e}"
        );
    }
}

#[test]
fn components_that_read_each_other_are_not_separable() {
    let [x, y] = SEPARABLE;
    for texts in [
        [x, "y + (w * a - c * (y * x))"],
        [x, "y + (z * a - c * (y * w))"],
        [x, "y + (w * w - c * (y * a))"],
        [x, "y + w * a"],
        [x, "y + (a * a - c * (y * c))"],
        // Factors that change from step to step.
        ["x + (a * z - x * (c * (x * x - 1)))", y],
        ["x + (x * z - c * ((x * x - 1) * x))", y],
    ] {
        assert!(step(texts).unroll(DRAWS).is_none(), "{texts:?}");
    }
    // More steps than can be unrolled.
    let many = DrawRows { steps: 9, ..DRAWS };
    assert!(step(SEPARABLE).unroll(many).is_none());
}
