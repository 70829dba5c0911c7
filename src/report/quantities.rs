//! The table of scalar quantities that a run can report beside the mean loss.
//!
//! A row holds the key of a quantity and its label. The answer table, the page, `loss_vs_eta.csv` and
//! `trace.csv` follow the table. To add a quantity, add its node to the compiler's table and a row here.

use super::summary::Point;
use super::table::{Trace, TraceRow};
use crate::measure::Estimate;

/// A scalar quantity as the tables show it.
#[derive(Debug)]
pub struct Quantity {
    /// Name in `summary.json`, and of the columns of CSV files.
    pub key: &'static str,
    /// Name in tables for people.
    pub label: &'static str,
}

/// Key of the loss over the held-out examples, a field of [`Point`] and [`TraceRow`].
const VALIDATION_LOSS: &str = "validation_loss";

/// Every quantity, in the order of rows and columns.
pub const QUANTITIES: [Quantity; 1] = [Quantity {
    key: VALIDATION_LOSS,
    label: "validation loss",
}];

/// The quantities that at least one point has. The order is that of [`QUANTITIES`]; quantities without a row follow.
pub(super) fn of_points(points: &[Point]) -> Vec<&str> {
    ordered(points.iter().flat_map(|point| {
        let held_out = point.validation_loss.map(|_| VALIDATION_LOSS);
        held_out
            .into_iter()
            .chain(point.quantities.keys().map(String::as_str))
    }))
}

/// The quantities that at least one row of the traces has, in the order of [`of_points`].
pub(super) fn of_traces(traces: &[Trace]) -> Vec<&str> {
    let rows = traces.iter().flat_map(|trace| &trace.rows);
    ordered(rows.flat_map(|row| {
        let held_out = row.validation_loss.map(|_| VALIDATION_LOSS);
        held_out
            .into_iter()
            .chain(row.quantities.keys().map(String::as_str))
    }))
}

/// The estimate of a quantity at one learning rate.
pub(super) fn at_point(point: &Point, key: &str) -> Option<Estimate> {
    match key {
        VALIDATION_LOSS => point.validation_loss,
        key => point.quantities.get(key).copied(),
    }
}

/// The estimate of a quantity at one time.
pub(super) fn at_time(row: &TraceRow, key: &str) -> Option<Estimate> {
    match key {
        VALIDATION_LOSS => row.validation_loss,
        key => row.quantities.get(key).copied(),
    }
}

/// The label of a quantity; its key if the table has no row for it.
pub(super) fn label(key: &str) -> &str {
    (QUANTITIES.iter())
        .find(|quantity| quantity.key == key)
        .map_or(key, |quantity| quantity.label)
}

fn ordered<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for key in keys {
        if !found.contains(&key) {
            found.push(key);
        }
    }
    let rank = |key: &&str| QUANTITIES.iter().position(|quantity| quantity.key == *key);
    found.sort_by_key(|key| rank(key).unwrap_or(QUANTITIES.len()));
    found
}
