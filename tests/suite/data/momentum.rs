//! Momentum with Gaussian noise on a quadratic loss without data: exact stationary variances of the discrete chain over a
//! grid of η and β.

use crate::truth::verdict::{Comparisons, holds_everywhere, parameter};

/// Stationary variance of x under v ← βv + hx + σz and x ← x − ηv, or x ← x − η(βv + hx + σz) with the new v for Nesterov's
/// variant. Iterates the linear equations for E x², E xv, E v² to their fixed point.
fn variance(h: f64, eta: f64, beta: f64, nesterov: bool) -> f64 {
    // x′ = x − η(m β v + g (h x + z)) with (m, g) = (1, 1), or (β, 1 + β).
    let (m, g) = if nesterov {
        (beta, 1.0 + beta)
    } else {
        (1.0, 1.0)
    };
    let a = [[1.0 - eta * g * h, -eta * m * beta], [h, beta]];
    let kick = [-eta * g, 1.0];
    let mut s = [[0.0; 2]; 2];
    for _ in 0..100_000 {
        let mut next = [[0.0; 2]; 2];
        for i in 0..2 {
            for j in 0..2 {
                next[i][j] = kick[i] * kick[j];
                for k in 0..2 {
                    for l in 0..2 {
                        next[i][j] += a[i][k] * s[k][l] * a[j][l];
                    }
                }
            }
        }
        s = next;
    }
    s[0][0]
}

#[test]
fn variances_are_exact_over_a_grid() {
    let curvatures = [1.0, 0.3];
    for beta in [0.5, 0.9] {
        for nesterov in [false, true] {
            let etas = [0.05, 0.3, 0.9];
            let text = format!(
                "[parameters]\nx = 0.0\ny = 0.0\n[loss]\nformula = \"0.5 * x^2 + 0.15 * y^2\"\n\
                 [dynamics]\nkind = \"sgd\"\neta = {etas:?}\n\
                 optimizer = {{ kind = \"momentum\", beta = {beta}, nesterov = {nesterov} }}\n\
                 [ensemble]\nchains = 65_536\nduration = {{ steps = 400 }}\nseed = 91\n[measure]\ntrace = 1\n"
            );
            holds_everywhere(&text, |problem, records| {
                let mut all = Comparisons::default();
                for (record, eta) in records.iter().zip(etas) {
                    for (k, h) in curvatures.into_iter().enumerate() {
                        let exact = variance(h, eta, beta, nesterov);
                        let measured = parameter(problem, record, k).variance_estimate();
                        let what = format!("eta {eta}, beta {beta}, nesterov {nesterov}, h {h}");
                        // The slowest mode keeps (1 − 0.05·0.3/0.5)^800 = 3e-11 of its variance; 1e-4 allows for f32.
                        all.add_within(what, measured, exact, 1e-4 * exact);
                    }
                    let fdr = problem.outputs.fdr.expect("momentum has the relation");
                    let balance = record.last()[fdr.difference].mean_estimate();
                    let size = record.last()[fdr.left].mean.abs();
                    all.add_within(format!("eta {eta}: balance"), balance, 0.0, 1e-4 * size);
                }
                all.verdict()
            });
        }
    }
}
