//! Number of steps per dispatch of a device.

use std::time::Duration;

/// Number of steps per dispatch, chosen by measured time.
///
/// A dispatch should be long compared with its start-up cost and far from any driver's watchdog (about 2 s).
#[derive(Debug, Clone)]
pub struct DispatchSizing {
    steps: u64,
    fixed: bool,
    limit: Duration,
    efficiency: f64,
    times: DispatchTimes,
}

/// Weighted sums over past dispatches, for a least-squares fit of their times: a dispatch of n steps lasts a + b n.
///
/// Clock errors are proportional to the time, so a dispatch has the inverse square of its time as weight. The weights of older
/// dispatches decay.
#[derive(Debug, Clone, Default)]
struct DispatchTimes {
    weight: f64,
    steps: f64,
    seconds: f64,
    steps_squared: f64,
    steps_by_seconds: f64,
}

impl DispatchTimes {
    /// Factor of all weights per new dispatch.
    const DECAY: f64 = 0.95;

    /// Smallest variance of the numbers of steps, relative to their mean square, from which a cost per step can be fitted. Below
    /// it the clock's noise dominates. Two numbers with ratio 1.5 have 0.043.
    const MIN_VARIATION: f64 = 0.04;

    fn add(&mut self, steps: f64, time: f64) {
        let weight = time.powi(-2);
        for (sum, value) in [
            (&mut self.weight, 1.0),
            (&mut self.steps, steps),
            (&mut self.seconds, time),
            (&mut self.steps_squared, steps * steps),
            (&mut self.steps_by_seconds, steps * time),
        ] {
            *sum = Self::DECAY * *sum + weight * value;
        }
    }

    /// Seconds at the start and per step; `None` if the data do not determine them.
    fn cost(&self) -> Option<[f64; 2]> {
        let variation = self.weight * self.steps_squared - self.steps * self.steps;
        if variation < Self::MIN_VARIATION * self.weight * self.steps_squared {
            return None;
        }
        let per_step =
            (self.weight * self.steps_by_seconds - self.steps * self.seconds) / variation;
        let start = (self.seconds - per_step * self.steps) / self.weight;
        // Noise of the clock can make either negative.
        if per_step <= 0.0 {
            None
        } else if start < 0.0 {
            Some([0.0, self.seconds / self.steps])
        } else {
            Some([start, per_step])
        }
    }
}

impl DispatchSizing {
    /// Time that a dispatch should take.
    pub const TARGET: Duration = Duration::from_millis(50);

    /// Longest time of a dispatch with a high start-up cost.
    pub const LIMIT: Duration = Duration::from_millis(500);

    /// Longest time of a dispatch without a watchdog, as on a software rasterizer.
    pub const NO_WATCHDOG_LIMIT: Duration = Duration::from_secs(4);

    /// Wanted ratio of the time of the steps to the start-up cost.
    const EFFICIENCY: f64 = 8.0;

    /// Wanted ratio without a watchdog. Every dispatch reads all chains from memory, and a software rasterizer with millions of
    /// chains would lose a ninth of its time at the lower ratio.
    const NO_WATCHDOG_EFFICIENCY: f64 = 24.0;

    /// Sizing that starts with few steps and approaches [`Self::TARGET`].
    pub fn measured() -> Self {
        Self {
            steps: 16,
            fixed: false,
            limit: Self::LIMIT,
            efficiency: Self::EFFICIENCY,
            times: DispatchTimes::default(),
        }
    }

    /// Sizing with a constant number of steps, for tests that results do not depend on it.
    pub fn fixed(steps: u64) -> Self {
        Self {
            steps,
            fixed: true,
            ..Self::measured()
        }
    }

    /// Allows longer dispatches if their start-up cost is high, up to [`Self::NO_WATCHDOG_LIMIT`].
    #[must_use]
    pub fn without_watchdog(self) -> Self {
        Self {
            limit: Self::NO_WATCHDOG_LIMIT,
            efficiency: Self::NO_WATCHDOG_EFFICIENCY,
            ..self
        }
    }

    /// Number of steps of the next dispatch.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Records a dispatch of `steps` steps that took `elapsed`. The number of steps grows at most fourfold per dispatch.
    pub fn record(&mut self, steps: u64, elapsed: Duration) {
        if self.fixed || steps == 0 {
            return;
        }
        let (done, time) = (steps as f64, elapsed.as_secs_f64().max(1e-9));
        self.times.add(done, time);
        let (target, limit) = (Self::TARGET.as_secs_f64(), self.limit.as_secs_f64());
        let wanted = if let Some(cost) = self.times.cost() {
            // Scale the fit to the last dispatch: a device that has slowed down must not get too long a dispatch again.
            let slower = time / (cost[0] + cost[1] * done);
            let [start, per_step] = cost.map(|seconds| seconds * slower);
            let fit = |seconds: f64| (seconds - start) / per_step;
            let efficient = self.efficiency * start / per_step;
            fit(target).max(efficient).min(fit(limit))
        } else {
            // The start may be the whole cost. Another number of steps will tell.
            let other = if 2.0 * time <= limit {
                2.0 * done
            } else {
                done / 4.0
            };
            (done * target / time).max(other)
        };
        self.steps = (wanted.max(1.0) as u64).min(self.steps.saturating_mul(4));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records twenty dispatches that cost `start` microseconds and `per_step` more per step.
    fn settle(mut dispatch_sizing: DispatchSizing, start: u64, per_step: u64) -> DispatchSizing {
        for _ in 0..20 {
            let steps = dispatch_sizing.steps();
            dispatch_sizing.record(steps, Duration::from_micros(start + per_step * steps));
        }
        dispatch_sizing
    }

    #[test]
    fn reaches_the_target_and_backs_off_at_once() {
        let mut dispatch_sizing = settle(DispatchSizing::measured(), 0, 20);
        assert!(
            (2_400..=2_500).contains(&dispatch_sizing.steps()),
            "50 ms at 20 µs a step: {}",
            dispatch_sizing.steps()
        );
        dispatch_sizing.record(dispatch_sizing.steps(), Duration::from_secs(10));
        assert!(
            dispatch_sizing.steps() < 200,
            "a slow dispatch is shortened at once: {}",
            dispatch_sizing.steps()
        );
    }

    #[test]
    fn a_high_start_up_cost_leads_to_long_dispatches() {
        let dispatch_sizing = settle(DispatchSizing::measured(), 30_000, 4_000);
        assert!(
            (55..=60).contains(&dispatch_sizing.steps()),
            "8 × 30 ms of steps: {}",
            dispatch_sizing.steps()
        );
        let dispatch_sizing = settle(DispatchSizing::measured(), 100_000, 4_000);
        assert!(
            (98..=100).contains(&dispatch_sizing.steps()),
            "at most 500 ms: {}",
            dispatch_sizing.steps()
        );
        let dispatch_sizing = settle(
            DispatchSizing::measured().without_watchdog(),
            100_000,
            10_000,
        );
        assert!(
            (235..=240).contains(&dispatch_sizing.steps()),
            "24 × 100 ms of steps: {}",
            dispatch_sizing.steps()
        );
    }

    #[test]
    fn dispatches_without_a_watchdog_may_be_longer() {
        // Ten million chains on a software rasterizer.
        let mut dispatch_sizing = DispatchSizing::measured().without_watchdog();
        let mut done = Vec::new();
        for _ in 0..8 {
            let steps = dispatch_sizing.steps();
            done.push(steps);
            dispatch_sizing.record(steps, Duration::from_micros(450_000 + 13_500 * steps));
        }
        assert!(
            (255..=270).contains(&dispatch_sizing.steps()),
            "24 × 450 ms of steps, limited to 4 s: {done:?}"
        );
        assert!(done.iter().all(|&steps| steps >= 4), "{done:?}");
    }

    #[test]
    fn a_misleading_measurement_is_forgotten() {
        // 48 ms at the start and 2 ms per step; something delayed the second dispatch.
        let mut dispatch_sizing = DispatchSizing::measured();
        dispatch_sizing.record(1, Duration::from_millis(50));
        dispatch_sizing.record(6, Duration::from_millis(400));
        for _ in 0..100 {
            let steps = dispatch_sizing.steps();
            dispatch_sizing.record(steps, Duration::from_millis(48 + 2 * steps));
        }
        assert!(dispatch_sizing.steps() > 100, "{}", dispatch_sizing.steps());
    }

    #[test]
    fn short_segments_and_a_noisy_clock_do_not_keep_dispatches_at_one_step() {
        // Segments of 6 and 7 steps; every dispatch takes 60 ms, give or take a twentieth, whatever its length.
        let mut dispatch_sizing = DispatchSizing::measured();
        let mut dispatches = Vec::new();
        for segment in 0..100_u64 {
            let mut remaining = 6 + segment % 2;
            while remaining > 0 {
                let steps = dispatch_sizing.steps().min(remaining);
                remaining -= steps;
                dispatches.push(steps);
                let noise = ((segment * 2_654_435_761) >> 7) % 8;
                dispatch_sizing.record(steps, Duration::from_millis(56 + noise));
            }
        }
        assert!(
            dispatches.len() <= 110,
            "nearly every segment is one dispatch: {dispatches:?}"
        );
    }
}
