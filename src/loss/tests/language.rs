//! Values of formulas, and the reference of the language.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::inputs;
use crate::loss::{Program, Shape, formula};

const NAMES: &[(&str, Shape)] = &[
    ("x", Shape::Scalar),
    ("y", Shape::Scalar),
    ("v", Shape::Vector(3)),
    ("A", Shape::Matrix(2, 3)),
];
/// `x = 3`, `y = -2`, `v = [1, 2, 4]`, `A = [[1, 2, 3], [4, 5, 6]]`.
const AT: &[f64] = &[3.0, -2.0, 1.0, 2.0, 4.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

/// Formula and its value, all exact in `f64` or a call of the same function.
const VALUES: &[(&str, f64)] = &[
    ("-x^2", -9.0),
    ("2^-1", 0.5),
    ("2^3^2", 512.0),
    ("x - y - 1", 4.0),
    ("12 / x / 2", 2.0),
    ("2 + x * 4", 14.0),
    ("-x * y", 6.0),
    ("y^3", -8.0),
    ("y^-2", 0.25),
    ("(x^2 + 7)^0.5", 4.0),
    ("(x + 1)^1.5", 8.0),
    ("x^0", 1.0),
    ("1_000 + .5 + 2. + 1e-3 - 1E-3", 1002.5),
    ("x > 2 and y > 0", 0.0),
    ("x > 2 or y > 0", 1.0),
    ("not x > 2", 0.0),
    ("not (x < 2 or y < -3) and 1", 1.0),
    ("x == 3", 1.0),
    ("x != 3", 0.0),
    ("x >= 3 and x <= 3", 1.0),
    ("select(x > 5, 10, 20)", 20.0),
    ("sum(v)", 7.0),
    ("mean(A)", 3.5),
    ("v @ v", 21.0),
    ("dot(v, v)", 21.0),
    ("sum(A @ v)", 17.0 + 38.0),
    ("(A @ v)[1]", 38.0),
    ("([1, 2] @ A)[2]", 15.0),
    ("(A @ transpose(A))[0, 1]", 32.0),
    ("sum((A @ transpose(A))[1])", 32.0 + 77.0),
    ("A[1, 2] - A[0][1]", 4.0),
    ("outer(v, [1, 10])[2, 1]", 40.0),
    ("max(v) - min(v)", 3.0),
    ("max(x, y) - min(x, y)", 5.0),
    ("sum(max(v, 2))", 8.0),
    ("sum([[1, 2], [3, 4]] @ [x, y])", 0.0),
    ("norm([x, 4])", 5.0),
    ("norm(y)", 2.0),
    ("sign(y) + abs(y) + relu(y) + relu(x)", 4.0),
    ("square(x) + pow(x, 2)", 18.0),
    ("pi", std::f64::consts::PI),
    ("h = x + 1; k = h * 2 # twice\nk +\n  h", 12.0),
    ("sum([1,\n 2,\n 3])", 6.0),
    ("a = (x\n + 1)\n\n\n a", 4.0),
];

#[test]
fn formulas_have_their_documented_values() {
    for (text, expected) in VALUES {
        let (mut graph, names) = inputs(NAMES);
        let value =
            formula(&mut graph, &names, text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let found = Program::compile(&graph, &[value]).evaluate(AT)[0];
        assert_eq!(found, *expected, "{text}");
    }
}

/// `language.md` lists each function once, with the documentation of its row; `ETASCOPE_UPDATE_GOLDEN=1` rewrites the
/// list.
#[test]
fn the_language_reference_lists_every_function() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/loss/language.md");
    let text = std::fs::read_to_string(&path).expect("the file is part of the repository");
    let (before, rest) = text
        .split_once("cargo test --lib loss:: -->\n")
        .expect("the list begins");
    let (_, after) = rest
        .split_once("<!-- end of functions -->\n")
        .expect("the list ends");
    let table = crate::loss::functions::markdown_table();
    let expected = format!(
        "{before}cargo test --lib loss:: -->\n\n{table}\n<!-- end of functions -->\n{after}"
    );
    if std::env::var_os("ETASCOPE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &expected).expect("a writable folder");
    } else {
        assert_eq!(text, expected);
    }
}

#[test]
fn extreme_scores_stay_finite() {
    // Scores of ±1000 and beyond overflow the textbook forms of these functions.
    for text in [
        "logsumexp(1000 * v)",
        "logsumexp(-1e5 * v)",
        "softplus(1e4 * y)",
        "softplus(1e4 * x)",
        "sigmoid(1e4 * y)",
        "tanh(1e5 * x)",
        "norm(0 * v)",
        "norm(v - v)",
    ] {
        let (graph, loss, gradient) = super::with_gradient(NAMES, text);
        let mut outputs = vec![loss];
        outputs.extend(gradient);
        let program = Program::compile(&graph, &outputs);
        assert!(program.evaluate(AT).iter().all(|x| x.is_finite()), "{text}");
    }
}

/// Randomly damaged formulas give an error or a value, never a panic, and every error's span is inside the text.
#[test]
fn damaged_formulas_never_panic() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(4);
    let pieces: Vec<&str> = "( ) [ ] , ; = == + - * / ^ @ < >= and or not x y v A pi 2 0.5 1e3 sum( max( select( h \n # ² é _ . ' { 1e ** [0] \u{0} \t"
        .split(' ')
        .collect();
    let mut understood = 0;
    for _ in 0..40_000 {
        let (text, _) = VALUES[random.random_range(0..VALUES.len())];
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..=chars.len());
            match random.random_range(0..3) {
                0 if at < chars.len() => drop(chars.remove(at)),
                1 if at < chars.len() => chars.truncate(at),
                _ => {
                    let piece = pieces[random.random_range(0..pieces.len())];
                    chars.splice(at..at, piece.chars());
                }
            }
        }
        let text: String = chars.into_iter().collect();
        let (mut graph, names) = inputs(NAMES);
        match formula(&mut graph, &names, &text) {
            Ok(value) => {
                understood += 1;
                let wrt: Vec<_> = names.values().copied().collect();
                graph.gradient(value, &wrt);
            }
            Err(error) => assert!(
                text.get(error.span.clone()).is_some(),
                "{text:?}: {error:?}"
            ),
        }
    }
    assert!(
        understood > 1000,
        "the damage leaves too little to test: {understood}"
    );
}

#[test]
fn kinks_are_detected() {
    let shapes = [("x", Shape::Scalar), ("v", Shape::Vector(3))];
    for (text, smooth) in [
        (
            "x^4 + exp(x) * tanh(sum(v)) + logsumexp(v) + sqrt(1 + x^2) + norm(v)",
            true,
        ),
        ("softplus(x) + erf(x) * sigmoid(x) / (1 + dot(v, v))", true),
        ("abs(x)", false),
        ("x^2 + sum(relu(v))", false),
        ("max(v)", false),
        ("min(x, 1)", false),
        ("select(x > 0, x^2, 0)", false),
    ] {
        let (graph, loss, _) = super::with_gradient(&shapes, text);
        assert_eq!(graph.is_smooth(loss), smooth, "{text}");
    }
}
