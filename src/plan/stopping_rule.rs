//! What a run has to reach where it decides on its own length.

/// When enough is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StopWhen {
    /// After so many steps.
    Steps(u64),
    /// When the mean loss of the whole ensemble is known to this standard error.
    LossStandardError(f64),
}

/// The stopping_rule at one point of a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoppingRule {
    /// Steps of burn-in; `None`: until the tests of stationarity hold.
    pub burn_in: Option<u64>,
    /// What follows.
    pub stop_when: StopWhen,
    /// Steps after which the run ends in any case, burn-in included.
    pub at_most: u64,
}
