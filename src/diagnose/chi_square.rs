//! Pearson's χ² test of histograms against exact probabilities.

use crate::measure::Histogram;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Minimum expected count of a pooled cell, from which on the χ² distribution is accurate.
const LEAST_EXPECTED: f64 = 10.0;

/// Pearson's statistic, its degrees of freedom and its p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquare {
    /// Σ (observed − expected)²/expected over the pooled cells.
    pub statistic: f64,
    /// Degrees of freedom: the number of pooled cells minus one.
    pub degrees: usize,
    /// Probability of at least this statistic under the exact distribution; 1 if a single cell is left.
    pub p: f64,
}

/// Goodness of fit of a one-axis histogram to an exact distribution function, given at its `bins + 1` edges.
///
/// Values below and above the axis are two more cells. Neighbors are pooled until each cell expects at least 10.
#[must_use]
pub fn chi_square_fit(histogram: &Histogram, exact: &[f64]) -> ChiSquare {
    assert_eq!(
        exact.len(),
        histogram.counts.len() + 1,
        "one exact value for each edge"
    );
    let n = histogram.numbers() as f64;
    let observed = [
        &[histogram.below],
        histogram.counts.as_slice(),
        &[histogram.above],
    ]
    .concat();
    let mut bounds = vec![0.0];
    bounds.extend(exact);
    bounds.push(1.0);
    let shares = bounds.windows(2).map(|pair| pair[1] - pair[0]);
    chi_square(observed.iter().copied().zip(shares), n)
}

/// Goodness of fit of a histogram with any axes to the exact probability of each bin, in the order of its counts.
///
/// Values off the axes are one more cell. Neighbors in this order are pooled until each cell expects at least 10.
#[must_use]
pub fn chi_square_cells(histogram: &Histogram, exact: &[f64]) -> ChiSquare {
    assert_eq!(
        exact.len(),
        histogram.counts.len(),
        "one probability for each bin"
    );
    let off = histogram.below + histogram.above + histogram.outside;
    let rest = 1.0 - exact.iter().sum::<f64>();
    let observed = histogram.counts.iter().copied().chain([off]);
    let shares = exact.iter().copied().chain([rest]);
    chi_square(observed.zip(shares), histogram.numbers() as f64)
}

/// χ² test of cells (observed count, probability) for `n` numbers.
fn chi_square(cells: impl Iterator<Item = (u64, f64)>, n: f64) -> ChiSquare {
    let cells = pool(cells.map(|(observed, share)| (observed as f64, n * share)));
    let statistic = cells.iter().map(|(o, e)| (o - e).powi(2) / e).sum();
    let degrees = cells.len().saturating_sub(1);
    let p = ChiSquared::new(degrees as f64).map_or(1.0, |distribution| distribution.sf(statistic));
    ChiSquare {
        statistic,
        degrees,
        p,
    }
}

/// Joins neighboring cells (observed, expected) until each expects enough; a remainder joins the last.
fn pool(cells: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut pooled: Vec<(f64, f64)> = Vec::new();
    let mut open = (0.0, 0.0);
    for (o, e) in cells {
        open = (open.0 + o, open.1 + e);
        if open.1 >= LEAST_EXPECTED {
            pooled.push(std::mem::take(&mut open));
        }
    }
    match pooled.last_mut() {
        Some(last) => *last = (last.0 + open.0, last.1 + open.1),
        None => pooled.push(open),
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Axis;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn by_hand() {
        let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, 2).unwrap()]);
        (h.counts, h.above) = (vec![30, 50], 20);
        // Expected 25, 50, 25: 1 + 0 + 1 with 2 degrees of freedom; p = e^{−1}.
        let fit = chi_square_fit(&h, &[0.0, 0.25, 0.75]);
        assert!((fit.statistic - 2.0).abs() < 1e-13 && fit.degrees == 2);
        // Accuracy of the incomplete gamma function of statrs.
        assert!((fit.p - (-1.0_f64).exp()).abs() < 1e-10);
    }

    #[test]
    fn p_is_uniform_under_the_truth_and_tiny_otherwise() {
        let mut rng = rand_philox::Philox::seed_from_u64(4);
        let exact: Vec<f64> = (0..=50).map(|i| f64::from(i) / 50.0).collect();
        let mut fit = |power: f64| {
            let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, 50).unwrap()]);
            (0..2000).for_each(|_| h.add(rng.random::<f64>().powf(power)));
            chi_square_fit(&h, &exact).p
        };
        // 1000 true hypotheses at 5 %: 50 ± 5·6.9 rejections (false alarm 6e-7, fixed seed).
        let rejected = (0..1000).filter(|_| fit(1.0) < 0.05).count();
        assert!((16..=84).contains(&rejected), "{rejected}");
        assert!(fit(1.3) < 1e-6);
    }

    #[test]
    fn pairs_by_hand() {
        let axis = Axis::new(0.0, 1.0, 2).unwrap();
        let mut h = Histogram::new(vec![axis, axis]);
        (h.counts, h.outside) = (vec![10, 20, 30, 20], 20);
        // Expected 20 in each of five cells: (100 + 0 + 100 + 0 + 0)/20 = 10 with 4 degrees of freedom; p = e^{−5}(1 + 5).
        let fit = chi_square_cells(&h, &[0.2; 4]);
        assert!((fit.statistic - 10.0).abs() < 1e-13 && fit.degrees == 4);
        // Accuracy of the incomplete gamma function of statrs.
        assert!((fit.p - 6.0 * (-5.0_f64).exp()).abs() < 1e-10);
    }

    #[test]
    fn sparse_cells_are_pooled() {
        let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, 10).unwrap()]);
        h.counts = vec![2; 10];
        let exact: Vec<f64> = (0..=10).map(|i| f64::from(i) / 10.0).collect();
        assert_eq!(
            chi_square_fit(&h, &exact).degrees,
            1,
            "20 expected in all: two cells of 10"
        );
        h.counts[3..].fill(0);
        assert_eq!(chi_square_fit(&h, &exact).p, 1.0);
    }
}
