//! Results of made-up runs, as real ones look.

use super::*;
use crate::measure::Estimate;
use indexmap::IndexMap;

const CHAINS: u64 = 1_000_000;

/// A standard normal that depends on `i` alone: the sum of twelve hashed uniforms.
fn normal(i: usize) -> f64 {
    let uniform = |k: usize| {
        let mut h = (12 * i + k) as u64 ^ 0x9e37_79b9_7f4a_7c15;
        for _ in 0..3 {
            h = (h ^ (h >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        (h >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..12).map(uniform).sum::<f64>() - 6.0
}

fn edges(from: f64, to: f64, bins: usize) -> Vec<f64> {
    (0..=bins)
        .map(|i| from + (to - from) * i as f64 / bins as f64)
        .collect()
}

fn centers(edges: &[f64]) -> Vec<f64> {
    edges.windows(2).map(|e| 0.5 * (e[0] + e[1])).collect()
}

fn drawn(share: f64, i: usize) -> u64 {
    let expected = share * CHAINS as f64;
    (expected + expected.sqrt() * normal(i)).round().max(0.0) as u64
}

/// Histogram of exp(−L/T) for the double well of depth ¼ in x, with its theory.
fn well(point: usize, temperature: f64) -> HistogramTable {
    let edges = edges(-2.5, 2.5, 200);
    let weight = |x: f64| (-(x * x - 1.0).powi(2) / 4.0 / temperature).exp();
    let weights: Vec<f64> = centers(&edges).into_iter().map(weight).collect();
    let norm: f64 = weights.iter().sum::<f64>() * 0.025;
    let theory: Vec<f64> = weights.iter().map(|w| w / norm).collect();
    let counts = theory
        .iter()
        .enumerate()
        .map(|(i, d)| drawn(d * 0.025, i + 1000 * point))
        .collect();
    let axes = vec![HistogramAxis {
        name: "x".into(),
        edges,
    }];
    HistogramTable {
        point,
        axes,
        counts,
        below: 0,
        above: 3,
        outside: 0,
        nan: 0,
        theory: Some(theory),
    }
}

/// Joint histogram of the well in x and a parabola in y at another temperature.
fn pair(point: usize, [t_x, t_y]: [f64; 2]) -> HistogramTable {
    let (xs, ys) = (edges(-2.0, 2.0, 128), edges(-2.5, 2.5, 128));
    let mut weights = Vec::new();
    for x in centers(&xs) {
        for y in centers(&ys) {
            weights.push((-(x * x - 1.0).powi(2) / 4.0 / t_x - y * y / 2.0 / t_y).exp());
        }
    }
    let cell = (4.0 / 128.0) * (5.0 / 128.0);
    let norm: f64 = weights.iter().sum::<f64>() * cell;
    let theory: Vec<f64> = weights.iter().map(|w| w / norm).collect();
    let counts = theory
        .iter()
        .enumerate()
        .map(|(i, d)| drawn(d * cell, i))
        .collect();
    let axis = |name: &str, edges| HistogramAxis {
        name: name.into(),
        edges,
    };
    let axes = vec![axis("x", xs), axis("y", ys)];
    HistogramTable {
        point,
        axes,
        counts,
        below: 0,
        above: 0,
        outside: 12,
        nan: 0,
        theory: Some(theory),
    }
}

fn estimate(mean: f64, se: f64) -> Estimate {
    Estimate { mean, se }
}

fn parameter(mean: f64, variance: f64, temperature: f64, i: usize) -> ParameterEstimate {
    let n = CHAINS as f64;
    let se = (variance / n).sqrt();
    let t_se = temperature * (2.0 / n).sqrt();
    ParameterEstimate {
        mean: mean + se * normal(i),
        se,
        variance: estimate(variance, variance * (2.0 / n).sqrt()),
        temperature: estimate(temperature + t_se * normal(i + 1), t_se),
        temperature_theory: Some(temperature),
        quantiles: [0.025, 0.5, 0.975]
            .map(|q| Quantile {
                q,
                value: estimate((q - 0.5) * 2.4, 0.001),
            })
            .into(),
    }
}

fn point(eta: f64, temperatures: &[(&str, f64)]) -> Point {
    let named = |(i, (name, t)): (usize, &(&str, f64))| {
        ((*name).to_owned(), parameter(0.0, 0.9, *t, 7 * i))
    };
    let parameters: IndexMap<String, ParameterEstimate> =
        temperatures.iter().enumerate().map(named).collect();
    let loss = temperatures.iter().map(|(_, t)| 0.5 * t).sum::<f64>();
    let alpha = estimate(0.4996, 0.0007);
    let virial: IndexMap<String, Estimate> = temperatures
        .iter()
        .map(|(name, _)| ((*name).to_owned(), alpha))
        .collect();
    let one = temperatures.len() == 1;
    Point {
        eta,
        dt: eta,
        steps: (100.0 / eta) as u64,
        burn_in: 0,
        kept_times: 1,
        effective_draws: None,
        relaxation: None,
        basins: Vec::new(),
        time: 100.0,
        diverged: 0,
        first_diverged_step: None,
        converged: true,
        verdict: "stationary: both sides of the fluctuation–dissipation relation agree".into(),
        loss: estimate(loss * 1.0008, loss * 0.0014),
        reduced_loss: None,
        validation_loss: None,
        quantities: IndexMap::new(),
        covariance: Some(vec![vec![0.9; parameters.len()]; parameters.len()]),
        parameters,
        observables: [("radius".to_owned(), estimate(0.9312, 0.0002))].into(),
        stationarity: Some(Stationarity {
            fdr_left: estimate(0.10003, 0.00012),
            fdr_right: estimate(0.1, 0.00001),
            z: 0.25,
            loss_drift_z: Some(-0.7),
            nested_rhat: None,
            nested_rhat_p: None,
        }),
        gibbs: Some(Gibbs {
            alpha: one.then_some(alpha),
            alpha_virial: virial,
            ks_distance: one.then_some(0.000_71),
            ks_p: one.then_some(0.62),
            equal_temperature_p: (!one).then_some(1e-12),
        }),
        discretized: one.then_some(Discretized {
            loss,
            alpha: 0.5001,
            ks_distance: 0.000_7,
            ks_p: 0.63,
        }),
        goodness_of_fit: vec![GoodnessOfFit {
            of: "x".into(),
            distribution: "Gibbs distribution at α = ½".into(),
            chi_square: 181.2,
            degrees: 187,
            p: 0.61,
        }],
        detailed_balance: (!one).then(|| DetailedBalance {
            circulation: [("x, y".to_owned(), estimate(0.0003, 0.0002))].into(),
            circulation_p: 0.13,
            entropy_production: Some(estimate(-0.001, 0.002)),
            entropy_production_p: Some(0.62),
        }),
        tests: vec![
            Test {
                name: "χ² of x".into(),
                p: 0.61,
                holm: 0.61,
            },
            Test {
                name: "no circulation".into(),
                p: 0.13,
                holm: 0.26,
            },
        ],
        theory: Some(Theory {
            source: "Gibbs distribution at α = ½".into(),
            loss: Some(loss),
            parameters: temperatures
                .iter()
                .map(|(name, _)| {
                    (
                        (*name).to_owned(),
                        ParameterTheory {
                            mean: Some(0.0),
                            variance: Some(0.901),
                        },
                    )
                })
                .collect(),
        }),
    }
}

fn trace(point: usize, start: f64, end: f64) -> Trace {
    let row = |i: usize| {
        let time = i as f64;
        let loss = end + (start - end) * (-0.12 * time).exp();
        let parameters = vec![TraceParameter {
            mean: 0.01,
            variance: 0.9,
        }];
        TraceRow {
            step: 10 * i as u64,
            time,
            loss: estimate(loss, 0.004 * loss),
            validation_loss: None,
            quantities: IndexMap::new(),
            parameters,
        }
    };
    Trace {
        point,
        rows: (0..=100).map(row).collect(),
    }
}

fn results(points: Vec<Point>, histograms: Vec<HistogramTable>) -> Results {
    let traces = points
        .iter()
        .enumerate()
        .map(|(i, p)| trace(i, 1.4, p.loss.mean))
        .collect();
    Results {
        summary: Summary {
            etascope: "0.1.0".into(),
            name: "double-well".into(),
            dynamics: "langevin".into(),
            backend: "gpu".into(),
            adapter: Some("llvmpipe (LLVM 19.1.7, 256 bits)".into()),
            driver: Some("Mesa 25.0".into()),
            software_adapter: true,
            precision: "f32".into(),
            generator: "threefry4x32-13".into(),
            stream_version: 1,
            normal: "box-muller".into(),
            seed: 1,
            chains: CHAINS,
            wall_seconds: 1.93,
            chain_steps_per_second: 5.2e8,
            startup_seconds: 0.05,
            compile_seconds: None,
            warnings: vec![],
            points,
            optimum: Some(Optimum { loss: 0.0, parameters: [("x".to_owned(), 1.0)].into() }),
            differences: Vec::new(),
            slope: None,
        },
        traces: TraceTable { parameters: vec!["x".into()], traces },
        histograms,
        resolved_experiment: "name = \"double-well\"\n\n[parameters]\nx = 0.0\n\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n\n[dynamics]\nkind = \"langevin\"\neta = 0.1\n".into(),
    }
}

/// One parameter at one learning rate.
pub(super) fn double_well() -> Results {
    results(vec![point(0.1, &[("x", 0.05)])], vec![well(0, 0.05)])
}

/// Two parameters with unequal temperatures; a hundred chains diverged.
pub(super) fn two_temperatures() -> Results {
    let mut point = point(0.1, &[("x", 0.05), ("y", 0.45)]);
    (point.diverged, point.first_diverged_step) = (100, Some(17));
    results(vec![point], vec![well(0, 0.05), pair(0, [0.05, 0.45])])
}

/// One parameter at six learning rates, of which the last did not settle.
pub(super) fn sweep() -> Results {
    let etas = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8];
    let mut points: Vec<Point> = etas
        .iter()
        .map(|eta| point(*eta, &[("x", 0.5 * eta)]))
        .collect();
    (points[5].converged, points[5].verdict) = (
        false,
        "not stationary: the loss still falls (z = 8.1)".into(),
    );
    results(
        points,
        etas.iter()
            .enumerate()
            .map(|(i, eta)| well(i, 0.5 * eta))
            .collect(),
    )
}
