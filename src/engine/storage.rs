//! Storage of a chain's state between steps as 32-bit words, the same for every engine.

use super::fixed_point::{FixedPoint, join_words};
use super::task::Task;
use crate::random::{Purpose, Stream};
use crate::spec::{Precision, Width};
use half::f16;

/// Roundings per block of random words: each takes 16 bits.
pub const ROUNDINGS_PER_BLOCK: u32 = 8;

impl Task {
    /// 32-bit words of a chain's state.
    pub fn words(&self) -> usize {
        self.first_optimizer_word() + (self.state - self.parameters) * self.width().words()
    }

    /// Float type of the arithmetic of steps and measurements.
    pub fn width(&self) -> Width {
        self.precision.width()
    }

    /// First word of the optimizer state.
    pub fn first_optimizer_word(&self) -> usize {
        match self.precision {
            Precision::F32 => self.parameters,
            Precision::F64 | Precision::Compensated => 2 * self.parameters,
            Precision::F16State => self.parameters.div_ceil(2),
        }
    }

    /// Unit of parameters stored with [`Precision::Compensated`].
    pub fn fixed_point(&self) -> FixedPoint {
        FixedPoint::for_bound(self.bound)
    }

    /// Random stream for the stochastic rounding of [`Precision::F16State`].
    pub fn roundings(&self) -> Stream {
        self.stream.of(Purpose::Rounding)
    }

    /// Blocks of random words that the roundings of one step take; step s begins with block s · `rounding_blocks()`.
    pub fn rounding_blocks(&self) -> u64 {
        (self.parameters as u64).div_ceil(u64::from(ROUNDINGS_PER_BLOCK))
    }

    /// Word `word` of a state whose numbers are given, each rounded to the nearest number that can be stored.
    #[inline]
    pub fn word(&self, word: usize, number: impl Fn(usize) -> f64) -> u32 {
        match self.precision {
            Precision::F64 => (number(word / 2).to_bits() >> (word % 2 * 32)) as u32,
            _ if word >= self.first_optimizer_word() => {
                let index = word - self.first_optimizer_word();
                (number(self.parameters + index) as f32).to_bits()
            }
            Precision::F32 => (number(word) as f32).to_bits(),
            Precision::Compensated => {
                let stored = self.fixed_point().nearest(number(word / 2));
                (stored >> (word % 2 * 32)) as u32
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

    /// Number `k` of a state whose words are given.
    #[inline]
    pub fn number(&self, k: usize, word: impl Fn(usize) -> u32) -> f64 {
        match self.precision {
            Precision::F64 => f64_from_words(word(2 * k), word(2 * k + 1)),
            _ if k >= self.parameters => {
                let index = k - self.parameters;
                f64::from(f32::from_bits(word(self.first_optimizer_word() + index)))
            }
            Precision::F32 => f64::from(f32::from_bits(word(k))),
            Precision::Compensated => {
                let stored = join_words(word(2 * k), word(2 * k + 1));
                self.fixed_point().to_f64(stored)
            }
            Precision::F16State => f16::from_bits((word(k / 2) >> (k % 2 * 16)) as u16).to_f64(),
        }
    }
}

/// Number stored with [`Precision::F64`] in two words.
pub(super) fn f64_from_words(low: u32, high: u32) -> f64 {
    f64::from_bits(u64::from(high) << 32 | u64::from(low))
}
