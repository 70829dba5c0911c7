//! Reasons why an exact result does not exist or could not be computed.

use thiserror::Error;

/// Reason why an exact result does not exist or could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TheoryError {
    /// The loss is nowhere finite near the start.
    #[error("the loss has no finite value around {hint}")]
    NoFiniteLoss {
        /// Start of the search.
        hint: f64,
    },
    /// exp(−βL) cannot be normalized: the loss does not rise enough on one side.
    #[error(
        "exp(-beta L) with beta = {beta} cannot be normalized: the loss does not rise enough towards {end} infinity"
    )]
    NotNormalizable {
        /// Inverse temperature.
        beta: f64,
        /// Side of the real line: `plus` or `minus`.
        end: &'static str,
    },
    /// A number that must be positive and finite is not.
    #[error("{name} must be positive and finite, not {value}")]
    NotPositive {
        /// Name of the number.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// No temperature gives this mean loss.
    #[error("a mean loss of {mean} lies at or below the least loss {minimum}")]
    MeanBelowMinimum {
        /// The given mean loss.
        mean: f64,
        /// The minimum loss.
        minimum: f64,
    },
    /// The chain has no stationary distribution: its second moment grows without bound.
    #[error(
        "there is no stationary covariance at this learning rate: the largest multiplier of a step is {multiplier}"
    )]
    Unstable {
        /// Spectral radius of the step, or of its action on second moments; at least 1.
        multiplier: f64,
    },
    /// The chain escapes to infinity with a probability that is not negligible.
    #[error("the discrete chain escapes to infinity: probability {per_step:e} per step")]
    Explosive {
        /// Escape probability per step.
        per_step: f64,
    },
    /// The problem exceeds a limit on memory or time.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// Name of the limited size.
        what: &'static str,
        /// The size.
        size: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// A list of the wrong length.
    #[error("{what} has {got} entries where there are {want} parameters")]
    WrongLength {
        /// Name of the list.
        what: &'static str,
        /// Its length.
        got: usize,
        /// Number of parameters.
        want: usize,
    },
    /// Too few points for a fit.
    #[error("{got} {what} are too few: at least {want} are needed")]
    TooFew {
        /// Name of the points.
        what: &'static str,
        /// Number of points.
        got: usize,
        /// Minimum number of points.
        want: usize,
    },
    /// The gradient of an example is not an affine function of the parameters.
    #[error(
        "the examples' losses are not quadratic: a gradient is off an affine one by {deviation:e} of its size"
    )]
    NotQuadratic {
        /// Largest deviation found, relative to the gradient's terms.
        deviation: f64,
    },
    /// The mean of quadratic losses has no minimum or more than one.
    #[error("the loss has no single minimum: its curvatures go from {least} to {most}")]
    NoUniqueMinimum {
        /// Smallest eigenvalue of the Hessian.
        least: f64,
        /// Largest eigenvalue of the Hessian.
        most: f64,
    },
    /// An iteration did not converge.
    #[error("{what} did not converge")]
    NotConverged {
        /// Name of the iteration.
        what: &'static str,
    },
    /// The gradient flow could not be integrated to the end.
    #[error("the gradient flow could not be followed to time {time}: {reason}")]
    Flow {
        /// End of the integration.
        time: f64,
        /// The solver's reason.
        reason: String,
    },
}

/// Returns `value` if it is positive and finite.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, TheoryError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(TheoryError::NotPositive { name, value })
    }
}
