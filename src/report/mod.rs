//! What is written and shown: the result folder, the terminal's tables and the progress bar.

mod csv;
mod files;
mod folder;
mod named;
pub mod number;
mod progress;
mod summary;
mod table;

pub use folder::{ReportError, check_folder, write_folder};
pub use named::Named;
pub use progress::{Progress, ProgressMode};
pub use summary::{
    Gibbs, Optimum, ParameterEstimate, ParameterTheory, Point, Quantile, Slope, Stationarity,
    Summary, Theory,
};
pub use table::{HistogramAxis, HistogramTable, Trace, TraceParameter, TraceRow, TraceTable};

/// Everything that a result folder is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// The figures.
    pub summary: Summary,
    /// The ensemble over time.
    pub traces: TraceTable,
    /// Final distributions; those of one quantity at several learning rates share a picture.
    pub histograms: Vec<HistogramTable>,
    /// The experiment file with every default written out, TOML.
    pub resolved_experiment: String,
}
