//! Rounding of examples to 16-bit floats.

use half::f16;

use super::error::DataError;
use super::examples::Examples;

/// The largest finite 16-bit float.
pub const LARGEST_F16: f64 = 65_504.0;

/// Rounds each value to `f32` and then to the nearest 16-bit float, ties to even.
///
/// The error of a value v is at most 2⁻¹¹ |v| if |v| ≥ 2⁻¹⁴, and at most 2⁻²⁵ (1 + 2⁻¹⁰) otherwise. Rounding via `f32`
/// gives the same result on every machine, because hardware conversions round this way.
///
/// # Errors
/// Returns the index of the first value that is NaN or beyond ±[`LARGEST_F16`]; the values before it are already rounded.
pub fn round_to_f16(values: &mut [f64]) -> Result<(), usize> {
    for (index, value) in values.iter_mut().enumerate() {
        if value.is_nan() || value.abs() > LARGEST_F16 {
            return Err(index);
        }
        *value = f64::from(f16::from_f32(*value as f32));
    }
    Ok(())
}

impl Examples {
    /// Applies [`round_to_f16`] to all values.
    ///
    /// # Errors
    /// A value is too large. The error names its column.
    pub fn round_to_f16(&mut self) -> Result<(), DataError> {
        round_to_f16(&mut self.values).map_err(|index| {
            let column = self
                .labels()
                .nth(index % self.width)
                .unwrap_or_default()
                .to_owned();
            DataError {
                message: format!("the column `{column}` does not fit storage = \"f16\""),
                label: format!(
                    "{:?} is beyond the largest 16-bit float, 65504",
                    self.values[index]
                ),
                help: "standardize the column, or set storage = \"f32\"".to_owned(),
                column: Some(column),
            }
        })
    }

    /// Label of each number of an example.
    fn labels(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .flat_map(|variable| &variable.labels)
            .map(String::as_str)
    }
}
