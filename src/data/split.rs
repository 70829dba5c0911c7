//! Random choice of the examples held out for validation.

use std::path::Path;

use super::error::DataError;
use crate::random::{Purpose, Stream};

/// Indices of the training rows and of the validation rows, each ascending; no validation rows if `fraction` is 0.
///
/// Each row has its own 64-bit random number. The round(`fraction` · `count`) rows with the smallest ones are held out: a
/// uniformly random subset that grows with `fraction`.
pub(super) fn split_rows(
    path: &Path,
    count: usize,
    fraction: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let held_out = (fraction * count as f64).round() as usize;
    if fraction > 0.0 && (held_out == 0 || held_out >= count) {
        return Err(too_few(path, count, fraction, held_out));
    }
    let stream = Stream::new(seed, Purpose::Split);
    let mut order: Vec<(u64, usize)> = (0..count)
        .map(|row| {
            let [low, high, ..] = stream.block(row as u64, 0);
            (u64::from(high) << 32 | u64::from(low), row)
        })
        .collect();
    order.sort_unstable();
    let rows = |part: &[(u64, usize)]| {
        let mut rows: Vec<usize> = part.iter().map(|(_, row)| *row).collect();
        rows.sort_unstable();
        rows
    };
    let (validation, training) = order.split_at(held_out);
    Ok((rows(training), rows(validation)))
}

fn too_few(path: &Path, count: usize, fraction: f64, held_out: usize) -> DataError {
    let purpose = if held_out == 0 {
        "to validate on"
    } else {
        "to train on"
    };
    let (examples, help) = if count == 1 {
        ("example", "add examples, or set validation = 0".to_owned())
    } else {
        let help = format!("choose a fraction from 1/{count} to {}/{count}", count - 1);
        ("examples", help)
    };
    DataError::file(
        format!(
            "`data.validation` = {fraction:?} leaves no example of {} {purpose}",
            path.display()
        ),
        format!("it has {count} {examples}"),
        help,
    )
}
