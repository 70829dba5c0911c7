//! Text for the subtitles of pictures, and intervals of estimates.

use crate::measure::Estimate;
use crate::report::number::{count, plain};
use crate::report::summary::{Point, Summary};

/// The 95 % interval of an estimate; both ends are the mean if the standard error is not finite.
pub(super) fn interval(estimate: Estimate) -> [f64; 2] {
    let half = if estimate.se.is_finite() {
        1.96 * estimate.se
    } else {
        0.0
    };
    [estimate.mean - half, estimate.mean + half]
}

/// Number of chains in words: `1,000,000 chains`.
fn chains(number: u64) -> String {
    format!(
        "{} chain{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// Chains, learning rate and length of one sweep point:
/// `1,000,000 chains at η = 0.1 after 1,000 steps (time 100)`.
pub(super) fn ensemble(summary: &Summary, point: &Point) -> String {
    let chains = chains(summary.chains - point.diverged.min(summary.chains));
    let excluded = match point.diverged {
        0 => String::new(),
        n => format!(" ({} diverged and left out)", count(n)),
    };
    let (eta, steps, time) = (plain(point.eta), count(point.steps), plain(point.time));
    format!("{chains}{excluded} at η = {eta} after {steps} steps (time {time})")
}

/// Chains and learning rates of a sweep, in words.
pub(super) fn ensembles(summary: &Summary) -> String {
    let etas = summary.points.iter().map(|point| point.eta);
    let (least, greatest) = etas.fold((f64::INFINITY, 0.0_f64), |(a, b), eta| {
        (a.min(eta), b.max(eta))
    });
    let diverged: u64 = summary.points.iter().map(|point| point.diverged).sum();
    let excluded = if diverged == 0 {
        String::new()
    } else {
        format!("; {} diverged and left out", count(diverged))
    };
    format!(
        "{} at each of {} learning rates η from {} to {}{excluded}",
        chains(summary.chains),
        summary.points.len(),
        plain(least),
        plain(greatest)
    )
}
