//! The tables of a run, histograms and traces, as plain data.

use crate::measure::Estimate;
use indexmap::IndexMap;

/// The ensemble followed over time, at every learning rate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceTable {
    /// Names of the parameters that are followed.
    pub parameters: Vec<String>,
    /// One trace for each point that has one.
    pub traces: Vec<Trace>,
}

/// The ensemble followed over time at one learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Index into [`Summary::points`](super::Summary::points).
    pub point: usize,
    /// By increasing step.
    pub rows: Vec<TraceRow>,
}

/// The ensemble at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// Updates so far.
    pub step: u64,
    /// Time so far.
    pub time: f64,
    /// Loss over chains.
    pub loss: Estimate,
    /// Loss of the examples held out, where there are any.
    pub validation_loss: Option<Estimate>,
    /// Further scalar quantities of the run, by key.
    pub quantities: IndexMap<String, Estimate>,
    /// One for each of [`TraceTable::parameters`].
    pub parameters: Vec<TraceParameter>,
}

/// One parameter at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceParameter {
    /// Mean over chains.
    pub mean: f64,
    /// Variance over chains.
    pub variance: f64,
}

/// The final distribution of one or two quantities at one learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramTable {
    /// Index into [`Summary::points`](super::Summary::points).
    pub point: usize,
    /// One axis or two.
    pub axes: Vec<HistogramAxis>,
    /// Counts by bin, the last axis fastest.
    pub counts: Vec<u64>,
    /// Values below the first edge (one axis).
    pub below: u64,
    /// Values at or above the last edge (one axis).
    pub above: u64,
    /// Pairs off either axis (two axes).
    pub outside: u64,
    /// Values that are not numbers.
    pub nan: u64,
    /// The density that theory expects, averaged over each bin, in the order of `counts`.
    pub theory: Option<Vec<f64>>,
}

/// One axis of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramAxis {
    /// The formula of the quantity, `x` or `x^2`.
    pub name: String,
    /// Bin edges, increasing, one more than there are bins.
    pub edges: Vec<f64>,
}

impl HistogramTable {
    /// The quantities joined by commas: `x`, `x,y`.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
        names.join(",")
    }

    /// Number of counted values that are not NaN: the N of every density.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.below + self.above + self.outside
    }

    /// Lower and upper edges along each axis of bin `i` of `counts`.
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

    /// Density in every bin, in the order of `counts`, per unit length or area, with its binomial standard error.
    ///
    /// The error uses the share (c + 2)/(N + 4) of Agresti & Coull (1998), so that an empty bin is not called
    /// certain. NaN where nothing was counted.
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
