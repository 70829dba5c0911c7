//! Is burn-in over? Decided from what groups of chains showed at a few equally spaced times.

use super::Check;
use crate::measure::{Estimate, weighted_mean};

/// Times in a window: its start, its end, and what divides it into eight.
pub const WINDOW: usize = 9;

/// Half of the window's steps, in times: the lag at which chains must have forgotten.
const LAG: usize = (WINDOW - 1) / 2;

/// The most that a settled quantity may remember over half a window: e^(−2) or less, so that a window, which is half of
/// the run, is four relaxation times at least, and the run eight.
const MEMORY: f64 = 0.135;

/// One quantity over the second half of a run, from T/2 to T.
#[derive(Debug, Clone, PartialEq)]
pub struct SettlingWindow {
    /// What it is, in words: "the loss".
    pub name: String,
    /// `values[time][group]`, at [`WINDOW`] times: the mean over each group of chains.
    pub values: Vec<Vec<f64>>,
}

/// What a window says of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Settling {
    /// What moved between the two halves of the window.
    pub drift: Check,
    /// Correlation between the group means half a window apart.
    pub memory: f64,
    /// The most that it may be, an allowance for the number of groups included.
    pub allowed: f64,
}

impl Settling {
    /// Whether nothing speaks against the end of burn-in.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.drift.holds() && self.memory <= self.allowed
    }

    /// The time in which correlations fall by e, of a window of so many steps; `None` where they are too small or too large in it
    /// to tell.
    #[must_use]
    pub fn relaxation(&self, steps: f64) -> Option<f64> {
        let lag = steps * LAG as f64 / (WINDOW - 1) as f64;
        (0.1..0.95)
            .contains(&self.memory)
            .then(|| -lag / self.memory.ln())
    }
}

/// Compares the two halves of a window, and what the groups remember from one to the other. `weights` are the chains of each
/// group.
///
/// Chains that start b standard errors away are still b e^(−T/2τ) away at T/2, which the drift sees, and b e^(−T/τ) at T:
/// what the drift cannot see any more has become far less by then. That the run is long against τ is what the memory
/// checks, so that a slow start from nearby does not pass for rest.
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
    // Where nothing varies at all nothing can drift: deterministic groups give 0/0.
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
        // Two standard errors of a correlation of independent groups; the pairs of times share much of their noise.
        allowed: MEMORY + 2.0 / (groups * 2.0).sqrt(),
    }
}

/// Weighted correlation of two columns about their means; 0 where one does not vary.
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

    /// Groups of an autoregression x′ = ρx + z in its stationary state plus a drift in all, one step per time.
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
    fn forgetful_chains_at_rest_have_settled() {
        // 4 standard errors in one of two tests: false alarm 1e-4 and far less; fixed seeds.
        assert!((0..200).all(|seed| window(0.3, 256, 0.0, seed).settled()));
    }

    #[test]
    fn drift_and_memory_are_seen() {
        // 0.1 a step is 0.5 between the halves: 0.5·√256/√(2·…) > 5 standard errors.
        assert!((0..200).all(|seed| !window(0.3, 256, 0.1, seed).drift.holds()));
        // ρ⁴ = 0.66: the run is not long enough.
        assert!((0..200).all(|seed| !window(0.9, 256, 0.0, seed).settled()));
        let slow = window(0.9, 4_000, 0.0, 1);
        // τ = −1/ln 0.9 = 9.49 steps of a window of 8; the correlation of 4000 groups is known to 1 %.
        let relaxation = slow.relaxation(8.0).expect("neither forgotten nor kept");
        assert!((relaxation / 9.49 - 1.0).abs() < 0.1, "{relaxation}");
    }

    #[test]
    fn what_does_not_move_has_settled() {
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
