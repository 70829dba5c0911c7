//! How far the run is, on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two looks of the bar.
const BAR_PERIOD: Duration = Duration::from_millis(100);
/// Between two plain lines where there is no terminal.
const LINE_PERIOD: Duration = Duration::from_secs(5);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// A bar that redraws itself, for a terminal.
    Bar,
    /// A line every few seconds, for a log file.
    Lines,
    /// Nothing.
    Quiet,
}

impl ProgressMode {
    /// A bar where standard error is a terminal, lines elsewhere, nothing if `quiet`.
    #[must_use]
    pub fn detect(quiet: bool) -> Self {
        match (quiet, stderr().is_terminal()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Bar,
            (false, false) => Self::Lines,
        }
    }
}

/// A count of chain-steps done that shows itself with its rate and the time left.
///
/// Threads may share it: [`Self::advance`] is an atomic addition and a look at the clock, and redraws at most ten times
/// a second.
#[derive(Debug)]
pub struct Progress {
    show: Show,
    /// Chain-steps in all, where that is known.
    total: Option<u64>,
    done: AtomicU64,
    started: Instant,
    /// Milliseconds after the start at which it shows itself next.
    due: AtomicU64,
}

#[derive(Debug)]
enum Show {
    Bar(ProgressBar),
    Lines,
    Quiet,
}

impl Progress {
    /// Starts the clock on `total_chain_steps` (chains × steps over all points); `None` where nobody knows yet.
    #[must_use]
    pub fn new(mode: ProgressMode, total_chain_steps: Option<u64>) -> Self {
        let show = match mode {
            ProgressMode::Bar => Show::Bar(bar(total_chain_steps)),
            ProgressMode::Lines => Show::Lines,
            ProgressMode::Quiet => Show::Quiet,
        };
        let first = match mode {
            ProgressMode::Lines => LINE_PERIOD.as_millis() as u64,
            ProgressMode::Bar | ProgressMode::Quiet => 0,
        };
        Self {
            show,
            total: total_chain_steps,
            done: AtomicU64::new(0),
            started: Instant::now(),
            due: AtomicU64::new(first),
        }
    }

    /// Counts chain-steps that were done.
    pub fn advance(&self, chain_steps: u64) {
        let done = self.done.fetch_add(chain_steps, Ordering::Relaxed) + chain_steps;
        match &self.show {
            Show::Bar(bar) if self.is_due(BAR_PERIOD) => {
                bar.set_position(done);
                bar.set_message(rate(done, self.started.elapsed()));
            }
            // A closed standard error must not end the run.
            Show::Lines if self.is_due(LINE_PERIOD) => {
                let _ = writeln!(
                    stderr(),
                    "{}",
                    line(done, self.total, self.started.elapsed())
                );
            }
            Show::Bar(_) | Show::Lines | Show::Quiet => {}
        }
    }

    /// Clears the bar; what was measured speaks for itself.
    pub fn finish(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }

    /// Whether it is time to show something: true for one thread, which moves the time on.
    fn is_due(&self, period: Duration) -> bool {
        let now = self.started.elapsed().as_millis() as u64;
        let due = self.due.load(Ordering::Relaxed);
        let next = now + period.as_millis() as u64;
        let ordering = Ordering::Relaxed;
        now >= due
            && self
                .due
                .compare_exchange(due, next, ordering, ordering)
                .is_ok()
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{bar:32} {percent:>3}%  {msg}  {eta} left",
        None => "{spinner} {elapsed}  {msg}",
    };
    let style = ProgressStyle::with_template(template)
        .expect("the template is well formed")
        .progress_chars("━╸ ");
    ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr()).with_style(style)
}

fn rate(done: u64, elapsed: Duration) -> String {
    let per_second = done as f64 / elapsed.as_secs_f64().max(1e-9);
    format!("{} chain-steps/s", super::number::engineering(per_second))
}

fn line(done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let share = match total {
        None => {
            let passed = super::number::duration(elapsed.as_secs_f64());
            return format!("{passed}, {}", rate(done, elapsed));
        }
        Some(0) => 1.0,
        Some(total) => (done as f64 / total as f64).min(1.0),
    };
    let left = elapsed.as_secs_f64() * (1.0 - share) / share.max(1e-9);
    format!(
        "{:3.0} %, {}, {} left",
        100.0 * share,
        rate(done, elapsed),
        super::number::duration(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_share_rate_and_time_left() {
        let ten = Duration::from_secs(10);
        assert_eq!(
            line(2_500_000_000, Some(10_000_000_000), ten),
            " 25 %, 250 M chain-steps/s, 30 s left"
        );
        assert_eq!(line(0, Some(0), ten), "100 %, 0 chain-steps/s, 0 s left");
        // More than was announced is not more than everything.
        assert_eq!(
            line(200, Some(100), ten),
            "100 %, 20 chain-steps/s, 0 s left"
        );
        assert_eq!(line(2_500_000_000, None, ten), "10 s, 250 M chain-steps/s");
    }

    #[test]
    fn threads_count_together() {
        for mode in [ProgressMode::Bar, ProgressMode::Lines, ProgressMode::Quiet] {
            let progress = Progress::new(mode, Some(4000));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..1000).for_each(|_| progress.advance(1)));
                }
            });
            progress.finish();
            assert_eq!(progress.done.load(Ordering::Relaxed), 4000, "{mode:?}");
        }
    }
}
