//! Examples in 16 bits.

use half::f16;

use super::{DataError, Examples};

/// The largest number of 16 bits.
pub const LARGEST_F16: f64 = 65_504.0;

/// Rounds each value to the nearest of 16 bits, ties to even, by way of 32 bits.
///
/// The error of a value v is at most 2⁻¹¹ |v| where |v| ≥ 2⁻¹⁴, and at most 2⁻²⁵ (1 + 2⁻¹⁰) below. The way by 32 bits
/// makes the result the same on every machine: those that round in hardware go this way too.
///
/// # Errors
/// The index of the first value beyond ± [`LARGEST_F16`] or NaN; the values before it are rounded already.
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
    /// [`round_to_f16`] of all values.
    ///
    /// # Errors
    /// A value is too large; the message names its column.
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
                    "{:?} is beyond the largest such number, 65504",
                    self.values[index]
                ),
                help: "standardize the column, or take storage = \"f32\"".to_owned(),
                column: Some(column),
            }
        })
    }

    /// What each number of an example is called.
    fn labels(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .flat_map(|variable| &variable.labels)
            .map(String::as_str)
    }
}
