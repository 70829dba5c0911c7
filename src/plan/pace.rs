//! How many steps to ask of a device at once.

use std::time::Duration;

/// Sizes dispatches by measured time: long enough to hide their overhead, far from any driver's watchdog (about 2 s).
#[derive(Debug, Clone)]
pub struct Pace {
    steps: u64,
    fixed: bool,
}

impl Pace {
    /// Time that one dispatch should take.
    pub const TARGET: Duration = Duration::from_millis(50);

    /// Starts with few steps and grows towards [`Self::TARGET`].
    pub fn measured() -> Self {
        Self {
            steps: 16,
            fixed: false,
        }
    }

    /// Always the same number of steps: for tests that results do not depend on it.
    pub fn fixed(steps: u64) -> Self {
        Self { steps, fixed: true }
    }

    /// Steps to ask for next.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Learns from a dispatch of `steps` steps that took `elapsed`. Grows at most fourfold at a time.
    pub fn record(&mut self, steps: u64, elapsed: Duration) {
        if self.fixed {
            return;
        }
        let per_step = elapsed.as_secs_f64().max(1e-9) / steps.max(1) as f64;
        let wanted = (Self::TARGET.as_secs_f64() / per_step) as u64;
        self.steps = wanted.clamp(1, self.steps.saturating_mul(4));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_the_target_and_backs_off_at_once() {
        let mut pace = Pace::measured();
        let per_step = Duration::from_micros(20);
        for _ in 0..10 {
            let steps = pace.steps();
            pace.record(steps, per_step * steps as u32);
        }
        assert_eq!(pace.steps(), 2_500, "50 ms at 20 µs a step");
        pace.record(2_500, Duration::from_secs(1));
        assert_eq!(pace.steps(), 125, "a slow dispatch is shortened at once");
    }
}
