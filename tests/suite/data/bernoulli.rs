//! SGD on the two examples ½(x − 1)² and ½(x + 1)²: x ← (1 − η) x ± η, a Bernoulli convolution.

use super::csv;
use crate::truth::verdict::{Comparisons, ensure, holds_everywhere, kurtosis, parameter};
use etascope::diagnose::ks_distance;

fn text(file: &str, dynamics: &str, chains: u64, bins: u32) -> String {
    format!(
        "[parameters]\nx = 0.0\n[data]\nfile = \"{file}\"\ncolumns = {{ c = \"c\" }}\n\
         [loss]\nformula = \"0.5 * (x - c)^2\"\n[dynamics]\nkind = \"sgd\"\n{dynamics}\n\
         [ensemble]\nchains = {chains}\nduration = {{ steps = 64 }}\nseed = 41\n\
         [measure]\ntrace = 1\nhistogram = [{{ of = \"x\", from = -1.0, to = 1.0, bins = {bins} }}]\n"
    )
}

#[test]
fn variance_and_kurtosis_are_those_of_the_series() {
    let file = csv("c\n1\n-1\n");
    let path = file.path().display().to_string();
    let etas = [0.1, 0.5, 0.9, 1.3];
    holds_everywhere(
        &text(&path, "eta = [0.1, 0.5, 0.9, 1.3]", 131_072, 10),
        |problem, records| {
            let mut all = Comparisons::default();
            for (record, eta) in records.iter().zip(etas) {
                let x = parameter(problem, record, 0);
                // x = η Σ ±(1 − η)ⁿ. At η = 0.1 a start at 0 makes the variance too small by (1 − η)^128 = 1.4e-6.
                let variance: f64 = eta / (2.0 - eta);
                let what = |what: &str| format!("eta {eta}: {what}");
                all.add_within(what("variance"), x.variance_estimate(), variance, 2e-6);
                let q = (1.0f64 - eta).powi(4);
                let fourth = -2.0 * eta.powi(4) / (1.0 - q) / (variance * variance);
                all.add(what("kurtosis"), kurtosis(x), fourth);
                let loss = record.last()[problem.outputs.loss].mean_estimate();
                all.add_within(what("loss"), loss, 0.5 + 0.5 * variance, 2e-6);
            }
            all.verdict()
        },
    );
}

#[test]
fn half_steps_fill_the_interval_evenly() {
    let file = csv("c\n1\n-1\n");
    let path = file.path().display().to_string();
    holds_everywhere(&text(&path, "eta = 0.5", 1_000_000, 256), |_, records| {
        let uniform: Vec<f64> = (0..=256).map(|i| f64::from(i) / 256.0).collect();
        let distance = ks_distance(&records[0].histograms[0], &uniform);
        // 1.95/√N: false alarm 1e-3 (Kolmogorov).
        ensure(distance.distance < 1.95e-3, || format!("{distance:?}"))
    });
}

#[test]
fn two_thirds_leave_out_cantors_middle_thirds() {
    let file = csv("c\n1\n-1\n");
    let path = file.path().display().to_string();
    let text = text(&path, "eta = 0.6666666666666666", 262_144, 243);
    holds_everywhere(&text, |_, records| {
        let histogram = &records[0].histograms[0];
        let in_set = |i: usize| (0..5).all(|digit| i / 3usize.pow(digit) % 3 != 1);
        let mut astray = 0;
        let mut all = Comparisons::default();
        for (i, &count) in histogram.counts.iter().enumerate() {
            if in_set(i) {
                let n = 262_144f64;
                let se = (n / 32.0 * (1.0 - 1.0 / 32.0)).sqrt();
                let measured = etascope::measure::Estimate::new(count as f64, se);
                all.add(format!("bin {i}"), measured, n / 32.0);
            } else {
                astray += count;
            }
        }
        // Rounding moves chains across bin edges at the ends of the set's intervals: 32 intervals with two ends each.
        ensure(astray <= 262_144 / 1_000, || {
            format!("{astray} chains in the gaps")
        })?;
        all.verdict()
    });
}
