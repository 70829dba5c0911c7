//! How many steps to ask of a device at once.

use std::time::Duration;

/// Sizes dispatches by measured time: long enough to hide what each costs before its first step, far from any driver's
/// watchdog (about 2 s).
///
/// A dispatch of n steps is taken to last a + b n; both are learned from the last two dispatches of different length.
#[derive(Debug, Clone)]
pub struct Pace {
    steps: u64,
    fixed: bool,
    last: Option<(u64, f64)>,
}

impl Pace {
    /// Time that one dispatch should take.
    pub const TARGET: Duration = Duration::from_millis(50);

    /// Time that it may take where the cost before the first step would otherwise dominate.
    pub const LIMIT: Duration = Duration::from_millis(500);

    /// The steps of a dispatch should take so many times what it costs before the first.
    const EFFICIENCY: f64 = 8.0;

    /// Starts with few steps and grows towards [`Self::TARGET`].
    pub fn measured() -> Self {
        Self {
            steps: 16,
            fixed: false,
            last: None,
        }
    }

    /// Always the same number of steps: for tests that results do not depend on it.
    pub fn fixed(steps: u64) -> Self {
        Self {
            steps,
            fixed: true,
            last: None,
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
        let time = elapsed.as_secs_f64().max(1e-9);
        let (start, per_step) = self.cost(steps, time);
        if self.last.is_none_or(|(before, _)| before != steps) {
            self.last = Some((steps, time));
        }
        let fit = |seconds: f64| (seconds - start) / per_step;
        let wanted = fit(Self::TARGET.as_secs_f64()).max(Self::EFFICIENCY * start / per_step);
        let wanted = wanted.min(fit(Self::LIMIT.as_secs_f64())).max(1.0) as u64;
        self.steps = wanted.min(self.steps.saturating_mul(4));
    }

    /// Seconds before the first step, and per step.
    fn cost(&self, steps: u64, time: f64) -> (f64, f64) {
        let all = (0.0, time / steps as f64);
        let Some((other, before)) = self.last.filter(|&(other, _)| other != steps) else {
            return all;
        };
        let per_step = (time - before) / (steps as f64 - other as f64);
        let start = time - per_step * steps as f64;
        // Noise can make either negative; then the plain ratio is the better guess.
        if per_step > 0.0 && start > 0.0 {
            (start, per_step)
        } else {
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dispatches that cost `start` microseconds and `per_step` more for each step.
    fn settle(start: u64, per_step: u64) -> Pace {
        let mut pace = Pace::measured();
        for _ in 0..20 {
            let steps = pace.steps();
            pace.record(steps, Duration::from_micros(start + per_step * steps));
        }
        pace
    }

    #[test]
    fn reaches_the_target_and_backs_off_at_once() {
        let mut pace = settle(0, 20);
        assert!(
            (2_400..=2_500).contains(&pace.steps()),
            "50 ms at 20 µs a step: {}",
            pace.steps()
        );
        pace.record(pace.steps(), Duration::from_secs(10));
        assert!(
            pace.steps() < 200,
            "a slow dispatch is shortened at once: {}",
            pace.steps()
        );
    }

    #[test]
    fn a_costly_start_is_spread_over_many_steps() {
        let pace = settle(30_000, 4_000);
        assert!(
            (55..=60).contains(&pace.steps()),
            "8 × 30 ms of steps: {}",
            pace.steps()
        );
        let pace = settle(100_000, 4_000);
        assert!(
            (98..=100).contains(&pace.steps()),
            "no more than 500 ms together: {}",
            pace.steps()
        );
    }
}
