//! Test for the end of burn-in, from the means of groups of chains at a few equally spaced times.

use super::stationarity::Check;
use crate::measure::{Estimate, weighted_mean};

/// Number of times in a window; they divide it into eight equal parts.
pub const WINDOW: usize = 9;

/// Half of a window, in times: the lag at which correlations must have decayed.
const LAG: usize = (WINDOW - 1) / 2;

/// Maximum correlation over half a window, about e^(−2). The window, which is half of the run, is then at least four
/// relaxation times, and the run eight.
const MEMORY: f64 = 0.135;

/// One quantity over the second half of a run, from T/2 to T.
#[derive(Debug, Clone, PartialEq)]
pub struct SettlingWindow {
    /// Name of the quantity, for example "the loss".
    pub name: String,
    /// `values[time][group]`: the mean over each group of chains at [`WINDOW`] times.
    pub values: Vec<Vec<f64>>,
}

/// Evidence of one window on the end of burn-in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settling {
    /// Check that the quantity has the same mean in both halves of the window.
    pub drift: Check,
    /// Correlation between the group means half a window apart.
    pub memory: f64,
    /// Maximum of `memory`, with an allowance for its statistical error.
    pub allowed: f64,
}

impl Settling {
    /// True if the quantity neither drifts nor has too long a memory.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.drift.holds() && self.memory <= self.allowed
    }

    /// Relaxation time in steps, over which correlations fall by a factor e, for a window of `steps` steps.
    ///
    /// `None` if the correlation is too small or too large for an estimate.
    #[must_use]
    pub fn relaxation(&self, steps: f64) -> Option<f64> {
        let lag = steps * LAG as f64 / (WINDOW - 1) as f64;
        (0.1..0.95)
            .contains(&self.memory)
            .then(|| -lag / self.memory.ln())
    }
}

/// Drift and correlation between the two halves of a window; `weights` are the numbers of chains of the groups.
///
/// The distance of the chains from stationarity decays from b standard errors at the start to b e^(−T/2τ) at T/2 and
/// b e^(−T/τ) at T, where τ is the relaxation time. A distance at T/2 too small for the drift check is far smaller at T. The
/// memory checks that the run is long against τ, so that a slow relaxation from nearby does not pass for stationarity.
#[must_use]
pub fn settling(window: &SettlingWindow, weights: &[f64]) -> Settling {
    let values = &window.values;
    assert_eq!(values.len(), WINDOW, "a whole window");
    let over = |times: &[Vec<f64>], group: usize| {
        times.iter().map(|at| at[group]).sum::<f64>() / times.len() as f64
    };
    let moved = (weights.iter().enumerate()).map(|(group, &weight)| {
        let (early, late) = (&values[..LAG], &values[WINDOW - LAG..]);
        (weight, over(late, group) - over(early, group))
    });
    let drift = weighted_mean(moved);
    // Deterministic groups have no standard error (0/0), but no drift either.
    let drift = if drift.mean == 0.0 {
        Estimate::exact(0.0)
    } else {
        drift
    };
    let pairs = WINDOW - LAG;
    let memory = (0..pairs)
        .map(|t| correlation(&values[t], &values[t + LAG], weights))
        .sum::<f64>()
        / pairs as f64;
    let groups = weights.iter().filter(|w| **w > 0.0).count() as f64;
    Settling {
        drift: Check::new(format!("the drift of {}", window.name), drift),
        memory,
        // Two standard errors of the correlation of independent groups; the pairs of times share much of their noise.
        allowed: MEMORY + 2.0 / (groups * 2.0).sqrt(),
    }
}

/// Weighted correlation of two columns, over the rows where both are finite; 0 if one of them is constant.
fn correlation(a: &[f64], b: &[f64], weights: &[f64]) -> f64 {
    let mean = |x: &[f64]| weighted_mean(weights.iter().copied().zip(x.iter().copied())).mean;
    let (ma, mb) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for ((x, y), w) in a.iter().zip(b).zip(weights) {
        let (x, y) = (x - ma, y - mb);
        if *w > 0.0 && x.is_finite() && y.is_finite() {
            (aa, bb, ab) = (aa + w * x * x, bb + w * y * y, ab + w * x * y);
        }
    }
    let scale = (aa * bb).sqrt();
    if scale > 0.0 { ab / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// Test on groups of a stationary autoregression x′ = ρx + z plus a common drift, with one step per time.
    fn window(rho: f64, groups: usize, drift: f64, seed: u64) -> Settling {
        let mut rng = rand_philox::Philox::seed_from_u64(seed);
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let kick = (1.0 - rho * rho).sqrt();
        let mut state: Vec<f64> = (0..groups).map(|_| normal()).collect();
        let values = (0..WINDOW)
            .map(|t| {
                for x in &mut state {
                    *x = rho * *x + kick * normal();
                }
                state.iter().map(|x| x + drift * t as f64).collect()
            })
            .collect();
        let window = SettlingWindow {
            name: "x".to_owned(),
            values,
        };
        settling(&window, &vec![1.0; groups])
    }

    #[test]
    fn stationary_chains_with_short_memory_have_settled() {
        // 4 standard errors in one test of two: false alarm below 1e-4; fixed seeds.
        assert!((0..200).all(|seed| window(0.3, 256, 0.0, seed).settled()));
    }

    #[test]
    fn drift_and_memory_are_detected() {
        // 0.1 per step is 0.5 between the halves: more than 5 standard errors.
        assert!((0..200).all(|seed| !window(0.3, 256, 0.1, seed).drift.holds()));
        // ρ⁴ = 0.66: the run is too short.
        assert!((0..200).all(|seed| !window(0.9, 256, 0.0, seed).settled()));
        let slow = window(0.9, 4_000, 0.0, 1);
        // τ = −1/ln 0.9 = 9.49 steps of a window of 8; the correlation of 4000 groups is known to 1 %.
        let relaxation = slow.relaxation(8.0).expect("neither forgotten nor kept");
        assert!((relaxation / 9.49 - 1.0).abs() < 0.1, "{relaxation}");
    }

    #[test]
    fn constant_quantities_have_settled() {
        let values = vec![vec![1.0; 4]; WINDOW];
        let still = settling(
            &SettlingWindow {
                name: "x".to_owned(),
                values,
            },
            &[1.0; 4],
        );
        assert!(still.settled() && still.relaxation(8.0).is_none());
    }
}
