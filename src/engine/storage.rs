//! How the parameters of a chain lie in memory between steps, word by word, the same for every engine.

use super::{FixedPoint, Task, fixed_point};
use crate::random::{Purpose, Stream};
use crate::spec::{Precision, Width};
use half::f16;

/// Roundings that one block of random words serves: each takes 16 bits.
pub const ROUNDINGS_PER_BLOCK: u32 = 8;

impl Task {
    /// 32-bit words of a chain's state.
    pub fn words(&self) -> usize {
        self.first_optimizer_word() + (self.state - self.parameters) * self.width().words()
    }

    /// The float type in which steps and measurements compute.
    pub fn width(&self) -> Width {
        self.precision.width()
    }

    /// The word of the first number that an optimizer carries along.
    pub fn first_optimizer_word(&self) -> usize {
        match self.precision {
            Precision::F32 => self.parameters,
            Precision::F64 | Precision::Compensated => 2 * self.parameters,
            Precision::F16State => self.parameters.div_ceil(2),
        }
    }

    /// The unit of [`Precision::Compensated`].
    pub fn fixed_point(&self) -> FixedPoint {
        FixedPoint::holding(self.bound)
    }

    /// The random words by which [`Precision::F16State`] rounds.
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
        match self.precision {
            Precision::F64 => (number(word / 2).to_bits() >> (word % 2 * 32)) as u32,
            _ if word >= self.first_optimizer_word() => {
                let optimizer_state = word - self.first_optimizer_word();
                (number(self.parameters + optimizer_state) as f32).to_bits()
            }
            Precision::F32 => (number(word) as f32).to_bits(),
            Precision::Compensated => {
                let held = self.fixed_point().held(number(word / 2));
                (held >> (word % 2 * 32)) as u32
            }
            Precision::F16State => {
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
        match self.precision {
            Precision::F64 => double(word(2 * k), word(2 * k + 1)),
            _ if k >= self.parameters => {
                let optimizer_state = k - self.parameters;
                f64::from(f32::from_bits(word(
                    self.first_optimizer_word() + optimizer_state,
                )))
            }
            Precision::F32 => f64::from(f32::from_bits(word(k))),
            Precision::Compensated => {
                let held = fixed_point::joined(word(2 * k), word(2 * k + 1));
                self.fixed_point().exact(held)
            }
            Precision::F16State => f16::from_bits((word(k / 2) >> (k % 2 * 16)) as u16).to_f64(),
        }
    }
}

/// A number of [`Precision::F64`].
pub(super) fn double(low: u32, high: u32) -> f64 {
    f64::from_bits(u64::from(high) << 32 | u64::from(low))
}
