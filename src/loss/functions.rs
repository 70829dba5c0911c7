//! The functions of the language that look at whole vectors and matrices.

use super::graph::{Graph, NodeId};
use super::op::Op;
use super::shape::Shape;

/// A function that is not elementwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Sum,
    Mean,
    Dot,
    Norm,
    LogSumExp,
    Transpose,
    Outer,
    /// Elementwise square: `x * x`.
    Square,
}

/// All of them, by name, with how to write a call.
const FUNCTIONS: &[(&str, Function, &str)] = &[
    ("sum", Function::Sum, "sum(v)"),
    ("mean", Function::Mean, "mean(v)"),
    ("dot", Function::Dot, "dot(v, w)"),
    ("norm", Function::Norm, "norm(v)"),
    ("logsumexp", Function::LogSumExp, "logsumexp(v)"),
    ("transpose", Function::Transpose, "transpose(A)"),
    ("outer", Function::Outer, "outer(v, w)"),
    ("square", Function::Square, "square(x)"),
];

/// Functions of other languages and what to write instead.
const FOREIGN: &[(&str, &str)] = &[
    ("ln", "log(x) is the natural logarithm"),
    ("log10", "write log(x) / log(10)"),
    ("log2", "write log(x) / log(2)"),
    ("tan", "write sin(x) / cos(x)"),
    ("cosh", "write (exp(x) + exp(-x)) / 2"),
    ("sinh", "write (exp(x) - exp(-x)) / 2"),
    (
        "if",
        "write select(condition, value where true, value elsewhere)",
    ),
    (
        "where",
        "write select(condition, value where true, value elsewhere)",
    ),
    ("matmul", "write A @ v"),
    ("logistic", "write sigmoid(x)"),
];

/// What to write for a function that other languages have.
pub(super) fn foreign(name: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// What a name followed by `(` may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callable {
    Elementwise(Op),
    Whole(Function),
}

impl Callable {
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = if name == "pow" { "^" } else { name };
        if name == "^" {
            return Some(Self::Elementwise(Op::Pow));
        }
        let whole = FUNCTIONS
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, function, _)| Self::Whole(*function));
        whole.or_else(|| Op::function(name).map(Self::Elementwise))
    }

    /// How to write a call, for help.
    pub(super) fn usage(self, name: &str) -> String {
        match self {
            Self::Elementwise(Op::Select) => {
                "select(condition, value where true, value elsewhere)".to_owned()
            }
            Self::Elementwise(Op::Min | Op::Max) => {
                format!("{name}(a, b), or {name}(v) for the extreme element of v")
            }
            Self::Elementwise(op) if op.row().arity == 2 => format!("{name}(a, b)"),
            Self::Elementwise(_) => format!("{name}(x)"),
            Self::Whole(function) => {
                let row = FUNCTIONS.iter().find(|(_, known, _)| *known == function);
                row.expect("every function has a row").2.to_owned()
            }
        }
    }

    pub(super) fn accepts(self, count: usize) -> bool {
        match self {
            Self::Elementwise(Op::Min | Op::Max) => count == 1 || count == 2,
            Self::Elementwise(op) => count == op.row().arity,
            Self::Whole(Function::Dot | Function::Outer) => count == 2,
            Self::Whole(_) => count == 1,
        }
    }

    /// Names of all functions, in alphabetical order.
    pub(super) fn names() -> Vec<&'static str> {
        let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric());
        let elementwise = Op::ALL
            .iter()
            .map(|op| op.row().name)
            .filter(|name| is_name(name) && Op::function(name).is_some());
        let mut names: Vec<_> = elementwise
            .chain(FUNCTIONS.iter().map(|row| row.0))
            .chain(["pow"])
            .collect();
        names.sort_unstable();
        names
    }
}

impl Function {
    /// The value, or what is wrong with the shapes and what would be right.
    pub(super) fn build(
        self,
        graph: &mut Graph,
        arguments: &[NodeId],
    ) -> Result<NodeId, (String, &'static str)> {
        let a = arguments[0];
        let shape = graph.shape(a);
        match self {
            Self::Sum => Ok(graph.sum(a)),
            Self::Mean => {
                let sum = graph.sum(a);
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a shape has far fewer than 2^53 elements"
                )]
                let count = graph.constant(shape.len() as f64);
                Ok(graph.div(sum, count))
            }
            Self::Dot => {
                let other = graph.shape(arguments[1]);
                match (shape, other) {
                    (Shape::Vector(m), Shape::Vector(n)) if m == n => {
                        Ok(graph.dot(a, arguments[1]))
                    }
                    _ => Err((
                        format!(
                            "dot takes two vectors of equal length, not a {shape} and a {other}"
                        ),
                        "for scalars write *, for a matrix and a vector @",
                    )),
                }
            }
            Self::Norm => Ok(graph.norm(a)),
            Self::LogSumExp => Ok(graph.log_sum_exp(a)),
            Self::Transpose => match shape {
                Shape::Matrix(..) => Ok(graph.transpose(a)),
                _ => Err((
                    format!("transpose takes a matrix, not a {shape}"),
                    "a vector is neither a row nor a column: @ takes it as it is",
                )),
            },
            Self::Outer => {
                let other = graph.shape(arguments[1]);
                match (shape, other) {
                    (Shape::Vector(_), Shape::Vector(_)) => Ok(graph.outer(a, arguments[1])),
                    _ => Err((
                        format!("outer takes two vectors, not a {shape} and a {other}"),
                        "to scale by a scalar, write *",
                    )),
                }
            }
            Self::Square => Ok(graph.mul(a, a)),
        }
    }
}
