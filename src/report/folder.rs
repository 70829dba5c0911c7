//! Writes a result folder completely or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The reason that results could not be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The folder holds an earlier result.
    #[error("{} already holds a result; --force replaces it, --out writes elsewhere", .0.display())]
    Exists(PathBuf),
    /// The folder holds something that is not a result, which not even `--force` removes.
    #[error("{} exists and is not a result folder of this program; choose another with --out", .0.display())]
    Foreign(PathBuf),
    /// The path cannot be written to: `/` or `..`, or a folder where a file is to be.
    #[error("{} cannot be a result; choose another with --out", .0.display())]
    NoName(PathBuf),
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempted operation: "write", "create".
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

impl ReportError {
    /// Returns true if another path or `force` would help; false if the file system failed.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }
}

/// Files by which a folder shows that this program wrote it.
const MARKS: [&str; 3] = ["summary.json", VERDICTS, COMPARISON];

/// The table of `etascope lecture`.
pub(crate) const VERDICTS: &str = "verdicts.csv";

/// The figures of `etascope compare`.
pub(crate) const COMPARISON: &str = "comparison.json";

/// Tests, before a long run, whether writing a result would refuse the folder.
///
/// # Errors
/// The folder holds a result and `force` is not set, or something else altogether; nothing can be written where it is to be.
pub fn check_folder(dir: &Path, force: bool) -> Result<(), ReportError> {
    if dir.file_name().is_none() {
        return Err(ReportError::NoName(dir.into()));
    }
    if !dir.exists() {
        // A dangling symbolic link is not a result of this program.
        return if dir.is_symlink() {
            Err(ReportError::Foreign(dir.into()))
        } else {
            check_surroundings(dir)
        };
    }
    let mut entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(ReportError::Foreign(dir.into()));
        }
        Err(source) => {
            return Err(ReportError::Io {
                action: "read",
                path: dir.into(),
                source,
            });
        }
    };
    let ours = MARKS.iter().any(|mark| dir.join(mark).exists());
    match (entries.next().is_none(), ours, force) {
        (true, _, _) | (false, true, true) => check_surroundings(dir),
        (false, true, false) => Err(ReportError::Exists(dir.into())),
        (false, false, _) => Err(ReportError::Foreign(dir.into())),
    }
}

/// Tests whether the nearest folder above that exists can be written to, where new folders begin.
fn check_surroundings(dir: &Path) -> Result<(), ReportError> {
    let above = dir.ancestors().skip(1);
    let nearest = above
        .map(|path| {
            if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            }
        })
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    attempt(
        "write to",
        nearest,
        tempfile::tempfile_in(nearest).map(drop),
    )
}

/// Writes files, given by name and contents, into a folder and returns their paths.
///
/// They are written to a temporary folder beside `dir`, which then takes its name: a reader, or a failure at any
/// moment, finds the whole old folder or the whole new one. An old result is replaced as a whole if `force`.
///
/// # Errors
/// Those of [`check_folder`] and of the file system; an old result is then still in place.
pub(crate) fn write_files(
    dir: &Path,
    files: &[(String, String)],
    force: bool,
) -> Result<Vec<PathBuf>, ReportError> {
    check_folder(dir, force)?;
    let fresh = sibling(dir, "new");
    if let Some(parent) = dir.parent() {
        attempt("create", parent, fs::create_dir_all(parent))?;
    }
    let outcome = fill(&fresh, files).and_then(|()| put_in_place(&fresh, dir));
    if outcome.is_err() {
        // Best effort: the first error is the one to report.
        let _ = fs::remove_dir_all(&fresh);
    }
    outcome?;
    Ok(files.iter().map(|(name, _)| dir.join(name)).collect())
}

/// Writes one file under a temporary name and renames it, so that a reader finds the whole old one or the whole new one.
#[cfg(feature = "cli")]
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), ReportError> {
    let fresh = sibling(path, "new");
    attempt("write", &fresh, fs::write(&fresh, text))?;
    attempt("replace", path, fs::rename(&fresh, path))
}

/// Writes files into a new folder.
fn fill(fresh: &Path, files: &[(String, String)]) -> Result<(), ReportError> {
    attempt("create", fresh, fs::create_dir(fresh))?;
    for (name, text) in files {
        let path = fresh.join(name);
        attempt("write", &path, fs::write(&path, text))?;
    }
    Ok(())
}

/// Gives the temporary folder its final name.
fn put_in_place(fresh: &Path, dir: &Path) -> Result<(), ReportError> {
    if !dir.exists() {
        return attempt("create", dir, fs::rename(fresh, dir));
    }
    let old = sibling(dir, "old");
    attempt("replace", dir, fs::rename(dir, &old))?;
    if let Err(source) = fs::rename(fresh, dir) {
        attempt("restore", dir, fs::rename(&old, dir))?;
        return Err(ReportError::Io {
            action: "replace",
            path: dir.into(),
            source,
        });
    }
    attempt("remove", &old, fs::remove_dir_all(&old))
}

/// A hidden name beside `dir` that no other process uses.
fn sibling(dir: &Path, what: &str) -> PathBuf {
    let name = dir
        .file_name()
        .expect("a folder that was checked, or a file")
        .to_string_lossy();
    dir.with_file_name(format!(".{name}.{what}-{}", std::process::id()))
}

/// Adds the operation and the path to an error of the file system.
pub(crate) fn attempt<T>(
    action: &'static str,
    path: &Path,
    outcome: io::Result<T>,
) -> Result<T, ReportError> {
    outcome.map_err(|source| ReportError::Io {
        action,
        path: path.into(),
        source,
    })
}
