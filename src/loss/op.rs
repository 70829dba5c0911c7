//! The table of scalar operations: one row says everything about an operation.
//!
//! A row gives its name, arity, meaning (generic over `f32` and `f64`), WGSL spelling, derivative, the points on which
//! every evaluator is tested, and how far `f32` may be from `f64`. Elementwise operations on vectors and matrices use
//! the same rows.
//!
//! Where a derivative does not exist this is its value: `abs`, `sign` and `relu` at 0: 0; `min` and `max` of equal
//! arguments: half to each; comparisons and `sign`: 0 everywhere; the norm of a zero vector: 0. `select` passes the
//! derivative of the branch taken, times zero through the other one, so a branch not taken must still be
//! differentiable where it is not taken (write `log(max(x, 1e-30))`, say).

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

use super::graph::{Graph, NodeId};
use super::real::Real;

/// How far the `f32` result may be from the exact one, given `f32` arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// No rounding at all.
    Exact,
    /// So many units in the last place of the exact result.
    Ulps(f64),
    /// So much, absolutely: for functions that pass through zero far from the origin.
    Absolute(f64),
}

/// What a derivative rule may use: one operation at one place of a graph.
#[derive(Debug, Clone, Copy)]
pub struct Local {
    /// Arguments of the operation; those it does not have repeat the first.
    pub arguments: [NodeId; 3],
    /// Its result.
    pub value: NodeId,
    /// Derivative of the output with respect to that result.
    pub adjoint: NodeId,
}

/// Derivative rule: the derivative of the output with respect to argument number `usize`.
pub type Derivative = fn(&mut Graph, &Local, usize) -> NodeId;

/// What there is to know about an operation besides its meaning.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Name in formulas: a function's name or an operator's sign.
    pub name: &'static str,
    /// Number of arguments.
    pub arity: usize,
    /// Expression in WGSL, given those of the arguments (always three; the first repeated).
    pub wgsl: fn(&str, &str, &str) -> String,
    /// Derivative rule; `None` where the derivative is zero everywhere or the operation comes after differentiation.
    pub derivative: Option<Derivative>,
    /// Values for each argument on which every evaluator is tested.
    pub domain: &'static [f64],
    /// Accuracy in `f32`.
    pub tolerance: Tolerance,
}

/// Awkward numbers of every kind.
const ALL: &[f64] = &[
    0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.75, 1e-3, -1e-6, 1e-30, -1e-30, 1e-40, 12.0, -17.5, 89.5,
    1e6, -1e6, 1e30, -1e30,
];
/// Moderate numbers, for functions that would overflow.
const MODERATE: &[f64] = &[
    0.0, -0.0, 1.0, -1.0, 0.5, -0.625, -2.5, 3.75, 1e-3, -1e-6, 1e-30, 0.34, -0.36, 12.0, -17.5,
    60.0, -80.0,
];
/// Positive numbers and the edge zero.
const POSITIVE: &[f64] = &[
    0.0, 1e-40, 1e-30, 1e-6, 0.1, 0.5, 0.707, 0.999, 1.0, 1.0001, 1.415, 2.0, 7.5, 100.0, 1e6, 1e30,
];
/// Numbers above −1 and the edge −1.
const ABOVE_MINUS_ONE: &[f64] = &[
    -1.0, -0.999, -0.5, -1e-3, -1e-9, 0.0, -0.0, 1e-20, 1e-7, 1e-3, 0.4, 1.0, 3.0, 1e6, 1e30,
];
/// Angles within the range of the reduction.
const ANGLES: &[f64] = &[
    0.0, -0.0, 1e-20, 0.1, FRAC_PI_4, -FRAC_PI_4, -FRAC_PI_2, FRAC_PI_2, 3.0, -PI, TAU, 100.0,
    -1234.5, 1e5, -1e6,
];

macro_rules! operations {
    ($( $(#[$doc:meta])* $op:ident {
        name: $name:literal, arity: $arity:literal,
        meaning: |$a:pat_param, $b:pat_param, $c:pat_param| $meaning:expr,
        wgsl: $wgsl:expr, domain: $domain:expr, tolerance: $tolerance:expr, derivative: $derivative:expr,
    } )*) => {
        /// A scalar operation, applied element by element.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Op { $( $(#[$doc])* $op, )* }

        impl Op {
            /// Every operation, in the order of the table.
            pub const ALL: &[Self] = &[ $( Self::$op, )* ];

            /// The operation's row of the table.
            #[must_use]
            pub fn row(self) -> &'static Row {
                match self { $( Self::$op => {
                    const ROW: Row = Row {
                        name: $name, arity: $arity, wgsl: $wgsl, domain: $domain, tolerance: $tolerance,
                        derivative: $derivative,
                    };
                    &ROW
                } )* }
            }

            /// The operation's result; arguments beyond its arity are ignored.
            #[inline(always)]
            #[must_use]
            pub fn apply<T: Real>(self, a: T, b: T, c: T) -> T {
                match self { $( Self::$op => { let ($a, $b, $c) = (a, b, c); $meaning } )* }
            }

            /// Whether a program runs the operation as one with those after it where it can.
            pub(super) fn begins_pass(self) -> bool {
                matches!(self, Self::Mul | Self::MulAdd | Self::NegMulAdd | Self::MulSub)
            }

            /// Calls `visit` with the operation as a closure, so that a loop around it compiles to its own code.
            #[inline(always)]
            pub(super) fn dispatch<T: Real, V: Visit<T>>(self, visit: V) {
                match self { $( Self::$op => visit.with(
                    #[inline(always)]
                    |a: T, b: T, c: T| { let ($a, $b, $c) = (a, b, c); $meaning }
                ), )* }
            }
        }
    };
}

/// Something to do with the meaning of an operation that is known only at run time; see [`Op::dispatch`].
pub(super) trait Visit<T> {
    /// Uses the meaning.
    fn with(self, meaning: impl Fn(T, T, T) -> T);
}

operations! {
    /// Sum.
    Add {
        name: "+", arity: 2, meaning: |a, b, _| a + b,
        wgsl: |a, b, _| format!("{a} + {b}"), domain: ALL, tolerance: Tolerance::Ulps(0.5),
        derivative: Some(|_, at, _| at.adjoint),
    }
    /// Difference.
    Sub {
        name: "-", arity: 2, meaning: |a, b, _| a - b,
        wgsl: |a, b, _| format!("{a} - {b}"), domain: ALL, tolerance: Tolerance::Ulps(0.5),
        derivative: Some(|graph, at, which| if which == 0 { at.adjoint } else { graph.neg(at.adjoint) }),
    }
    /// Product.
    Mul {
        name: "*", arity: 2, meaning: |a, b, _| a * b,
        wgsl: |a, b, _| format!("{a} * {b}"), domain: ALL, tolerance: Tolerance::Ulps(0.5),
        derivative: Some(|graph, at, which| graph.mul(at.adjoint, at.arguments[1 - which])),
    }
    /// Quotient.
    Div {
        name: "/", arity: 2, meaning: |a, b, _| a / b,
        wgsl: |a, b, _| format!("{a} / {b}"), domain: ALL, tolerance: Tolerance::Ulps(0.5),
        derivative: Some(|graph, at, which| {
            let quotient = graph.div(at.adjoint, at.arguments[1]);
            if which == 0 {
                quotient
            } else {
                let product = graph.mul(quotient, at.value);
                graph.neg(product)
            }
        }),
    }
    /// Power with a real exponent: NaN for a negative base. Constant whole and half exponents never reach this meaning:
    /// they become products and square roots.
    Pow {
        name: "^", arity: 2, meaning: |a, b, _| a.pow(b),
        wgsl: |a, b, _| format!("power({a}, {b})"), domain: POSITIVE, tolerance: Tolerance::Ulps(1.0),
        derivative: Some(|graph, at, which| {
            let [base, exponent, _] = at.arguments;
            if which == 0 {
                let one = graph.constant(1.0);
                let less = graph.sub(exponent, one);
                let power = graph.map(Op::Pow, &[base, less]);
                let slope = graph.mul(power, exponent);
                graph.mul(at.adjoint, slope)
            } else {
                let log = graph.map(Op::Log, &[base]);
                let slope = graph.mul(at.value, log);
                graph.mul(at.adjoint, slope)
            }
        }),
    }
    /// Smaller of two; NaN where either is.
    Min {
        name: "min", arity: 2, meaning: |a, b, _| if a <= b || a.is_nan() { a } else { b },
        wgsl: |a, b, _| format!("minimum({a}, {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: Some(|graph, at, which| share_of_extreme(graph, at, which, Op::Less)),
    }
    /// Larger of two; NaN where either is.
    Max {
        name: "max", arity: 2, meaning: |a, b, _| if a >= b || a.is_nan() { a } else { b },
        wgsl: |a, b, _| format!("maximum({a}, {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: Some(|graph, at, which| share_of_extreme(graph, at, which, Op::Greater)),
    }
    /// One where the first is smaller, zero elsewhere (also where either is NaN).
    Less {
        name: "<", arity: 2, meaning: |a, b, _| T::indicator(a < b),
        wgsl: |a, b, _| format!("indicator({a} < {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// One where the first is smaller or equal, zero elsewhere.
    LessEqual {
        name: "<=", arity: 2, meaning: |a, b, _| T::indicator(a <= b),
        wgsl: |a, b, _| format!("indicator({a} <= {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// One where the first is larger, zero elsewhere.
    Greater {
        name: ">", arity: 2, meaning: |a, b, _| T::indicator(a > b),
        wgsl: |a, b, _| format!("indicator({a} > {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// One where the first is larger or equal, zero elsewhere.
    GreaterEqual {
        name: ">=", arity: 2, meaning: |a, b, _| T::indicator(a >= b),
        wgsl: |a, b, _| format!("indicator({a} >= {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// One where both are equal, zero elsewhere.
    Equal {
        name: "==", arity: 2, meaning: |a, b, _| T::indicator(a == b),
        wgsl: |a, b, _| format!("indicator({a} == {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// One where both differ, zero elsewhere.
    NotEqual {
        name: "!=", arity: 2, meaning: |a, b, _| T::indicator(a != b),
        wgsl: |a, b, _| format!("indicator({a} != {b})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// The second where the first is not zero, else the third: `select(condition, then, otherwise)`.
    Select {
        name: "select", arity: 3, meaning: |a, b, c| if a != T::ZERO { b } else { c },
        wgsl: |a, b, c| format!("select({c}, {b}, {a} != 0.0)"), domain: MODERATE, tolerance: Tolerance::Exact,
        derivative: Some(|graph, at, which| {
            let zero = graph.constant(0.0);
            match which {
                1 => graph.select(at.arguments[0], at.adjoint, zero),
                2 => graph.select(at.arguments[0], zero, at.adjoint),
                _ => zero,
            }
        }),
    }
    /// The number with its sign changed.
    Neg {
        name: "-", arity: 1, meaning: |a, _, _| -a,
        wgsl: |a, _, _| format!("-({a})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: Some(|graph, at, _| graph.neg(at.adjoint)),
    }
    /// Absolute value.
    Abs {
        name: "abs", arity: 1, meaning: |a, _, _| a.abs(),
        wgsl: |a, _, _| format!("abs({a})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: Some(|graph, at, _| {
            let sign = graph.map(Op::Sign, &[at.arguments[0]]);
            graph.mul(at.adjoint, sign)
        }),
    }
    /// −1, 0 or 1 by sign.
    Sign {
        name: "sign", arity: 1, meaning: |a, _, _| T::indicator(a > T::ZERO) - T::indicator(a < T::ZERO),
        wgsl: |a, _, _| format!("signum({a})"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
    /// The number where positive, else zero; NaN stays NaN.
    Relu {
        name: "relu", arity: 1, meaning: |a, _, _| if a <= T::ZERO { T::ZERO } else { a },
        wgsl: |a, _, _| format!("select({a}, 0.0, {a} <= 0.0)"), domain: ALL, tolerance: Tolerance::Exact,
        derivative: Some(|graph, at, _| {
            let zero = graph.constant(0.0);
            let positive = graph.map(Op::Greater, &[at.arguments[0], zero]);
            graph.mul(at.adjoint, positive)
        }),
    }
    /// Square root; NaN below zero, derivative infinite at zero.
    Sqrt {
        name: "sqrt", arity: 1, meaning: |a, _, _| a.sqrt(),
        wgsl: |a, _, _| format!("sqrt({a})"), domain: POSITIVE, tolerance: Tolerance::Ulps(0.5),
        derivative: Some(|graph, at, _| {
            let half = graph.constant(0.5);
            let scaled = graph.mul(at.adjoint, half);
            graph.div(scaled, at.value)
        }),
    }
    /// Natural exponential.
    Exp {
        name: "exp", arity: 1, meaning: |a, _, _| a.exp(),
        wgsl: |a, _, _| format!("exp({a})"), domain: MODERATE, tolerance: Tolerance::Ulps(2.0),
        derivative: Some(|graph, at, _| graph.mul(at.adjoint, at.value)),
    }
    /// `exp(x) - 1`, accurate near zero.
    Expm1 {
        name: "expm1", arity: 1, meaning: |a, _, _| a.exp_m1(),
        wgsl: |a, _, _| format!("exp_minus_one({a})"), domain: MODERATE, tolerance: Tolerance::Ulps(4.0),
        derivative: Some(|graph, at, _| {
            let exp = graph.map(Op::Exp, &[at.arguments[0]]);
            graph.mul(at.adjoint, exp)
        }),
    }
    /// Natural logarithm; −∞ at zero, NaN below.
    Log {
        name: "log", arity: 1, meaning: |a, _, _| a.ln(),
        wgsl: |a, _, _| format!("log({a})"), domain: POSITIVE, tolerance: Tolerance::Ulps(2.0),
        derivative: Some(|graph, at, _| graph.div(at.adjoint, at.arguments[0])),
    }
    /// `log(1 + x)`, accurate near zero.
    Log1p {
        name: "log1p", arity: 1, meaning: |a, _, _| a.ln_1p(),
        wgsl: |a, _, _| format!("log_one_plus({a})"), domain: ABOVE_MINUS_ONE, tolerance: Tolerance::Ulps(4.0),
        derivative: Some(|graph, at, _| {
            let one = graph.constant(1.0);
            let shifted = graph.add(at.arguments[0], one);
            graph.div(at.adjoint, shifted)
        }),
    }
    /// Sine.
    Sin {
        name: "sin", arity: 1, meaning: |a, _, _| a.sin(),
        wgsl: |a, _, _| format!("sin({a})"), domain: ANGLES, tolerance: Tolerance::Absolute(1.5e-7),
        derivative: Some(|graph, at, _| {
            let cos = graph.map(Op::Cos, &[at.arguments[0]]);
            graph.mul(at.adjoint, cos)
        }),
    }
    /// Cosine.
    Cos {
        name: "cos", arity: 1, meaning: |a, _, _| a.cos(),
        wgsl: |a, _, _| format!("cos({a})"), domain: ANGLES, tolerance: Tolerance::Absolute(1.5e-7),
        derivative: Some(|graph, at, _| {
            let sin = graph.map(Op::Sin, &[at.arguments[0]]);
            let product = graph.mul(at.adjoint, sin);
            graph.neg(product)
        }),
    }
    /// Hyperbolic tangent.
    Tanh {
        name: "tanh", arity: 1, meaning: |a, _, _| a.tanh(),
        wgsl: |a, _, _| format!("hyperbolic_tangent({a})"), domain: ALL, tolerance: Tolerance::Ulps(3.0),
        derivative: Some(|graph, at, _| {
            let one = graph.constant(1.0);
            let square = graph.mul(at.value, at.value);
            let slope = graph.sub(one, square);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// Logistic function `1 / (1 + exp(-x))`, finite everywhere.
    Sigmoid {
        name: "sigmoid", arity: 1, meaning: |a, _, _| {
            let e = (-a.abs()).exp();
            (if a < T::ZERO { e } else { T::ONE }) / (T::ONE + e)
        },
        wgsl: |a, _, _| format!("sigmoid({a})"), domain: MODERATE, tolerance: Tolerance::Ulps(4.0),
        derivative: Some(|graph, at, _| {
            let square = graph.mul(at.value, at.value);
            let slope = graph.sub(at.value, square);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// `log(1 + exp(x))`, finite everywhere.
    Softplus {
        name: "softplus", arity: 1, meaning: |a, _, _| {
            let positive = if a <= T::ZERO { T::ZERO } else { a };
            positive + (-a.abs()).exp().ln_1p()
        },
        wgsl: |a, _, _| format!("softplus({a})"), domain: MODERATE, tolerance: Tolerance::Ulps(5.0),
        derivative: Some(|graph, at, _| {
            let slope = graph.map(Op::Sigmoid, &[at.arguments[0]]);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// Error function.
    Erf {
        name: "erf", arity: 1, meaning: |a, _, _| a.erf(),
        wgsl: |a, _, _| format!("error_function({a})"), domain: ALL, tolerance: Tolerance::Ulps(4.0),
        derivative: Some(|graph, at, _| {
            let square = graph.mul(at.arguments[0], at.arguments[0]);
            let exponent = graph.neg(square);
            let bell = graph.map(Op::Exp, &[exponent]);
            let scale = graph.constant(std::f64::consts::FRAC_2_SQRT_PI);
            let slope = graph.mul(bell, scale);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// `a * b + c`, one instruction; made when a program is compiled.
    MulAdd {
        name: "a*b+c", arity: 3, meaning: |a, b, c| a.mul_add(b, c),
        wgsl: |a, b, c| format!("fma({a}, {b}, {c})"), domain: MODERATE, tolerance: Tolerance::Ulps(0.5),
        derivative: None,
    }
    /// `a * b - c`.
    MulSub {
        name: "a*b-c", arity: 3, meaning: |a, b, c| a.mul_add(b, -c),
        wgsl: |a, b, c| format!("fma({a}, {b}, -({c}))"), domain: MODERATE, tolerance: Tolerance::Ulps(0.5),
        derivative: None,
    }
    /// `c - a * b`.
    NegMulAdd {
        name: "c-a*b", arity: 3, meaning: |a, b, c| (-a).mul_add(b, c),
        wgsl: |a, b, c| format!("fma(-({a}), {b}, {c})"), domain: MODERATE, tolerance: Tolerance::Ulps(0.5),
        derivative: None,
    }
    /// The number itself, moved to another row.
    Copy {
        name: "copy", arity: 1, meaning: |a, _, _| a,
        wgsl: |a, _, _| a.to_owned(), domain: ALL, tolerance: Tolerance::Exact,
        derivative: None,
    }
}

impl Op {
    /// The function of this name in formulas, if it is elementwise.
    #[must_use]
    pub fn function(name: &str) -> Option<Self> {
        let starts_like_a_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
        Self::ALL
            .iter()
            .copied()
            .find(|op| starts_like_a_name && *op != Self::Copy && op.row().name == name)
    }

    /// Whether the order of the two arguments is of no account.
    pub(super) fn is_commutative(self) -> bool {
        matches!(self, Self::Add | Self::Mul | Self::Equal | Self::NotEqual)
    }

    /// Whether the operation, or its derivative, jumps somewhere.
    pub(super) fn has_kink(self) -> bool {
        use Op::{
            Abs, Equal, Greater, GreaterEqual, Less, LessEqual, Max, Min, NotEqual, Relu, Select,
            Sign,
        };
        matches!(
            self,
            Abs | Equal
                | Greater
                | GreaterEqual
                | Less
                | LessEqual
                | Max
                | Min
                | NotEqual
                | Relu
                | Select
                | Sign
        )
    }
}

/// Derivative of `min` and `max`: all to the argument `wins` picks, half to each where they are equal.
fn share_of_extreme(graph: &mut Graph, at: &Local, which: usize, wins: Op) -> NodeId {
    let [a, b, _] = at.arguments;
    let (own, other) = if which == 0 { (a, b) } else { (b, a) };
    let half = graph.constant(0.5);
    let won = graph.map(wins, &[own, other]);
    let tie = graph.map(Op::Equal, &[own, other]);
    let weight = graph.select(tie, half, won);
    graph.mul(at.adjoint, weight)
}
