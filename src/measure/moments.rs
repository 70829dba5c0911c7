//! Count, mean and central sums up to the fourth, mergeable without cancellation.

use super::estimate::Estimate;
use bytemuck::{Pod, Zeroable};

/// Count, mean, extremes and central sums `Σ(x − mean)^p`, p = 2, 3, 4, of a set of numbers.
///
/// Central sums stay accurate for data with a large offset; raw power sums would cancel. The layout (64 bytes, no padding) may be
/// stored as bytes. Formulas: Chan, Golub and Le Veque 1983; Pébay, SAND2008-6212.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Moments {
    /// Number of numbers.
    pub count: u64,
    /// Mean; 0 without numbers.
    pub mean: f64,
    /// `Σ(x − mean)²`.
    pub m2: f64,
    /// `Σ(x − mean)³`.
    pub m3: f64,
    /// `Σ(x − mean)⁴`.
    pub m4: f64,
    /// Minimum; +∞ without numbers.
    pub min: f64,
    /// Maximum; −∞ without numbers.
    pub max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            count: 0,
            mean: 0.0,
            m2: 0.0,
            m3: 0.0,
            m4: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    /// Moments of the numbers in a slice, in two passes. The numbers should be finite.
    ///
    /// Inlined so that a caller with `#[target_feature]` selects the instructions; the result is the same bit by bit.
    #[must_use]
    #[inline(always)]
    pub fn from_slice(values: &[f64]) -> Self {
        let Some(&origin) = values.first() else {
            return Self::default();
        };
        let n = values.len() as f64;
        // Sum deviations from the first value: a common offset costs no accuracy.
        let mean = origin + sum(values, |x| x - origin) / n;
        // One sum at a time: given all three at once, the compiler vectorizes across the sums and not along the numbers.
        let m2 = sum(values, |x| square(x - mean));
        let m3 = sum(values, |x| square(x - mean) * (x - mean));
        let m4 = sum(values, |x| square(square(x - mean)));
        Self {
            count: values.len() as u64,
            mean,
            m2,
            m3,
            m4,
            min: extreme(values, origin, |a, b| if b < a { b } else { a }),
            max: extreme(values, origin, |a, b| if b > a { b } else { a }),
        }
    }

    /// Adds one number.
    pub fn push(&mut self, x: f64) {
        self.merge(&Self {
            count: 1,
            mean: x,
            min: x,
            max: x,
            ..Self::default()
        });
    }

    /// Adds the numbers of `other`. Associative up to rounding; the empty set is the exact identity.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (na, nb) = (self.count as f64, other.count as f64);
        let n = na + nb;
        let (fa, fb) = (na / n, nb / n);
        let delta = other.mean - self.mean;
        let square = delta * delta;
        // m4 uses the old m3 and m2, and m3 the old m2: update the highest first.
        self.m4 += other.m4
            + square * square * na * fb * (fa * fa - fa * fb + fb * fb)
            + 6.0 * square * (fa * fa * other.m2 + fb * fb * self.m2)
            + 4.0 * delta * (fa * other.m3 - fb * self.m3);
        self.m3 += other.m3
            + square * delta * na * fb * (fa - fb)
            + 3.0 * delta * (fa * other.m2 - fb * self.m2);
        self.m2 += other.m2 + square * na * fb;
        self.mean += delta * fb;
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Unbiased variance `m2/(n − 1)`; NaN for fewer than two numbers.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.count < 2 {
            f64::NAN
        } else {
            self.m2 / (self.count - 1) as f64
        }
    }

    /// Standard deviation, the square root of [`Self::variance`].
    #[must_use]
    pub fn sd(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Mean with the standard error `sd/√n` of independent numbers; unknown (∞) for fewer than two.
    #[must_use]
    pub fn mean_estimate(&self) -> Estimate {
        match self.count {
            0 => Estimate::new(f64::NAN, f64::INFINITY),
            1 => Estimate::new(self.mean, f64::INFINITY),
            n => Estimate::new(self.mean, (self.variance() / n as f64).sqrt()),
        }
    }

    /// Unbiased variance with its standard error from the fourth moment,
    /// `Var(s²) = (μ₄ − σ⁴ (n − 3)/(n − 1))/n` with the sample's own μ₄ and σ² (Kenney & Keeping).
    ///
    /// Meaningless if the distribution has no fourth moment; unknown (∞) for fewer than four numbers.
    #[must_use]
    pub fn variance_estimate(&self) -> Estimate {
        if self.count < 4 {
            return Estimate::new(self.variance(), f64::INFINITY);
        }
        let n = self.count as f64;
        let variance = self.variance();
        let of_variance = (self.m4 / n - variance * variance * (n - 3.0) / (n - 1.0)) / n;
        // Rounding can make it negative if all numbers have the same |x − mean|.
        Estimate::new(variance, not_negative(of_variance).sqrt())
    }

    /// Skewness `√n m3 / m2^{3/2}`; NaN without variation.
    #[must_use]
    pub fn skewness(&self) -> f64 {
        (self.count as f64).sqrt() * self.m3 / self.m2.powf(1.5)
    }

    /// Excess kurtosis `n m4 / m2² − 3`, 0 for a normal distribution; NaN without variation.
    #[must_use]
    pub fn excess_kurtosis(&self) -> f64 {
        self.count as f64 * self.m4 / (self.m2 * self.m2) - 3.0
    }
}

/// Clamps a sum of even powers, or a variance, that only rounding can make negative.
///
/// NaN, which ∞ − ∞ leaves after an overflow of single precision, becomes ∞, so that an error computed from it is unknown and not
/// zero.
pub(crate) fn not_negative(sum: f64) -> f64 {
    if sum.is_nan() {
        f64::INFINITY
    } else {
        sum.max(0.0)
    }
}

/// Reduces all numbers with `pick`, which returns one of two, in eight lanes.
#[inline(always)]
fn extreme(values: &[f64], origin: f64, pick: impl Fn(f64, f64) -> f64) -> f64 {
    let mut picked = [origin; 8];
    let (rows, rest) = values.as_chunks::<8>();
    for row in rows {
        picked = std::array::from_fn(|lane| pick(picked[lane], row[lane]));
    }
    rest.iter().chain(&picked).copied().fold(origin, pick)
}

#[inline(always)]
fn square(x: f64) -> f64 {
    x * x
}

/// Sum of a function of each value, in eight interleaved partial sums. In a single sum each addition would wait for the one before.
#[inline(always)]
fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (rows, rest) = values.as_chunks::<8>();
    for row in rows {
        sums = std::array::from_fn(|lane| sums[lane] + term(row[lane]));
    }
    let total = sums.iter().sum::<f64>();
    rest.iter().fold(total, |total, &x| total + term(x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use statrs::distribution::{ContinuousCDF, Normal};

    fn normals(seed: u64, n: usize) -> Vec<f64> {
        let mut rng = rand_philox::Philox::seed_from_u64(seed);
        let normal = Normal::new(0.0, 1.0).unwrap();
        (0..n)
            .map(|_| normal.inverse_cdf(rng.random_range(1e-12..1.0 - 1e-12)))
            .collect()
    }

    fn assert_close(a: &Moments, b: &Moments, relative: f64) {
        let sd = (a.m2 / a.count as f64).sqrt();
        let scale = |p: i32| a.count as f64 * sd.powi(p);
        assert_eq!((a.count, a.min, a.max), (b.count, b.min, b.max));
        assert!(
            (a.mean - b.mean).abs() <= relative * (sd + a.mean.abs() * 1e-3),
            "{a:?} {b:?}"
        );
        for (p, x, y) in [(2, a.m2, b.m2), (3, a.m3, b.m3), (4, a.m4, b.m4)] {
            assert!((x - y).abs() <= relative * scale(p), "m{p}: {x} {y}");
        }
    }

    #[test]
    fn small_sample_by_hand() {
        // 1, 2, 3, 6: mean 3, deviations −2 −1 0 3.
        let m = Moments::from_slice(&[1.0, 2.0, 3.0, 6.0]);
        assert_eq!(
            m,
            Moments {
                count: 4,
                mean: 3.0,
                m2: 14.0,
                m3: 18.0,
                m4: 98.0,
                min: 1.0,
                max: 6.0
            }
        );
        assert_eq!(m.variance(), 14.0 / 3.0);
    }

    #[test]
    fn merging_is_associative_with_an_identity() {
        let data = normals(1, 300);
        let (a, b, c) = (
            Moments::from_slice(&data[..7]),
            Moments::from_slice(&data[7..150]),
            Moments::from_slice(&data[150..]),
        );
        let merged = |x: Moments, y: Moments| {
            let mut z = x;
            z.merge(&y);
            z
        };
        assert_eq!(merged(a, Moments::default()), a);
        assert_eq!(merged(Moments::default(), a), a);
        // A few dozen roundings of terms no greater than the scale.
        assert_close(&merged(merged(a, b), c), &merged(a, merged(b, c)), 1e-14);
        assert_close(&merged(merged(a, b), c), &Moments::from_slice(&data), 1e-13);
    }

    #[test]
    fn one_by_one_equals_two_pass_on_a_large_offset() {
        // Offset 1e6: inputs carry 1e-10 relative to their spread; both sides see the same inputs, so only the
        // roundings of means (1e6 · 2⁻⁵³ ≈ 1e-10) separate them, squared in m2 and linear elsewhere, over 1000 steps.
        let data: Vec<f64> = normals(2, 1000).iter().map(|x| 1e6 + x).collect();
        let mut pushed = Moments::default();
        data.iter().for_each(|&x| pushed.push(x));
        assert_close(&Moments::from_slice(&data), &pushed, 1e-8);
        // The naive Σx² − (Σx)²/n would be off by 1e12 · 2⁻⁵³ · 1000 ≈ 0.1.
        assert!(
            (Moments::from_slice(&data).variance() - 1.0).abs() < 0.2,
            "5 standard errors: 5 √(2/1000) = 0.22"
        );
    }

    #[test]
    fn empty_and_single() {
        let empty = Moments::from_slice(&[]);
        assert_eq!(empty, Moments::default());
        assert!(empty.mean_estimate().mean.is_nan() && empty.variance().is_nan());
        let one = Moments::from_slice(&[4.0]);
        assert_eq!(one.mean_estimate(), Estimate::new(4.0, f64::INFINITY));
        assert_eq!((one.min, one.max, one.m2), (4.0, 4.0, 0.0));
    }

    #[test]
    fn stated_intervals_cover() {
        // 2000 samples of 400 normals: coverage of both 95 % intervals within 4 binomial standard deviations
        // (0.49 % each; false alarm 6e-5 each, fixed seeds); 0.5 % is allowed for the skewness of s² at n = 400.
        let (mut mean_hits, mut variance_hits) = (0, 0);
        for seed in 0..2000 {
            let m = Moments::from_slice(&normals(1000 + seed, 400));
            mean_hits += i32::from(m.mean_estimate().z_against(0.0).abs() < 1.96);
            variance_hits += i32::from(m.variance_estimate().z_against(1.0).abs() < 1.96);
        }
        assert!(
            (f64::from(mean_hits) / 2000.0 - 0.95).abs() < 0.02,
            "{mean_hits}"
        );
        assert!(
            (f64::from(variance_hits) / 2000.0 - 0.95).abs() < 0.025,
            "{variance_hits}"
        );
    }

    #[test]
    fn shape_of_a_uniform() {
        // Equispaced points of [0, 1]: excess kurtosis −6/5 (n² + 1)/(n² − 1), skewness 0 by symmetry.
        let n = 1001.0_f64;
        let points: Vec<f64> = (0..1001).map(|i| f64::from(i) / 1000.0).collect();
        let m = Moments::from_slice(&points);
        // Rounding of about 1000 terms.
        assert!((m.excess_kurtosis() + 1.2 * (n * n + 1.0) / (n * n - 1.0)).abs() < 1e-12);
        assert!(m.skewness().abs() < 1e-12);
    }
}
