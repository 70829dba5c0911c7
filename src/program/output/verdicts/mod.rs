//! Claims beside measurements: the table, the pictures and the page of `etascope lecture`.

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
    /// The measurement agrees, and would have shown a difference that matters.
    Holds,
    /// The measurement disagrees by more than chance allows.
    Contradicted,
    /// The measurement could not be made, or is too coarse to tell.
    Undecided,
}

impl Verdict {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
        }
    }
}

/// The figure that stands for a statement in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The measured quantity, in words or symbols.
    pub quantity: String,
    /// The measured value.
    pub measured: Estimate,
    /// The exact value if the statement is true.
    pub exact: f64,
}

/// One statement with its verdict: a row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The claim that it belongs to: "C13".
    pub claim: String,
    /// The statement in words.
    pub words: String,
    /// Outcome of the measurement.
    pub verdict: Verdict,
    /// The most telling figure.
    pub comparison: Option<Comparison>,
    /// Reason for the verdict, and other observations.
    pub note: String,
}

/// A picture with its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// File name with its ending.
    pub file: String,
    /// A complete SVG element.
    pub svg: String,
    /// Two sentences.
    pub caption: String,
}

/// Numbers that belong in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Tables with the same columns, one below the other; `None` for no tables.
    #[must_use]
    pub fn below(tables: Vec<Self>) -> Option<Self> {
        tables.into_iter().reduce(|mut all, next| {
            all.rows.extend(next.rows);
            all
        })
    }
}

/// All that was found about one claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The claim's number: "C13".
    pub claim: String,
    /// The claim in a few words.
    pub title: String,
    /// Its statements.
    pub statements: Vec<Statement>,
    /// Its picture, where there was something to draw.
    pub figure: Option<Figure>,
    /// Its table, where a picture does not say all.
    pub table: Option<Table>,
    /// The experiments that were run, with the settings that differ from their files.
    pub experiments: Vec<String>,
}

/// Where, when and how the measurements were made, as label and value.
pub type Provenance = [(&'static str, String)];

/// Writes the table (CSV and Markdown), the pictures and the page; the folder is whole or absent, as with
/// [`crate::report::write_files`].
///
/// # Errors
/// The folder holds a result and `force` is not set, or something else; the file system refuses.
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

/// Writes the table, without words and notes, to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_verdicts(sections: &[Section]) -> io::Result<()> {
    write!(io::stdout(), "{}", table::plain(sections))
}

/// `0.5009 [0.4997, 0.5021]`: the interval of 95 %, to the place where its half-width has two digits.
fn interval_text(estimate: Estimate) -> String {
    let [low, high] = estimate.interval95();
    if !low.is_finite() || !high.is_finite() {
        return number::plus_minus(estimate);
    }
    if estimate.se == 0.0 {
        return number::plain(estimate.mean);
    }
    let digits = |x: f64| {
        let place = (0.5 * (high - low)).log10().floor() as i32 - 1;
        let size = x.abs().max(0.5 * (high - low)).log10().floor() as i32;
        number::significant(x, (size - place + 1).clamp(1, 12) as usize)
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
