//! Noise on two and three points: the variances of Gaussian noise, but other stationary distributions.

use super::verdict::{Comparisons, ensure, holds_everywhere, kurtosis, parameter};
use etascope::diagnose::ks_distance;

/// Excess kurtosis of a draw, and the largest draw.
fn noise_kinds() -> [(&'static str, f64, f64); 3] {
    // Three-point: 10922/65536 each at ±a, a² = 65536/21844, so the fourth moment is a².
    let square: f64 = 65_536.0 / 21_844.0;
    [
        ("gaussian", 0.0, 6.35),
        ("two-point", -2.0, 1.0),
        ("three-point", square - 3.0, square.sqrt()),
    ]
}

#[test]
fn every_kind_of_noise_has_the_same_variance_and_its_own_fourth_moment() {
    for (kind, excess, greatest) in noise_kinds() {
        let text = format!(
            "[parameters]\nx = 0.25\n[loss]\nformula = \"0.5 * x^2\"\n[noise]\nkind = \"{kind}\"\n\
             [dynamics]\nkind = \"sgd\"\neta = [0.4, 1.0, 1.6]\n\
             [ensemble]\nchains = 131_072\nduration = {{ steps = 64 }}\nseed = 21\n[measure]\ntrace = 1\n"
        );
        holds_everywhere(&text, |problem, records| {
            let mut all = Comparisons::default();
            for (record, eta) in records.iter().zip([0.4_f64, 1.0, 1.6]) {
                let x = parameter(problem, record, 0);
                let q = 1.0 - eta;
                let variance = eta / (2.0 - eta);
                // With two points and η = 1 the variance of a sample is 1 − mean², so its measured error may be
                // far below that of rounding x to f32.
                all.add_within(
                    format!("{kind}, eta {eta}: variance"),
                    x.variance_estimate(),
                    variance,
                    1e-4 * variance,
                );
                all.add(format!("{kind}, eta {eta}: mean"), x.mean_estimate(), 0.0);
                // Cumulants of a sum of independent terms add: κ₄ = κ₄(z) η⁴/(1 − q⁴).
                let fourth = excess * (1.0 - q * q) / (1.0 + q * q);
                all.add(format!("{kind}, eta {eta}: kurtosis"), kurtosis(x), fourth);
                // |x| ≤ η·greatest·Σ|q|ⁿ, a geometric series; the start 0.25 has decayed. 1e-5: rounding.
                let support = eta * greatest / (1.0 - q.abs()) * (1.0 + 1e-5);
                ensure(-x.min <= support && x.max <= support, || {
                    format!("{} to {}: beyond {support}", x.min, x.max)
                })?;
            }
            all.verdict()
        });
    }
}

/// SGD with two-point noise on x²/2, which adds ±η.
fn bernoulli(eta: &str, chains: u64, bins: u32) -> String {
    format!(
        "[parameters]\nx = 0.0\n[loss]\nformula = \"0.5 * x^2\"\n[noise]\nkind = \"two-point\"\n\
         [dynamics]\nkind = \"sgd\"\neta = {eta}\n\
         [ensemble]\nchains = {chains}\nduration = {{ steps = 64 }}\nseed = 22\n\
         [measure]\ntrace = 1\nhistogram = [{{ of = \"x\", from = -1.0, to = 1.0, bins = {bins} }}]\n"
    )
}

#[test]
fn half_steps_of_two_point_noise_fill_the_interval_evenly() {
    // x = Σ ±2⁻ⁿ: the binary digits of a uniform on (−1, 1), of variance 1/3.
    holds_everywhere(&bernoulli("0.5", 1_000_000, 256), |problem, records| {
        let uniform: Vec<f64> = (0..=256).map(|i| f64::from(i) / 256.0).collect();
        let distance = ks_distance(&records[0].histograms[0], &uniform);
        // 1.95/√N: false alarm 1e-3 (Kolmogorov).
        ensure(distance.distance < 1.95e-3, || format!("{distance:?}"))?;
        let mut all = Comparisons::default();
        all.add(
            "variance",
            parameter(problem, &records[0], 0).variance_estimate(),
            1.0 / 3.0,
        );
        // Kurtosis of a uniform: 9/5 − 3.
        all.add(
            "kurtosis",
            kurtosis(parameter(problem, &records[0], 0)),
            -1.2,
        );
        all.verdict()
    });
}

#[test]
fn steps_of_two_thirds_leave_out_cantors_middle_thirds() {
    // x = Σ ±2·3⁻ⁿ lies in the Cantor set on [−1, 1]. After five subdivisions into thirds, 32 of the 243 intervals hold 1/32
    // of the chains each and the others none.
    holds_everywhere(
        &bernoulli("0.6666666666666666", 262_144, 243),
        |_, records| {
            let histogram = &records[0].histograms[0];
            let in_set = |i: usize| (0..5).all(|digit| i / 3usize.pow(digit) % 3 != 1);
            let mut all = Comparisons::default();
            let mut astray = 0;
            for (i, &count) in histogram.counts.iter().enumerate() {
                if in_set(i) {
                    let (share, n): (f64, f64) = (1.0 / 32.0, 262_144.0);
                    let measured = etascope::measure::Estimate::new(
                        count as f64 / n,
                        (share * (1.0 - share) / n).sqrt(),
                    );
                    // Points of the set lie at bin edges. Rounding to f32 can move a point across an edge from within
                    // about 1e-7, where the set has at most 2⁻²³ᐟ¹·⁵⁸ = 4e-5 of the chains.
                    all.add_within(format!("bin {i}"), measured, share, 1e-4);
                } else {
                    astray += count;
                }
            }
            let middle: u64 = histogram.counts[82..161].iter().sum();
            ensure(middle == 0, || {
                format!("{middle} chains in the middle third")
            })?;
            let off = astray + histogram.below + histogram.above;
            // 64 edges, each with 4e-5 at most.
            ensure(off as f64 <= 64.0 * 4e-5 * 262_144.0, || {
                format!("{off} chains in gaps")
            })?;
            all.verdict()
        },
    );
}
