//! What is written and shown: the result folder, the terminal's tables and the progress bar.

mod answer;
mod benchmarks;
mod coverage;
mod csv;
mod distances;
mod files;
#[cfg(test)]
mod fixture;
mod folder;
mod html;
pub mod number;
mod picture;
pub mod quantities;
mod summary;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
mod verdicts;

pub use benchmarks::{
    Benchmarks, PeerRow, ScalingRow, Spread, StartupRow, ThroughputRow, Venue, check_benchmarks,
    print_benchmarks, write_benchmarks,
};
pub use coverage::{CoverageRow, CoverageVerdict, check_coverage, print_coverage, write_coverage};
pub use distances::{
    ComparedParameter, ComparedPoint, Difference, Distances, EnergyDistance, Side, distance_table,
    print_distances, write_distances,
};
pub use folder::{ReportError, check_folder, write_folder};
pub use picture::{
    AlphaMark, Contours, Line, Plot, PlotAxis, Series, Spacing, Style, alpha, joint_with,
};
pub use summary::{
    Basin, DetailedBalance, Discretized, Gibbs, GoodnessOfFit, LossDifference, Optimum,
    ParameterEstimate, ParameterTheory, Point, Quantile, ReducedLoss, Relaxation, Slope,
    Stationarity, Summary, Test, Theory,
};
pub use table::{HistogramAxis, HistogramTable, Trace, TraceParameter, TraceRow, TraceTable};
pub use terminal::{
    DeviceRow, StageRow, device_table, print_devices, print_result, print_stages, result_table,
    stage_table, stdout_takes_color,
};
pub use verdicts::{
    Chapter, Circumstances, Comparison, Figure, Statement, Table, Verdict, print_verdicts,
    write_verdicts,
};

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
