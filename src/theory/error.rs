//! Why an exact truth does not exist or could not be computed.

use thiserror::Error;

/// Why an exact truth does not exist or could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TheoryError {
    /// The loss is nowhere finite near the start.
    #[error("the loss has no finite value around {hint}")]
    NoFiniteLoss {
        /// Where the search began.
        hint: f64,
    },
    /// exp(−βL) cannot be normalized: the loss does not rise enough on one side.
    #[error(
        "exp(-beta L) with beta = {beta} cannot be normalized: the loss does not rise enough towards {end} infinity"
    )]
    NotNormalizable {
        /// Inverse temperature.
        beta: f64,
        /// `plus` or `minus`.
        end: &'static str,
    },
    /// A number that must be positive and finite is not.
    #[error("{name} must be positive and finite, not {value}")]
    NotPositive {
        /// What it is.
        name: &'static str,
        /// What it was.
        value: f64,
    },
    /// No temperature gives this mean loss.
    #[error("a mean loss of {mean} lies at or below the least loss {minimum}")]
    MeanBelowMinimum {
        /// The mean loss asked for.
        mean: f64,
        /// The least loss.
        minimum: f64,
    },
    /// The chain has no stationary law: its second moment grows without bound.
    #[error(
        "there is no stationary covariance at this learning rate: the largest multiplier of a step is {multiplier}"
    )]
    Unstable {
        /// Spectral radius of the step, or of its action on second moments; at least 1.
        multiplier: f64,
    },
    /// The chain leaves every bounded region at a rate that matters.
    #[error("the discrete chain escapes to infinity: probability {per_step:e} per step")]
    Explosive {
        /// Probability per step.
        per_step: f64,
    },
    /// The problem needs more memory or time than it is worth.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// Which size.
        what: &'static str,
        /// What it is.
        size: usize,
        /// What it may be.
        limit: usize,
    },
    /// A list of the wrong length.
    #[error("{what} has {got} entries where there are {want} parameters")]
    WrongLength {
        /// Which list.
        what: &'static str,
        /// Its length.
        got: usize,
        /// Number of parameters.
        want: usize,
    },
    /// There is too little to go by.
    #[error("{got} {what} are too few: at least {want} are needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many it takes.
        want: usize,
    },
    /// Some example's gradient is not an affine function of the parameters.
    #[error(
        "the examples' losses are not quadratic: a gradient is off an affine one by {deviation:e} of its size"
    )]
    NotQuadratic {
        /// Largest deviation seen, as a share of the gradient's terms.
        deviation: f64,
    },
    /// The mean of quadratic losses has no minimum, or a whole valley of them.
    #[error("the loss has no single minimum: its curvatures go from {least} to {most}")]
    NoUniqueMinimum {
        /// Least eigenvalue of the Hessian.
        least: f64,
        /// Greatest eigenvalue.
        most: f64,
    },
    /// An iteration did not settle.
    #[error("{what} did not converge")]
    NotConverged {
        /// Which iteration.
        what: &'static str,
    },
    /// The flow could not be followed to the end.
    #[error("the gradient flow could not be followed to time {time}: {reason}")]
    Flow {
        /// Time that was aimed at.
        time: f64,
        /// The solver's reason.
        reason: String,
    },
}

pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, TheoryError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(TheoryError::NotPositive { name, value })
    }
}
