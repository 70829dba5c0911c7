//! Functions of whole vectors and matrices, and the lookup of any function by name.

use super::graph::{Graph, NodeId};
use super::op::{Op, name_of_call};
use super::shape::Shape;

/// A function that is not one elementwise operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Sum,
    Mean,
    Dot,
    Norm,
    LogSumExp,
    Transpose,
    Outer,
    /// Elementwise, but made of a product: the graph has no operation of its own for it.
    Square,
}

/// Definition of a [`Function`] for lookup, messages and documentation.
struct FunctionInfo {
    function: Function,
    /// Call in a formula, as in [`OpInfo::call`](super::op::OpInfo::call).
    call: &'static str,
    arity: usize,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by the test that writes language.md")
    )]
    doc: &'static str,
}

macro_rules! functions {
    ($( $function:ident, $call:literal, $arity:literal, $doc:literal; )*) => {
        &[ $( FunctionInfo { function: Function::$function, call: $call, arity: $arity, doc: $doc }, )* ]
    };
}

/// All functions that are not elementwise operations.
const FUNCTIONS: &[FunctionInfo] = functions! {
    Sum, "sum(v)", 1, "Sum of all elements.";
    Mean, "mean(v)", 1, "Mean of all elements.";
    Dot, "dot(v, w)", 2, "Sum of the products of the elements of two vectors.";
    Norm, "norm(v)", 1, "Square root of the sum of the squares of all elements.";
    LogSumExp, "logsumexp(v)", 1, "`log(sum(exp(v)))`, finite wherever the result is.";
    Transpose, "transpose(A)", 1, "Rows and columns of a matrix exchanged.";
    Outer, "outer(v, w)", 2, "Matrix of all products of an element of `v` and an element of `w`.";
    Square, "square(x)", 1, "`x * x`.";
};

/// Functions with a second form of one argument: their smallest or largest element.
const EXTREMES: [Op; 2] = [Op::Min, Op::Max];

/// Functions of other languages, with the advice to give.
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

/// Advice for a function of another language.
pub(super) fn foreign(name: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// A function that a formula can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callable {
    Elementwise(Op),
    Whole(Function),
}

impl Callable {
    /// The function of this name; `None` if there is none.
    pub(super) fn named(name: &str) -> Option<Self> {
        let whole = FUNCTIONS.iter().find(|row| name_of_call(row.call) == name);
        whole
            .map(|row| Self::Whole(row.function))
            .or_else(|| Op::function(name).map(Self::Elementwise))
    }

    /// Correct calls of the function, for help.
    pub(super) fn usage(self) -> String {
        match self {
            Self::Elementwise(op) => {
                let call = op.info().call.expect("a function can be called");
                if EXTREMES.contains(&op) {
                    let name = name_of_call(call);
                    format!("{call}, or {name}(v) for the extreme element of v")
                } else {
                    call.to_owned()
                }
            }
            Self::Whole(function) => function.info().call.to_owned(),
        }
    }

    /// Returns true when the function takes this number of arguments.
    pub(super) fn accepts(self, count: usize) -> bool {
        match self {
            Self::Elementwise(op) => {
                count == op.info().arity || (count == 1 && EXTREMES.contains(&op))
            }
            Self::Whole(function) => count == function.info().arity,
        }
    }

    /// Names of all functions, in alphabetical order.
    pub(super) fn names() -> Vec<&'static str> {
        let elementwise = Op::ALL.iter().filter_map(|op| op.function_name());
        let whole = FUNCTIONS.iter().map(|row| name_of_call(row.call));
        let mut names: Vec<_> = elementwise.chain(whole).collect();
        names.sort_unstable();
        names
    }
}

/// A Markdown table of all functions, in alphabetical order: calls and values.
#[cfg(test)]
pub(super) fn markdown_table() -> String {
    let elementwise = Op::ALL.iter().filter_map(|op| {
        let info = op.info();
        Some((info.call?, info.doc))
    });
    let whole = FUNCTIONS.iter().map(|row| (row.call, row.doc));
    let extremes = [
        ("min(v)", "Smallest element."),
        ("max(v)", "Largest element."),
    ];
    let mut rows: Vec<_> = elementwise.chain(whole).chain(extremes).collect();
    rows.sort_unstable();
    let rows = rows
        .iter()
        .map(|(call, doc)| format!("| `{call}` | {doc} |\n"));
    "| function | value |\n|---|---|\n".to_owned() + &rows.collect::<String>()
}

impl Function {
    fn info(self) -> &'static FunctionInfo {
        let row = FUNCTIONS.iter().find(|row| row.function == self);
        row.expect("every function has a row")
    }

    /// Builds the value. The error holds a message and advice.
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
