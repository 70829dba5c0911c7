//! `[noise] covariance`: square, symmetric, positive semidefinite.

use nalgebra::DMatrix;

use super::{
    super::document::Value,
    reader::{Field, Reader},
};

/// Relative size of what rounding of the written digits may do to symmetry or to a zero eigenvalue.
const ROUNDING: f64 = 1e-12;

/// Reads the rows; `dimension` is what the parameters ask for, if that is known.
pub(super) fn read(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    dimension: Option<usize>,
) -> Option<Vec<Vec<f64>>> {
    let rows = rows(reader, field)?;
    let size = rows.len();
    if let Some(dimension) = dimension.filter(|dimension| *dimension != size) {
        let label = format!("{size} rows, but the parameters have {dimension} entries in all");
        return reader.refuse(field, &label);
    }
    let largest = rows
        .iter()
        .flatten()
        .fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
    if let Some((i, j)) = asymmetric(&rows, ROUNDING * largest) {
        let label = format!(
            "row {}, column {} is {:?}, but row {}, column {} is {:?}",
            i + 1,
            j + 1,
            rows[i][j],
            j + 1,
            i + 1,
            rows[j][i]
        );
        return reader.refuse(field, &label);
    }
    if largest > 0.0 {
        // Scaled, so that products of entries neither overflow nor vanish.
        let scaled = DMatrix::from_fn(size, size, |i, j| rows[i.max(j)][i.min(j)] / largest);
        let smallest = scaled.symmetric_eigenvalues().min();
        #[allow(clippy::cast_precision_loss, reason = "a count of rows")]
        let allowed = -ROUNDING * size as f64;
        if smallest < allowed {
            let label = format!(
                "it has the negative eigenvalue {}",
                rounded(smallest * largest)
            );
            return reader.refuse(field, &label);
        }
    }
    Some(rows)
}

/// A number to four digits.
fn rounded(number: f64) -> String {
    let rounded = format!("{number:.3e}").parse().unwrap_or(number);
    format!("{rounded:?}")
}

/// The first entry of a square matrix that differs from its transposed one by more than `allowed`.
fn asymmetric(rows: &[Vec<f64>], allowed: f64) -> Option<(usize, usize)> {
    let below = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    below
        .into_iter()
        .find(|(i, j)| (rows[*i][*j] - rows[*j][*i]).abs() > allowed)
}

/// A list of equally many lists of numbers.
fn rows(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Vec<Vec<f64>>> {
    let Some(items) = field.items().filter(|items| !items.is_empty()) else {
        return reader.wrong_type(field);
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let row = field.item(item);
        let Value::Array(entries) = &item.value else {
            return reader.refuse(
                &row,
                &format!("this row is {}, not a list of numbers", item.kind()),
            );
        };
        if entries.len() != items.len() {
            let label = format!(
                "this row has length {}, but there are {} rows",
                entries.len(),
                items.len()
            );
            return reader.refuse(&row, &label);
        }
        let numbers: Option<Vec<f64>> = entries
            .iter()
            .map(|entry| reader.number(&field.item(entry)))
            .collect();
        rows.push(numbers?);
    }
    Some(rows)
}
