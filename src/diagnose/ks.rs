//! Kolmogorov–Smirnov distances of histograms.

use crate::measure::Histogram;
use serde::Serialize;

/// A Kolmogorov–Smirnov distance and its p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distance {
    /// Largest difference of the distribution functions at the bin edges.
    pub distance: f64,
    /// Probability of at least this distance if the distributions are equal.
    pub p: f64,
}

/// p-value of the Kolmogorov–Smirnov distance `d` of a sample of effective size `n`.
///
/// The asymptotic Kolmogorov distribution at x = `d(√n + 0.12 + 0.11/√n)`; its relative error is about 1 % from n = 5 on.
/// Source: M. A. Stephens, "Use of the Kolmogorov–Smirnov, Cramér–von Mises and related statistics without extensive
/// tables", J. R. Statist. Soc. B 32 (1970).
#[must_use]
pub fn kolmogorov_p(d: f64, n: f64) -> f64 {
    let root = n.sqrt();
    let x = d * (root + 0.12 + 0.11 / root);
    if x.is_nan() {
        return f64::NAN;
    }
    if x < 0.2 {
        // 1 − p is below 1e-12, and the series below converges slowly.
        return 1.0;
    }
    if x < 1.0 {
        // The other expansion of the theta function converges quickly for small x.
        let unit = std::f64::consts::PI.powi(2) / (8.0 * x * x);
        let sum: f64 = (0..6)
            .map(|k| (-f64::from(2 * k + 1).powi(2) * unit).exp())
            .sum();
        return 1.0 - (2.0 * std::f64::consts::PI).sqrt() / x * sum;
    }
    let term = |k: i32| (-2.0 * f64::from(k * k) * x * x).exp();
    2.0 * (1..=6)
        .map(|k| if k % 2 == 1 { term(k) } else { -term(k) })
        .sum::<f64>()
}

/// Distance of a one-axis histogram from an exact distribution function, given at its `bins + 1` edges.
///
/// Only the edges are compared, so the distance is a lower bound of the unbinned distance and the p-value an upper bound:
/// the test rejects a true distribution at most as often as its level.
#[must_use]
pub fn ks_distance(histogram: &Histogram, exact: &[f64]) -> Distance {
    let cdf = histogram.cdf();
    assert_eq!(cdf.len(), exact.len(), "one exact value for each edge");
    let distance = greatest(&cdf, exact);
    Distance {
        distance,
        p: kolmogorov_p(distance, histogram.numbers() as f64),
    }
}

/// Distance of two histograms on the same axis, with effective size nm/(n + m); conservative like [`ks_distance`].
#[must_use]
pub fn ks_two_sample(a: &Histogram, b: &Histogram) -> Distance {
    assert_eq!(a.axes, b.axes, "histograms on the same axis");
    let (n, m) = (a.numbers() as f64, b.numbers() as f64);
    let distance = greatest(&a.cdf(), &b.cdf());
    Distance {
        distance,
        p: kolmogorov_p(distance, n * m / (n + m)),
    }
}

/// Largest |a − b|; NaN if any difference is NaN (`f64::max` would drop it).
fn greatest(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, |most, d| if d > most || d.is_nan() { d } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Axis;
    use rand::{Rng, RngExt, SeedableRng};

    fn uniforms(rng: &mut impl Rng, n: usize, power: f64) -> Histogram {
        let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, 128).unwrap()]);
        (0..n).for_each(|_| h.add(rng.random::<f64>().powf(power)));
        h
    }

    #[test]
    fn the_kolmogorov_distribution_at_known_points() {
        // Critical values of the limit distribution, five digits.
        for (x, p) in [
            (1.223_85, 0.1),
            (1.358_10, 0.05),
            (1.627_62, 0.01),
            (1.949_48, 0.001),
        ] {
            // At n = 1e14 Stephens' correction is 1e-8, and the slope of p is at most 1.
            assert!(
                (kolmogorov_p(x * 1e-7, 1e14) / p - 1.0_f64).abs() < 1e-4,
                "{x}"
            );
        }
        // The median 0.82757 uses the other expansion; the two agree at x = 1.
        assert!((kolmogorov_p(0.827_574e-7, 1e14) - 0.5).abs() < 1e-5);
        let (below, above) = (
            kolmogorov_p(0.999_999_9e-7, 1e14),
            kolmogorov_p(1.000_000_1e-7, 1e14),
        );
        assert!((below - above).abs() < 1e-6 && kolmogorov_p(0.0, 10.0) == 1.0);
    }

    #[test]
    fn true_distributions_pass_and_false_ones_fail() {
        let mut rng = rand_philox::Philox::seed_from_u64(3);
        let exact: Vec<f64> = (0..=128).map(|i| f64::from(i) / 128.0).collect();
        // 2000 true hypotheses at 5 %: at most 100 + 5·√95 = 149 rejections (false alarm 3e-7), but not far fewer.
        let rejected = (0..2000)
            .filter(|_| ks_distance(&uniforms(&mut rng, 500, 1.0), &exact).p < 0.05)
            .count();
        assert!((30..149).contains(&rejected), "{rejected}");
        // x^1.05 has a distance of 0.018 = 5.6/√n at n = 1e5.
        assert!(ks_distance(&uniforms(&mut rng, 100_000, 1.05), &exact).p < 1e-6);
        let (a, b) = (
            uniforms(&mut rng, 50_000, 1.0),
            uniforms(&mut rng, 100_000, 1.0),
        );
        assert!(
            ks_two_sample(&a, &b).p > 1e-3,
            "false alarm 1e-3, fixed seed"
        );
        assert!(ks_two_sample(&a, &uniforms(&mut rng, 100_000, 1.1)).p < 1e-6);
    }

    #[test]
    fn nan_gives_nan() {
        let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, 2).unwrap()]);
        h.add(0.3);
        assert!(ks_distance(&h, &[0.0, f64::NAN, 1.0]).p.is_nan());
    }
}
