//! Random formulas: gradients against two other methods, `f32` against `f64`, feedback, WGSL.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::reference::{self, Dual, Tensor};
use crate::loss::{OPERATIONS_WGSL, Program, Shape};

const INPUTS: &[(&str, Shape)] = &[
    ("x", Shape::Scalar),
    ("y", Shape::Scalar),
    ("u", Shape::Vector(2)),
    ("v", Shape::Vector(3)),
    ("A", Shape::Matrix(2, 3)),
];
const SLOTS: usize = 13;

/// Writes random formulas whose values stay moderate and inside every domain.
struct Writer {
    random: Xoshiro256PlusPlus,
    /// Whether anything written jumps, so that rounding may change the value by more than rounding.
    jumps: bool,
}

impl Writer {
    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.random.random_range(0..options.len())]
    }

    /// Fills a pattern: `s` becomes a random scalar, `2` and `3` vectors of that length, `M` a 2×3 and `W` a 3×2 matrix,
    /// where they stand after a backslash.
    fn fill(&mut self, pattern: &str, depth: u32) -> String {
        self.jumps |= ["sign", "select", "<", "=", "not"]
            .iter()
            .any(|word| pattern.contains(word));
        let mut out = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            let part = match chars.next() {
                Some('s') => self.scalar(depth),
                Some('2') => self.vector(2, depth),
                Some('3') => self.vector(3, depth),
                Some('M') => self.wide(depth),
                Some('W') => self.tall(depth),
                other => panic!("{other:?}"),
            };
            out.push_str(&part);
        }
        out
    }

    fn scalar(&mut self, depth: u32) -> String {
        let leaves = [
            "x", "y", "v[1]", "A[1, 2]", "u[0]", "0.5", "2", "1.25", "3", "pi", "0", "1",
        ];
        if depth == 0 {
            return self.pick(&leaves).to_owned();
        }
        let pattern = self.pick(&[
            "(\\s + \\s)",
            "(\\s - \\s)",
            "\\s * \\s",
            "(\\s * \\s)",
            "(\\s) / (1 + \\s^2)",
            "(-\\s)",
            "(\\s)^2",
            "(\\s)^3",
            "(1 + (\\s)^2)^-1.5",
            "(1 + \\s^2)^0.3",
            "(1.5 + sin(\\s))^tanh(\\s)",
            "sqrt(1 + (\\s)^2)",
            "exp(sin(\\s))",
            "log(1 + (\\s)^2)",
            "log1p((\\s)^2)",
            "expm1(cos(\\s))",
            "tanh(\\s)",
            "sigmoid(\\s)",
            "softplus(\\s)",
            "relu(\\s)",
            "abs(\\s)",
            "sign(\\s) * \\s",
            "sin(\\s)",
            "cos(\\s)",
            "erf(\\s)",
            "min(\\s, \\s)",
            "max(\\s, \\s)",
            "select(\\s < \\s, \\s, \\s)",
            "select(\\s >= 0.3 and not (\\s > 1), \\s, \\s)",
            "sum(\\3)",
            "mean(\\M)",
            "dot(\\3, \\3)",
            "(\\2 @ \\2)",
            "norm(\\3)",
            "logsumexp(\\3)",
            "logsumexp(\\M)",
            "max(\\3)",
            "min(\\2)",
            "sum(\\M)",
            "norm(\\W)",
            "square(\\s)",
            "(\\3)[2]",
            "(\\M)[0, 1]",
            "sum((\\M @ \\W)[1])",
            "pow(1 + \\s^2, \\s / (2 + \\s^2))",
        ]);
        self.fill(pattern, depth - 1)
    }

    fn vector(&mut self, length: usize, depth: u32) -> String {
        let (own, other, product, back) = if length == 2 {
            ("u", "\\2", "(\\M @ \\3)", "(\\3 @ \\W)")
        } else {
            ("v", "\\3", "(\\W @ \\2)", "(\\2 @ \\M)")
        };
        if depth == 0 {
            return own.to_owned();
        }
        let list = if length == 2 {
            "[\\s, \\s]"
        } else {
            "[\\s, \\s, \\s]"
        };
        let row = if length == 2 { "(\\W)[2]" } else { "(\\M)[1]" };
        let pattern = self.pick(&[
            "O",
            "LIST",
            "ROW",
            "P",
            "B",
            "(O + O)",
            "(\\s * O)",
            "(O - \\s)",
            "tanh(O)",
            "(-O)",
            "((O * \\s) * \\s)",
            "(O)^2",
            "select(O < O, O, \\s)",
            "max(O, 0.25)",
            "(O / (1 + (O)^2))",
        ]);
        let pattern = pattern
            .replace("LIST", list)
            .replace("ROW", row)
            .replace('O', other)
            .replace('P', product)
            .replace('B', back);
        self.fill(&pattern, depth - 1)
    }

    fn wide(&mut self, depth: u32) -> String {
        if depth == 0 {
            return "A".to_owned();
        }
        let pattern = self.pick(&[
            "\\M",
            "outer(\\2, \\3)",
            "(\\M + \\M)",
            "(\\s * \\M)",
            "tanh(\\M)",
            "transpose(\\W)",
            "[\\3, \\3]",
            "(\\M @ \\W @ \\M)",
            "(\\M - \\s)",
        ]);
        self.fill(pattern, depth - 1)
    }

    fn tall(&mut self, depth: u32) -> String {
        if depth == 0 {
            return "transpose(A)".to_owned();
        }
        let pattern = self.pick(&[
            "\\W",
            "outer(\\3, \\2)",
            "transpose(\\M)",
            "[\\2, \\2, \\2]",
            "sin(\\W)",
        ]);
        self.fill(pattern, depth - 1)
    }

    /// A formula, now and then with a named step.
    fn formula(&mut self) -> String {
        self.jumps = false;
        let depth = self.random.random_range(1..=4);
        let body = self.scalar(depth);
        if self.random.random_bool(0.2) {
            let step = self.scalar(2);
            return format!("step = {step}\n{body} + step * step");
        }
        body
    }
}

fn point(random: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    (0..SLOTS).map(|_| random.random_range(-1.5..1.5)).collect()
}

/// The inputs as dual numbers that move along one slot.
fn along(at: &[f64], slot: usize) -> BTreeMap<String, Tensor> {
    let mut duals = at
        .iter()
        .enumerate()
        .map(|(index, x)| Dual(*x, f64::from(u8::from(index == slot))));
    INPUTS
        .iter()
        .map(|(name, shape)| {
            (
                (*name).to_owned(),
                Tensor {
                    shape: *shape,
                    data: duals.by_ref().take(shape.len()).collect(),
                },
            )
        })
        .collect()
}

/// Value, gradient and largest magnitude by the independent evaluator.
fn by_duals(text: &str, at: &[f64]) -> (f64, Vec<f64>, f64) {
    let runs: Vec<_> = (0..SLOTS)
        .map(|slot| reference::evaluate(text, &along(at, slot)))
        .collect();
    let largest = runs.iter().map(|run| run.1).fold(0.0, f64::max);
    (
        runs[0].0.0,
        runs.iter().map(|run| run.0.1).collect(),
        largest,
    )
}

/// Central difference along one slot; `None` where two step sizes disagree, as at a kink.
fn by_differences(program: &Program, at: &[f64], slot: usize, scale: f64) -> Option<f64> {
    let difference = |h: f64| {
        let shifted = |by: f64| {
            let mut moved = at.to_vec();
            moved[slot] += by;
            program.evaluate(&moved)[0]
        };
        (shifted(h) - shifted(-h)) / (2.0 * h)
    };
    let (wide, narrow) = (difference(2e-5), difference(1e-5));
    ((wide - narrow).abs() < 1e-7 * scale).then_some(narrow)
}

fn in_f32(program: &Program, at: &[f64]) -> Vec<f64> {
    let mut rows = vec![[0.0_f32; 32]; program.row_count()];
    for (row, x) in rows.iter_mut().zip(at) {
        *row = [*x as f32; 32];
    }
    program.prepare(&mut rows);
    program.run(&mut rows);
    (0..program.output_count())
        .map(|output| {
            let row = rows[program.output_row(output)];
            assert!(
                row.iter().all(|lane| lane.to_bits() == row[0].to_bits()),
                "lanes with equal inputs differ"
            );
            f64::from(row[0])
        })
        .collect()
}

#[test]
fn gradients_agree_with_dual_numbers_and_differences() {
    let mut writer = Writer {
        random: Xoshiro256PlusPlus::seed_from_u64(1),
        jumps: false,
    };
    let (mut kept, mut differences, mut unresolved, mut single) = (0, 0, 0, 0);
    for _ in 0..4000 {
        let text = writer.formula();
        let at = point(&mut writer.random);
        let (value, slopes, largest) = by_duals(&text, &at);
        if largest > 1e4 {
            continue;
        }
        kept += 1;
        let (graph, loss, gradient) = super::with_gradient(INPUTS, &text);
        let mut outputs = vec![loss];
        outputs.extend(gradient);
        let program = Program::compile(&graph, &outputs);
        let found = program.evaluate(&at);
        // Rounding is 1e-16 of the largest magnitude per operation, magnified by the slopes that follow it.
        let scale = 1.0 + largest;
        assert!(
            (found[0] - value).abs() < 1e-11 * scale,
            "{text}: {} against {value}",
            found[0]
        );
        for (slot, slope) in slopes.iter().enumerate() {
            let own = found[1 + slot];
            assert!(
                (own - slope).abs() < 1e-10 * scale,
                "{text}: slot {slot} at {at:?}: {own} against {slope}"
            );
            // Truncation is h² f‴ / 6 = 2e-11 f‴ and rounding 1e-16 / h = 1e-11 of the value.
            match by_differences(&program, &at, slot, scale) {
                Some(difference) => {
                    differences += 1;
                    assert!(
                        (own - difference).abs() < 1e-5 * scale,
                        "{text}: slot {slot}: {own} against {difference}"
                    );
                }
                None => unresolved += 1,
            }
        }
        if !writer.jumps && largest < 100.0 {
            single += 1;
            for (wide, narrow) in found.iter().zip(in_f32(&program, &at)) {
                // 6e-8 of the largest magnitude per operation, magnified as above.
                assert!(
                    (wide - narrow).abs() < 2e-4 * scale,
                    "{text} at {at:?}: {narrow} in f32 against {wide}"
                );
            }
        }
    }
    println!("kept {kept}, differences {differences}, unresolved {unresolved}, f32 {single}");
    assert!(kept >= 3000, "only {kept} formulas stayed moderate");
    assert!(
        unresolved * 20 < differences,
        "{unresolved} differences did not resolve, {differences} did"
    );
    assert!(
        single >= 1500,
        "only {single} formulas were compared in f32"
    );
}

/// Outputs after two runs on the same rows.
fn twice(program: &Program, at: &[f64]) -> Vec<f64> {
    let mut rows = vec![[0.0_f64; 1]; program.row_count()];
    for (row, x) in rows.iter_mut().zip(at) {
        row[0] = *x;
    }
    program.prepare(&mut rows);
    program.run(&mut rows);
    program.run(&mut rows);
    (0..program.output_count())
        .map(|output| rows[program.output_row(output)][0])
        .collect()
}

#[test]
fn feedback_computes_what_plain_outputs_compute() {
    let mut writer = Writer {
        random: Xoshiro256PlusPlus::seed_from_u64(2),
        jumps: false,
    };
    for _ in 0..300 {
        let text = writer.formula();
        let at = point(&mut writer.random);
        let (mut graph, loss, gradient) = super::with_gradient(INPUTS, &text);
        let step = graph.constant(0.01);
        let outputs: Vec<_> = INPUTS
            .iter()
            .zip(gradient)
            .map(|((name, _), slope)| {
                let input = graph
                    .inputs
                    .iter()
                    .find(|input| input.name == *name)
                    .expect("declared")
                    .node;
                let drift = graph.mul(step, slope);
                graph.sub(input, drift)
            })
            .chain([loss])
            .collect();
        // Slots are permuted, so that outputs land in rows that others still read.
        let shift = writer.random.random_range(0..SLOTS);
        let feedback: Vec<_> = (0..SLOTS)
            .map(|output| (output, (output + shift) % SLOTS))
            .collect();
        let plain = Program::compile(&graph, &outputs).evaluate(&at);
        let fed = Program::compile_feedback(&graph, &outputs, &feedback);
        let found = fed.evaluate(&at);
        for (output, (a, b)) in plain.iter().zip(&found).enumerate() {
            assert!(
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
                "{text}: output {output}: {a} against {b}"
            );
        }
        for &(output, slot) in &feedback {
            assert_eq!(fed.output_row(output), slot);
        }
        // A second run continues from the first.
        let mut moved = at.clone();
        for &(output, slot) in &feedback {
            moved[slot] = plain[output];
        }
        let twice = twice(&fed, &at);
        for (a, b) in Program::compile(&graph, &outputs)
            .evaluate(&moved)
            .iter()
            .zip(&twice)
        {
            assert!(
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
                "{text}: second run: {a} against {b}"
            );
        }
    }
}

#[test]
fn every_formula_is_valid_wgsl() {
    let mut writer = Writer {
        random: Xoshiro256PlusPlus::seed_from_u64(3),
        jumps: false,
    };
    for _ in 0..30 {
        let mut source = OPERATIONS_WGSL.to_owned();
        for number in 0..100 {
            let text = writer.formula();
            let (graph, loss, gradient) = super::with_gradient(INPUTS, &text);
            let mut outputs = vec![loss];
            outputs.extend(gradient);
            let program = Program::compile(&graph, &outputs);
            let names: Vec<String> = (0..SLOTS).map(|slot| format!("x{slot}")).collect();
            let body = program.wgsl(&names);
            let parameters: Vec<String> = names.iter().map(|name| format!("{name}: f32")).collect();
            writeln!(
                source,
                "fn formula{number}({}) -> f32 {{\n{}  return {};\n}}",
                parameters.join(", "),
                body.statements,
                body.outputs.join(" + ")
            )
            .expect("writing to a string");
        }
        super::validate(&source);
    }
}
