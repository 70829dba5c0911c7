//! How the parameters of a chain lie in memory between steps, word by word, the same for every engine.

use super::{FixedPoint, Task, fixed_point};
use crate::loss::Width;
use crate::random::{Purpose, Stream};
use half::f16;

/// How parameters are held between steps. What an optimizer carries along is a float in any case, in words after theirs, of
/// the precision in which steps compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Storage {
    /// As the floats of single precision that steps compute with.
    #[default]
    Float,
    /// As floats of double precision, in which steps compute too. Number k takes words 2k (low) and 2k + 1 (high).
    Double,
    /// As integers to which each step adds: the stepping program gives increments, and reads the nearest floats. Number k
    /// takes words 2k (low) and 2k + 1 (high).
    Compensated,
    /// As 16-bit floats, rounded at random after each step. Numbers 2k and 2k + 1 share word k, the first in the low half.
    Half,
}

impl Storage {
    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "floats",
            Self::Double => "64-bit floats",
            Self::Compensated => "integers of two words",
            Self::Half => "16-bit floats",
        }
    }
}

/// Roundings that one block of random words serves: each takes 16 bits.
pub const ROUNDINGS_PER_BLOCK: u32 = 8;

impl Task {
    /// 32-bit words of a chain's state.
    pub fn words(&self) -> usize {
        self.first_carried() + (self.state - self.parameters) * self.width().words()
    }

    /// The precision in which steps and measurements compute.
    pub fn width(&self) -> Width {
        match self.storage {
            Storage::Double => Width::Double,
            Storage::Float | Storage::Compensated | Storage::Half => Width::Single,
        }
    }

    /// The word of the first number that an optimizer carries along.
    pub fn first_carried(&self) -> usize {
        match self.storage {
            Storage::Float => self.parameters,
            Storage::Double | Storage::Compensated => 2 * self.parameters,
            Storage::Half => self.parameters.div_ceil(2),
        }
    }

    /// The unit of [`Storage::Compensated`].
    pub fn fixed_point(&self) -> FixedPoint {
        FixedPoint::holding(self.bound)
    }

    /// The random words by which [`Storage::Half`] rounds.
    pub fn roundings(&self) -> Stream {
        self.stream.of(Purpose::Rounding)
    }

    /// Blocks of random words that the roundings of a step take; step s begins with block s times as many.
    pub fn rounding_blocks(&self) -> u64 {
        (self.parameters as u64).div_ceil(u64::from(ROUNDINGS_PER_BLOCK))
    }

    /// Word number `word` of a chain whose numbers are given, each rounded to the nearest that can be held.
    #[inline]
    pub fn word(&self, word: usize, number: impl Fn(usize) -> f64) -> u32 {
        match self.storage {
            Storage::Double => (number(word / 2).to_bits() >> (word % 2 * 32)) as u32,
            _ if word >= self.first_carried() => {
                let carried = word - self.first_carried();
                (number(self.parameters + carried) as f32).to_bits()
            }
            Storage::Float => (number(word) as f32).to_bits(),
            Storage::Compensated => {
                let held = self.fixed_point().held(number(word / 2));
                (held >> (word % 2 * 32)) as u32
            }
            Storage::Half => {
                let bits = |k: usize| match k < self.parameters {
                    true => u32::from(f16::from_f64(number(k)).to_bits()),
                    false => 0,
                };
                bits(2 * word) | bits(2 * word + 1) << 16
            }
        }
    }

    /// Number `k` of a chain whose words are given.
    #[inline]
    pub fn number(&self, k: usize, word: impl Fn(usize) -> u32) -> f64 {
        match self.storage {
            Storage::Double => double(word(2 * k), word(2 * k + 1)),
            _ if k >= self.parameters => {
                let carried = k - self.parameters;
                f64::from(f32::from_bits(word(self.first_carried() + carried)))
            }
            Storage::Float => f64::from(f32::from_bits(word(k))),
            Storage::Compensated => {
                let held = fixed_point::joined(word(2 * k), word(2 * k + 1));
                self.fixed_point().exact(held)
            }
            Storage::Half => f16::from_bits((word(k / 2) >> (k % 2 * 16)) as u16).to_f64(),
        }
    }
}

/// A number of [`Storage::Double`].
pub(super) fn double(low: u32, high: u32) -> f64 {
    f64::from_bits(u64::from(high) << 32 | u64::from(low))
}
