//! Losses over examples with gradients by hand: regressions of the usual families, a small network, quadratic bowls.

use crate::theory::ExampleLoss;
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::cell::Cell;
use std::f64::consts::TAU;

/// Standard normal numbers by the Box–Muller transform.
pub(in crate::theory) fn normals(seed: u64) -> impl Iterator<Item = f64> {
    let mut rng = SmallRng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
    })
}

/// Loss as a function of the score aᵀΦ and the target y.
#[derive(Debug, Clone, Copy)]
pub(in crate::theory) enum Family {
    /// ½(aᵀΦ − y)².
    Linear,
    /// ln(1 + exp(aᵀΦ)) − y aᵀΦ, y in {0, 1}.
    Logistic,
    /// −ln of the softmax probability of class y; parameters class by class.
    Softmax { classes: usize },
    /// exp(aᵀΦ) − y aᵀΦ.
    Poisson,
}

/// A regression with ½λ|Φ|² added to every example.
pub(in crate::theory) struct Regression {
    columns: usize,
    /// Features in row-major order.
    features: Vec<f64>,
    targets: Vec<f64>,
    family: Family,
    regularization: f64,
    passes: Cell<usize>,
}

impl Regression {
    pub(in crate::theory) fn new(
        columns: usize,
        features: Vec<f64>,
        targets: Vec<f64>,
        family: Family,
        regularization: f64,
    ) -> Self {
        Self {
            columns,
            features,
            targets,
            family,
            regularization,
            passes: Cell::new(0),
        }
    }

    /// Normal features with an intercept and correlated columns of different scales; random targets of the family.
    pub(in crate::theory) fn random(
        n: usize,
        columns: usize,
        family: Family,
        regularization: f64,
        seed: u64,
    ) -> Self {
        let mut normal = normals(seed);
        let mut draw = || normal.next().expect("normals never end");
        let mut features = Vec::with_capacity(n * columns);
        let mut targets = Vec::with_capacity(n);
        for _ in 0..n {
            let common = draw();
            let row = features.len();
            for k in 0..columns {
                let scale = [1.0, 0.1, 10.0][k % 3];
                features.push(if k == 0 {
                    1.0
                } else {
                    scale * (0.5 * common + draw())
                });
            }
            let score: f64 = (0..columns)
                .map(|k| features[row + k] / [1.0, 0.1, 10.0][k % 3])
                .sum::<f64>()
                / (columns as f64).sqrt();
            targets.push(match family {
                Family::Linear => score + draw(),
                Family::Logistic => f64::from(score + 2.0 * draw() > 0.0),
                Family::Softmax { classes } => ((score + draw()).abs() * 2.0)
                    .floor()
                    .min(classes as f64 - 1.0),
                Family::Poisson => ((0.5 * score + 0.5 * draw()).exp()).round(),
            });
        }
        Self::new(columns, features, targets, family, regularization)
    }

    /// Number of passes over the examples.
    pub(in crate::theory) fn passes(&self) -> usize {
        self.passes.get()
    }

    /// The loss; its derivative with respect to each score goes into `slopes`.
    fn local(&self, scores: &[f64], y: f64, slopes: &mut [f64]) -> f64 {
        let s = scores[0];
        match self.family {
            Family::Linear => {
                slopes[0] = s - y;
                0.5 * (s - y) * (s - y)
            }
            Family::Logistic => {
                slopes[0] = 1.0 / (1.0 + (-s).exp()) - y;
                s.max(0.0) + (-s.abs()).exp().ln_1p() - y * s
            }
            Family::Poisson => {
                slopes[0] = s.exp() - y;
                s.exp() - y * s
            }
            Family::Softmax { .. } => {
                let top = scores.iter().copied().fold(f64::MIN, f64::max);
                let sum: f64 = scores.iter().map(|s| (s - top).exp()).sum();
                for (class, (slope, s)) in slopes.iter_mut().zip(scores).enumerate() {
                    *slope = (s - top).exp() / sum - f64::from(class == y as usize);
                }
                top + sum.ln() - scores[y as usize]
            }
        }
    }

    fn outputs(&self) -> usize {
        if let Family::Softmax { classes } = self.family {
            classes
        } else {
            1
        }
    }
}

impl ExampleLoss for Regression {
    fn dimension(&self) -> usize {
        self.columns * self.outputs()
    }

    fn examples(&self) -> usize {
        self.targets.len()
    }

    fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64])) {
        self.passes.set(self.passes.get() + 1);
        let penalty = 0.5 * self.regularization * at.iter().map(|x| x * x).sum::<f64>();
        let (mut scores, mut slopes) = (vec![0.0; self.outputs()], vec![0.0; self.outputs()]);
        let mut gradient = vec![0.0; at.len()];
        for (row, &y) in self.features.chunks(self.columns).zip(&self.targets) {
            for (score, weights) in scores.iter_mut().zip(at.chunks(self.columns)) {
                *score = row.iter().zip(weights).map(|(a, w)| a * w).sum();
            }
            let value = self.local(&scores, y, &mut slopes);
            for (k, g) in gradient.iter_mut().enumerate() {
                *g = slopes[k / self.columns] * row[k % self.columns] + self.regularization * at[k];
            }
            visit(value + penalty, &gradient);
        }
    }
}

/// Least squares for Σ_j c_j tanh(w_jᵀx + b_j) with weight decay 1e-3; parameters (w_j, b_j, c_j) unit by unit.
pub(in crate::theory) struct TanhNet {
    inputs: usize,
    units: usize,
    features: Vec<f64>,
    targets: Vec<f64>,
}

impl TanhNet {
    /// Normal features and noisy nonlinear targets.
    pub(in crate::theory) fn random(n: usize, inputs: usize, units: usize, seed: u64) -> Self {
        let mut normal = normals(seed);
        let features: Vec<f64> = normal.by_ref().take(n * inputs).collect();
        let targets = features
            .chunks(inputs)
            .map(|x| (2.0 * x[0] - x[1]).tanh() + 0.7 * (x[0] + x[1]).sin())
            .zip(normal)
            .map(|(y, z)| y + 0.2 * z)
            .collect();
        Self {
            inputs,
            units,
            features,
            targets,
        }
    }
}

impl ExampleLoss for TanhNet {
    fn dimension(&self) -> usize {
        self.units * (self.inputs + 2)
    }

    fn examples(&self) -> usize {
        self.targets.len()
    }

    fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64])) {
        const DECAY: f64 = 1e-3;
        let m = self.inputs;
        let penalty = 0.5 * DECAY * at.iter().map(|x| x * x).sum::<f64>();
        for (x, y) in self.features.chunks(m).zip(&self.targets) {
            let active: Vec<f64> = at
                .chunks(m + 2)
                .map(|unit| (unit[m] + (0..m).map(|i| unit[i] * x[i]).sum::<f64>()).tanh())
                .collect();
            let output: f64 = at
                .chunks(m + 2)
                .zip(&active)
                .map(|(unit, a)| unit[m + 1] * a)
                .sum();
            let residual = output - y;
            let mut gradient: Vec<f64> = at.iter().map(|x| DECAY * x).collect();
            for ((g, unit), a) in gradient
                .chunks_mut(m + 2)
                .zip(at.chunks(m + 2))
                .zip(&active)
            {
                let back = residual * unit[m + 1] * (1.0 - a * a);
                g.iter_mut().zip(x).for_each(|(g, x)| *g += back * x);
                g[m] += back;
                g[m + 1] += residual * a;
            }
            visit(0.5 * residual * residual + penalty, &gradient);
        }
    }
}

/// Losses ½(x − c_i)ᵀH_i(x − c_i) with any symmetric H_i.
pub(in crate::theory) struct Bowls(pub(super) Vec<(DMatrix<f64>, DVector<f64>)>);

impl Bowls {
    /// Full-rank H_i, some of them with a negative curvature, and scattered centers.
    pub(in crate::theory) fn random(n: usize, d: usize, seed: u64) -> Self {
        let mut normal = normals(seed);
        let mut draw = || normal.next().expect("normals never end");
        let mut bowl = || {
            let a = DMatrix::from_fn(d, d, |_, _| 0.3 * draw());
            let hessian = DMatrix::identity(d, d) * 0.7 + &a + a.transpose();
            (hessian, DVector::from_fn(d, |_, _| draw()))
        };
        Self((0..n).map(|_| bowl()).collect())
    }
}

impl ExampleLoss for Bowls {
    fn dimension(&self) -> usize {
        self.0[0].1.len()
    }

    fn examples(&self) -> usize {
        self.0.len()
    }

    fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64])) {
        for (hessian, center) in &self.0 {
            let offset = DVector::from_column_slice(at) - center;
            let gradient = hessian * &offset;
            visit(0.5 * gradient.dot(&offset), gradient.as_slice());
        }
    }
}

/// Hessian H_i and gradient g_i of every example at the point `at`, by unit steps, for quadratic losses.
pub(in crate::theory) fn linear_examples(
    loss: &dyn ExampleLoss,
    at: &[f64],
) -> Vec<(DMatrix<f64>, DVector<f64>)> {
    let gradients = |point: &[f64]| {
        let mut all = Vec::new();
        loss.visit(point, &mut |_, g| all.push(DVector::from_column_slice(g)));
        all
    };
    let d = at.len();
    let base = gradients(at);
    let mut hessians = vec![DMatrix::zeros(d, d); base.len()];
    for k in 0..d {
        let mut moved = at.to_vec();
        moved[k] += 1.0;
        for ((h, g), b) in hessians.iter_mut().zip(gradients(&moved)).zip(&base) {
            h.set_column(k, &(g - b));
        }
    }
    hessians.into_iter().zip(base).collect()
}
