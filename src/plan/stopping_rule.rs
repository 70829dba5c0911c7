//! Stopping rule of a run that decides on its own length.

/// Condition that ends the measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StopWhen {
    /// This number of steps is done.
    Steps(u64),
    /// The mean loss of the whole ensemble has this standard error or a smaller one.
    LossStandardError(f64),
}

/// Stopping rule of one sweep point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoppingRule {
    /// Steps of burn-in; `None` for burn-in until the tests of stationarity pass.
    pub burn_in: Option<u64>,
    /// Condition that ends the measurements after burn-in.
    pub stop_when: StopWhen,
    /// Largest number of steps, burn-in included.
    pub at_most: u64,
}
