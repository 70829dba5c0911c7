//! The files of a result folder.

use super::folder::{ReportError, write_files};
use super::names::{sanitized, unique};
use super::results::Results;
use super::table::HistogramTable;
use super::{csv, html, picture};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Names and contents of all files of a result folder.
///
/// Building them touches no file system, so that a failure to draw leaves nothing behind.
pub(super) fn all(results: &Results) -> Vec<(String, String)> {
    let summary = &results.summary;
    let mut files = vec![
        ("summary.json".to_owned(), summary.to_json()),
        (
            "experiment.toml".to_owned(),
            results.resolved_experiment.clone(),
        ),
        ("loss_vs_eta.csv".to_owned(), csv::loss_vs_eta(summary)),
        ("parameters.csv".to_owned(), csv::parameters(summary)),
    ];
    if !results.traces.traces.is_empty() {
        files.push(("trace.csv".to_owned(), csv::trace(summary, &results.traces)));
    }
    let stems = histogram_stems(&results.histograms, summary.points.len());
    for (stem, histogram) in stems.iter().zip(&results.histograms) {
        files.push((format!("histogram_{stem}.csv"), csv::histogram(histogram)));
    }
    let pictures = picture::all(results);
    files.push(("report.html".to_owned(), html::page(results, &pictures)));
    files.extend(
        pictures
            .into_iter()
            .map(|picture| (picture.file, picture.svg)),
    );
    files
}

/// A file name for each histogram, without its prefix and ending: `x`, `x_y`, `x_eta2` for the third of several
/// learning rates.
fn histogram_stems(histograms: &[HistogramTable], points: usize) -> Vec<String> {
    let mut taken = BTreeSet::new();
    histograms
        .iter()
        .map(|histogram| {
            let name = sanitized(&histogram.name());
            let stem = if points > 1 {
                format!("{name}_eta{}", histogram.point + 1)
            } else {
                name
            };
            unique(&stem, &mut taken)
        })
        .collect()
}

/// Writes all files of a result and returns their paths.
///
/// # Errors
/// The folder holds a result and `force` is not set, or something else; the file system fails.
pub fn write_folder(
    dir: &Path,
    results: &Results,
    force: bool,
) -> Result<Vec<PathBuf>, ReportError> {
    write_files(dir, &all(results), force)
}
