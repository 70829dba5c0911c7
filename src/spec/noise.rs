//! Distributions of the noise that is added to the gradient.

/// The transform from random words to normal variates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NormalTransform {
    /// Inverse of the distribution function in integers: bit-identical on every device, |z| ≤ 6.34.
    ///
    /// The default, because a double-well step costs no more than one with [`BoxMuller`](Self::BoxMuller) on AVX2, 1.2 times as much on
    /// AVX-512 and 1.3 times on Mesa's software rasterizer (`results/bench-peers.csv`).
    #[default]
    Integer,
    /// Box and Muller in `f32`: equal on all devices up to rounding, |z| ≤ 6.66.
    ///
    /// Needs fused multiply-add in hardware to be fast: elsewhere Rust calls a library function for each.
    BoxMuller,
    /// Box and Muller in `f32` from 16 bits for each normal: half the words of the others. Equal on all devices up to rounding,
    /// |z| ≤ 6.66.
    BoxMuller16,
}

/// The distribution of a draw; each has mean 0 and variance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseKind {
    /// The normal distribution.
    Gaussian(NormalTransform),
    /// ±1, each with probability ½: all odd moments of the normal and its second.
    TwoPoint,
    /// 0 or ±a: the moments of the normal up to the fifth, the fourth up to 6·10⁻⁵ of itself.
    ///
    /// ±√3 with probability ⅙ each would give it exactly; 16 bits give 10922/65536 each, and a² = 65536/21844 makes the
    /// variance 1 and the fourth moment a² = 3.00018.
    ThreePoint,
}

impl NormalTransform {
    /// Every transform with the name that experiment files use.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("integer", Self::Integer),
        ("box-muller", Self::BoxMuller),
        ("box-muller-16", Self::BoxMuller16),
    ];

    /// The name that experiment files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::BoxMuller => "box-muller",
            Self::BoxMuller16 => "box-muller-16",
        }
    }
}

impl NoiseKind {
    /// Every kind with the name that experiment files use; normals by the default transform.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("gaussian", Self::Gaussian(NormalTransform::Integer)),
        ("three-point", Self::ThreePoint),
        ("two-point", Self::TwoPoint),
    ];

    /// The name that experiment files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gaussian(_) => "gaussian",
            Self::ThreePoint => "three-point",
            Self::TwoPoint => "two-point",
        }
    }

    /// The name in `summary.json`: of normals, that of their transform.
    pub const fn transform_name(self) -> &'static str {
        match self {
            Self::Gaussian(transform) => transform.name(),
            Self::ThreePoint | Self::TwoPoint => self.name(),
        }
    }

    /// Returns true when draws are normal.
    pub const fn is_gaussian(self) -> bool {
        matches!(self, Self::Gaussian(_))
    }
}
