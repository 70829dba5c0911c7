//! The text of a CSV file and its line numbers.

use std::{fs, io::ErrorKind, path::Path};

use super::error::DataError;

/// A file in memory.
pub(super) struct CsvFile<'f> {
    pub(super) path: &'f Path,
    pub(super) text: String,
}

impl<'f> CsvFile<'f> {
    /// Reads the file; a byte order mark at its beginning is dropped.
    pub(super) fn read(path: &'f Path) -> Result<Self, DataError> {
        let bytes = fs::read(path).map_err(|cause| unreadable(path, &cause))?;
        let text = std::str::from_utf8(&bytes).map_err(|cause| {
            let position = cause.valid_up_to();
            let (line, byte) = (line_of(&bytes, position), bytes[position]);
            DataError::file(
                format!("{} is not UTF-8 text", path.display()),
                format!("line {line} contains the byte 0x{byte:02x}"),
                "save the file with the encoding UTF-8",
            )
        })?;
        let text = text.trim_start_matches('\u{feff}').to_owned();
        Ok(Self { path, text })
    }

    /// Line number of the record for which the CSV reader started at byte `start`: the reader skips empty lines.
    pub(super) fn line(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or("");
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        line_of(self.text.as_bytes(), start.min(self.text.len()) + blank)
    }
}

fn unreadable(path: &Path, cause: &std::io::Error) -> DataError {
    let why = match cause.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ if path.is_dir() => "this is a folder".to_owned(),
        _ => cause.to_string(),
    };
    DataError::file(
        format!("cannot read {}", path.display()),
        why,
        "give the path of a CSV file, relative to the folder of the experiment file",
    )
}

/// Number, from 1, of the line that contains the byte at `position`.
fn line_of(text: &[u8], position: usize) -> usize {
    1 + text[..position]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}
