//! Table of `etascope coverage`: shares of intervals that contain the exact value, and of tests that
//! reject.

use super::terminal::{Ink, aligned, print, stdout_takes_color};
use crate::report::ReportError;
use crate::report::csv::{number, optional, table};
use crate::report::folder::{attempt, write_file};
use crate::report::number::significant;
use std::fs;
use std::io;
use std::path::Path;

/// Coverage of one quantity of an experiment over many seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageRow {
    /// Name of the experiment.
    pub experiment: String,
    /// Kind of the quantity, in words.
    pub quantity: String,
    /// Kind of the check: "interval", "test" or "power".
    pub kind: String,
    /// Exact value, for intervals.
    pub exact: Option<f64>,
    /// Number of runs that have the quantity.
    pub seeds: u64,
    /// Share of the runs whose 95 % interval contains the exact value, or whose test rejects at 0.05.
    pub share: f64,
    /// Binomial standard error of the share.
    pub error: f64,
    /// Least and greatest acceptable share.
    pub bounds: [f64; 2],
    /// Verdict on the share.
    pub verdict: CoverageVerdict,
}

/// Position of a share relative to its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageVerdict {
    /// Within its bounds.
    Holds,
    /// Outside its bounds, but by no more than the sampling error explains.
    WithinError,
    /// Outside its bounds.
    Fails,
}

impl CoverageVerdict {
    /// The verdict in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::WithinError => "within error",
            Self::Fails => "FAILED",
        }
    }
}

/// Returns the error with which [`write_coverage`] would refuse the file, to be called before a long
/// computation.
///
/// # Errors
/// The file exists and `force` is not set, or the path is a folder or has no file name.
pub fn check_coverage(path: &Path, force: bool) -> Result<(), ReportError> {
    if path.file_name().is_none() || path.is_dir() {
        return Err(ReportError::NoName(path.into()));
    }
    if path.exists() && !force {
        return Err(ReportError::Exists(path.into()));
    }
    Ok(())
}

/// Writes the table as a CSV file, atomically, and creates its folder if necessary.
///
/// # Errors
/// Those of [`check_coverage`], and those of the file system.
pub fn write_coverage(path: &Path, rows: &[CoverageRow], force: bool) -> Result<(), ReportError> {
    check_coverage(path, force)?;
    if let Some(parent) = path.parent() {
        attempt("create", parent, fs::create_dir_all(parent))?;
    }
    write_file(path, &to_csv(rows))
}

/// Writes the table to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_coverage(rows: &[CoverageRow]) -> io::Result<()> {
    let header = [
        "experiment",
        "quantity",
        "kind",
        "share",
        "bounds",
        "verdict",
    ];
    let mut lines = vec![header.map(String::from).to_vec()];
    lines.extend(rows.iter().map(|row| {
        let percent = |x: f64| significant(100.0 * x, 3);
        vec![
            row.experiment.clone(),
            row.quantity.clone(),
            row.kind.clone(),
            format!("{:.2} ± {:.2} %", 100.0 * row.share, 100.0 * row.error),
            format!("{} to {} %", percent(row.bounds[0]), percent(row.bounds[1])),
            row.verdict.words().to_owned(),
        ]
    }));
    let ink = Ink {
        color: stdout_takes_color(),
    };
    print(&aligned(&lines, ink))
}

/// Formats the table as CSV, one row for each quantity of an experiment.
fn to_csv(rows: &[CoverageRow]) -> String {
    let header = "experiment,quantity,kind,exact,seeds,share,share_se,low,high,verdict";
    let header: Vec<String> = header.split(',').map(String::from).collect();
    let rows = rows.iter().map(|row| {
        vec![
            row.experiment.clone(),
            row.quantity.clone(),
            row.kind.clone(),
            optional(row.exact),
            row.seeds.to_string(),
            number(row.share),
            number(row.error),
            number(row.bounds[0]),
            number(row.bounds[1]),
            row.verdict.words().to_owned(),
        ]
    });
    table(&header, rows)
}
