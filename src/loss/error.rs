//! Errors in formulas, with their position.

use std::ops::Range;

/// An error in a formula, with everything a printer needs to underline it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// The error, in one sentence without a full stop.
    pub message: String,
    /// Bytes of the formula text that cause the error.
    pub span: Range<usize>,
    /// Short text to print below the span.
    pub label: String,
    /// Advice on how to correct the formula.
    pub help: Option<String>,
}

impl FormulaError {
    pub(super) fn new(
        message: impl Into<String>,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            span,
            label: label.into(),
            help: None,
        }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Advice for an unknown name: the nearest known name, if one is near, and the list of all.
pub(super) fn suggestion(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|other| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase()),
                *other,
            )
        })
        .min();
    let list = known.join(", ");
    let length = name.chars().count();
    match nearest {
        // Every single letter is near every other, so a suggestion would be arbitrary.
        Some((distance, other)) if distance <= length / 3 || distance < length.min(2) => {
            format!("did you mean `{other}`? Known are: {list}")
        }
        _ => format!("known are: {list}"),
    }
}
