//! Errors of engines and devices.

/// A device that cannot run a task, or failed while running it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No adapter matches the request.
    #[error("no GPU adapter {wanted}; available: {available}")]
    NoAdapter {
        /// The request.
        wanted: String,
        /// Adapters of this machine.
        available: String,
    },
    /// The device refused a request.
    #[error("the device refused {what}: {reason}")]
    Refused {
        /// The request.
        what: String,
        /// The device's own message.
        reason: String,
    },
    /// The device did not answer in time.
    #[error("the device did not finish {what} within {seconds} s")]
    Timeout {
        /// The work.
        what: String,
        /// The time limit.
        seconds: u64,
    },
    /// The device returned an incomplete result.
    #[error("the device returned an incomplete result for {what}: {detail}")]
    Incomplete {
        /// The result.
        what: String,
        /// The missing part.
        detail: String,
    },
    /// States too large for registers can be stored as floats only.
    #[error(
        "chains stored as {storage} must fit into a GPU's registers: this loss is too large; use --backend cpu, or --precision f32 or f64"
    )]
    FloatsOnly {
        /// The requested precision.
        storage: &'static str,
    },
    /// The device has no double precision.
    #[error(
        "{adapter} has no 64-bit floats; use --backend cpu with --precision f64, or --precision compensated"
    )]
    NoDoubles {
        /// Name of the adapter.
        adapter: String,
    },
    /// The problem is too large for the device; found before the run.
    #[error("{what} needs {needed}, and this device offers {available}")]
    TooLarge {
        /// The item that does not fit.
        what: String,
        /// Its size.
        needed: String,
        /// The device's limit.
        available: String,
    },
}
