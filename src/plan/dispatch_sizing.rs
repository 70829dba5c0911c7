//! How many steps to ask of a device at once.

use std::time::Duration;

/// Sizes dispatches by measured time: long enough to hide what each costs before its first step, far from any driver's
/// watchdog (about 2 s).
#[derive(Debug, Clone)]
pub struct DispatchSizing {
    steps: u64,
    fixed: bool,
    limit: Duration,
    efficiency: f64,
    seen: Seen,
}

/// Dispatches so far, as sums for the line that fits their times best: a dispatch of n steps is taken to last a + b n. Clocks are
/// wrong by a share of what they show, so that each counts as the inverse square of its time; older ones count less.
#[derive(Debug, Clone, Default)]
struct Seen {
    weight: f64,
    steps: f64,
    times: f64,
    steps_squared: f64,
    steps_by_times: f64,
}

impl Seen {
    /// What all before count for with every dispatch.
    const KEPT: f64 = 0.95;

    /// Numbers of steps that vary less, as a share of their mean square, tell the noise of the clock and not the cost of a step.
    /// Two that are 1.5 apart vary by 0.043.
    const APART: f64 = 0.04;

    fn add(&mut self, steps: f64, time: f64) {
        let weight = time.powi(-2);
        for (sum, value) in [
            (&mut self.weight, 1.0),
            (&mut self.steps, steps),
            (&mut self.times, time),
            (&mut self.steps_squared, steps * steps),
            (&mut self.steps_by_times, steps * time),
        ] {
            *sum = Self::KEPT * *sum + weight * value;
        }
    }

    /// Seconds before the first step and for each, where they can be told apart.
    fn cost(&self) -> Option<[f64; 2]> {
        let variation = self.weight * self.steps_squared - self.steps * self.steps;
        if variation < Self::APART * self.weight * self.steps_squared {
            return None;
        }
        let per_step = (self.weight * self.steps_by_times - self.steps * self.times) / variation;
        let start = (self.times - per_step * self.steps) / self.weight;
        // Noise can make either negative.
        if per_step <= 0.0 {
            None
        } else if start < 0.0 {
            Some([0.0, self.times / self.steps])
        } else {
            Some([start, per_step])
        }
    }
}

impl DispatchSizing {
    /// Time that one dispatch should take.
    pub const TARGET: Duration = Duration::from_millis(50);

    /// Time that it may take where the cost before the first step would otherwise dominate.
    pub const LIMIT: Duration = Duration::from_millis(500);

    /// The same where nobody waits for the device but the program itself: a software rasteriser has no watchdog.
    pub const UNWATCHED_LIMIT: Duration = Duration::from_secs(4);

    /// The steps of a dispatch should take so many times what it costs before the first.
    const EFFICIENCY: f64 = 8.0;

    /// The same where dispatches may last as long: with millions of chains a software rasteriser loses a ninth otherwise, because
    /// every dispatch takes them all from memory.
    const UNWATCHED_EFFICIENCY: f64 = 24.0;

    /// Starts with few steps and grows towards [`Self::TARGET`].
    pub fn measured() -> Self {
        Self {
            steps: 16,
            fixed: false,
            limit: Self::LIMIT,
            efficiency: Self::EFFICIENCY,
            seen: Seen::default(),
        }
    }

    /// Always the same number of steps: for tests that results do not depend on it.
    pub fn fixed(steps: u64) -> Self {
        Self {
            steps,
            fixed: true,
            ..Self::measured()
        }
    }

    /// The same with longer dispatches where their start is costly, up to [`Self::UNWATCHED_LIMIT`].
    #[must_use]
    pub fn unwatched(self) -> Self {
        Self {
            limit: Self::UNWATCHED_LIMIT,
            efficiency: Self::UNWATCHED_EFFICIENCY,
            ..self
        }
    }

    /// Steps to ask for next.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Learns from a dispatch of `steps` steps that took `elapsed`. Grows at most fourfold at a time.
    pub fn record(&mut self, steps: u64, elapsed: Duration) {
        if self.fixed || steps == 0 {
            return;
        }
        let (done, time) = (steps as f64, elapsed.as_secs_f64().max(1e-9));
        self.seen.add(done, time);
        let (target, limit) = (Self::TARGET.as_secs_f64(), self.limit.as_secs_f64());
        let wanted = if let Some(cost) = self.seen.cost() {
            // As fast as the last: a device that has slowed down must not be asked for too much once more.
            let slower = time / (cost[0] + cost[1] * done);
            let [start, per_step] = cost.map(|seconds| seconds * slower);
            let fit = |seconds: f64| (seconds - start) / per_step;
            let efficient = self.efficiency * start / per_step;
            fit(target).max(efficient).min(fit(limit))
        } else {
            // The start may be all that it cost: another number of steps will show.
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

    /// After dispatches that cost `start` microseconds and `per_step` more for each step.
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
    fn a_costly_start_is_spread_over_many_steps() {
        let dispatch_sizing = settle(DispatchSizing::measured(), 30_000, 4_000);
        assert!(
            (55..=60).contains(&dispatch_sizing.steps()),
            "8 × 30 ms of steps: {}",
            dispatch_sizing.steps()
        );
        let dispatch_sizing = settle(DispatchSizing::measured(), 100_000, 4_000);
        assert!(
            (98..=100).contains(&dispatch_sizing.steps()),
            "no more than 500 ms together: {}",
            dispatch_sizing.steps()
        );
        let dispatch_sizing = settle(DispatchSizing::measured().unwatched(), 100_000, 10_000);
        assert!(
            (235..=240).contains(&dispatch_sizing.steps()),
            "24 × 100 ms of steps: {}",
            dispatch_sizing.steps()
        );
    }

    #[test]
    fn a_start_beyond_the_limit_is_spread_where_nobody_watches() {
        // Ten million chains on a software rasteriser.
        let mut dispatch_sizing = DispatchSizing::measured().unwatched();
        let mut done = Vec::new();
        for _ in 0..8 {
            let steps = dispatch_sizing.steps();
            done.push(steps);
            dispatch_sizing.record(steps, Duration::from_micros(450_000 + 13_500 * steps));
        }
        assert!(
            (255..=270).contains(&dispatch_sizing.steps()),
            "as many of 24 × 450 ms of steps as 4 s hold: {done:?}"
        );
        assert!(done.iter().all(|&steps| steps >= 4), "{done:?}");
    }

    #[test]
    fn what_noise_taught_is_forgotten() {
        // A start of 48 ms and 2 ms a step; of the first two dispatches the second was held up.
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
    fn short_segments_and_a_noisy_clock_do_not_hold_it_at_one_step() {
        // Segments of 6 and 7 steps; every dispatch takes 60 ms, give or take a twentieth, whatever its length.
        let mut dispatch_sizing = DispatchSizing::measured();
        let mut dispatches = Vec::new();
        for segment in 0..100_u64 {
            let mut left = 6 + segment % 2;
            while left > 0 {
                let steps = dispatch_sizing.steps().min(left);
                left -= steps;
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
