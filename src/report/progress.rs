//! How far the run is, on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
/// Threads may share it: [`Self::advance`] is an atomic addition and redraws at most a few times a second.
#[derive(Debug)]
pub struct Progress {
    show: Show,
    total: u64,
    done: AtomicU64,
    started: Instant,
}

#[derive(Debug)]
enum Show {
    Bar(ProgressBar),
    /// Milliseconds after the start at which the next line is due.
    Lines(AtomicU64),
    Quiet,
}

impl Progress {
    /// Starts the clock on `total_chain_steps` (chains × steps over all points).
    #[must_use]
    pub fn new(mode: ProgressMode, total_chain_steps: u64) -> Self {
        let show = match mode {
            ProgressMode::Bar => Show::Bar(bar(total_chain_steps)),
            ProgressMode::Lines => Show::Lines(AtomicU64::new(LINE_PERIOD.as_millis() as u64)),
            ProgressMode::Quiet => Show::Quiet,
        };
        Self {
            show,
            total: total_chain_steps,
            done: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    /// Counts chain-steps that were done.
    pub fn advance(&self, chain_steps: u64) {
        let done = self.done.fetch_add(chain_steps, Ordering::Relaxed) + chain_steps;
        match &self.show {
            Show::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(rate(done, self.started.elapsed()));
            }
            Show::Lines(due) => self.line_if_due(due, done),
            Show::Quiet => {}
        }
    }

    /// Clears the bar; what was measured speaks for itself.
    pub fn finish(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }

    fn line_if_due(&self, due: &AtomicU64, done: u64) {
        let elapsed = self.started.elapsed();
        let now = elapsed.as_millis() as u64;
        let was_due = due.load(Ordering::Relaxed);
        let next = now + LINE_PERIOD.as_millis() as u64;
        // The thread that moves the due time is the one that prints.
        if now >= was_due
            && due
                .compare_exchange(was_due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            eprintln!("{}", line(done, self.total, elapsed));
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {percent:>3}%  {msg}  {eta} left")
        .expect("the template is well formed")
        .progress_chars("━╸ ");
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(style)
}

fn rate(done: u64, elapsed: Duration) -> String {
    let per_second = done as f64 / elapsed.as_secs_f64().max(1e-9);
    format!("{} chain-steps/s", super::number::engineering(per_second))
}

fn line(done: u64, total: u64, elapsed: Duration) -> String {
    let share = if total == 0 {
        1.0
    } else {
        (done as f64 / total as f64).min(1.0)
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
            line(2_500_000_000, 10_000_000_000, ten),
            " 25 %, 250 M chain-steps/s, 30 s left"
        );
        assert_eq!(line(0, 0, ten), "100 %, 0 chain-steps/s, 0 s left");
        // More than was announced is not more than everything.
        assert_eq!(line(200, 100, ten), "100 %, 20 chain-steps/s, 0 s left");
    }

    #[test]
    fn threads_count_together() {
        for mode in [ProgressMode::Bar, ProgressMode::Lines, ProgressMode::Quiet] {
            let progress = Progress::new(mode, 4000);
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
