//! Which files a result consists of.

use super::table::HistogramTable;
use super::{Results, csv, html, picture};
use std::collections::BTreeSet;

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

/// A name that every file system takes: letters, digits and underscores, at most 60 of them.
pub(super) fn sanitized(name: &str) -> String {
    let mut safe = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => safe.push(c),
            '^' => safe.push_str("pow"),
            _ if !safe.is_empty() && !safe.ends_with('_') => safe.push('_'),
            _ => {}
        }
    }
    safe.truncate(60);
    let safe = safe.trim_end_matches('_');
    if safe.is_empty() {
        "unnamed".into()
    } else {
        safe.into()
    }
}

/// `stem`, or `stem_2`, `stem_3` … if it is taken; names that differ only in case count as equal, as on some file
/// systems they are.
pub(super) fn unique(stem: &str, taken: &mut BTreeSet<String>) -> String {
    let names = std::iter::once(stem.to_owned()).chain((2..).map(|i| format!("{stem}_{i}")));
    let mut free = names.filter(|name| !taken.contains(&name.to_lowercase()));
    let name = free.next().expect("the candidates do not end");
    taken.insert(name.to_lowercase());
    name
}
