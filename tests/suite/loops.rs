//! Programs written as WGSL loops agree with the same programs written out and with the CPU.

#[path = "../../src/loss/tests/writer.rs"]
mod writer;

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::probe::Probe;
use etascope::loss::{
    Access, Graph, Names, NodeId, OPERATIONS_WGSL, Program, Shape, TensorInput, Varies, formula,
};
use etascope::spec::Width;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use writer::Writer;

/// Number of points at which every program runs.
const POINTS: usize = 128;

/// A loss with named inputs, the first `parameters` of which are parameters.
struct Case<'a> {
    inputs: &'a [(&'a str, Shape)],
    parameters: usize,
    loss: &'a str,
}

impl Case<'_> {
    /// Program whose outputs are the parameters after a step of gradient descent, the gradient and the loss.
    fn program(&self) -> Program {
        let mut graph = Graph::new();
        let names: Names = (self.inputs.iter())
            .map(|(name, shape)| {
                (
                    (*name).to_owned(),
                    graph.input(name, *shape, Varies::PerChain),
                )
            })
            .collect();
        let loss = formula(&mut graph, &names, self.loss)
            .unwrap_or_else(|error| panic!("{}: {error:?}", self.loss));
        let parameters: Vec<NodeId> = (self.inputs[..self.parameters].iter())
            .map(|(name, _)| names[*name])
            .collect();
        let gradient = graph.gradient(loss, &parameters);
        let step = graph.constant(0.125);
        let next: Vec<NodeId> = (parameters.iter().zip(&gradient))
            .map(|(&parameter, &slope)| {
                let drift = graph.mul(step, slope);
                graph.sub(parameter, drift)
            })
            .collect();
        let outputs: Vec<NodeId> = next.into_iter().chain(gradient).chain([loss]).collect();
        let size: usize = (self.inputs[..self.parameters].iter())
            .map(|(_, shape)| shape.len())
            .sum();
        let feedback: Vec<(usize, usize)> = (0..size).map(|k| (k, k)).collect();
        Program::compile_feedback(&graph, &outputs, &feedback)
    }
}

/// WGSL style of a program.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Loops,
    Unrolled,
}

/// Writes a WGSL function that evaluates a program at a point. It stores all outputs in `results` from `first` on, and temporaries from
/// `memory` on; the second value is the number of temporaries.
fn function(name: &str, program: &Program, style: Style) -> (String, usize) {
    let slots = program.input_count();
    let mut text = format!("fn {name}(point: u32, first: u32, memory: u32) {{\n");
    if style == Style::Unrolled {
        let inputs: Vec<String> = (0..slots)
            .map(|k| format!("words[point * {slots}u + {k}u]"))
            .collect();
        let body = program.wgsl(&inputs, Width::Single);
        text.push_str(&body.statements);
        for (k, output) in body.outputs.iter().enumerate() {
            let _ = writeln!(text, "  results[first + {k}u] = {output};");
        }
        return (text + "}\n", 0);
    }
    let array = |open: &str| Access {
        open: open.to_owned(),
        close: "]".to_owned(),
    };
    let inputs: Vec<TensorInput> = (program.tensor_inputs().iter())
        .map(|(_, first, _)| TensorInput {
            array: array(&format!("words[point * {slots}u + ")),
            first: *first,
        })
        .collect();
    let memory = TensorInput {
        array: array("results[memory + "),
        first: 0,
    };
    let body = program.wgsl_loops(&inputs, &memory, Width::Single);
    text.push_str(&body.statements);
    for (output, (first, count)) in body.outputs.iter().zip(program.tensor_outputs()) {
        let element = output.element("k");
        let _ = writeln!(
            text,
            "  for (var k = 0u; k < {count}u; k++) {{\n    results[first + {first}u + k] = {element};\n  }}"
        );
    }
    (text + "}\n", body.temporaries)
}

/// Runs programs with equal inputs at all points. Returns the outputs, point by point, for each program, and the time.
fn on_device(
    probe: &Probe,
    programs: &[Program],
    style: Style,
    points: &[Vec<f32>],
) -> (Vec<Vec<f32>>, Duration) {
    let mut source = String::from(
        "@group(0) @binding(0) var<storage, read> words: array<f32>;\n\
         @group(0) @binding(1) var<storage, read_write> results: array<f32>;\n\
         fn turns(count: u32) -> u32 { return count; }\n",
    );
    source.push_str(OPERATIONS_WGSL);
    let mut calls = String::new();
    let outputs: usize = programs.iter().map(Program::output_count).sum();
    let (mut total, mut memory) = (0, outputs * POINTS);
    for (number, program) in programs.iter().enumerate() {
        let (text, words) = function(&format!("program{number}"), program, style);
        source.push_str(&text);
        let count = program.output_count();
        let _ = writeln!(
            calls,
            "  program{number}(id.x, {total}u + id.x * {count}u, {memory}u + id.x * {words}u);"
        );
        total += count * POINTS;
        memory += words * POINTS;
    }
    let _ = write!(
        source,
        "@compute @workgroup_size(128) fn probe(@builtin(global_invocation_id) id: vec3<u32>) {{\n{calls}}}\n"
    );
    let words: Vec<u32> = points.iter().flatten().map(|x| x.to_bits()).collect();
    let start = Instant::now();
    let words = probe.run(&source, &words, POINTS, memory);
    let elapsed = start.elapsed();
    let mut rest: Vec<f32> = words.into_iter().map(f32::from_bits).collect();
    let results = programs
        .iter()
        .map(|program| rest.drain(..program.output_count() * POINTS).collect())
        .collect();
    (results, elapsed)
}

fn points(random: &mut Xoshiro256PlusPlus, slots: usize) -> Vec<Vec<f32>> {
    (0..POINTS)
        .map(|_| (0..slots).map(|_| random.random_range(-1.0..1.0)).collect())
        .collect()
}

/// Outputs of a program, and the largest magnitude among its outputs and remaining intermediate values.
fn on_cpu<T: etascope::loss::Real + Into<f64>>(program: &Program, at: &[f32]) -> (Vec<f64>, f64) {
    let mut rows = vec![[T::from_f64(0.0); 1]; program.row_count()];
    for (row, x) in rows.iter_mut().zip(at) {
        row[0] = T::from_f64(f64::from(*x));
    }
    program.prepare(&mut rows);
    program.run(&mut rows);
    let size = |row: &[T; 1]| row[0].into().abs();
    let outputs = (0..program.output_count())
        .map(|output| rows[program.output_row(output)][0].into())
        .collect();
    (outputs, rows.iter().map(size).fold(1.0, f64::max))
}

/// Largest difference between device and CPU in `f64`, in units of `allowed`, and its output.
fn worst(program: &Program, results: &[f32], points: &[Vec<f32>], allowed: f64) -> (f64, usize) {
    let mut worst = (0.0, 0);
    for (at, found) in points.iter().zip(results.chunks(program.output_count())) {
        let (exact, scale) = on_cpu::<f64>(program, at);
        for (output, (&found, exact)) in found.iter().zip(exact).enumerate() {
            let off = (f64::from(found) - exact).abs() / (allowed * scale);
            if off.is_nan() || off > worst.0 {
                worst = (if off.is_nan() { f64::INFINITY } else { off }, output);
            }
        }
    }
    worst
}

/// Bound on the rounding error relative to the largest value.
///
/// Each operation rounds by 2⁻²⁴, and a WGSL function (tanh, exp, log of moderate numbers) by at most 16 times that. The slopes of the
/// functions are below one, so errors at most add up. They pass through at most eight layers of sums with at most `longest` terms.
fn allowance(longest: usize) -> f64 {
    (8 * longest + 16 * 8) as f64 * 2.0_f64.powi(-24)
}

fn assert_agrees(case: &Case<'_>, longest: usize, seed: u64) -> Duration {
    let program = case.program();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let points = points(&mut random, program.input_count());
    let programs = [program];
    let (results, elapsed) = on_device(&Probe::open(), &programs, Style::Loops, &points);
    let (off, output) = worst(&programs[0], &results[0], &points, allowance(longest));
    println!("{}: {off:.3} of the allowed error", case.loss);
    assert!(
        off <= 1.0,
        "{}: output {output}: {off} of the allowed error",
        case.loss
    );
    elapsed
}

#[test]
fn softmax_regression_agrees() {
    let case = Case {
        inputs: &[
            ("W", Shape::Matrix(7, 12)),
            ("b", Shape::Vector(7)),
            ("u", Shape::Vector(12)),
            ("y", Shape::Vector(7)),
        ],
        parameters: 2,
        loss: "s = W @ u + b\nlogsumexp(s) - dot(y, s) + 0.05 * sum(W^2)",
    };
    // The longest sum is that of the squares of all weights.
    assert_agrees(&case, 7 * 12, 1);
}

/// A network of two hidden layers with cross-entropy.
fn network(inputs: usize, hidden: usize, classes: usize) -> [(&'static str, Shape); 8] {
    [
        ("W1", Shape::Matrix(hidden, inputs)),
        ("b1", Shape::Vector(hidden)),
        ("W2", Shape::Matrix(hidden, hidden)),
        ("b2", Shape::Vector(hidden)),
        ("W3", Shape::Matrix(classes, hidden)),
        ("b3", Shape::Vector(classes)),
        ("u", Shape::Vector(inputs)),
        ("y", Shape::Vector(classes)),
    ]
}

const NETWORK: &str =
    "h = tanh(W2 @ tanh(W1 @ u + b1) + b2)\ns = W3 @ h + b3\nlogsumexp(s) - dot(y, s)";

#[test]
fn a_small_network_agrees() {
    let case = Case {
        inputs: &network(4, 5, 3),
        parameters: 6,
        loss: NETWORK,
    };
    assert_agrees(&case, 5, 2);
}

#[test]
fn a_network_of_two_thousand_parameters_agrees() {
    let case = Case {
        inputs: &network(10, 36, 8),
        parameters: 6,
        loss: NETWORK,
    };
    let elapsed = assert_agrees(&case, 36, 3);
    println!("compiled and run in {elapsed:?}");
}

#[test]
fn every_array_access_agrees() {
    let inputs = [
        ("A", Shape::Matrix(4, 6)),
        ("B", Shape::Matrix(6, 4)),
        ("u", Shape::Vector(4)),
        ("v", Shape::Vector(6)),
        ("x", Shape::Scalar),
    ];
    for (seed, loss) in [
        "logsumexp(A @ v) + norm(tanh(B @ u)) * x",
        "norm(outer(u, v) - transpose(B)) + max(A)",
        "sum(tanh(transpose(outer(u, v) + A)) @ u) + sum(transpose(A @ B) @ A @ v)",
        "A[1, 2] * sum(A[3]) + dot(A[0], B @ (A[2][0] * u)) + norm([A[1], B @ u, v] + x)",
        "logsumexp([u @ A, v @ (B @ A)]) + v[2]^2 + v[3] * v[4] + min(v)",
        "sum(sin(A @ B)[2]) + sum(transpose(A)[3] * u) + sum(outer(u, u) @ outer(u, u))",
        "dot([x, 2, u[1], 0.5], u)^2 + sum(abs(A)^1.5) + sum([v[0], v[1]]^[2, 3]) * x",
        "norm(A) * norm(u) + logsumexp(transpose(B)) + sum(select(A < 2, A * x, x))",
        "w = exp(0.3 * u)\ndot(w / sum(w), A @ v) + 0 * x",
    ]
    .into_iter()
    .enumerate()
    {
        let case = Case {
            inputs: &inputs,
            parameters: 5,
            loss,
        };
        // Sums have at most as many terms as a matrix has elements. At the seeded points norms are far from zero, with slopes below 2.
        assert_agrees(&case, 24, 10 + seed as u64);
    }
}

#[test]
fn random_formulas_agree() {
    let inputs = [
        ("x", Shape::Scalar),
        ("y", Shape::Scalar),
        ("u", Shape::Vector(2)),
        ("v", Shape::Vector(3)),
        ("A", Shape::Matrix(2, 3)),
    ];
    let mut writer = Writer {
        random: Xoshiro256PlusPlus::seed_from_u64(5),
        jumps: false,
    };
    let probe = Probe::open();
    let points = points(&mut writer.random, 13);
    let mut compared = 0;
    // One shader per formula: lavapipe's compile time grows with the square of the number of memory accesses.
    for _ in 0..24 {
        let mut programs = Vec::new();
        let mut texts = Vec::new();
        while programs.is_empty() {
            let text = writer.formula();
            let case = Case {
                inputs: &inputs,
                parameters: 5,
                loss: &text,
            };
            // At a discontinuity rounding would decide the side.
            if !writer.jumps {
                programs.push(case.program());
                texts.push(text);
            }
        }
        let (results, _) = on_device(&probe, &programs, Style::Loops, &points);
        let (unrolled, _) = on_device(&probe, &programs, Style::Unrolled, &points);
        for (((program, text), results), unrolled) in
            programs.iter().zip(&texts).zip(&results).zip(&unrolled)
        {
            compared += compare(program, text, &points, results, unrolled);
        }
    }
    println!("{compared} points");
    assert!(
        compared > 2_000,
        "only {compared} points with moderate values"
    );
}

/// Compares both styles on the device with the CPU in single precision. Returns the number of points with moderate values.
fn compare(
    program: &Program,
    text: &str,
    points: &[Vec<f32>],
    loops: &[f32],
    unrolled: &[f32],
) -> usize {
    let count = program.output_count();
    let mut compared = 0;
    let both = loops.chunks(count).zip(unrolled.chunks(count));
    for (at, (loops, unrolled)) in points.iter().zip(both) {
        let (wide, scale) = on_cpu::<f64>(program, at);
        let (narrow, _) = on_cpu::<f32>(program, at);
        if scale.is_nan() || scale >= 100.0 {
            continue;
        }
        compared += 1;
        for output in 0..count {
            let rounding = (narrow[output] - wide[output]).abs();
            let own = (f64::from(loops[output]) - wide[output]).abs();
            let other = (f64::from(unrolled[output]) - wide[output]).abs();
            // 2e-4 of the scale bounds the rounding on the CPU in the tests of gradients. Functions of a device are less accurate, but in
            // both styles alike.
            let allowed = 2e-4 * scale + 4.0 * (rounding + other);
            assert!(
                own <= allowed,
                "{text} at {at:?}: output {output} is off by {own}, unrolled by {other}, on the CPU by {rounding}"
            );
        }
    }
    compared
}

/// Compile times of networks of increasing width. Mesa caches compiled shaders: set MESA_SHADER_CACHE_DISABLE=true.
#[test]
#[ignore = "takes minutes: a measurement, not a test"]
fn compile_times() {
    for (style, name) in [(Style::Loops, "loops"), (Style::Unrolled, "unrolled")] {
        for (inputs, hidden, classes) in [(4, 5, 3), (10, 12, 8), (10, 18, 8), (10, 36, 8)] {
            let case = Case {
                inputs: &network(inputs, hidden, classes),
                parameters: 6,
                loss: NETWORK,
            };
            let programs = [case.program()];
            let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
            let points = points(&mut random, programs[0].input_count());
            let (_, elapsed) = on_device(&Probe::open(), &programs, style, &points);
            let slots = programs[0].input_count();
            println!("{name}, {slots} inputs: {elapsed:?}");
        }
    }
}
