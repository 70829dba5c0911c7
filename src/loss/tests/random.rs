//! Random formulas: gradients against two other methods, `f32` against `f64`, feedback, WGSL.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::reference::{self, Dual, Tensor};
use super::writer::Writer;
use crate::loss::{Program, Shape};

pub(super) const INPUTS: &[(&str, Shape)] = &[
    ("x", Shape::Scalar),
    ("y", Shape::Scalar),
    ("u", Shape::Vector(2)),
    ("v", Shape::Vector(3)),
    ("A", Shape::Matrix(2, 3)),
];
const SLOTS: usize = 13;

fn point(random: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    (0..SLOTS).map(|_| random.random_range(-1.5..1.5)).collect()
}

/// The inputs as dual numbers whose derivative is taken along one slot.
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

/// Value, gradient and largest intermediate magnitude, from the independent evaluator.
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

/// Central difference along one slot; `None` if two step sizes disagree, as at a kink.
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
fn feedback_gives_the_same_outputs() {
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
        // Permuted slots, so that outputs overwrite inputs that other outputs still read.
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
        let mut sources = super::WIDTHS.map(|width| (width, String::new()));
        for number in 0..100 {
            let text = writer.formula();
            let (graph, loss, gradient) = super::with_gradient(INPUTS, &text);
            let mut outputs = vec![loss];
            outputs.extend(gradient);
            let program = Program::compile(&graph, &outputs);
            let names: Vec<String> = (0..SLOTS).map(|slot| format!("x{slot}")).collect();
            let parameters: Vec<String> =
                names.iter().map(|name| format!("{name}: Real")).collect();
            for (width, source) in &mut sources {
                let body = program.wgsl(&names, *width);
                writeln!(
                    source,
                    "fn formula{number}({}) -> Real {{\n{}  return {};\n}}",
                    parameters.join(", "),
                    body.statements,
                    body.outputs.join(" + ")
                )
                .expect("writing to a string");
            }
        }
        for (width, source) in &sources {
            super::validate(*width, source);
        }
    }
}
