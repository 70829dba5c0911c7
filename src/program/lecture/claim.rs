//! Claims of the lecture and the findings of their experiments.

use super::criteria::{Criteria, Outcome};
use super::error::LectureError;
use super::runner::Runner;
use crate::measure::Estimate;
use crate::program::output::{Comparison, Statement, Table, Verdict};

/// A claim of the lecture.
#[derive(Debug)]
pub(super) struct Claim {
    /// Number of the claim, for example "C13".
    pub id: &'static str,
    /// Subject of the claim in a few words.
    pub title: &'static str,
    /// Runs the experiments of the claim and evaluates them.
    pub investigate: fn(&mut Runner<'_>) -> Result<Finding, LectureError>,
}

/// Result of testing a claim.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// Statements with their verdicts. The caller fills in the number of the claim.
    pub statements: Vec<Statement>,
    /// SVG text and caption of the figure.
    pub picture: Option<(String, String)>,
    /// Numbers for the report that do not fit into a sentence.
    pub table: Option<Table>,
}

/// Statement with the verdict of its criteria and the estimate that the report shows for it.
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

/// Statement without a measurement; its verdict is "undecided".
pub(super) fn undecided(words: &str, why: String) -> Statement {
    Statement {
        claim: String::new(),
        words: words.to_owned(),
        verdict: Verdict::Undecided,
        comparison: None,
        note: why,
    }
}
