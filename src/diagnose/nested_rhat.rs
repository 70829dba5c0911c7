//! Nested R-hat: a comparison of chains from different starts.

use crate::measure::Moments;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// Nested R-hat of superchains, with an F-test of equal means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NestedRhat {
    /// `√(1 + B/W)`, at least 1, with the variance B of the superchains' means and the mean variance W within them.
    pub rhat: f64,
    /// `M·B/W`, F-distributed with K − 1 and K(M − 1) degrees of freedom if all chains share one distribution.
    pub f: f64,
    /// Probability of at least this F if all chains share one distribution.
    pub p: f64,
}

impl NestedRhat {
    /// True if the chains have mixed: p > 1e-3 and R-hat ≤ 1.01.
    ///
    /// At stationarity R-hat − 1 is about 1/(2M). So the F-test decides for large superchains, and the bound 1.01 guards
    /// against tests with little power.
    #[must_use]
    pub fn mixed(&self) -> bool {
        self.p > 1e-3 && self.rhat <= 1.01
    }
}

/// Nested R-hat of K superchains at one time, from the moments of each superchain over its M chains.
///
/// The chains of a superchain share their start. If the numbers of chains differ, M is their harmonic mean. `None` for fewer
/// than two superchains, a superchain with fewer than two chains, or no variance. Source: C. C. Margossian et al., "Nested
/// R̂: assessing the convergence of Markov chain Monte Carlo when running many short chains", Bayesian Analysis (2024).
#[must_use]
pub fn nested_rhat(superchains: &[Moments]) -> Option<NestedRhat> {
    let k = superchains.len() as f64;
    if superchains.len() < 2 || superchains.iter().any(|m| m.count < 2) {
        return None;
    }
    let means: Vec<f64> = superchains.iter().map(|m| m.mean).collect();
    let between = Moments::from_slice(&means).variance();
    let within = superchains.iter().map(Moments::variance).sum::<f64>() / k;
    let m = k / superchains
        .iter()
        .map(|s| 1.0 / s.count as f64)
        .sum::<f64>();
    if within.is_nan() || within <= 0.0 {
        return None;
    }
    let chains: u64 = superchains.iter().map(|s| s.count).sum();
    let f = m * between / within;
    let distribution = FisherSnedecor::new(k - 1.0, chains as f64 - k).ok()?;
    Some(NestedRhat {
        rhat: (1.0 + between / within).sqrt(),
        f,
        p: distribution.sf(f),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt, SeedableRng};

    fn superchains(rng: &mut impl Rng, shift: f64) -> Vec<Moments> {
        let one = |k: usize, rng: &mut dyn FnMut() -> f64| {
            Moments::from_slice(
                &(0..50)
                    .map(|_| rng() + shift * k as f64)
                    .collect::<Vec<_>>(),
            )
        };
        let mut draw = || (0..6).map(|_| rng.random::<f64>()).sum::<f64>();
        (0..8).map(|k| one(k, &mut draw)).collect()
    }

    #[test]
    fn by_hand() {
        // Two superchains {0, 2} and {3, 5}: B = 4.5, W = 2, M = 2.
        let r = nested_rhat(&[
            Moments::from_slice(&[0.0, 2.0]),
            Moments::from_slice(&[3.0, 5.0]),
        ])
        .unwrap();
        assert!((r.rhat - 3.25_f64.sqrt()).abs() < 1e-15 && (r.f - 4.5).abs() < 1e-15);
        // F(1, 2): P(F > f) = 1 − √(f/(f + 2)).
        assert!((r.p - (1.0 - (4.5_f64 / 6.5).sqrt())).abs() < 1e-9);
    }

    #[test]
    fn mixed_chains_pass_at_the_stated_rate_and_others_fail() {
        let mut rng = rand_philox::Philox::seed_from_u64(9);
        // 1000 true hypotheses at 5 %: 50 ± 5·6.9 rejections (false alarm 6e-7, fixed seed).
        let rejected = (0..1000)
            .filter(|_| nested_rhat(&superchains(&mut rng, 0.0)).unwrap().p < 0.05)
            .count();
        assert!((16..=84).contains(&rejected), "{rejected}");
        assert!(!nested_rhat(&superchains(&mut rng, 0.3)).unwrap().mixed());
    }

    #[test]
    fn nothing_to_compare() {
        let m = Moments::from_slice(&[1.0, 2.0]);
        assert!(
            nested_rhat(&[m]).is_none() && nested_rhat(&[m, Moments::from_slice(&[1.0])]).is_none()
        );
        assert!(nested_rhat(&[Moments::from_slice(&[1.0, 1.0]); 2]).is_none());
    }
}
