//! Times several candidates in turns. On a shared machine only interleaved measurements are
//! comparable.

use super::error::BenchError;
use crate::program::output::Spread;
use std::time::{Duration, Instant};

/// Performs the given number of steps and returns the time that counts.
pub(super) type Work<'a> = Box<dyn FnMut(u64) -> Result<Duration, BenchError> + 'a>;

/// Candidate in a comparison.
pub(super) struct Candidate<'a> {
    /// Units of one step: chains or normals.
    units: f64,
    /// Steps of one run.
    steps: u64,
    work: Work<'a>,
}

/// Amount of measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Timed runs of each candidate.
    pub(super) turns: usize,
    /// Intended time of one run.
    pub(super) duration: Duration,
}

impl<'a> Candidate<'a> {
    /// Warms up, and chooses the multiple of `quantum` steps that takes the intended time.
    pub(super) fn timed_for(
        units: f64,
        quantum: u64,
        effort: Effort,
        mut work: Work<'a>,
    ) -> Result<Self, BenchError> {
        let mut steps = quantum;
        // The first runs on a device compile, and its dispatches grow, so the last of several
        // estimates counts.
        for _ in 0..3 {
            let taken = work(steps)?.as_secs_f64().max(1e-6);
            let intended = steps as f64 * effort.duration.as_secs_f64() / taken;
            steps = ((intended / quantum as f64).round() as u64).clamp(1, 1 << 20) * quantum;
        }
        Ok(Self { units, steps, work })
    }

    /// Candidate with `steps` steps per run, after one warm-up run.
    pub(super) fn with_steps(
        units: f64,
        steps: u64,
        mut work: Work<'a>,
    ) -> Result<Self, BenchError> {
        work(steps)?;
        Ok(Self { units, steps, work })
    }

    /// Steps of one run.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    fn rate(&mut self) -> Result<f64, BenchError> {
        let taken = (self.work)(self.steps)?.as_secs_f64().max(1e-9);
        Ok(self.units * self.steps as f64 / taken)
    }
}

/// Units per second of each candidate in each turn, in the order `[candidate][turn]`.
pub(super) fn interleaved(
    effort: Effort,
    candidates: &mut [Candidate<'_>],
) -> Result<Vec<Vec<f64>>, BenchError> {
    let mut rates = vec![Vec::new(); candidates.len()];
    for _ in 0..effort.turns {
        for (candidate, rates) in candidates.iter_mut().zip(&mut rates) {
            rates.push(candidate.rate()?);
        }
    }
    Ok(rates)
}

/// Median and quartiles of a / b over the turns.
pub(super) fn ratio(a: &[f64], b: &[f64]) -> Spread {
    Spread::of(a.iter().zip(b).map(|(a, b)| a / b).collect())
}

/// Result and duration of `work`.
pub(super) fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort {
        turns: 3,
        duration: Duration::from_millis(20),
    };

    /// 10 µs before the first step and 2 µs for each step: 20 ms are 9995 steps, which rounds to a
    /// multiple of 4.
    #[test]
    fn steps_are_chosen_to_take_the_intended_time() {
        let work: Work<'_> = Box::new(|steps| Ok(Duration::from_micros(10 + 2 * steps)));
        let candidate = Candidate::timed_for(1.0, 4, EFFORT, work).unwrap();
        assert_eq!(candidate.steps(), 9996);
    }

    #[test]
    fn rates_are_units_over_time_turn_by_turn() {
        let work = |micros: u64| -> Work<'static> {
            Box::new(move |steps| Ok(Duration::from_micros(micros * steps)))
        };
        let mut both = [
            Candidate::with_steps(5.0, 100, work(1)).unwrap(),
            Candidate::with_steps(5.0, 100, work(2)).unwrap(),
        ];
        let rates = interleaved(EFFORT, &mut both).unwrap();
        assert_eq!((rates[0].len(), rates[1].len()), (3, 3));
        assert!((rates[0][0] / 5e6 - 1.0).abs() < 1e-12);
        let ratio = ratio(&rates[1], &rates[0]);
        assert!((ratio.median - 0.5).abs() < 1e-12 && ratio.low <= ratio.high);
    }
}
