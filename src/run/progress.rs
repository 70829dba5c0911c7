//! Counts chain-steps and reports them to the caller.

use super::options::{Options, ProgressCallback};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shortest time between two reports.
const PERIOD: Duration = Duration::from_millis(50);

/// Progress of a run, as [`Options::on_progress`] reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Chain-steps done: steps, summed over all chains of all learning rates.
    pub chain_steps: u64,
    /// Chain-steps in all; `None` if the run decides itself when to stop.
    pub total: Option<u64>,
    /// Time since the first chains started.
    pub elapsed: Duration,
    /// True in the last report of a run, which comes even if the run fails.
    pub finished: bool,
}

/// Counter of chain-steps that threads share.
///
/// [`Self::advance`] costs an atomic addition and a look at the clock.
pub(crate) struct Meter<'a> {
    callback: Option<&'a ProgressCallback>,
    total: Option<u64>,
    done: AtomicU64,
    started: Instant,
    /// Milliseconds after the start at which the next report is due.
    due: AtomicU64,
}

impl fmt::Debug for Meter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("done", &self.done)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl<'a> Meter<'a> {
    /// Starts the clock and reports the start; `total` is chains × steps, summed over all learning rates.
    pub(crate) fn start(options: &'a Options, total: Option<u64>) -> Self {
        let meter = Self {
            callback: options.on_progress.as_deref(),
            total,
            done: AtomicU64::new(0),
            started: Instant::now(),
            due: AtomicU64::new(PERIOD.as_millis() as u64),
        };
        meter.report(0, false);
        meter
    }

    /// Counts chain-steps that were done.
    pub(crate) fn advance(&self, chain_steps: u64) {
        if self.callback.is_some() {
            let done = self.done.fetch_add(chain_steps, Ordering::Relaxed) + chain_steps;
            if self.is_due() {
                self.report(done, false);
            }
        }
    }

    /// Reports the end.
    pub(crate) fn finish(&self) {
        self.report(self.done.load(Ordering::Relaxed), true);
    }

    fn report(&self, chain_steps: u64, finished: bool) {
        if let Some(callback) = self.callback {
            callback(Progress {
                chain_steps,
                total: self.total,
                elapsed: self.started.elapsed(),
                finished,
            });
        }
    }

    /// Returns true if a report is due, and for one thread only: that thread sets the time of the next.
    fn is_due(&self) -> bool {
        let now = self.started.elapsed().as_millis() as u64;
        let due = self.due.load(Ordering::Relaxed);
        let next = now + PERIOD.as_millis() as u64;
        let ordering = Ordering::Relaxed;
        now >= due
            && self
                .due
                .compare_exchange(due, next, ordering, ordering)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn threads_share_a_meter_and_the_last_report_has_all_steps() {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&reports);
        let options = Options::default()
            .on_progress(move |progress| list.lock().expect("no panic").push(progress));
        let meter = Meter::start(&options, Some(4000));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| meter.advance(1)));
            }
        });
        meter.finish();
        let reports = reports.lock().expect("no panic");
        let (first, last) = (reports[0], reports[reports.len() - 1]);
        assert_eq!((first.chain_steps, first.finished), (0, false));
        assert_eq!((last.chain_steps, last.finished), (4000, true));
        assert_eq!(last.total, Some(4000));
    }

    #[test]
    fn without_a_callback_nothing_is_counted() {
        let options = Options::default();
        let meter = Meter::start(&options, None);
        meter.advance(1);
        meter.finish();
        assert_eq!(meter.done.load(Ordering::Relaxed), 0);
    }
}
