//! Each operation of the table on all points of its domain.

use super::WIDTHS;
use crate::loss::op::{Op, Tolerance};
use crate::loss::{Graph, Program, Shape, Varies};

fn points(op: Op) -> Vec<[f64; 3]> {
    let info = op.info();
    let second = if info.arity > 1 { info.domain } else { &[0.0] };
    let third = if info.arity > 2 { info.domain } else { &[0.0] };
    let all = info.domain.iter().flat_map(|a| {
        second
            .iter()
            .flat_map(move |b| third.iter().map(move |c| [*a, *b, *c]))
    });
    all.map(|point| point.map(|x| f64::from(x as f32)))
        .collect()
}

/// Distance between neighboring `f32` at the magnitude of an exact result.
fn ulp(exact: f64) -> f64 {
    let size = (exact.abs() as f32).max(f32::MIN_POSITIVE);
    f64::from(size.next_up()) - f64::from(size)
}

#[test]
fn single_precision_keeps_the_tolerance_of_its_row() {
    for &op in Op::ALL {
        let mut worst = (0.0, [0.0; 3]);
        for point in points(op) {
            let [a, b, c] = point;
            let exact = op.apply(a, b, c);
            let found = f64::from(op.apply(a as f32, b as f32, c as f32));
            let rounded = f64::from(exact as f32);
            if found.to_bits() == rounded.to_bits()
                || (found.is_nan() && exact.is_nan())
                || found == rounded
            {
                continue;
            }
            // If the exact result is at the overflow threshold of f32, a finite and an infinite result are both right.
            if exact.abs() > 3.4e38 && found.abs() > 3.4e38 {
                continue;
            }
            let error = match op.info().tolerance {
                Tolerance::Exact => f64::INFINITY,
                // The f64 reference rounds too, by far less than an ulp of f32.
                Tolerance::Ulps(limit) => (found - exact).abs() / ulp(exact) / (limit + 1e-6),
                Tolerance::Absolute(limit) => (found - exact).abs() / limit,
            };
            // NaN counts as a failure.
            if error.is_nan() || error > worst.0 {
                worst = (if error.is_nan() { f64::INFINITY } else { error }, point);
            }
        }
        println!("{op:?}: {:.2} of its tolerance at {:?}", worst.0, worst.1);
        assert!(
            worst.0 <= 1.0,
            "{op:?} at {:?}: {} times its tolerance",
            worst.1,
            worst.0
        );
    }
}

#[test]
fn elementary_functions_keep_their_tolerance_over_their_range() {
    let dense = Op::ALL.iter().filter_map(|&op| {
        let (from, to) = op.info().dense?;
        Some((op, from, to))
    });
    // Beyond the table: far ranges, and the neighborhoods where one formula takes over from another.
    let more = [
        (Op::Exp, -87.0, 88.7),
        (Op::Expm1, -30.0, 88.0),
        (Op::Expm1, -0.5, 0.5),
        (Op::Log, 1e-38, 1e38),
        (Op::Log, 0.5, 2.0),
        (Op::Log1p, -0.9, 3.0),
        (Op::Log1p, -1e-3, 1e-3),
        (Op::Sin, -1e6, 1e6),
        (Op::Cos, -10.0, 10.0),
        (Op::Tanh, -10.0, 10.0),
        (Op::Tanh, -0.7, 0.7),
        (Op::Sigmoid, -80.0, 80.0),
        (Op::Softplus, -80.0, 80.0),
        (Op::Erf, -4.0, 4.0),
        (Op::Erf, -1.1, 1.1),
    ];
    for (op, from, to) in dense.chain(more) {
        let mut worst = (0.0, 0.0);
        let count = 200_001;
        for index in 0..count {
            let fraction = f64::from(index) / f64::from(count - 1);
            // Ranges of many decades are sampled logarithmically.
            let x = if from > 0.0 && to / from > 1e6 {
                from * (to / from).powf(fraction)
            } else {
                from + (to - from) * fraction
            };
            let x = x as f32;
            let exact = op.apply(f64::from(x), 0.0, 0.0);
            let error = (f64::from(op.apply(x, 0.0, 0.0)) - exact).abs();
            let error = match op.info().tolerance {
                Tolerance::Absolute(limit) => error / limit,
                Tolerance::Ulps(limit) => error / ulp(exact) / limit,
                Tolerance::Exact => f64::INFINITY,
            };
            // NaN counts as a failure.
            if error.is_nan() || error > worst.0 {
                worst = (if error.is_nan() { f64::INFINITY } else { error }, x);
            }
        }
        println!(
            "{op:?} on [{from}, {to}]: {:.2} of its tolerance at {}",
            worst.0, worst.1
        );
        assert!(
            worst.0 <= 1.0,
            "{op:?} at {}: {} times its tolerance",
            worst.1,
            worst.0
        );
    }
}

#[test]
fn derivatives_at_singular_points_have_their_documented_values() {
    let cases: &[(Op, &[f64], &[f64])] = &[
        (Op::Abs, &[0.0], &[0.0]),
        (Op::Abs, &[-2.0], &[-1.0]),
        (Op::Relu, &[0.0], &[0.0]),
        (Op::Relu, &[1e-30], &[1.0]),
        (Op::Sign, &[0.0], &[0.0]),
        (Op::Max, &[1.0, 1.0], &[0.5, 0.5]),
        (Op::Min, &[1.0, 1.0], &[0.5, 0.5]),
        (Op::Max, &[2.0, 1.0], &[1.0, 0.0]),
        (Op::Min, &[2.0, 1.0], &[0.0, 1.0]),
        (Op::Sqrt, &[0.0], &[f64::INFINITY]),
        (Op::Select, &[1.0, 5.0, 6.0], &[0.0, 1.0, 0.0]),
        (Op::Select, &[0.0, 5.0, 6.0], &[0.0, 0.0, 1.0]),
        (Op::Tanh, &[1e30], &[0.0]),
        (Op::Sigmoid, &[-1e30], &[0.0]),
        (Op::Softplus, &[1e30], &[1.0]),
        (Op::Less, &[1.0, 1.0], &[0.0, 0.0]),
    ];
    for (op, at, expected) in cases {
        let mut graph = Graph::new();
        let arguments: Vec<_> = at
            .iter()
            .map(|_| graph.input("x", Shape::Scalar, Varies::PerChain))
            .collect();
        let value = graph.map(*op, &arguments);
        let gradient = graph.gradient(value, &arguments);
        assert_eq!(
            Program::compile(&graph, &gradient).evaluate(at),
            *expected,
            "{op:?} at {at:?}"
        );
    }
}

#[test]
fn derivatives_agree_with_differences() {
    for &op in Op::ALL {
        let info = op.info();
        if info.derivative.is_none() {
            continue;
        }
        for point in points(op) {
            let at = &point[..info.arity];
            // Differences are accurate only where the function is smooth and neither tiny nor huge.
            if at.iter().any(|x| x.abs() < 0.05 || x.abs() > 20.0)
                || (op == Op::Log1p && at[0] < -0.9)
            {
                continue;
            }
            let mut graph = Graph::new();
            let arguments: Vec<_> = at
                .iter()
                .map(|_| graph.input("x", Shape::Scalar, Varies::PerChain))
                .collect();
            let value = graph.map(op, &arguments);
            let gradient = graph.gradient(value, &arguments);
            let found = Program::compile(&graph, &gradient).evaluate(at);
            for (which, own) in found.iter().enumerate() {
                let shifted = |by: f64| {
                    let mut moved = point;
                    moved[which] += by;
                    op.apply(moved[0], moved[1], moved[2])
                };
                let h = 1e-5;
                let difference = (shifted(h) - shifted(-h)) / (2.0 * h);
                // h² f‴ / 6 + 1e-16 f / h, with |f| and |f‴| up to the size of the value.
                let scale = 1.0 + own.abs() + shifted(0.0).abs();
                assert!(
                    (own - difference).abs() < 1e-8 * scale,
                    "{op:?} {which} at {at:?}: {own} against {difference}"
                );
            }
        }
    }
}

#[test]
fn minimum_and_maximum_keep_nan() {
    for op in [Op::Min, Op::Max] {
        assert!(op.apply(f64::NAN, 1.0, 0.0).is_nan() && op.apply(1.0, f64::NAN, 0.0).is_nan());
        assert!(op.apply(f32::NAN, 1.0, 0.0).is_nan() && op.apply(1.0, f32::NAN, 0.0).is_nan());
    }
    for op in [
        Op::Relu,
        Op::Tanh,
        Op::Erf,
        Op::Exp,
        Op::Log,
        Op::Log1p,
        Op::Expm1,
        Op::Sigmoid,
        Op::Softplus,
        Op::Sin,
        Op::Sqrt,
    ] {
        assert!(op.apply(f32::NAN, 0.0, 0.0).is_nan(), "{op:?}");
    }
}

#[test]
fn helper_functions_are_valid_wgsl() {
    for width in WIDTHS {
        super::validate(width, "");
        for &op in Op::ALL {
            let call = (op.info().wgsl)("a", "b", "c");
            super::validate(
                width,
                &format!("fn f(a: Real, b: Real, c: Real) -> Real {{ return {call}; }}"),
            );
        }
    }
}

/// Decimal fractions in a piece of source text, as `f32` bits.
fn fractions(source: &str) -> Vec<u32> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let words = source
        .split(|c: char| !is_part(c))
        .map(|word| word.trim_end_matches("_f32").replace('_', ""));
    words
        .filter(|word| word.contains('.'))
        .filter_map(|word| word.parse::<f32>().ok())
        .map(f32::to_bits)
        .collect()
}

#[test]
fn polynomials_in_wgsl_are_those_of_the_cpu() {
    let cpu = fractions(include_str!("../elementary.rs"));
    for name in ["exp_minus_one", "hyperbolic_tangent", "error_function"] {
        let start = crate::loss::OPERATIONS_WGSL
            .find(&format!("fn {name}("))
            .expect("the function is there");
        let body = &crate::loss::OPERATIONS_WGSL[start..];
        let body = &body[..body.find("\n}").expect("it ends")];
        // Literals with an exponent or four digits are coefficients; 0.5, 2.0 and the like are not worth a test.
        let coefficients: Vec<u32> = body
            .lines()
            .filter(|line| {
                line.contains("var p =") || line.contains("fma(p, ") || line.contains("series")
            })
            .flat_map(fractions)
            .collect();
        assert!(coefficients.len() >= 5, "{name}: {}", coefficients.len());
        for bits in coefficients {
            let known = cpu.contains(&bits) || bits == std::f32::consts::FRAC_2_SQRT_PI.to_bits();
            assert!(
                known,
                "{name}: {} is not in elementary.rs",
                f32::from_bits(bits)
            );
        }
    }
}

#[test]
fn every_constant_can_be_written_in_wgsl() {
    for value in [
        5e-324,
        1e-45,
        1e-40,
        1.5,
        -2.0,
        1e10,
        3.4e38,
        -3.4e38,
        1e39,
        -1e300,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ] {
        let mut graph = Graph::new();
        let x = graph.input("x", Shape::Scalar, Varies::PerChain);
        let factor = graph.constant(value);
        let product = graph.mul(x, factor);
        let difference = graph.map(Op::Max, &[factor, product]);
        let program = Program::compile(&graph, &[difference, factor]);
        for width in WIDTHS {
            let body = program.wgsl(&["x".to_owned()], width);
            super::validate(
                width,
                &format!(
                    "fn f(x: Real) -> Real {{\n{}  return {} + {};\n}}",
                    body.statements, body.outputs[0], body.outputs[1]
                ),
            );
        }
    }
}
