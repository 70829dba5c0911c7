//! Wasserstein-1 distances in one dimension: the area between two distribution functions.

use crate::measure::Histogram;

/// A Wasserstein-1 distance, and the distance of two samples of one distribution by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wasserstein {
    /// `∫ |F − G| dx`, in the unit of the quantity.
    pub distance: f64,
    /// Mean distance of two samples of sizes n and m from one distribution: `√(2/π) ∫ √(H(1 − H)) dx · √(1/n + 1/m)` with the
    /// pooled distribution function H.
    pub floor: f64,
}

/// Distance of two one-axis histograms on any two axes.
///
/// The distribution function is taken as linear within a bin, which misplaces mass by a fraction of a bin's width. Mass off an
/// axis counts as mass at its end, so differences beyond the axes do not count.
#[must_use]
pub fn wasserstein(a: &Histogram, b: &Histogram) -> Wasserstein {
    let (first, second) = (Polygon::new(a), Polygon::new(b));
    let mut edges: Vec<f64> = first.edges.iter().chain(&second.edges).copied().collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let (n, m) = (a.numbers() as f64, b.numbers() as f64);
    let (mut distance, mut spread) = (0.0, 0.0);
    for piece in edges.windows(2) {
        let width = piece[1] - piece[0];
        let ends = [first.between(piece), second.between(piece)];
        let difference = [ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]];
        distance += width * mean_magnitude(difference);
        // Midpoint rule: the integrand is smooth on the scale of a piece.
        let middle = |f: [f64; 2]| 0.5 * (f[0] + f[1]);
        let pooled = (n * middle(ends[0]) + m * middle(ends[1])) / (n + m);
        spread += width * (pooled * (1.0 - pooled)).max(0.0).sqrt();
    }
    let floor = std::f64::consts::FRAC_2_PI.sqrt() * spread * (1.0 / n + 1.0 / m).sqrt();
    Wasserstein { distance, floor }
}

/// Mean of |x| over the interval between two values.
fn mean_magnitude([from, to]: [f64; 2]) -> f64 {
    if from * to >= 0.0 {
        0.5 * (from + to).abs()
    } else {
        // Two triangles.
        0.5 * (from * from + to * to) / (from - to).abs()
    }
}

/// A distribution function that is linear between edges, 0 before the first and 1 from the last on.
struct Polygon {
    edges: Vec<f64>,
    cdf: Vec<f64>,
}

impl Polygon {
    fn new(histogram: &Histogram) -> Self {
        Self {
            edges: histogram.axes[0].edges(),
            cdf: histogram.cdf(),
        }
    }

    /// Values at the ends of a piece without interior edges, as limits from inside the piece.
    fn between(&self, piece: &[f64]) -> [f64; 2] {
        let next = self.edges.partition_point(|&edge| edge <= piece[0]);
        if next == 0 {
            return [0.0; 2];
        }
        if next == self.edges.len() {
            return [1.0; 2];
        }
        let (x, y) = (
            [self.edges[next - 1], self.edges[next]],
            [self.cdf[next - 1], self.cdf[next]],
        );
        [piece[0], piece[1]].map(|at| y[0] + (y[1] - y[0]) * (at - x[0]) / (x[1] - x[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Axis;
    use rand::{RngExt, SeedableRng};
    use statrs::distribution::{ContinuousCDF, Normal};

    /// `n` numbers at the quantiles (i + ½)/n of a normal distribution.
    fn normal(mean: f64, sd: f64, n: usize) -> Histogram {
        let distribution = Normal::new(mean, sd).unwrap();
        let axis = Axis::new(mean - 6.0 * sd, mean + 6.1 * sd, 4096).unwrap();
        let mut histogram = Histogram::new(vec![axis]);
        (0..n).for_each(|i| histogram.add(distribution.inverse_cdf((i as f64 + 0.5) / n as f64)));
        histogram
    }

    #[test]
    fn normals_of_known_distance() {
        let one = normal(0.0, 1.0, 100_000);
        // Equal spread: |difference of means|. Equal means: E|Z| · |difference of sd|. Quantiles in place of a sample add an
        // error below sd · 1e-4, linear bins one below a tenth of their width of 0.003.
        let shifted = wasserstein(&one, &normal(0.3, 1.0, 100_000)).distance;
        assert!((shifted - 0.3).abs() < 4e-4, "{shifted}");
        let wide = wasserstein(&one, &normal(0.0, 1.5, 50_000)).distance;
        let exact = 0.5 * std::f64::consts::FRAC_2_PI.sqrt();
        assert!((wide - exact).abs() < 4e-4, "{wide} {exact}");
        assert_eq!(wasserstein(&one, &one).distance, 0.0);
    }

    #[test]
    fn uniforms_by_hand() {
        let on = |from: f64, to: f64| {
            let mut h = Histogram::new(vec![Axis::new(from, to, 4).unwrap()]);
            h.counts = vec![25; 4];
            h
        };
        // From [0, 1] to [2, 3] all mass moves by 2; to [0, 2] by x, with mean ½; to [−½, 1½] by |x − ½|, with mean ¼.
        let unit = on(0.0, 1.0);
        for (other, exact) in [
            (on(2.0, 3.0), 2.0),
            (on(0.0, 2.0), 0.5),
            (on(-0.5, 1.5), 0.25),
        ] {
            // Rounding errors of a dozen pieces; the f32 scales 4 and 2 are exact.
            assert!((wasserstein(&unit, &other).distance - exact).abs() < 1e-14);
        }
        // The midpoint rule on four bins gives 0.4013 for ∫ √(x(1 − x)) dx = π/8; the floor is √(2/π) · 0.4013 · √(2/100).
        let middles = [0.125, 0.375, 0.625, 0.875_f64];
        let spread: f64 = middles.iter().map(|x| 0.25 * (x * (1.0 - x)).sqrt()).sum();
        let floor = std::f64::consts::FRAC_2_PI.sqrt() * spread * 0.02_f64.sqrt();
        assert!((wasserstein(&unit, &unit).floor - floor).abs() < 1e-15);
    }

    #[test]
    fn the_floor_is_the_mean_distance_of_equal_distributions() {
        let mut rng = rand_philox::Philox::seed_from_u64(21);
        let mut sample = |n: usize| {
            let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, 256).unwrap()]);
            (0..n).for_each(|_| h.add(rng.random::<f64>()));
            h
        };
        let (mut distance, mut floor) = (0.0, 0.0);
        for _ in 0..400 {
            let w = wasserstein(&sample(1000), &sample(2000));
            distance += w.distance / 400.0;
            floor += w.floor / 400.0;
        }
        // The relative standard deviation of a distance is about 0.5: five standard errors of 0.5/√400 = 2.5 %.
        assert!((distance / floor - 1.0).abs() < 0.125, "{distance} {floor}");
    }
}
