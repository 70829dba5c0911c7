//! Entry points of the shaders.

/// An entry point. Each is compiled from a source of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Steps of every chain.
    Advance,
    /// Sums over a range of examples, stored in memory.
    DataPass,
    /// Outputs of every chain, stored in memory.
    Observe,
    /// Sums of powers of the outputs.
    Moments,
    /// Sums of products of parameters.
    Covariance,
    /// Counts in bins.
    Histogram,
    /// Outputs of every chain, for comparison with the CPU.
    Values,
    /// Random words, uniforms and variates, for comparison with the CPU.
    Draws,
}

impl Entry {
    /// All entry points.
    pub const ALL: [Self; 8] = [
        Self::Advance,
        Self::DataPass,
        Self::Observe,
        Self::Moments,
        Self::Covariance,
        Self::Histogram,
        Self::Values,
        Self::Draws,
    ];

    /// Name of the WGSL function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::DataPass => "data_pass",
            Self::Observe => "observe",
            Self::Moments => "moments",
            Self::Covariance => "covariance",
            Self::Histogram => "histogram",
            Self::Values => "values",
            Self::Draws => "draws",
        }
    }
}
