//! Mean and standard deviation of a column, for standardizing it.

/// Spread of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ColumnSpread {
    /// All values are equal.
    Constant,
    /// There are two distinct values: a code, not a measurement, so the column is not standardized.
    TwoValues,
    /// The standard deviation is not a normal floating-point number.
    OutOfRange,
    /// A column that can be standardized.
    Moments {
        /// Mean.
        mean: f64,
        /// Standard deviation with divisor n; positive.
        sd: f64,
    },
}

/// Spread of at least one finite value.
pub(super) fn spread(values: &[f64]) -> ColumnSpread {
    match distinct_up_to_three(values) {
        1 => return ColumnSpread::Constant,
        2 => return ColumnSpread::TwoValues,
        _ => {}
    }
    let count = values.len() as f64;
    let first: f64 = values.iter().map(|value| value / count).sum();
    // The second pass corrects the rounding error of the first.
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / count;
    let largest = values
        .iter()
        .map(|value| (value - mean).abs())
        .fold(0.0, f64::max);
    let square = |value: &f64| ((value - mean) / largest).powi(2);
    let sd = largest * (values.iter().map(square).sum::<f64>() / count).sqrt();
    if sd.is_normal() {
        ColumnSpread::Moments { mean, sd }
    } else {
        ColumnSpread::OutOfRange
    }
}

/// Number of distinct values, counted up to 3.
fn distinct_up_to_three(values: &[f64]) -> usize {
    let mut found: Vec<f64> = Vec::with_capacity(3);
    for value in values {
        if !found.contains(value) {
            found.push(*value);
            if found.len() == 3 {
                break;
            }
        }
    }
    found.len()
}
