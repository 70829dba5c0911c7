//! An independent evaluator: walks the syntax tree with dual numbers (forward-mode differentiation), without graph,
//! simplification or operation table.

use std::collections::BTreeMap;

use crate::loss::op::Op;
use crate::loss::parse::parse;
use crate::loss::shape::Shape;
use crate::loss::syntax::{ExprKind, Logic};

/// A number and its derivative along one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dual(pub(super) f64, pub(super) f64);

/// A tensor of dual numbers.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub(super) shape: Shape,
    pub(super) data: Vec<Dual>,
}

fn scalar(x: Dual) -> Tensor {
    Tensor {
        shape: Shape::Scalar,
        data: vec![x],
    }
}

fn add(a: Dual, b: Dual) -> Dual {
    Dual(a.0 + b.0, a.1 + b.1)
}

fn mul(a: Dual, b: Dual) -> Dual {
    Dual(a.0 * b.0, a.0 * b.1 + a.1 * b.0)
}

fn chain(x: Dual, value: f64, slope: f64) -> Dual {
    Dual(value, slope * x.1)
}

fn power(a: Dual, b: Dual) -> Dual {
    let value = if b.0.fract() == 0.0 {
        a.0.powi(b.0 as i32)
    } else {
        a.0.powf(b.0)
    };
    let through_base = if b.0 == 0.0 {
        0.0
    } else {
        b.0 * a.0.powf(b.0 - 1.0) * a.1
    };
    let through_exponent = if b.1 == 0.0 {
        0.0
    } else {
        value * a.0.ln() * b.1
    };
    Dual(value, through_base + through_exponent)
}

fn extreme(a: Dual, b: Dual, first: bool) -> Dual {
    if a.0 == b.0 {
        Dual(a.0, 0.5 * (a.1 + b.1))
    } else if first {
        a
    } else {
        b
    }
}

fn truth(x: bool) -> Dual {
    Dual(f64::from(u8::from(x)), 0.0)
}

/// Error function by Simpson's rule on the defining integral: slow, but simple enough to trust.
fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let n = 2000;
    let h = x / f64::from(n);
    let bell = |i: i32| (-(h * f64::from(i)).powi(2)).exp();
    let inner: f64 = (1..n)
        .map(|i| bell(i) * if i % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    (bell(0) + inner + bell(n)) * h / 3.0 * std::f64::consts::FRAC_2_SQRT_PI
}

fn unary(op: Op, x: Dual) -> Dual {
    let v = x.0;
    match op {
        Op::Neg => Dual(-v, -x.1),
        Op::Abs if v == 0.0 => Dual(0.0, 0.0),
        Op::Abs => chain(x, v.abs(), v.signum()),
        Op::Sign => Dual(if v == 0.0 { 0.0 } else { v.signum() }, 0.0),
        Op::Relu => {
            if v > 0.0 {
                x
            } else {
                Dual(0.0, 0.0)
            }
        }
        Op::Sqrt => chain(x, v.sqrt(), 0.5 / v.sqrt()),
        Op::Exp => chain(x, v.exp(), v.exp()),
        Op::Expm1 => chain(x, v.exp_m1(), v.exp()),
        Op::Log => chain(x, v.ln(), 1.0 / v),
        Op::Log1p => chain(x, v.ln_1p(), 1.0 / (1.0 + v)),
        Op::Sin => chain(x, v.sin(), v.cos()),
        Op::Cos => chain(x, v.cos(), -v.sin()),
        Op::Tanh => chain(x, v.tanh(), 1.0 / v.cosh().powi(2)),
        Op::Sigmoid => chain(x, 1.0 / (1.0 + (-v).exp()), 0.25 / (0.5 * v).cosh().powi(2)),
        Op::Softplus => chain(
            x,
            v.max(0.0) + (-v.abs()).exp().ln_1p(),
            1.0 / (1.0 + (-v).exp()),
        ),
        Op::Erf => chain(
            x,
            erf(v),
            2.0 / std::f64::consts::PI.sqrt() * (-v * v).exp(),
        ),
        other => panic!("{other:?} is not unary"),
    }
}

fn binary(op: Op, a: Dual, b: Dual) -> Dual {
    match op {
        Op::Add => add(a, b),
        Op::Sub => Dual(a.0 - b.0, a.1 - b.1),
        Op::Mul => mul(a, b),
        Op::Div => Dual(a.0 / b.0, (a.1 * b.0 - a.0 * b.1) / (b.0 * b.0)),
        Op::Pow => power(a, b),
        Op::Min => extreme(a, b, a.0 < b.0),
        Op::Max => extreme(a, b, a.0 > b.0),
        Op::Less => truth(a.0 < b.0),
        Op::LessEqual => truth(a.0 <= b.0),
        Op::Greater => truth(a.0 > b.0),
        Op::GreaterEqual => truth(a.0 >= b.0),
        Op::Equal => truth(a.0 == b.0),
        Op::NotEqual => truth(a.0 != b.0),
        other => panic!("{other:?} is not binary"),
    }
}

fn elementwise(arguments: &[Tensor], f: impl Fn(&[Dual]) -> Dual) -> Tensor {
    let widest = arguments
        .iter()
        .max_by_key(|argument| argument.data.len())
        .expect("arguments");
    let pick = |index: usize| -> Vec<Dual> {
        arguments
            .iter()
            .map(|a| {
                if a.data.len() == 1 {
                    a.data[0]
                } else {
                    a.data[index]
                }
            })
            .collect()
    };
    Tensor {
        shape: widest.shape,
        data: (0..widest.data.len())
            .map(|index| f(&pick(index)))
            .collect(),
    }
}

fn operator(op: Op, arguments: &[Tensor]) -> Tensor {
    elementwise(arguments, |x| match x {
        [a] => unary(op, *a),
        [a, b] => binary(op, *a, *b),
        [condition, a, b] => {
            if condition.0 == 0.0 {
                *b
            } else {
                *a
            }
        }
        _ => panic!("too many arguments"),
    })
}

fn sum(a: &Tensor) -> Dual {
    a.data.iter().copied().fold(Dual(0.0, 0.0), add)
}

fn matmul(a: &Tensor, b: &Tensor) -> Tensor {
    let (m, k) = match a.shape {
        Shape::Matrix(m, k) => (m, k),
        shape => (1, shape.len()),
    };
    let n = match b.shape {
        Shape::Matrix(_, n) => n,
        _ => 1,
    };
    let mut data = Vec::new();
    for i in 0..m {
        for j in 0..n {
            data.push(
                (0..k)
                    .map(|l| mul(a.data[i * k + l], b.data[l * n + j]))
                    .fold(Dual(0.0, 0.0), add),
            );
        }
    }
    Tensor {
        shape: a.shape.matmul(b.shape).expect("shapes agree"),
        data,
    }
}

fn transpose(a: &Tensor) -> Tensor {
    let Shape::Matrix(m, n) = a.shape else {
        panic!("a matrix")
    };
    let data = (0..n)
        .flat_map(|j| (0..m).map(move |i| i * n + j))
        .map(|index| a.data[index])
        .collect();
    Tensor {
        shape: Shape::Matrix(n, m),
        data,
    }
}

/// The largest element. Its derivative is the mean over all elements that equal it.
fn largest(a: &Tensor) -> Dual {
    let top = a.data.iter().map(|x| x.0).fold(f64::NEG_INFINITY, f64::max);
    let ties: Vec<f64> = a.data.iter().filter(|x| x.0 == top).map(|x| x.1).collect();
    Dual(top, ties.iter().sum::<f64>() / ties.len() as f64)
}

fn call(name: &str, arguments: &[Tensor]) -> Tensor {
    let a = &arguments[0];
    match (name, arguments.len()) {
        ("sum", _) => scalar(sum(a)),
        ("mean", _) => {
            let total = sum(a);
            let n = a.data.len() as f64;
            scalar(Dual(total.0 / n, total.1 / n))
        }
        ("dot", _) => matmul(a, &arguments[1]),
        ("norm", _) => {
            let squares = a.data.iter().map(|x| mul(*x, *x)).fold(Dual(0.0, 0.0), add);
            let length = squares.0.sqrt();
            scalar(Dual(
                length,
                if length == 0.0 {
                    0.0
                } else {
                    0.5 * squares.1 / length
                },
            ))
        }
        ("logsumexp", _) => {
            let top = largest(a).0;
            let terms: Vec<f64> = a.data.iter().map(|x| (x.0 - top).exp()).collect();
            let total: f64 = terms.iter().sum();
            let slope = terms
                .iter()
                .zip(&a.data)
                .map(|(term, x)| term * x.1)
                .sum::<f64>()
                / total;
            scalar(Dual(top + total.ln(), slope))
        }
        ("max", 1) => scalar(largest(a)),
        ("min", 1) => scalar(unary(Op::Neg, largest(&operator(Op::Neg, arguments)))),
        ("transpose", _) => transpose(a),
        ("outer", _) => {
            let b = &arguments[1];
            let data = a
                .data
                .iter()
                .flat_map(|x| b.data.iter().map(|y| mul(*x, *y)))
                .collect();
            Tensor {
                shape: Shape::Matrix(a.data.len(), b.data.len()),
                data,
            }
        }
        ("square", _) => elementwise(arguments, |x| mul(x[0], x[0])),
        ("pow", _) => operator(Op::Pow, arguments),
        _ => operator(Op::function(name).expect("a function"), arguments),
    }
}

fn index(whole: &Tensor, positions: &[usize]) -> Tensor {
    match (whole.shape, positions) {
        (Shape::Vector(_), [i]) => scalar(whole.data[*i]),
        (Shape::Matrix(_, n), [i, j]) => scalar(whole.data[i * n + j]),
        (Shape::Matrix(_, n), [i]) => Tensor {
            shape: Shape::Vector(n),
            data: whole.data[i * n..(i + 1) * n].to_vec(),
        },
        _ => panic!("wrong index"),
    }
}

fn logic(logic: Logic, arguments: &[Tensor]) -> Tensor {
    elementwise(arguments, |x| match (logic, x) {
        (Logic::Not, [a]) => truth(a.0 == 0.0),
        (Logic::And, [a, b]) => truth(a.0 != 0.0 && b.0 != 0.0),
        (Logic::Or, [a, b]) => truth(a.0 != 0.0 || b.0 != 0.0),
        _ => panic!("wrong number of arguments"),
    })
}

/// Value and directional derivative of a formula, and the largest intermediate magnitude.
pub(super) fn evaluate(text: &str, inputs: &BTreeMap<String, Tensor>) -> (Dual, f64) {
    let tree = parse(text).expect("the formula parses");
    let mut names = inputs.clone();
    let mut values: Vec<Tensor> = Vec::new();
    let mut definitions = tree.definitions.iter().peekable();
    let mut largest = 0.0_f64;
    for expression in &tree.expressions {
        while let Some(definition) =
            definitions.next_if(|definition| definition.value < values.len())
        {
            names.insert(definition.name.clone(), values[definition.value].clone());
        }
        let all =
            |ids: &[usize]| -> Vec<Tensor> { ids.iter().map(|id| values[*id].clone()).collect() };
        let value = match &expression.kind {
            ExprKind::Number(x) => scalar(Dual(*x, 0.0)),
            ExprKind::Name(name) => names
                .get(name)
                .cloned()
                .unwrap_or_else(|| scalar(Dual(std::f64::consts::PI, 0.0))),
            ExprKind::Operator(op, ids) => operator(*op, &all(ids)),
            ExprKind::MatMul(a, b) => matmul(&values[*a], &values[*b]),
            ExprKind::Logic(kind, ids) => logic(*kind, &all(ids)),
            ExprKind::Call {
                function,
                arguments,
                ..
            } => call(function, &all(arguments)),
            ExprKind::Index(whole, ids) => {
                let positions: Vec<usize> = ids
                    .iter()
                    .map(|id| values[*id].data[0].0 as usize)
                    .collect();
                index(&values[*whole], &positions)
            }
            ExprKind::List(parts) => {
                let parts = all(parts);
                let shape = match parts[0].shape {
                    Shape::Vector(n) => Shape::Matrix(parts.len(), n),
                    _ => Shape::Vector(parts.len()),
                };
                Tensor {
                    shape,
                    data: parts.into_iter().flat_map(|part| part.data).collect(),
                }
            }
        };
        for x in &value.data {
            largest = largest.max(if x.0.is_finite() && x.1.is_finite() {
                x.0.abs().max(x.1.abs())
            } else {
                f64::INFINITY
            });
        }
        values.push(value);
    }
    (values[tree.value].data[0], largest)
}
