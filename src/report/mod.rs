//! The report of a run: `summary.json`, CSV files, pictures and the page of a result folder.

pub(crate) mod answer;
pub(crate) mod csv;
mod distances;
mod files;
#[cfg(all(test, feature = "cli"))]
mod fixture;
pub(crate) mod folder;
pub(crate) mod html;
mod names;
pub mod number;
pub(crate) mod picture;
pub(crate) mod point_rows;
mod printable;
pub mod quantities;
mod results;
mod summary;
mod table;
#[cfg(all(test, feature = "cli"))]
mod tests;

pub use distances::{
    ComparedParameter, ComparedPoint, Difference, Distances, EnergyDistance, Side, write_distances,
};
pub use files::write_folder;
pub use folder::{ReportError, check_folder};
pub use picture::{
    AlphaMark, Contours, Line, Plot, PlotAxis, Series, Spacing, Style, alpha, joint_with,
};
pub use results::Results;
pub use summary::{
    Basin, DetailedBalance, Discretized, Gibbs, GoodnessOfFit, LossDifference, Optimum,
    ParameterEstimate, ParameterTheory, Point, Quantile, ReducedLoss, Relaxation, Slope,
    Stationarity, Summary, Test, Theory,
};
pub use table::{HistogramAxis, HistogramTable, Trace, TraceParameter, TraceRow, TraceTable};
