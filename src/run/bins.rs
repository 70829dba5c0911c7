//! Ranges of histograms.

use crate::compile::Problem;
use crate::engine::Bins;
use crate::measure::{Axis, Moments};

/// The bins of every histogram: the user's range, otherwise one that holds nearly all chains of the pilot block.
pub(super) fn axes(problem: &Problem, pilot: &[Moments]) -> Vec<Bins> {
    (problem.histograms.iter().zip(&problem.task.histograms))
        .map(|(plan, request)| {
            (plan.ranges.iter().zip(&request.outputs).zip(&request.bins))
                .map(|((range, &output), &bins)| {
                    let (from, to) = range.unwrap_or_else(|| automatic(pilot.get(output)));
                    // A range that f32 cannot divide falls back to one that it can.
                    Axis::new(from, to, bins).unwrap_or(Axis {
                        from: 0.0,
                        to: 1.0,
                        bins,
                    })
                })
                .collect()
        })
        .collect()
}

/// Six standard deviations around the mean, cut 15 % of the range beyond the outermost chains.
fn automatic(moments: Option<&Moments>) -> (f64, f64) {
    let Some(moments) = moments.filter(|m| m.count > 0 && m.mean.is_finite()) else {
        return (0.0, 1.0);
    };
    let spread = moments.max - moments.min;
    if spread <= 0.0 {
        let half = 0.5 * moments.mean.abs().max(1.0);
        return (moments.mean - half, moments.mean + half);
    }
    let (sd, margin) = (moments.sd(), 0.15 * spread);
    let from = (moments.mean - 6.0 * sd).max(moments.min - margin);
    let to = (moments.mean + 6.0 * sd).min(moments.max + margin);
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_was_seen() {
        for seen in [&[7.5][..], &[7.5, 7.5], &[-2.0, 9.0, 4.0], &[1e-30, 3e-30]] {
            let (from, to) = automatic(Some(&Moments::from_slice(seen)));
            assert!(
                from < to && seen.iter().all(|&x| from <= x && x < to),
                "{seen:?} in {from} to {to}"
            );
        }
        assert_eq!(automatic(Some(&Moments::default())), (0.0, 1.0));
    }
}
