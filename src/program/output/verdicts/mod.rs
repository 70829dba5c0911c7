//! Table, pictures and page of `etascope lecture`: claims compared with measurements.

mod page;
mod table;

use crate::measure::Estimate;
use crate::report::folder::{VERDICTS, write_files};
use crate::report::{ReportError, number};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Outcome of the test of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The measurement agrees, and is precise enough to show a relevant difference.
    Holds,
    /// The measurement disagrees by more than chance explains.
    Contradicted,
    /// The measurement failed or is not precise enough.
    Undecided,
}

impl Verdict {
    /// The verdict in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
        }
    }
}

/// Measured and exact value of the quantity that best decides a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Measured quantity, in words or symbols.
    pub quantity: String,
    /// Measured value.
    pub measured: Estimate,
    /// Exact value if the statement is true.
    pub exact: f64,
}

/// A statement and its verdict: a row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Number of the claim to which the statement belongs: "C13".
    pub claim: String,
    /// Statement in words.
    pub words: String,
    /// Outcome of the test.
    pub verdict: Verdict,
    /// Comparison that best decides the statement, if there is one.
    pub comparison: Option<Comparison>,
    /// Reasons for the verdict, and other observations.
    pub note: String,
}

/// A picture with its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// File name with its extension.
    pub file: String,
    /// Complete SVG element.
    pub svg: String,
    /// Caption, of two sentences.
    pub caption: String,
}

/// A table of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows, each with one cell per column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Concatenates the rows of tables with equal columns; `None` without tables.
    #[must_use]
    pub fn below(tables: Vec<Self>) -> Option<Self> {
        tables.into_iter().reduce(|mut all, next| {
            all.rows.extend(next.rows);
            all
        })
    }
}

/// Results for one claim: a section of the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Number of the claim: "C13".
    pub claim: String,
    /// Claim in a few words.
    pub title: String,
    /// Statements of the claim.
    pub statements: Vec<Statement>,
    /// Picture of the measurements, if there is one.
    pub figure: Option<Figure>,
    /// Table of measurements, if the picture does not show all of them.
    pub table: Option<Table>,
    /// Experiments of the section, with the settings that differ from their files.
    pub experiments: Vec<String>,
}

/// Device, date and settings of the measurements, as labels and values.
pub type Provenance = [(&'static str, String)];

/// Writes the table (as CSV and Markdown), the pictures and the page into a folder, atomically: the
/// folder is complete or absent, as with [`crate::report::write_folder`].
///
/// # Errors
/// The folder contains a result and `force` is not set, or files that are not a result; or the file
/// system fails.
pub fn write_verdicts(
    dir: &Path,
    sections: &[Section],
    provenance: &Provenance,
    force: bool,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = vec![
        (VERDICTS.to_owned(), table::csv(sections)),
        (
            "verdicts.md".to_owned(),
            table::markdown(sections, provenance),
        ),
        ("lecture.html".to_owned(), page::page(sections, provenance)),
    ];
    let figures = sections
        .iter()
        .filter_map(|section| section.figure.as_ref());
    files.extend(figures.map(|figure| (figure.file.clone(), figure.svg.clone())));
    write_files(dir, &files, force)
}

/// Writes a short table, without statements, experiments and notes, to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_verdicts(sections: &[Section]) -> io::Result<()> {
    write!(io::stdout(), "{}", table::plain(sections))
}

/// Formats an estimate with its 95 % interval, as precise as two digits of its half-width:
/// `0.5009 [0.4997, 0.5021]`.
fn interval_text(estimate: Estimate) -> String {
    let [low, high] = estimate.interval95();
    if !low.is_finite() || !high.is_finite() {
        return number::plus_minus(estimate);
    }
    if estimate.se == 0.0 {
        return number::plain(estimate.mean);
    }
    let digits = |x: f64| {
        let last_digit = (0.5 * (high - low)).log10().floor() as i32 - 1;
        let size = x.abs().max(0.5 * (high - low)).log10().floor() as i32;
        number::significant(x, (size - last_digit + 1).clamp(1, 12) as usize)
    };
    format!(
        "{} [{}, {}]",
        digits(estimate.mean),
        digits(low),
        digits(high)
    )
}

#[cfg(test)]
mod tests;
