//! Traces and histograms of a run as plain data.

use crate::measure::Estimate;
use indexmap::IndexMap;

/// Evolution of the ensemble in time, for all learning rates.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceTable {
    /// Names of the recorded parameters.
    pub parameters: Vec<String>,
    /// Traces, at most one for each sweep point.
    pub traces: Vec<Trace>,
}

/// Evolution of the ensemble in time at one learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Index into [`Summary::points`](super::Summary::points).
    pub point: usize,
    /// Recorded times, in the order of their steps.
    pub rows: Vec<TraceRow>,
}

/// Estimates over the ensemble at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// Number of updates so far.
    pub step: u64,
    /// Sum of the step sizes so far.
    pub time: f64,
    /// Mean loss over chains.
    pub loss: Estimate,
    /// Mean loss on the held-out examples, if there are any.
    pub validation_loss: Option<Estimate>,
    /// Other scalar quantities of the run, by key.
    pub quantities: IndexMap<String, Estimate>,
    /// Moments of the parameters, in the order of [`TraceTable::parameters`].
    pub parameters: Vec<TraceParameter>,
}

/// Moments of one parameter at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceParameter {
    /// Mean over chains.
    pub mean: f64,
    /// Variance over chains.
    pub variance: f64,
}

/// Histogram of the final distribution of one or two quantities at one learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramTable {
    /// Index into [`Summary::points`](super::Summary::points).
    pub point: usize,
    /// Axes of the histogram: one or two.
    pub axes: Vec<HistogramAxis>,
    /// Counts of the bins; the index of the last axis runs fastest.
    pub counts: Vec<u64>,
    /// Number of values below the first edge, for a histogram with one axis.
    pub below: u64,
    /// Number of values at or above the last edge, for a histogram with one axis.
    pub above: u64,
    /// Number of pairs outside the range of either axis, for a histogram with two axes.
    pub outside: u64,
    /// Number of values that are NaN.
    pub nan: u64,
    /// Theoretical density, averaged over each bin, in the order of `counts`.
    pub theory: Option<Vec<f64>>,
}

/// One axis of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramAxis {
    /// Formula of the quantity, for example `x` or `x^2`.
    pub name: String,
    /// Increasing edges of the bins, one more than there are bins.
    pub edges: Vec<f64>,
}

impl HistogramTable {
    /// Formulas of the quantities, joined by commas: `x`, `x,y`.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
        names.join(",")
    }

    /// Number of values that are not NaN, by which counts are divided to give densities.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.below + self.above + self.outside
    }

    /// Lower and upper edge of bin `i` of `counts` along each axis.
    #[must_use]
    pub fn bin(&self, i: usize) -> Vec<[f64; 2]> {
        let mut rest = i;
        let mut bin: Vec<[f64; 2]> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            let bins = axis.edges.len() - 1;
            let k = rest % bins;
            rest /= bins;
            bin.push([axis.edges[k], axis.edges[k + 1]]);
        }
        bin.reverse();
        bin
    }

    /// Density in every bin, in the order of `counts`, per unit length or area.
    ///
    /// The standard error is binomial. It uses the share (c + 2)/(N + 4) of Agresti & Coull (1998), so
    /// that an empty bin has an error above zero. All densities are NaN if nothing was counted.
    #[must_use]
    pub fn densities(&self) -> Vec<Estimate> {
        let n = self.numbers() as f64;
        let density = |(i, &count): (usize, &u64)| {
            let cell: f64 = self.bin(i).iter().map(|[from, to]| to - from).product();
            let share = (count as f64 + 2.0) / (n + 4.0);
            Estimate {
                mean: count as f64 / n / cell,
                se: (share * (1.0 - share) / n).sqrt() / cell,
            }
        };
        self.counts.iter().enumerate().map(density).collect()
    }
}
