//! The experiment file: reads TOML into a checked [`Experiment`], and writes an experiment back as TOML.
//!
//! [`read`] and [`parse`] either return an [`Experiment`] in which every number is in range and every list has the right
//! length, or an [`ExperimentError`] that shows *all* problems found, each with its line and column, the values expected and
//! a line that is right. No other module reads TOML.
//!
//! Formulas stay text here. [`crate::compile`] parses them and points at the characters it refuses
//! ([`ExperimentError::formula`]).
//!
//! ```
//! let text = "[parameters]\nx = 0.0\n[loss]\nformula = 'x^2'\n[dynamics]\neta = 0.1\n";
//! let experiment = etascope::toml::parse("bowl.toml", text, &[]).unwrap();
//! assert_eq!(experiment.name, "bowl");
//! assert_eq!(experiment.parameters[0].name.value, "x");
//!
//! let error = etascope::toml::parse("bowl.toml", &text.replace("eta", "etaa"), &[]).unwrap_err();
//! assert!(error.to_string().contains("did you mean `eta`?"));
//! ```

mod builder;
mod document;
mod sections;
mod starter;
mod text;
mod write;

#[cfg(test)]
mod tests;

use crate::spec::{Experiment, ExperimentError, Source};
use std::path::Path;

pub use builder::ExperimentBuilder;
pub use starter::{STARTER, starter};
pub use write::to_toml;

/// Returns true when no parameter, column or observable may have this name: formulas use it, or it is `loss`, which
/// histograms use.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    name == "loss" || crate::loss::is_reserved(name)
}

/// Reads and checks an experiment file.
///
/// `overrides` are `(key, value)` pairs as `--set key=value` gives them; see [`parse`].
///
/// # Errors
/// The file cannot be read, is not UTF-8, is not TOML, or does not describe an experiment.
pub fn read(path: &Path, overrides: &[(String, String)]) -> Result<Experiment, ExperimentError> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(ExperimentError::unreadable(
            format!("{name} is a directory, not an experiment file"),
            format!(
                "name the file itself, for example {}",
                path.join("experiment.toml").display()
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(|cause| {
        let help = match cause.kind() {
            std::io::ErrorKind::NotFound => {
                "check the path, or write a starter file with `etascope new NAME`"
            }
            _ => "check that the file can be read",
        };
        ExperimentError::unreadable(
            format!("cannot read {name}: {}", describe(&cause)),
            help.to_owned(),
        )
    })?;
    let text =
        String::from_utf8(bytes).map_err(|cause| ExperimentError::not_utf8(&name, &cause))?;
    check(Source::new(&name, &text, overrides).read_from(path))
}

/// Plain words for the two frequent causes, without the operating system's error number.
fn describe(cause: &std::io::Error) -> String {
    match cause.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => cause.to_string(),
    }
}

/// Checks the text of an experiment file; `file_name` is for messages, its stem is the default name, and its folder is
/// the one to which the path of a data file is relative.
///
/// Each override sets one key (`"dynamics.eta"`, `"0.2"`) before anything is checked. Its value is read as TOML; text that
/// is no TOML value, such as the bare word `sgd` or `uniform(-2, 2)`, becomes a string.
///
/// # Errors
/// All problems of the file and of the overrides, in order of position. Text that is not TOML gives only the syntax
/// errors.
pub fn parse(
    file_name: &str,
    text: &str,
    overrides: &[(String, String)],
) -> Result<Experiment, ExperimentError> {
    check(Source::new(file_name, text, overrides))
}

fn check(source: Source) -> Result<Experiment, ExperimentError> {
    let mut problems = Vec::new();
    let experiment = match document::read(&source, &mut problems) {
        Some(root) => sections::experiment(&source, &root, &mut problems),
        None => None,
    };
    match experiment {
        Some(experiment) if problems.is_empty() => Ok(experiment),
        _ => Err(ExperimentError::new(source, problems)),
    }
}
