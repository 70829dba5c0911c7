//! Errors of data sets, and the formatting of names and values in their messages.

use std::path::Path;

/// A data set that cannot be used.
///
/// Holds the parts of a message; the caller adds the place in the experiment file and prints it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {label}; {help}")]
pub struct DataError {
    /// Column at fault, as the request names it; `None` for a fault of the whole file.
    pub column: Option<String>,
    /// The fault, in one clause with the name of the file.
    pub message: String,
    /// Content of the file and its line; printed beside the quoted experiment file.
    pub label: String,
    /// The remedy.
    pub help: String,
}

impl DataError {
    /// A fault of the file.
    pub(super) fn file(
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            column: None,
            message: message.into(),
            label: label.into(),
            help: help.into(),
        }
    }

    /// A fault of one column, with the message "the column `column` of PATH " + `fault`.
    pub(super) fn column(
        path: &Path,
        column: &str,
        fault: &str,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let message = format!("the column `{column}` of {} {fault}", path.display());
        Self {
            column: Some(column.to_owned()),
            ..Self::file(message, label, help)
        }
    }
}

/// A value of the file for a message: in backquotes, on one line, at most 30 characters.
pub(super) fn quoted(cell: &str) -> String {
    const LONGEST: usize = 30;
    let mut line: String = cell
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if cell.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    format!("`{line}`")
}

/// Column names for a message; at most 20 of them.
pub(super) fn listed(names: &[&str]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> = names.iter().take(MOST).map(|name| quoted(name)).collect();
    if names.len() > MOST {
        list.push(format!("and {} more", names.len() - MOST));
    }
    list.join(", ")
}

/// The name most similar to a misspelled one; `None` if no name is similar enough.
///
/// Case is ignored. At most one edit in three letters counts as similar.
pub(super) fn nearest<'n>(written: &str, names: &[&'n str]) -> Option<&'n str> {
    let written = written.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&written, &name.to_lowercase());
    let best = names.iter().min_by_key(|name| distance(name))?;
    (distance(best) <= best.len() / 3).then_some(*best)
}
