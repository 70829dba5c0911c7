//! Where the counts of every histogram of every sweep point lie.

use super::mirror::{NO_OUTPUT, Request};
use crate::engine::task::{Bins, HistogramRequest, Task};
use crate::measure::Histogram;

/// Counts of one histogram at one point.
fn counts(request: &HistogramRequest) -> u64 {
    let bins: u64 = request.bins.iter().map(|&bins| u64::from(bins)).product();
    // One axis: below, above, NaN. Two axes: outside, NaN.
    bins + if request.outputs.len() == 1 { 3 } else { 2 }
}

/// Counts of all histograms at one point.
pub(super) fn per_point(task: &Task) -> u64 {
    task.histograms.iter().map(counts).sum()
}

/// Counts of all histograms at all points.
pub(super) fn of_sweep(task: &Task) -> u64 {
    per_point(task) * task.layout.points as u64
}

/// Tables of the histogram shader.
#[derive(Debug)]
pub(super) struct HistogramCounts {
    /// One for each histogram.
    pub(super) requests: Vec<Request>,
    /// Origin and scale of each axis, by histogram, point and axis.
    pub(super) ranges: Vec<[f32; 2]>,
    /// Number of counts.
    pub(super) total: u64,
}

impl HistogramCounts {
    pub(super) fn new(task: &Task, bins: &[Vec<Bins>]) -> Self {
        let mut layout = Self {
            requests: Vec::new(),
            ranges: Vec::new(),
            total: 0,
        };
        let mut within = 0;
        for (index, request) in task.histograms.iter().enumerate() {
            let per_point = counts(request) as u32;
            layout.requests.push(Request {
                outputs: [
                    request.outputs[0] as u32,
                    request.outputs.get(1).map_or(NO_OUTPUT, |&o| o as u32),
                ],
                bins: [
                    request.bins[0],
                    *request.bins.last().expect("one axis at least"),
                ],
                counts: [layout.total as u32, per_point],
                ranges: layout.ranges.len() as u32,
                within,
            });
            within += per_point;
            layout.total += u64::from(per_point) * bins.len() as u64;
            for axes in bins {
                let ranges = axes[index].iter();
                (layout.ranges).extend(ranges.map(|axis| [axis.origin(), axis.scale()]));
            }
        }
        layout
    }

    /// Histograms of all points; those of points outside the tile are empty.
    pub(super) fn histograms(&self, bins: &[Vec<Bins>], counts: &[u32]) -> Vec<Vec<Histogram>> {
        (bins.iter().enumerate())
            .map(|(point, axes)| {
                (self.requests.iter().zip(axes))
                    .map(|(request, axes)| {
                        let first = request.counts[0] as usize + point * request.counts[1] as usize;
                        histogram(axes, &counts[first..first + request.counts[1] as usize])
                    })
                    .collect()
            })
            .collect()
    }
}

fn histogram(axes: &Bins, counts: &[u32]) -> Histogram {
    let mut counts: Vec<u64> = counts.iter().map(|&count| u64::from(count)).collect();
    let mut histogram = Histogram::new(axes.clone());
    let rest = counts.split_off(histogram.counts.len());
    histogram.counts = counts;
    match rest[..] {
        [below, above, nan] => {
            (histogram.below, histogram.above, histogram.nan) = (below, above, nan);
        }
        [outside, nan] => (histogram.outside, histogram.nan) = (outside, nan),
        _ => unreachable!("one axis has three extra counts and two axes have two"),
    }
    histogram
}
