//! Progress of a run on standard error.

use crate::report::number;
use crate::run::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::time::Duration;

/// Time between two plain lines if standard error is not a terminal.
const LINE_PERIOD: Duration = Duration::from_secs(5);

/// A callback for [`crate::Options::on_progress`]: a bar if standard error is a terminal, otherwise a line every few
/// seconds.
pub fn display() -> impl Fn(Progress) + Send + Sync + 'static {
    let shown = Mutex::new(if stderr().is_terminal() {
        Shown::Bar(None)
    } else {
        Shown::Lines(LINE_PERIOD)
    });
    move |progress| {
        // Nothing in `update` panics, so the lock is never poisoned.
        if let Ok(mut shown) = shown.lock() {
            shown.update(progress);
        }
    }
}

#[derive(Debug)]
enum Shown {
    /// The bar of the current run.
    Bar(Option<ProgressBar>),
    /// Time of the next line.
    Lines(Duration),
}

impl Shown {
    fn update(&mut self, progress: Progress) {
        match self {
            Self::Bar(current) => {
                let bar = current.get_or_insert_with(|| bar(progress.total));
                bar.set_position(progress.chain_steps);
                bar.set_message(rate(progress.chain_steps, progress.elapsed));
                if progress.finished {
                    bar.finish_and_clear();
                    *current = None;
                }
            }
            Self::Lines(due) if progress.finished => *due = LINE_PERIOD,
            Self::Lines(due) if progress.elapsed >= *due => {
                *due = progress.elapsed + LINE_PERIOD;
                // A closed standard error must not end the run.
                let _ = writeln!(stderr(), "{}", line(progress));
            }
            Self::Lines(_) => {}
        }
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
    format!("{} chain-steps/s", number::engineering(per_second))
}

fn line(progress: Progress) -> String {
    let Progress {
        chain_steps,
        elapsed,
        ..
    } = progress;
    let rate = rate(chain_steps, elapsed);
    let share = match progress.total {
        None => return format!("{}, {rate}", number::duration(elapsed.as_secs_f64())),
        Some(0) => 1.0,
        Some(total) => (chain_steps as f64 / total as f64).min(1.0),
    };
    let left = elapsed.as_secs_f64() * (1.0 - share) / share.max(1e-9);
    format!(
        "{:3.0} %, {rate}, {} left",
        100.0 * share,
        number::duration(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(chain_steps: u64, total: Option<u64>) -> Progress {
        Progress {
            chain_steps,
            total,
            elapsed: Duration::from_secs(10),
            finished: false,
        }
    }

    #[test]
    fn a_line_has_share_rate_and_time_left() {
        for (done, total, text) in [
            (
                2_500_000_000,
                Some(10_000_000_000),
                " 25 %, 250 M chain-steps/s, 30 s left",
            ),
            (0, Some(0), "100 %, 0 chain-steps/s, 0 s left"),
            // More than was announced is not more than everything.
            (200, Some(100), "100 %, 20 chain-steps/s, 0 s left"),
            (2_500_000_000, None, "10 s, 250 M chain-steps/s"),
        ] {
            assert_eq!(line(progress(done, total)), text);
        }
    }

    #[test]
    fn each_run_has_a_bar_of_its_own() {
        let mut shown = Shown::Bar(None);
        shown.update(progress(5, Some(10)));
        assert!(matches!(&shown, Shown::Bar(Some(_))));
        let last = Progress {
            finished: true,
            ..progress(10, Some(10))
        };
        shown.update(last);
        assert!(matches!(shown, Shown::Bar(None)));
    }
}
