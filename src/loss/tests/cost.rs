//! Instructions, fused loops and rows of compiled programs.

use crate::loss::row_loops::{Epilogue, RowLoop};
use crate::loss::{Graph, Names, Op, Program, Shape, Varies, formula};

/// One Langevin step `x' = x - η g(x) + a z` of a scalar loss.
fn langevin_step(text: &str) -> Program {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::Scalar, Varies::PerChain);
    let z = graph.input("z", Shape::Scalar, Varies::PerChain);
    let eta = graph.input("eta", Shape::Scalar, Varies::PerPoint);
    let amplitude = graph.input("amplitude", Shape::Scalar, Varies::PerPoint);
    let loss = formula(&mut graph, &Names::from([("x".to_owned(), x)]), text).expect("a formula");
    let gradient = graph.gradient(loss, &[x])[0];
    let drift = graph.mul(eta, gradient);
    let moved = graph.sub(x, drift);
    let kick = graph.mul(amplitude, z);
    let next = graph.add(moved, kick);
    Program::compile_feedback(&graph, &[next], &[(0, 0)])
}

/// Number of instructions in each loop over a row.
fn lengths(program: &Program) -> Vec<usize> {
    let length = |row_loop: &RowLoop| match row_loop {
        RowLoop::Single(_) => 1,
        RowLoop::Fused { ops, epilogue, .. } => {
            let more = match epilogue {
                Epilogue::Store => 0,
                Epilogue::Add(_) => 1,
                Epilogue::GradientStep(_) => 3,
            };
            ops.iter().filter(|op| **op != Op::Copy).count() + more
        }
    };
    program.row_loops.iter().map(length).collect()
}

#[test]
fn the_double_well_steps_in_four_instructions() {
    let program = langevin_step("(x^2 - 1)^2 / 4");
    assert_eq!(program.instructions(), 4);
    // x² − 1; its product with x; x minus η times that; plus a z. Three of the four are multiply-adds.
    assert_eq!(program.operations(), 7);
    // Two loops: x² − 1 and its product with x; the descent and the noise.
    assert_eq!(lengths(&program), [2, 2]);
    assert_eq!(program.output_row(0), 0);
}

/// A sum of five products takes two fused pairs and a single instruction. A value that is read twice, or is an output,
/// is stored in a row.
#[test]
fn values_with_one_reader_are_fused() {
    let shapes = ["a", "b", "c", "d", "e"].map(|name| (name, Shape::Scalar));
    let passes = |texts: &[&str]| {
        let (mut graph, names) = super::inputs(&shapes);
        let outputs: Vec<_> = (texts.iter())
            .map(|text| formula(&mut graph, &names, text).expect("a formula"))
            .collect();
        lengths(&Program::compile(&graph, &outputs))
    };
    assert_eq!(
        passes(&["a * b + c * d + d * e + a * c + b * d"]),
        [2, 2, 1]
    );
    assert_eq!(passes(&["p = a * b + c\np * (p + d)"]), [1, 1, 1]);
    assert_eq!(passes(&["a * b", "a * b + c * d"]), [1, 1]);
    assert_eq!(passes(&["(a * b + c * d) * e + d"]), [2, 1]);
    assert_eq!(passes(&["e + (a * b - c * d)"]), [3]);
}

/// A gradient step with noise is the epilogue of the loop that computes the gradient, unless the gradient has other
/// readers.
#[test]
fn a_gradient_step_is_fused_with_its_gradient() {
    let shapes = ["x", "c", "a", "z"].map(|name| (name, Shape::Scalar));
    let program = |texts: &[&str]| {
        let (mut graph, names) = super::inputs(&shapes);
        let outputs: Vec<_> = (texts.iter())
            .map(|text| formula(&mut graph, &names, text).expect("a formula"))
            .collect();
        Program::compile(&graph, &outputs)
    };
    let step = |gradient: &str| format!("x + (a * z - c * ({gradient}))");
    let well = program(&[&step("(x * x - 1) * x")]);
    assert_eq!(lengths(&well), [5]);
    assert_eq!(lengths(&program(&[&step("x * a")])), [4]);
    assert_eq!(lengths(&program(&[&step("x * a"), "x * a"])), [1, 3]);

    // x = 3, c = ½, a = 2, z = 5: 3 + (10 − 12).
    let inputs = [3.0, 0.5, 2.0, 5.0];
    assert_eq!(well.evaluate(&inputs), [1.0]);
    assert_eq!(program(&[&step("x * a")]).evaluate(&inputs), [10.0]);
}

/// Moved inputs give the same outputs, and their original rows (NaN here) are never read.
#[test]
fn moved_inputs_give_the_same_outputs() {
    let shapes = ["a", "b", "c", "d"].map(|name| (name, Shape::Scalar));
    let (mut graph, names) = super::inputs(&shapes);
    let texts = ["a * b + c * d", "exp(b - c)", "d + (a * b - c * (a * d))"];
    let outputs = texts.map(|text| formula(&mut graph, &names, text).expect("a formula"));
    let program = Program::compile(&graph, &outputs);
    let moved = program.row_count() + 3;
    let relocated = program.with_inputs_moved(1, 2, moved);
    assert_eq!(relocated.row_count(), moved + 2);
    let mut rows = vec![[f64::NAN; 16]; moved + 2];
    relocated.prepare(&mut rows);
    for (row, value) in [(0, 1.5), (3, -0.5), (moved, 0.25), (moved + 1, 3.0)] {
        rows[row] = [value; 16];
    }
    relocated.run(&mut rows);
    for (k, expected) in program.evaluate(&[1.5, 0.25, 3.0, -0.5]).iter().enumerate() {
        assert_eq!(rows[relocated.output_row(k)], [*expected; 16]);
    }
}

#[test]
fn a_gradient_costs_a_small_multiple_of_its_loss() {
    let shapes = [
        ("W1", Shape::Matrix(12, 10)),
        ("b1", Shape::Vector(12)),
        ("W2", Shape::Matrix(5, 12)),
        ("b2", Shape::Vector(5)),
        ("u", Shape::Vector(10)),
        ("y", Shape::Vector(5)),
    ];
    let (mut graph, names) = super::inputs(&shapes);
    let text = "h = tanh(W1 @ u + b1)\ns = W2 @ h + b2\nlogsumexp(s) - dot(y, s)";
    let loss = formula(&mut graph, &names, text).expect("a formula");
    let alone = Program::compile(&graph, &[loss]).instructions();
    let wrt = ["W1", "b1", "W2", "b2"].map(|name| names[name]);
    let mut outputs = graph.gradient(loss, &wrt);
    outputs.push(loss);
    let both = Program::compile(&graph, &outputs).instructions();
    assert!(both <= 4 * alone, "{both} instructions against {alone}");
}

#[test]
fn the_zeros_of_a_gradient_cost_nothing() {
    let (graph, _, gradient) = super::with_gradient(&[("v", Shape::Vector(100))], "v[3]^2 + v[7]");
    let program = Program::compile(&graph, &gradient);
    assert_eq!(
        program.instructions(),
        1,
        "only 2 v[3] needs an instruction"
    );
    assert!((0..100).all(|slot| program.input_is_used(slot) == (slot == 3)));
}

#[test]
fn rows_are_reused() {
    let mut text = "x".to_owned();
    for _ in 0..100 {
        text = format!("sin({text}) * cos(y)");
    }
    let shapes = [("x", Shape::Scalar), ("y", Shape::Scalar)];
    let (mut graph, names) = super::inputs(&shapes);
    let loss = formula(&mut graph, &names, &text).expect("a formula");
    let program = Program::compile(&graph, &[loss]);
    assert_eq!(program.instructions(), 201);
    // Two inputs, cos(y) and the running value.
    assert_eq!(program.row_count(), 4);
}

#[test]
fn the_size_of_a_program_is_bounded_before_compiling() {
    let (graph, loss, gradient) = super::with_gradient(
        &[("A", Shape::Matrix(20, 30)), ("v", Shape::Vector(30))],
        "norm(tanh(A @ v))",
    );
    let mut outputs = gradient;
    outputs.push(loss);
    let program = Program::compile(&graph, &outputs);
    let bound = graph.scalar_operations(&outputs);
    // The bound counts each multiplication of a matrix product, fused or not.
    assert!(
        bound >= program.instructions() as u64 && bound < 3 * program.instructions() as u64,
        "{bound}"
    );
}

/// One step of gradient descent on a loss with respect to the first `parameters` inputs.
pub(super) fn descent(shapes: &[(&str, Shape)], parameters: usize, text: &str) -> Program {
    let (mut graph, names) = super::inputs(shapes);
    let eta = graph.input("eta", Shape::Scalar, Varies::PerPoint);
    let loss = formula(&mut graph, &names, text).expect("a formula");
    let wrt: Vec<_> = (shapes[..parameters].iter())
        .map(|(name, _)| names[*name])
        .collect();
    let gradient = graph.gradient(loss, &wrt);
    let next: Vec<_> = (wrt.iter().zip(gradient))
        .map(|(&parameter, slope)| {
            let drift = graph.mul(eta, slope);
            graph.sub(parameter, drift)
        })
        .collect();
    let size: usize = shapes[..parameters]
        .iter()
        .map(|(_, shape)| shape.len())
        .sum();
    let feedback: Vec<_> = (0..size).map(|k| (k, k)).collect();
    Program::compile_feedback(&graph, &next, &feedback)
}

#[test]
fn a_network_of_two_thousand_parameters_steps_in_few_rows() {
    let shapes = [
        ("W1", Shape::Matrix(36, 10)),
        ("b1", Shape::Vector(36)),
        ("W2", Shape::Matrix(36, 36)),
        ("b2", Shape::Vector(36)),
        ("W3", Shape::Matrix(8, 36)),
        ("b3", Shape::Vector(8)),
        ("u", Shape::Vector(10)),
        ("y", Shape::Vector(8)),
    ];
    let text = "h = tanh(W2 @ tanh(W1 @ u + b1) + b2)\ns = W3 @ h + b3\nlogsumexp(s) - dot(y, s)";
    let step = descent(&shapes, 6, text);
    let (graph, loss, _) = super::with_gradient(&shapes, text);
    let alone = Program::compile(&graph, &[loss]).instructions();
    assert!(
        step.instructions() <= 4 * alone,
        "{} instructions against {alone}",
        step.instructions()
    );
    // Besides inputs and constants only activations and their derivatives are live at a time: two or three vectors of a
    // layer. The 2000 elements of the gradient are not: each is read right after it is computed.
    let working = step.row_count() - step.input_count() - step.constants.len();
    assert!(working <= 6 * 36, "{working} working rows");
}
