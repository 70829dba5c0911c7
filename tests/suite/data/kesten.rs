//! Power-law tails of SGD with random curvature: x′ = (1 − ηa²)x + ηar has P(|x| > u) ∝ u^−α with E|1 − ηa²|^α = 1
//! (Kesten 1973; Gürbüzbalaban, Şimşekli, Zhu 2021).

use super::csv;
use crate::truth::verdict::{ensure, holds_everywhere};
use statrs::distribution::{ContinuousCDF, Normal};
use std::fmt::Write;

/// All pairs of 32 values of a and 4 values of r, quantiles of a standard normal at midpoints of equal probability.
fn examples() -> (Vec<f64>, String) {
    let normal = Normal::new(0.0, 1.0).expect("a standard normal exists");
    let quantiles = |n: u32| -> Vec<f64> {
        (0..n)
            .map(|k| normal.inverse_cdf((f64::from(k) + 0.5) / f64::from(n)))
            .collect()
    };
    let a = quantiles(32);
    let mut text = String::from("a,r\n");
    for a in &a {
        for r in quantiles(4) {
            let _ = writeln!(text, "{a:?},{r:?}");
        }
    }
    (a, text)
}

/// The α > 0 with E|1 − ηa²|^α = 1: the mean is below 1 before it and above after it.
fn exponent(a: &[f64], eta: f64) -> f64 {
    let mean = |alpha: f64| {
        a.iter()
            .map(|a| (1.0 - eta * a * a).abs().powf(alpha))
            .sum::<f64>()
            / a.len() as f64
    };
    let (mut low, mut high) = (0.1, 30.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if mean(middle) < 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[test]
fn tails_have_kestens_exponents() {
    let (a, text) = examples();
    let file = csv(&text);
    for eta in [0.8, 1.0, 1.2] {
        let alpha = exponent(&a, eta);
        let text = format!(
            "[parameters]\nx = 0.0\n[data]\nfile = \"{}\"\ncolumns = {{ a = \"a\", r = \"r\" }}\n\
             [loss]\nformula = \"0.5 * (a * x - r)^2\"\n[dynamics]\nkind = \"sgd\"\neta = {eta:?}\n\
             [ensemble]\nchains = 524_288\nduration = {{ steps = 400 }}\nseed = 95\n\
             [measure]\ntrace = 1\nhistogram = [{{ of = \"log(abs(x))\", from = -10.0, to = 20.0, bins = 3000 }}]\n",
            file.path().display()
        );
        holds_everywhere(&text, |_, records| {
            let histogram = &records[0].histograms[0];
            // Number of chains beyond each bin edge.
            let mut beyond = vec![histogram.above];
            for &count in histogram.counts.iter().rev() {
                beyond.push(beyond[beyond.len() - 1] + count);
            }
            beyond.reverse();
            let total = histogram.total() as f64;
            let at = |share: f64| {
                let index = beyond
                    .iter()
                    .position(|&count| (count as f64) < share * total);
                index.expect("the range reaches far enough")
            };
            let (near, far) = (at(2e-2), at(1e-3));
            let (n, m) = (beyond[near] as f64, beyond[far] as f64);
            let width = 0.01 * (far - near) as f64;
            let measured = (n / m).ln() / width;
            let se = (1.0 / m - 1.0 / n).sqrt() / width;
            // A tenth of the exponent, because the tail is a pure power only far out, and 4 standard errors for chance.
            ensure((measured - alpha).abs() < 0.1 * alpha + 4.0 * se, || {
                format!("eta {eta}: exponent {measured} ± {se} instead of {alpha}")
            })
        });
        println!("eta {eta}: {alpha}");
    }
}
