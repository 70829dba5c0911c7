//! What a claim is, and what an investigation of it finds.

use super::LectureError;
use super::criteria::{Criteria, Outcome};
use super::runner::Runner;
use crate::measure::Estimate;
use crate::report::{Comparison, Statement, Table, Verdict};

/// A claim of the lecture.
#[derive(Debug)]
pub(super) struct Claim {
    /// Its number: "C13".
    pub id: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// Runs its experiments.
    pub investigate: fn(&mut Runner<'_>) -> Result<Finding, LectureError>,
}

/// What an investigation found.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// Statements with their verdicts; the claim's number is filled in later.
    pub statements: Vec<Statement>,
    /// SVG and caption.
    pub picture: Option<(String, String)>,
    /// Numbers that belong in a table.
    pub table: Option<Table>,
}

/// A statement as its criteria rules, with the figure that stands for it.
pub(super) fn statement(
    words: &str,
    criteria: &Criteria,
    (quantity, measured, exact): (&str, Estimate, f64),
    note: &str,
) -> Statement {
    let Outcome { verdict, reason } = criteria.outcome();
    Statement {
        claim: String::new(),
        words: words.to_owned(),
        verdict,
        comparison: Some(Comparison {
            quantity: quantity.to_owned(),
            measured,
            exact,
        }),
        note: if note.is_empty() {
            reason
        } else {
            format!("{reason} {note}")
        },
    }
}

/// A statement about which nothing could be measured.
pub(super) fn undecided(words: &str, why: String) -> Statement {
    Statement {
        claim: String::new(),
        words: words.to_owned(),
        verdict: Verdict::Undecided,
        comparison: None,
        note: why,
    }
}
