//! Tests that several measured numbers, such as the temperatures of the parameters, are equal.

use crate::measure::{Comoments, Estimate};
use nalgebra::DVector;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// A test that d numbers are equal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Equality {
    /// Weighted sum of squared deviations from the common value.
    pub statistic: f64,
    /// Degrees of freedom, d − 1.
    pub degrees: usize,
    /// Probability of at least this statistic if the numbers are equal; 1 for fewer than two numbers, NaN if an error is
    /// unknown.
    pub p: f64,
    /// Common value, assuming equality: the weighted mean with its standard error.
    pub common: Estimate,
}

impl Equality {
    fn new(statistic: f64, d: usize, common: Estimate) -> Self {
        let degrees = d.saturating_sub(1);
        let p = match ChiSquared::new(degrees as f64) {
            Ok(_) if statistic.is_nan() => f64::NAN,
            Ok(distribution) => distribution.sf(statistic),
            Err(_) => 1.0,
        };
        Self {
            statistic,
            degrees,
            p,
            common,
        }
    }
}

/// Test that independent estimates share one value.
///
/// If they do, `Σ (T_k − T̄)²/se_k²` with T̄ weighted by 1/se² is χ²-distributed with d − 1 degrees of freedom (W. G. Cochran
/// 1937). Estimates from the same chains are dependent: use [`equal_means_paired`] for those.
#[must_use]
pub fn equal_means(estimates: &[Estimate]) -> Equality {
    let weight = |e: &Estimate| 1.0 / (e.se * e.se);
    let total: f64 = estimates.iter().map(weight).sum();
    let mean = estimates.iter().map(|e| weight(e) * e.mean).sum::<f64>() / total;
    let statistic = estimates
        .iter()
        .map(|e| weight(e) * (e.mean - mean).powi(2))
        .sum();
    Equality::new(
        statistic,
        estimates.len(),
        Estimate::new(mean, total.sqrt().recip()),
    )
}

/// Test that the means of d quantities, measured on the same chains, are equal; accounts for their correlations.
///
/// With the covariance matrix S of the means and T̄ = 1ᵀS⁻¹T/1ᵀS⁻¹1, the statistic `(T − T̄1)ᵀS⁻¹(T − T̄1)` is χ²-distributed
/// with d − 1 degrees of freedom for many chains (the limit of Hotelling's T²). All results are NaN if S is singular.
#[must_use]
pub fn equal_means_paired(quantities: &Comoments) -> Equality {
    let d = quantities.dimension();
    let means = DVector::from_column_slice(&quantities.mean);
    let Some(factor) = quantities.mean_covariance().cholesky() else {
        return Equality::new(f64::NAN, d, Estimate::new(f64::NAN, f64::NAN));
    };
    let ones = factor.solve(&DVector::from_element(d, 1.0));
    let total = ones.sum();
    let mean = ones.dot(&means) / total;
    let deviation = means.add_scalar(-mean);
    let statistic = deviation.dot(&factor.solve(&deviation));
    Equality::new(statistic, d, Estimate::new(mean, total.sqrt().recip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt, SeedableRng};

    #[test]
    fn by_hand() {
        let e = equal_means(&[Estimate::new(1.0, 1.0), Estimate::new(3.0, 1.0)]);
        // Mean 2 ± 1/√2, statistic 2, p = P(|z| > √2).
        assert!(
            (e.common.mean - 2.0).abs() < 1e-15 && (e.common.se - 0.5_f64.sqrt()).abs() < 1e-15
        );
        assert!((e.statistic - 2.0).abs() < 1e-14 && (e.p - 0.157_299_207).abs() < 1e-8);
        assert_eq!(equal_means(&[Estimate::new(1.0, 1.0)]).p, 1.0);
    }

    /// Three correlated columns of `n` chains with the given means: a common part plus independent parts.
    fn columns(rng: &mut impl Rng, n: usize, means: [f64; 3]) -> Vec<Vec<f64>> {
        let mut noise = || rng.random::<f64>() - 0.5;
        let common: Vec<f64> = (0..n).map(|_| 3.0 * noise()).collect();
        means
            .map(|mean| common.iter().map(|c| mean + c + noise()).collect())
            .to_vec()
    }

    #[test]
    fn correlation_is_accounted_for() {
        let mut rng = rand_philox::Philox::seed_from_u64(8);
        let mut p =
            |means| equal_means_paired(&Comoments::from_columns(&columns(&mut rng, 400, means))).p;
        // 2000 true hypotheses at 5 %: 100 ± 5·9.7 rejections (false alarm 6e-7, fixed seed); χ² in place of F at n = 400
        // adds 2.
        let rejected = (0..2000).filter(|_| p([1.0, 1.0, 1.0]) < 0.05).count();
        assert!((52..=150).contains(&rejected), "{rejected}");
        // 0.1 is 5 standard errors √(2/12/400) = 0.02 of a difference but 2 errors √(10/12/400) = 0.046 of a mean: only the
        // paired test finds it.
        assert!(p([1.0, 1.0, 1.1]) < 1e-3);
    }

    #[test]
    fn without_correlation_both_agree() {
        let mut all = Comoments::new(2);
        (all.count, all.mean, all.upper) = (101, vec![1.0, 1.5], vec![400.0, 0.0, 900.0]);
        let paired = equal_means_paired(&all);
        let single = equal_means(&[
            Estimate::new(1.0, (4.0 / 101.0_f64).sqrt()),
            Estimate::new(1.5, (9.0 / 101.0_f64).sqrt()),
        ]);
        // The same arithmetic in another order.
        assert!(
            (paired.statistic - single.statistic).abs() < 1e-12
                && (paired.p - single.p).abs() < 1e-12
        );
    }

    #[test]
    fn a_constant_quantity_gives_no_verdict() {
        let frozen = Comoments::from_columns(&[vec![1.0, 1.0, 1.0], vec![0.0, 1.0, 2.0]]);
        assert!(equal_means_paired(&frozen).p.is_nan());
    }
}
