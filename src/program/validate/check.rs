//! Stages of validation and their checks.

/// Stage of validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Random words of the generator.
    Bits,
    /// Uniforms from random words.
    Uniforms,
    /// Normals from random words.
    Normals,
    /// Operations, losses and their gradients.
    Gradient,
    /// One step from random states.
    OneStep,
    /// A hundred steps of a contracting problem.
    HundredSteps,
    /// Sums over chains.
    Moments,
    /// Counts of chains in bins.
    Histogram,
    /// Stationary distribution.
    Distribution,
}

impl Stage {
    /// All stages in order of dependence.
    pub const ALL: [Self; 9] = [
        Self::Bits,
        Self::Uniforms,
        Self::Normals,
        Self::Gradient,
        Self::OneStep,
        Self::HundredSteps,
        Self::Moments,
        Self::Histogram,
        Self::Distribution,
    ];

    /// Returns true if the stage depends on the floating-point precision.
    pub(super) fn is_of_floats(self) -> bool {
        !matches!(self, Self::Bits | Self::Uniforms | Self::Normals)
    }

    /// Name for the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bits => "bits",
            Self::Uniforms => "uniforms",
            Self::Normals => "normals",
            Self::Gradient => "gradient",
            Self::OneStep => "one step",
            Self::HundredSteps => "100 steps",
            Self::Moments => "moments",
            Self::Histogram => "histogram",
            Self::Distribution => "distribution",
        }
    }
}

/// Comparison and its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Stage of the comparison.
    pub stage: Stage,
    /// Compared quantities.
    pub what: String,
    /// "cpu f32", "cpu f64", "gpu" or "gpu f64".
    pub backend: &'static str,
    /// Largest deviation found.
    pub deviation: f64,
    /// Largest deviation allowed.
    pub bound: f64,
    /// True when the deviation is within the bound.
    pub passed: bool,
    /// Reason for the bound.
    pub note: String,
}
