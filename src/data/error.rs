//! What is wrong with a data set, and which words of the user it goes back to.

use std::path::Path;

/// A data set that cannot be used.
///
/// Holds everything an error printer needs to point at the experiment file: no printing happens here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {label}; {help}")]
pub struct DataError {
    /// The column as the request names it, where one is at fault; `None` means the file as a whole.
    pub column: Option<String>,
    /// What is wrong, in one clause with the name of the file.
    pub message: String,
    /// What was found, and in which line of the data file; to print beside the words of the user.
    pub label: String,
    /// What to do.
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

    /// A fault of one column: "the column `c` of FILE " + `fault`.
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
