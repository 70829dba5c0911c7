//! The table of scalar operations: each row defines one operation completely.
//!
//! Formulas, derivatives, both evaluators, cost estimates, reserved names, the list of functions in `language.md` and
//! the tests all read this table. Elementwise operations on vectors and matrices use the same rows.
//!
//! Derivatives at points where none exists: `abs`, `sign` and `relu` at 0: 0; `min` and `max` of equal arguments: half
//! to each; comparisons and `sign`: 0 everywhere; the norm of a zero vector: 0. `select` multiplies the derivative of
//! the branch not taken by zero, so that branch must be differentiable there too (write `log(max(x, 1e-30))`, say):
//! zero times infinity is NaN.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

use super::graph::{Graph, NodeId};
use super::real::Real;

/// Permitted distance between the `f32` result and the exact result for the same `f32` arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// No rounding.
    Exact,
    /// Units in the last place of the exact result.
    Ulps(f64),
    /// An absolute error, for functions with zeros far from the origin.
    Absolute(f64),
}

/// Cost of an operation for one element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Floating-point operations, as reported to users: two for a fused multiply-add.
    pub flops: usize,
    /// Approximate time on hardware, in units of one addition.
    pub time: f64,
}

/// A move between rows.
const FREE: Cost = Cost {
    flops: 0,
    time: 0.0,
};
/// Additions, multiplications, comparisons, signs.
const CHEAP: Cost = Cost {
    flops: 1,
    time: 1.0,
};
/// Fused multiply-adds.
const FUSED: Cost = Cost {
    flops: 2,
    time: 1.0,
};
/// Divisions and square roots.
const DIVISION: Cost = Cost {
    flops: 1,
    time: 4.0,
};
/// Functions computed by a range reduction and a polynomial.
const ELEMENTARY: Cost = Cost {
    flops: 1,
    time: 10.0,
};
/// Powers: a logarithm and an exponential of extended precision.
const POWER: Cost = Cost {
    flops: 1,
    time: 20.0,
};

/// One application of an operation in a graph, as seen by its derivative rule.
#[derive(Debug, Clone, Copy)]
pub struct Application {
    /// Arguments of the operation. Missing arguments repeat the first.
    pub arguments: [NodeId; 3],
    /// Result of the operation.
    pub value: NodeId,
    /// Adjoint of the result: the derivative of the graph's output with respect to it.
    pub adjoint: NodeId,
}

/// Derivative rule: builds this application's contribution to the adjoint of argument number `usize`.
pub type Derivative = fn(&mut Graph, &Application, usize) -> NodeId;

/// A row of the table, without the operation's meaning: see [`Op::apply`].
#[derive(Debug, Clone, Copy)]
pub struct OpInfo {
    /// Operator sign or function name, for messages.
    pub name: &'static str,
    /// Call in a formula; the text before the bracket is the function's name and cannot name anything else. `None` for
    /// operators and for operations that only the compiler makes.
    pub call: Option<&'static str>,
    /// Value of the operation, for documentation: the row's doc comment.
    pub doc: &'static str,
    /// Number of arguments.
    pub arity: usize,
    /// WGSL expression, given three argument expressions (the first repeated where the arity is lower).
    pub wgsl: fn(&str, &str, &str) -> String,
    /// Values for each argument on which every evaluator is tested.
    pub domain: &'static [f64],
    /// Interval that `etascope validate` samples densely. Only for functions of one argument; `None` if `domain`
    /// suffices.
    pub dense: Option<(f64, f64)>,
    /// Accuracy in `f32`.
    pub tolerance: Tolerance,
    /// Cost for one element.
    pub cost: Cost,
    /// True when the operation or its derivative jumps somewhere, so that a theory for smooth losses does not apply.
    pub kink: bool,
    /// True when exchanging the two arguments changes nothing, not even the rounding.
    pub commutes: bool,
    /// True when the CPU can run the operation and the instructions after it in one pass over a row. Such an operation
    /// needs an arm in `evaluate.rs`.
    pub fuses: bool,
    /// Derivative rule; `None` if the derivative is zero everywhere or the operation appears only after
    /// differentiation.
    pub derivative: Option<Derivative>,
}

/// Zeros, ordinary, tiny, subnormal and huge numbers of both signs.
const ALL: &[f64] = &[
    0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.75, 1e-3, -1e-6, 1e-30, -1e-30, 1e-40, 12.0, -17.5, 89.5,
    1e6, -1e6, 1e30, -1e30,
];
/// Numbers up to 80 in size, for functions that overflow beyond.
const MODERATE: &[f64] = &[
    0.0, -0.0, 1.0, -1.0, 0.5, -0.625, -2.5, 3.75, 1e-3, -1e-6, 1e-30, 0.34, -0.36, 12.0, -17.5,
    60.0, -80.0,
];
/// Positive numbers and zero, the edge of the domain.
const POSITIVE: &[f64] = &[
    0.0, 1e-40, 1e-30, 1e-6, 0.1, 0.5, 0.707, 0.999, 1.0, 1.0001, 1.415, 2.0, 7.5, 100.0, 1e6, 1e30,
];
/// Numbers above −1, and −1, the edge of the domain.
const ABOVE_MINUS_ONE: &[f64] = &[
    -1.0, -0.999, -0.5, -1e-3, -1e-9, 0.0, -0.0, 1e-20, 1e-7, 1e-3, 0.4, 1.0, 3.0, 1e6, 1e30,
];
/// Angles up to 10⁶, where the range reduction is accurate.
const ANGLES: &[f64] = &[
    0.0, -0.0, 1e-20, 0.1, FRAC_PI_4, -FRAC_PI_4, -FRAC_PI_2, FRAC_PI_2, 3.0, -PI, TAU, 100.0,
    -1234.5, 1e5, -1e6,
];

macro_rules! operations {
    ($( $(#[doc = $doc:literal])+ $op:ident {
        name: $name:literal, call: $call:expr, arity: $arity:literal,
        meaning: |$a:pat_param, $b:pat_param, $c:pat_param| $meaning:expr,
        wgsl: $wgsl:expr,
        domain: $domain:expr, dense: $dense:expr, tolerance: $tolerance:expr,
        cost: $cost:expr, kink: $kink:literal, commutes: $commutes:literal, fuses: $fuses:literal,
        derivative: $derivative:expr,
    } )*) => {
        /// A scalar operation, applied element by element.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Op { $( $(#[doc = $doc])+ $op, )* }

        impl Op {
            /// Every operation, in the order of the table.
            pub const ALL: &[Self] = &[ $( Self::$op, )* ];

            /// The operation's row of the table.
            #[must_use]
            pub fn info(self) -> &'static OpInfo {
                match self { $( Self::$op => {
                    const INFO: OpInfo = OpInfo {
                        name: $name, call: $call, doc: concat!($($doc),+).trim_ascii(), arity: $arity, wgsl: $wgsl,
                        domain: $domain, dense: $dense, tolerance: $tolerance, cost: $cost, kink: $kink,
                        commutes: $commutes, fuses: $fuses, derivative: $derivative,
                    };
                    &INFO
                } )* }
            }

            /// Result of the operation. Arguments beyond its arity are ignored.
            #[inline(always)]
            #[must_use]
            pub fn apply<T: Real>(self, a: T, b: T, c: T) -> T {
                match self { $( Self::$op => { let ($a, $b, $c) = (a, b, c); $meaning } )* }
            }

            /// Calls `visitor` with the operation as a closure, so that a loop around the closure is compiled for this
            /// operation alone.
            #[inline(always)]
            pub(super) fn dispatch<T: Real, V: OpVisitor<T>>(self, visitor: V) {
                match self { $( Self::$op => visitor.visit(
                    #[inline(always)]
                    |a: T, b: T, c: T| { let ($a, $b, $c) = (a, b, c); $meaning }
                ), )* }
            }
        }
    };
}

/// Code that is compiled once per operation; see [`Op::dispatch`].
pub(super) trait OpVisitor<T> {
    /// Uses the operation's meaning.
    fn visit(self, meaning: impl Fn(T, T, T) -> T);
}

operations! {
    /// Sum.
    Add {
        name: "+", call: None, arity: 2,
        meaning: |a, b, _| a + b,
        wgsl: |a, b, _| format!("{a} + {b}"),
        domain: ALL, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: CHEAP, kink: false, commutes: true, fuses: false,
        derivative: Some(|_, at, _| at.adjoint),
    }
    /// Difference.
    Sub {
        name: "-", call: None, arity: 2,
        meaning: |a, b, _| a - b,
        wgsl: |a, b, _| format!("{a} - {b}"),
        domain: ALL, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: CHEAP, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, which| if which == 0 { at.adjoint } else { graph.neg(at.adjoint) }),
    }
    /// Product.
    Mul {
        name: "*", call: None, arity: 2,
        meaning: |a, b, _| a * b,
        wgsl: |a, b, _| format!("{a} * {b}"),
        domain: ALL, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: CHEAP, kink: false, commutes: true, fuses: true,
        derivative: Some(|graph, at, which| graph.mul(at.adjoint, at.arguments[1 - which])),
    }
    /// Quotient.
    Div {
        name: "/", call: None, arity: 2,
        meaning: |a, b, _| a / b,
        wgsl: |a, b, _| format!("{a} / {b}"),
        domain: ALL, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: DIVISION, kink: false, commutes: false, fuses: false,
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
    /// Power; NaN for a negative base, unless the exponent is a constant integer. (The graph turns constant whole and half
    /// exponents into products and square roots.)
    Pow {
        name: "^", call: Some("pow(a, b)"), arity: 2,
        meaning: |a, b, _| a.pow(b),
        wgsl: |a, b, _| format!("power({a}, {b})"),
        domain: POSITIVE, dense: None, tolerance: Tolerance::Ulps(1.0),
        cost: POWER, kink: false, commutes: false, fuses: false,
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
    /// Smaller of two numbers; NaN if either is NaN.
    Min {
        name: "min", call: Some("min(a, b)"), arity: 2,
        meaning: |a, b, _| if a <= b || a.is_nan() { a } else { b },
        wgsl: |a, b, _| format!("minimum({a}, {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: Some(|graph, at, which| share_of_extreme(graph, at, which, Op::Less)),
    }
    /// Larger of two numbers; NaN if either is NaN.
    Max {
        name: "max", call: Some("max(a, b)"), arity: 2,
        meaning: |a, b, _| if a >= b || a.is_nan() { a } else { b },
        wgsl: |a, b, _| format!("maximum({a}, {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: Some(|graph, at, which| share_of_extreme(graph, at, which, Op::Greater)),
    }
    /// 1 if `a < b`, else 0 (also if either is NaN).
    Less {
        name: "<", call: None, arity: 2,
        meaning: |a, b, _| T::indicator(a < b),
        wgsl: |a, b, _| format!("indicator({a} < {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: None,
    }
    /// 1 if `a <= b`, else 0.
    LessEqual {
        name: "<=", call: None, arity: 2,
        meaning: |a, b, _| T::indicator(a <= b),
        wgsl: |a, b, _| format!("indicator({a} <= {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: None,
    }
    /// 1 if `a > b`, else 0.
    Greater {
        name: ">", call: None, arity: 2,
        meaning: |a, b, _| T::indicator(a > b),
        wgsl: |a, b, _| format!("indicator({a} > {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: None,
    }
    /// 1 if `a >= b`, else 0.
    GreaterEqual {
        name: ">=", call: None, arity: 2,
        meaning: |a, b, _| T::indicator(a >= b),
        wgsl: |a, b, _| format!("indicator({a} >= {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: None,
    }
    /// 1 if `a == b`, else 0.
    Equal {
        name: "==", call: None, arity: 2,
        meaning: |a, b, _| T::indicator(a == b),
        wgsl: |a, b, _| format!("indicator({a} == {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: true, fuses: false,
        derivative: None,
    }
    /// 1 if `a != b`, else 0.
    NotEqual {
        name: "!=", call: None, arity: 2,
        meaning: |a, b, _| T::indicator(a != b),
        wgsl: |a, b, _| format!("indicator({a} != {b})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: true, fuses: false,
        derivative: None,
    }
    /// The second argument where the condition is not zero, else the third.
    Select {
        name: "select", call: Some("select(condition, value where true, value elsewhere)"), arity: 3,
        meaning: |a, b, c| if a != T::ZERO { b } else { c },
        wgsl: |a, b, c| format!("select({c}, {b}, {a} != 0.0)"),
        domain: MODERATE, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: Some(|graph, at, which| {
            let zero = graph.constant(0.0);
            match which {
                1 => graph.select(at.arguments[0], at.adjoint, zero),
                2 => graph.select(at.arguments[0], zero, at.adjoint),
                _ => zero,
            }
        }),
    }
    /// Negation.
    Neg {
        name: "-", call: None, arity: 1,
        meaning: |a, _, _| -a,
        wgsl: |a, _, _| format!("-({a})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| graph.neg(at.adjoint)),
    }
    /// Absolute value.
    Abs {
        name: "abs", call: Some("abs(x)"), arity: 1,
        meaning: |a, _, _| a.abs(),
        wgsl: |a, _, _| format!("abs({a})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let sign = graph.map(Op::Sign, &[at.arguments[0]]);
            graph.mul(at.adjoint, sign)
        }),
    }
    /// −1 for negative, 0 for zero, 1 for positive numbers.
    Sign {
        name: "sign", call: Some("sign(x)"), arity: 1,
        meaning: |a, _, _| T::indicator(a > T::ZERO) - T::indicator(a < T::ZERO),
        wgsl: |a, _, _| format!("signum({a})"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: None,
    }
    /// `x` if positive, else 0; NaN stays NaN.
    Relu {
        name: "relu", call: Some("relu(x)"), arity: 1,
        meaning: |a, _, _| if a <= T::ZERO { T::ZERO } else { a },
        wgsl: |a, _, _| format!("select({a}, 0.0, {a} <= 0.0)"),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: CHEAP, kink: true, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let zero = graph.constant(0.0);
            let positive = graph.map(Op::Greater, &[at.arguments[0], zero]);
            graph.mul(at.adjoint, positive)
        }),
    }
    /// Square root; NaN below zero, infinite derivative at zero.
    Sqrt {
        name: "sqrt", call: Some("sqrt(x)"), arity: 1,
        meaning: |a, _, _| a.sqrt(),
        wgsl: |a, _, _| format!("sqrt({a})"),
        domain: POSITIVE, dense: Some((1e-3, 10.0)), tolerance: Tolerance::Ulps(0.5),
        cost: DIVISION, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let half = graph.constant(0.5);
            let scaled = graph.mul(at.adjoint, half);
            graph.div(scaled, at.value)
        }),
    }
    /// Natural exponential.
    Exp {
        name: "exp", call: Some("exp(x)"), arity: 1,
        meaning: |a, _, _| a.exp(),
        wgsl: |a, _, _| format!("exp({a})"),
        domain: MODERATE, dense: Some((-87.0, 88.5)), tolerance: Tolerance::Ulps(2.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| graph.mul(at.adjoint, at.value)),
    }
    /// `exp(x) - 1`, accurate near zero.
    Expm1 {
        name: "expm1", call: Some("expm1(x)"), arity: 1,
        meaning: |a, _, _| a.exp_m1(),
        wgsl: |a, _, _| format!("exp_minus_one({a})"),
        domain: MODERATE, dense: Some((-4.0, 4.0)), tolerance: Tolerance::Ulps(4.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let exp = graph.map(Op::Exp, &[at.arguments[0]]);
            graph.mul(at.adjoint, exp)
        }),
    }
    /// Natural logarithm; −∞ at zero, NaN below.
    Log {
        name: "log", call: Some("log(x)"), arity: 1,
        meaning: |a, _, _| a.ln(),
        wgsl: |a, _, _| format!("log({a})"),
        domain: POSITIVE, dense: Some((1e-3, 10.0)), tolerance: Tolerance::Ulps(2.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| graph.div(at.adjoint, at.arguments[0])),
    }
    /// `log(1 + x)`, accurate near zero.
    Log1p {
        name: "log1p", call: Some("log1p(x)"), arity: 1,
        meaning: |a, _, _| a.ln_1p(),
        wgsl: |a, _, _| format!("log_one_plus({a})"),
        domain: ABOVE_MINUS_ONE, dense: Some((-0.99, 3.0)), tolerance: Tolerance::Ulps(4.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let one = graph.constant(1.0);
            let shifted = graph.add(at.arguments[0], one);
            graph.div(at.adjoint, shifted)
        }),
    }
    /// Sine.
    Sin {
        name: "sin", call: Some("sin(x)"), arity: 1,
        meaning: |a, _, _| a.sin(),
        wgsl: |a, _, _| format!("sin({a})"),
        domain: ANGLES, dense: Some((-10.0, 10.0)), tolerance: Tolerance::Absolute(1.5e-7),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let cos = graph.map(Op::Cos, &[at.arguments[0]]);
            graph.mul(at.adjoint, cos)
        }),
    }
    /// Cosine.
    Cos {
        name: "cos", call: Some("cos(x)"), arity: 1,
        meaning: |a, _, _| a.cos(),
        wgsl: |a, _, _| format!("cos({a})"),
        domain: ANGLES, dense: Some((-10.0, 10.0)), tolerance: Tolerance::Absolute(1.5e-7),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let sin = graph.map(Op::Sin, &[at.arguments[0]]);
            let product = graph.mul(at.adjoint, sin);
            graph.neg(product)
        }),
    }
    /// Hyperbolic tangent.
    Tanh {
        name: "tanh", call: Some("tanh(x)"), arity: 1,
        meaning: |a, _, _| a.tanh(),
        wgsl: |a, _, _| format!("hyperbolic_tangent({a})"),
        domain: ALL, dense: Some((-4.0, 4.0)), tolerance: Tolerance::Ulps(3.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let one = graph.constant(1.0);
            let square = graph.mul(at.value, at.value);
            let slope = graph.sub(one, square);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// Logistic function `1 / (1 + exp(-x))`, finite everywhere.
    Sigmoid {
        name: "sigmoid", call: Some("sigmoid(x)"), arity: 1,
        meaning: |a, _, _| {
            let e = (-a.abs()).exp();
            (if a < T::ZERO { e } else { T::ONE }) / (T::ONE + e)
        },
        wgsl: |a, _, _| format!("sigmoid({a})"),
        domain: MODERATE, dense: Some((-60.0, 60.0)), tolerance: Tolerance::Ulps(4.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let square = graph.mul(at.value, at.value);
            let slope = graph.sub(at.value, square);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// `log(1 + exp(x))`, finite everywhere.
    Softplus {
        name: "softplus", call: Some("softplus(x)"), arity: 1,
        meaning: |a, _, _| {
            let positive = if a <= T::ZERO { T::ZERO } else { a };
            positive + (-a.abs()).exp().ln_1p()
        },
        wgsl: |a, _, _| format!("softplus({a})"),
        domain: MODERATE, dense: Some((-60.0, 60.0)), tolerance: Tolerance::Ulps(5.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let slope = graph.map(Op::Sigmoid, &[at.arguments[0]]);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// Error function.
    Erf {
        name: "erf", call: Some("erf(x)"), arity: 1,
        meaning: |a, _, _| a.erf(),
        wgsl: |a, _, _| format!("error_function({a})"),
        domain: ALL, dense: Some((-4.0, 4.0)), tolerance: Tolerance::Ulps(4.0),
        cost: ELEMENTARY, kink: false, commutes: false, fuses: false,
        derivative: Some(|graph, at, _| {
            let square = graph.mul(at.arguments[0], at.arguments[0]);
            let exponent = graph.neg(square);
            let bell = graph.map(Op::Exp, &[exponent]);
            let scale = graph.constant(std::f64::consts::FRAC_2_SQRT_PI);
            let slope = graph.mul(bell, scale);
            graph.mul(at.adjoint, slope)
        }),
    }
    /// `a * b + c` with one rounding. Formulas cannot write fused multiply-adds: compiling a program makes them.
    MulAdd {
        name: "a*b+c", call: None, arity: 3,
        meaning: |a, b, c| a.mul_add(b, c),
        wgsl: |a, b, c| format!("fma({a}, {b}, {c})"),
        domain: MODERATE, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: FUSED, kink: false, commutes: false, fuses: true,
        derivative: None,
    }
    /// `a * b - c` with one rounding.
    MulSub {
        name: "a*b-c", call: None, arity: 3,
        meaning: |a, b, c| a.mul_add(b, -c),
        wgsl: |a, b, c| format!("fma({a}, {b}, -({c}))"),
        domain: MODERATE, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: FUSED, kink: false, commutes: false, fuses: true,
        derivative: None,
    }
    /// `c - a * b` with one rounding.
    NegMulAdd {
        name: "c-a*b", call: None, arity: 3,
        meaning: |a, b, c| (-a).mul_add(b, c),
        wgsl: |a, b, c| format!("fma(-({a}), {b}, {c})"),
        domain: MODERATE, dense: None, tolerance: Tolerance::Ulps(0.5),
        cost: FUSED, kink: false, commutes: false, fuses: true,
        derivative: None,
    }
    /// A move to another row.
    Copy {
        name: "copy", call: None, arity: 1,
        meaning: |a, _, _| a,
        wgsl: |a, _, _| a.to_owned(),
        domain: ALL, dense: None, tolerance: Tolerance::Exact,
        cost: FREE, kink: false, commutes: false, fuses: false,
        derivative: None,
    }
}

impl Op {
    /// Name by which a formula calls the operation, if it is a function.
    #[must_use]
    pub fn function_name(self) -> Option<&'static str> {
        self.info().call.map(name_of_call)
    }

    /// Elementwise function of this name.
    #[must_use]
    pub fn function(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|op| op.function_name() == Some(name))
    }
}

/// Name of the function in a call: the text before the bracket.
pub(super) fn name_of_call(call: &'static str) -> &'static str {
    call.split('(').next().unwrap_or(call)
}

/// Derivative of `min` and `max`: all to the argument `wins` picks, half to each where they are equal.
fn share_of_extreme(graph: &mut Graph, at: &Application, which: usize, wins: Op) -> NodeId {
    let [a, b, _] = at.arguments;
    let (own, other) = if which == 0 { (a, b) } else { (b, a) };
    let half = graph.constant(0.5);
    let won = graph.map(wins, &[own, other]);
    let tie = graph.map(Op::Equal, &[own, other]);
    let weight = graph.select(tie, half, won);
    graph.mul(at.adjoint, weight)
}
