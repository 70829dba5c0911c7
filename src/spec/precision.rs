//! Arithmetic of the chains and where they run.

/// Arithmetic of the chains, and how their parameters are stored between steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Double precision, on the CPU and on GPUs that have it.
    F64,
    /// Single precision whose steps are added to 64-bit integers: for small learning rates.
    Compensated,
    /// Single precision whose parameters are stored as 16-bit floats, rounded at random after each step: for twice
    /// the chains.
    F16State,
}

/// Float type in which a program computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// `f32`, which every device has.
    Single,
    /// `f64`, of devices that have 64-bit floats and 64-bit integers.
    Double,
}

impl Precision {
    /// Every precision, in the order of the command line's help.
    pub const ALL: [Self; 4] = [Self::F32, Self::F64, Self::Compensated, Self::F16State];

    /// The name on the command line and in `summary.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Compensated => "compensated",
            Self::F16State => "f16-state",
        }
    }

    /// Help text on the command line.
    #[cfg(feature = "cli")]
    pub(crate) const fn help(self) -> &'static str {
        match self {
            Self::F32 => "Single precision",
            Self::F64 => "Double precision, on the CPU and on GPUs that have it",
            Self::Compensated => {
                "Single precision that adds steps to 64-bit integers: for small learning rates"
            }
            Self::F16State => {
                "Single precision that stores 16-bit floats, rounded at random: for twice the chains"
            }
        }
    }

    /// The stored form of a parameter, in words.
    pub const fn storage(self) -> &'static str {
        match self {
            Self::F32 => "floats",
            Self::F64 => "64-bit floats",
            Self::Compensated => "integers of two words",
            Self::F16State => "16-bit floats",
        }
    }

    /// The float type in which steps and measurements compute.
    pub const fn width(self) -> Width {
        match self {
            Self::F64 => Width::Double,
            Self::F32 | Self::Compensated | Self::F16State => Width::Single,
        }
    }
}

impl Width {
    /// 32-bit words of a number.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Double => 2,
        }
    }
}

/// The hardware that an experiment runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backend {
    /// A GPU if there is one that is not a software rasterizer, otherwise the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU, or an error.
    Gpu,
}

impl Backend {
    /// Every backend, in the order of the command line's help.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Cpu, Self::Gpu];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        }
    }

    /// Help text on the command line.
    #[cfg(feature = "cli")]
    pub(crate) const fn help(self) -> &'static str {
        match self {
            Self::Auto => "A GPU if there is one, otherwise the CPU",
            Self::Cpu => "The CPU",
            Self::Gpu => "A GPU, or an error",
        }
    }
}
