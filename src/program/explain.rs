//! `etascope run --explain`: the plan as a table.

use crate::program::cli::RunArgs;
use crate::run::{self, Error};
use crate::spec::Experiment;

/// One line per part of the plan.
pub(super) fn explain(arguments: &RunArgs) -> Result<String, Error> {
    let experiment = Experiment::from_file_with(&arguments.file, &arguments.overrides())?;
    let rows = run::explain(experiment, &arguments.options())?;
    let width = rows.iter().map(|(label, _)| label.chars().count()).max();
    let width = width.unwrap_or(0);
    Ok(rows
        .iter()
        .map(|(label, text)| format!("{label:<width$}  {text}\n"))
        .collect())
}
