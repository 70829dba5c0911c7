//! Shifting and scaling a column to mean 0 and standard deviation 1.

/// What the values of a column allow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spread {
    /// All are equal.
    Constant,
    /// There are two of them: a code, not a measurement.
    TwoValues,
    /// Their squares leave the range of floating-point numbers.
    OutOfRange,
    /// Mean and standard deviation, the latter with division by the number of values and positive.
    Of {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        sd: f64,
    },
}

/// The spread of at least one finite value.
pub(super) fn spread(values: &[f64]) -> Spread {
    match distinct_up_to_three(values) {
        1 => return Spread::Constant,
        2 => return Spread::TwoValues,
        _ => {}
    }
    let count = values.len() as f64;
    let first: f64 = values.iter().map(|value| value / count).sum();
    // The second pass takes away what rounding did in the first.
    let mean = first + values.iter().map(|value| value - first).sum::<f64>() / count;
    let largest = values
        .iter()
        .map(|value| (value - mean).abs())
        .fold(0.0, f64::max);
    let square = |value: &f64| ((value - mean) / largest).powi(2);
    let sd = largest * (values.iter().map(square).sum::<f64>() / count).sqrt();
    if sd.is_normal() {
        Spread::Of { mean, sd }
    } else {
        Spread::OutOfRange
    }
}

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
