//! A result file that is whole or absent.

use super::ReportError;
use super::folder::{attempt, sibling};
use std::fs;
use std::path::Path;

/// Tests, before a long computation, whether [`write_file`] would refuse the file.
///
/// # Errors
/// The file exists and `force` is not set, or it is a folder or no name at all.
pub fn check_file(file: &Path, force: bool) -> Result<(), ReportError> {
    if file.file_name().is_none() || file.is_dir() {
        return Err(ReportError::NoName(file.into()));
    }
    if file.exists() && !force {
        return Err(ReportError::Exists(file.into()));
    }
    Ok(())
}

/// Writes a file beside its place, which then takes its name, and before that the folder that it belongs in.
///
/// # Errors
/// As [`check_file`], and whatever the file system refuses; an old file is then still in place.
pub(super) fn write_file(file: &Path, text: &str, force: bool) -> Result<(), ReportError> {
    check_file(file, force)?;
    if let Some(parent) = file.parent() {
        attempt("create", parent, fs::create_dir_all(parent))?;
    }
    let fresh = sibling(file, "new");
    attempt("write", &fresh, fs::write(&fresh, text))?;
    attempt("create", file, fs::rename(&fresh, file))
}
