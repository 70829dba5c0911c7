//! The choice of a step's examples, and their storage.

/// The choice of the examples that a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// Each independently and uniformly from all examples.
    WithReplacement,
    /// In a fresh random order for each chain and epoch.
    Shuffle,
    /// All examples at every step, the same for every chain: what dynamics without batches do.
    All,
}

impl Sampling {
    /// The choices of experiment files, with their names.
    pub const NAMES: [(&'static str, Self); 2] = [
        ("with-replacement", Self::WithReplacement),
        ("shuffle", Self::Shuffle),
    ];

    /// The name that experiment files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithReplacement => "with-replacement",
            Self::Shuffle => "shuffle",
            Self::All => "all",
        }
    }
}

/// Float type in which examples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExampleStorage {
    /// 32 bits, 24 of them significant.
    F32,
    /// 16 bits, 11 of them significant: half the memory, each value rounded by up to 1 part in 2048.
    F16,
}
