//! What is wrong with a formula, and where.

use std::ops::Range;

/// A formula that cannot be understood.
///
/// Holds everything an error printer needs to underline the place: no printing happens here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Bytes of the formula text that are at fault.
    pub span: Range<usize>,
    /// Short text to print under the span.
    pub label: String,
    /// What to write instead, where that can be guessed.
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

/// The nearest known name, if one is near, and the list of all.
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
        // A single letter is near to every other, which would be no advice.
        Some((distance, other)) if distance <= length / 3 || distance < length.min(2) => {
            format!("did you mean `{other}`? Known are: {list}")
        }
        _ => format!("known are: {list}"),
    }
}
