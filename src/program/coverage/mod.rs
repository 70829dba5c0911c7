//! `etascope coverage` measures over many seeds of small ensembles how often 95 % intervals contain
//! the exact value and how often tests at level 0.05 reject.

mod error;
mod studies;
mod study;
mod trial;
mod verdict;

use crate::program::catalogue::COVERAGE;
use crate::program::cli::CoverageArgs;
use crate::program::output;
use crate::program::output::CoverageRow;
pub use error::CoverageError;
use std::path::PathBuf;
use tempfile::TempDir;

/// Seeds of each experiment.
const SEEDS: u64 = 2000;

/// Seeds of each experiment with `--quick`.
const QUICK_SEEDS: u64 = 200;

/// Runs the chosen experiments, counts coverage and rejections, and writes the table. Calls
/// `announce` before each experiment.
///
/// # Errors
/// See [`CoverageError`]. No table is written.
pub fn coverage(
    arguments: &CoverageArgs,
    announce: &dyn Fn(&str),
) -> Result<(Vec<CoverageRow>, PathBuf), CoverageError> {
    let chosen = chosen(&arguments.only)?;
    let default = || PathBuf::from("results").join("coverage.csv");
    let file = arguments.output.out.clone().unwrap_or_else(default);
    output::check_coverage(&file, arguments.output.force)?;
    let seeds = arguments
        .seeds
        .unwrap_or(if arguments.quick { QUICK_SEEDS } else { SEEDS });
    let folder = TempDir::with_prefix("etascope-").map_err(CoverageError::Data)?;
    COVERAGE
        .unpack(folder.path())
        .map_err(CoverageError::Data)?;
    let mut rows = Vec::new();
    for study in studies::ALL.iter().filter(|s| chosen.contains(&s.name)) {
        announce(study.name);
        let counts = trial::count(study, folder.path(), seeds)?;
        rows.extend(verdict::rows(study, &counts));
    }
    for study in studies::COMPARED
        .iter()
        .filter(|s| chosen.contains(&s.name))
    {
        announce(study.name);
        let counts = trial::count_compared(study, folder.path(), seeds)?;
        rows.extend(verdict::rows(study, &counts));
    }
    output::write_coverage(&file, &rows, arguments.output.force)?;
    Ok((rows, file))
}

/// Names of the chosen studies. All names if `only` is empty.
fn chosen(only: &[String]) -> Result<Vec<&'static str>, CoverageError> {
    let mut known: Vec<&str> = studies::ALL.iter().map(|study| study.name).collect();
    known.extend(studies::COMPARED.iter().map(|study| study.name));
    if let Some(wanted) = only.iter().find(|wanted| !known.contains(&wanted.trim())) {
        let wanted = wanted.clone();
        return Err(CoverageError::UnknownExperiment { wanted, known });
    }
    known.retain(|name| only.is_empty() || only.iter().any(|o| o.trim() == *name));
    Ok(known)
}
