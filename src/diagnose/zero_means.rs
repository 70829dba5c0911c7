//! Joint test that the means of several quantities are zero.

use crate::measure::{Comoments, Moments};
use nalgebra::{DMatrix, DVector};
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// A test that m means are zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ZeroMeans {
    /// `meanᵀ S⁻¹ mean` with the covariance S of the means.
    pub statistic: f64,
    /// Degrees of freedom: m without the quantities that are zero on every chain.
    pub degrees: usize,
    /// Probability of at least this statistic if all means are zero; NaN if S is singular.
    pub p: f64,
}

/// Joint test that the means of m quantities, measured on the same chains, are zero; accounts for their correlations.
///
/// The statistic is χ²-distributed with m degrees of freedom for many chains (the limit of Hotelling's T²). A quantity that is
/// zero on every chain is no evidence against the hypothesis and would make S singular: it is left out. p is 1 if all are.
#[must_use]
pub fn zero_means(quantities: &Comoments) -> ZeroMeans {
    let covariance = quantities.mean_covariance();
    let varied: Vec<usize> = (0..quantities.dimension())
        .filter(|&k| !(covariance[(k, k)] == 0.0 && quantities.mean[k] == 0.0))
        .collect();
    let degrees = varied.len();
    if degrees == 0 {
        let (statistic, p) = (0.0, 1.0);
        return ZeroMeans {
            statistic,
            degrees,
            p,
        };
    }
    let means = DVector::from_iterator(degrees, varied.iter().map(|&k| quantities.mean[k]));
    let covariance = DMatrix::from_fn(degrees, degrees, |i, j| covariance[(varied[i], varied[j])]);
    let statistic = covariance
        .cholesky()
        .map_or(f64::NAN, |factor| means.dot(&factor.solve(&means)));
    let p = ChiSquared::new(degrees as f64)
        .ok()
        .filter(|_| !statistic.is_nan())
        .map_or(f64::NAN, |distribution| distribution.sf(statistic));
    ZeroMeans {
        statistic,
        degrees,
        p,
    }
}

/// Two-sided p-value of the hypothesis that a mean is zero; 1 if the quantity is zero on every chain.
#[must_use]
pub fn zero_mean_p(quantity: &Moments) -> f64 {
    if quantity.count > 1 && quantity.mean == 0.0 && quantity.m2 == 0.0 {
        return 1.0;
    }
    normal_p(quantity.mean_estimate().z_against(0.0))
}

/// Two-sided p-value of a standard normal z; NaN for NaN.
#[must_use]
pub fn normal_p(z: f64) -> f64 {
    if z.is_nan() {
        return f64::NAN;
    }
    2.0 * Normal::standard().sf(z.abs())
}

/// Co-moments of m quantities from their moments and the moments of the pairwise differences on each chain.
///
/// The order of the pairs is (0, 1), (0, 2), …, (1, 2), …. Uses 2 Cov(a, b) = Var a + Var b − Var(a − b).
#[must_use]
pub fn from_differences(quantities: &[Moments], differences: &[Moments]) -> Comoments {
    let m = quantities.len();
    assert_eq!(
        differences.len(),
        m * m.saturating_sub(1) / 2,
        "a difference for each pair"
    );
    let mut all = Comoments::new(m);
    all.count = quantities.first().map_or(0, |first| first.count);
    all.mean = quantities.iter().map(|q| q.mean).collect();
    let mut pair = differences.iter();
    let mut upper = all.upper.iter_mut();
    for (i, a) in quantities.iter().enumerate() {
        for (j, b) in quantities.iter().enumerate().skip(i) {
            let sum = upper.next().expect("the triangle has m(m + 1)/2 entries");
            *sum = if i == j {
                a.m2
            } else {
                0.5 * (a.m2 + b.m2 - pair.next().expect("counted above").m2)
            };
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Means (1, 1) of four pairs with variances 2 and 2 and covariance 1: S = [[2, 1], [1, 2]]/4,
        // S⁻¹ = 4/3 [[2, −1], [−1, 2]], statistic 8/3, p = e^{−4/3}.
        let all = Comoments {
            count: 4,
            mean: vec![1.0, 1.0],
            upper: vec![6.0, 3.0, 6.0],
        };
        let test = zero_means(&all);
        assert!((test.statistic - 8.0 / 3.0).abs() < 1e-14 && test.degrees == 2);
        // Accuracy of the incomplete gamma function of statrs.
        assert!((test.p - (-4.0_f64 / 3.0).exp()).abs() < 1e-10);
        assert!(
            zero_means(&Comoments::from_columns(&[vec![1.0, 1.0, 1.0]]))
                .p
                .is_nan()
        );
    }

    #[test]
    fn quantities_that_are_zero_on_every_chain_are_no_evidence() {
        let (varied, zero) = (vec![1.0, 3.0, 2.0, 2.5], vec![0.0; 4]);
        let alone = zero_means(&Comoments::from_columns(std::slice::from_ref(&varied)));
        let beside = zero_means(&Comoments::from_columns(&[zero.clone(), varied.clone()]));
        assert_eq!(alone, beside);
        assert_eq!(
            zero_means(&Comoments::from_columns(std::slice::from_ref(&zero))).p,
            1.0
        );
        assert_eq!(zero_mean_p(&Moments::from_slice(&zero)), 1.0);
        assert_eq!(zero_mean_p(&Moments::from_slice(&[1.0; 4])), 0.0);
        // No chains, no p-value.
        assert!(zero_mean_p(&Moments::default()).is_nan());
        assert!(zero_means(&Comoments::new(1)).p.is_nan());
    }

    #[test]
    fn normal_tails_at_known_points() {
        // The quantile has twelve digits.
        assert!((normal_p(-1.959_963_984_540) - 0.05).abs() < 1e-10);
        assert!(normal_p(0.0) == 1.0 && normal_p(f64::NAN).is_nan());
        assert_eq!(normal_p(f64::INFINITY), 0.0);
    }

    #[test]
    fn differences_give_the_covariances() {
        let columns: Vec<Vec<f64>> = (1..=3)
            .map(|k| {
                (0..50)
                    .map(|c| (f64::from(c * k) * 0.7).sin() + f64::from(c))
                    .collect()
            })
            .collect();
        let difference = |a: usize, b: usize| -> Moments {
            let pairs = columns[a].iter().zip(&columns[b]);
            Moments::from_slice(&pairs.map(|(x, y)| x - y).collect::<Vec<_>>())
        };
        let singles: Vec<Moments> = columns.iter().map(|c| Moments::from_slice(c)).collect();
        let found = from_differences(
            &singles,
            &[difference(0, 1), difference(0, 2), difference(1, 2)],
        );
        let exact = Comoments::from_columns(&columns);
        // A few rounding errors of sums of about 1e4.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-10;
        assert!(
            found
                .upper
                .iter()
                .zip(&exact.upper)
                .all(|(a, b)| close(*a, *b))
        );
        assert!(
            found
                .mean
                .iter()
                .zip(&exact.mean)
                .all(|(a, b)| close(*a, *b))
        );
    }
}
