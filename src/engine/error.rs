//! What can go wrong on a device.

/// A device that cannot or did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No adapter fits the request.
    #[error("no GPU adapter {wanted}; available: {available}")]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: String,
    },
    /// The device refused a request.
    #[error("the device refused {what}: {reason}")]
    Refused {
        /// What was asked of it.
        what: String,
        /// Its own words.
        reason: String,
    },
    /// The device did not answer in time.
    #[error("the device did not finish {what} within {seconds} s")]
    Timeout {
        /// What it was doing.
        what: String,
        /// How long it was given.
        seconds: u64,
    },
    /// The device answered with less than all results.
    #[error("the device returned an incomplete result for {what}: {detail}")]
    Incomplete {
        /// What was read back.
        what: String,
        /// What was missing.
        detail: String,
    },
    /// The device holds chains of this size as floats only.
    #[error(
        "chains held as {storage} must fit into a GPU's registers: this loss is too large; use --backend cpu, or --precision f32 or f64"
    )]
    FloatsOnly {
        /// How they were to be held.
        storage: &'static str,
    },
    /// The device has no floats of double precision.
    #[error(
        "{adapter} has no 64-bit floats; use --backend cpu with --precision f64, or --precision compensated"
    )]
    NoDoubles {
        /// Its name.
        adapter: String,
    },
    /// The problem is too large for the device, found out before the run.
    #[error("{what} needs {needed}, and this device offers {available}")]
    TooLarge {
        /// What does not fit.
        what: String,
        /// What it needs.
        needed: String,
        /// What there is.
        available: String,
    },
}
