//! Messages about wrong formulas.

use super::inputs;
use crate::loss::{Shape, formula};

const NAMES: &[(&str, Shape)] = &[
    ("x", Shape::Scalar),
    ("weight", Shape::Scalar),
    ("v", Shape::Vector(3)),
    ("u", Shape::Vector(2)),
    ("A", Shape::Matrix(2, 3)),
];

/// Formula, underlined text, message, part of the help.
const GOLDEN: &[(&str, &str, &str, &str)] = &[
    ("", "", "the formula is empty", ""),
    ("# nothing", "", "the formula is empty", ""),
    (
        "x +",
        "",
        "a value is expected, not the end of the formula",
        "",
    ),
    ("2x", "2x", "a number runs into a name", "write 2 * x"),
    ("1e400", "1e400", "`1e400` is too large a number", ""),
    ("x ** 2", "**", "`**` is not an operator here", "use ^"),
    ("x² + 1", "²", "`²` is not an operator here", "write ^2"),
    ("x − 1", "−", "`−` is not an operator here", "typographic"),
    (
        "x && 1",
        "&&",
        "`&&` is not an operator here",
        "write `and`",
    ),
    ("x $ 1", "$", "a formula cannot contain '$'", ""),
    ("(x + 1", "(", "`(` is never closed", ""),
    ("v[0", "[", "`[` is never closed", ""),
    ("x + 1)", ")", "`)` without an opening bracket", ""),
    ("(x + 1]", "(", "`(` is never closed", ""),
    (
        "x weight",
        "weight",
        "no operator before `weight`",
        "write *",
    ),
    ("(x)(x)", "(", "no operator before `(`", "write *"),
    (
        "x + wieght",
        "wieght",
        "unknown name `wieght`",
        "did you mean `weight`?",
    ),
    (
        "tnah(x)",
        "tnah",
        "unknown function `tnah`",
        "did you mean `tanh`?",
    ),
    ("x(2)", "x", "`x` is a value, not a function", "x * (...)"),
    ("exp + 1", "exp", "`exp` is a function", "write exp(x)"),
    (
        "exp(x, x)",
        "exp(x, x)",
        "`exp` cannot take 2 arguments",
        "write exp(x)",
    ),
    (
        "select(x, 1)",
        "select(x, 1)",
        "`select` cannot take 2 arguments",
        "select(condition",
    ),
    (
        "sum(v + u)",
        "v + u",
        "`+` works element by element, but here are a vector of 3 and a vector of 2",
        "equal",
    ),
    (
        "sum(A * v)",
        "A * v",
        "`*` works element by element, but here are a 2×3 matrix and a vector of 3",
        "write @",
    ),
    (
        "sum(A @ u)",
        "A @ u",
        "`@` cannot multiply a 2×3 matrix with a vector of 2",
        "transpose",
    ),
    (
        "x @ v",
        "x @ v",
        "`@` cannot multiply a scalar with a vector of 3",
        "write *",
    ),
    (
        "dot(v, u)",
        "dot(v, u)",
        "dot takes two vectors of equal length, not a vector of 3 and a vector of 2",
        "",
    ),
    (
        "transpose(v)",
        "transpose(v)",
        "transpose takes a matrix, not a vector of 3",
        "",
    ),
    (
        "v",
        "v",
        "the formula's value is a vector of 3, but a scalar is needed",
        "sum",
    ),
    ("v[3]", "3", "index 3 does not exist", "from 0 to 2"),
    ("v[0.5]", "0.5", "index 0.5 does not exist", "from 0 to 2"),
    ("v[x]", "x", "an index has to be a constant", "select"),
    ("x[0]", "x", "a scalar cannot take 1 index", "v[i]"),
    (
        "sum([x, v])",
        "v",
        "the elements of a list have equal shapes, but here are a scalar and a vector of 3",
        "",
    ),
    ("sum([])", "[]", "a vector has at least one element", ""),
    (
        "h = x^2",
        "h",
        "the last line has to be the formula's value",
        "remove `h =`",
    ),
    ("h = x^2\nx", "h", "`h` is never used", "remove the line"),
    (
        "x\nx + 1",
        "x",
        "only the last line may be without a name",
        "name it",
    ),
    (
        "x = 2\nx",
        "x",
        "`x` is already defined outside this formula",
        "another name",
    ),
    (
        "exp = 2\nexp",
        "exp",
        "`exp` already has a meaning in formulas",
        "another name",
    ),
    (
        "h = x; h = x\nh",
        "h",
        "`h` is already the name of a line above",
        "another name",
    ),
    ("h = k; k = x\nh", "k", "unknown name `k`", "move the line"),
    (
        "select(x = 1, 1, 2)",
        "=",
        "`=` inside an expression",
        "write ==",
    ),
    (
        "x + 1 = 2",
        "=",
        "`=` can only name a value at the start of a line",
        "write ==",
    ),
    (
        "0 < x < 1",
        "0 < x <",
        "comparisons cannot be chained",
        "(a < b) and (b < c)",
    ),
    (
        "x\n+ 1",
        "x",
        "only the last line may be without a name",
        "end the line with an operator",
    ),
    (
        "+x",
        "+",
        "`+` has nothing on its left",
        "end the first with +",
    ),
];

#[test]
fn errors_point_at_the_fault_and_help() {
    for (text, at, message, help) in GOLDEN {
        let (mut graph, names) = inputs(NAMES);
        let error = formula(&mut graph, &names, text).expect_err(text);
        assert_eq!(error.message, *message, "{text:?}");
        assert_eq!(
            &text[error.span.clone()],
            *at,
            "{text:?}: span {:?}",
            error.span
        );
        assert!(
            error.help.as_deref().unwrap_or("").contains(help),
            "{text:?}: help {:?}",
            error.help
        );
        assert!(!error.label.is_empty());
    }
}

#[test]
fn deep_and_long_formulas_end_in_errors_or_values_not_in_overflow() {
    let (mut graph, names) = inputs(NAMES);
    for (open, close) in [
        ("(", ")"),
        ("-", ""),
        ("exp(", ")"),
        ("2^", ""),
        ("[", "]"),
        ("not ", ""),
    ] {
        let text = format!("{}x{}", open.repeat(10_000), close.repeat(10_000));
        let error = formula(&mut graph, &names, &text).expect_err("too deep");
        assert!(error.message.contains("nested"), "{}", error.message);
    }
    let error = formula(&mut graph, &names, &"x+".repeat(60_000)).expect_err("too long");
    assert!(error.message.contains("bytes"));
    let mut long = "sin(x)*weight+".repeat(7000);
    long.push('x');
    let loss = formula(&mut graph, &names, &long).expect("long but flat");
    let gradient = graph.gradient(loss, &[names["x"]]);
    assert_ne!(graph.as_constant(gradient[0]), Some(0.0));
}
