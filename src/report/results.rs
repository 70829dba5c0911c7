//! Everything that a result folder is made of.

use super::summary::Summary;
use super::table::{HistogramTable, TraceTable};

/// Everything that a result folder is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// Estimates, verdicts and the comparison with theory.
    pub summary: Summary,
    /// The ensemble over time.
    pub traces: TraceTable,
    /// Distributions at the end. Those of one quantity at several learning rates share a picture.
    pub histograms: Vec<HistogramTable>,
    /// The experiment file with every default written out, TOML.
    pub resolved_experiment: String,
}
