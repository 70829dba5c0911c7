//! Conversion between the stored words of a row of chains and the floats that programs read.

use super::rows::LANES;
use crate::engine::fixed_point::{FixedPoint, join_words};
use crate::engine::storage::{ROUNDINGS_PER_BLOCK, f64_from_words};
use crate::engine::task::Task;
use crate::loss::Real;
use crate::random::round_half;
use crate::spec::Precision;
use half::f16;

/// Shadow state of a row: the part of its stored parameters that the programs' floats cannot represent.
#[derive(Debug)]
pub(super) struct ShadowState {
    /// Fixed-point number of each parameter with [`Precision::Compensated`]; empty otherwise.
    fixed: Vec<[i64; LANES]>,
    unit: FixedPoint,
    /// Random words for the stochastic rounding of [`Precision::F16State`].
    random_words: [[u32; LANES]; 4],
}

impl ShadowState {
    pub(super) fn new(task: &Task) -> Self {
        let count = match task.precision {
            Precision::Compensated => task.parameters,
            Precision::F32 | Precision::F64 | Precision::F16State => 0,
        };
        Self {
            fixed: vec![[0; LANES]; count],
            unit: task.fixed_point(),
            random_words: [[0; LANES]; 4],
        }
    }

    /// Loads a row from memory.
    #[inline(always)]
    pub(super) fn load<T: Real + From<f32>>(
        &mut self,
        task: &Task,
        memory: &[[u32; LANES]],
        numbers: &mut [[T; LANES]],
    ) {
        for (k, fixed) in self.fixed.iter_mut().enumerate() {
            for lane in 0..LANES {
                fixed[lane] = join_words(memory[2 * k][lane], memory[2 * k + 1][lane]);
            }
        }
        read(task, memory, numbers);
    }

    /// Completes a step: adds increments to fixed-point parameters, or rounds parameters to 16 bits. `numbers` are the
    /// outputs of the stepping program and become the floats of the new state.
    #[inline(always)]
    pub(super) fn apply_step<T: Real + From<f32>>(
        &mut self,
        task: &Task,
        step: u64,
        first_chain: u64,
        numbers: &mut [[T; LANES]],
    ) {
        match task.precision {
            Precision::F32 | Precision::F64 => {}
            Precision::Compensated => {
                for (fixed, numbers) in self.fixed.iter_mut().zip(numbers) {
                    for (fixed, number) in fixed.iter_mut().zip(numbers) {
                        *fixed = self.unit.add(*fixed, number.to_f64() as f32);
                        *number = T::from(self.unit.to_f32(*fixed));
                    }
                }
            }
            Precision::F16State => {
                let first = step * task.rounding_blocks();
                let groups = numbers[..task.parameters].chunks_mut(ROUNDINGS_PER_BLOCK as usize);
                for (block, group) in (first..).zip(groups) {
                    task.roundings()
                        .rows(block, first_chain, &mut self.random_words);
                    for (k, numbers) in group.iter_mut().enumerate() {
                        let (words, shift) = (&self.random_words[k % 4], k / 4 * 16);
                        for (number, word) in numbers.iter_mut().zip(words) {
                            let rounded = round_half(number.to_f64() as f32, word >> shift);
                            *number = T::from(rounded);
                        }
                    }
                }
            }
        }
    }

    /// Stores a row to memory.
    #[inline(always)]
    pub(super) fn store<T: Real>(
        &self,
        task: &Task,
        numbers: &[[T; LANES]],
        memory: &mut [[u32; LANES]],
    ) {
        let (parameters, float_words) = memory.split_at_mut(match task.precision {
            Precision::F32 | Precision::F64 => 0,
            Precision::Compensated | Precision::F16State => task.first_optimizer_word(),
        });
        match task.precision {
            Precision::F32 | Precision::F64 => {}
            Precision::Compensated => {
                for (words, fixed) in parameters.chunks_exact_mut(2).zip(&self.fixed) {
                    for lane in 0..LANES {
                        words[0][lane] = fixed[lane] as u32;
                        words[1][lane] = (fixed[lane] >> 32) as u32;
                    }
                }
            }
            Precision::F16State => {
                for (k, words) in parameters.iter_mut().enumerate() {
                    let half = |k: usize, lane: usize| match k < task.parameters {
                        true => u32::from(f16::from_f64(numbers[k][lane].to_f64()).to_bits()),
                        false => 0,
                    };
                    for (lane, word) in words.iter_mut().enumerate() {
                        *word = half(2 * k, lane) | half(2 * k + 1, lane) << 16;
                    }
                }
            }
        }
        let floats = match task.precision {
            Precision::F32 | Precision::F64 => numbers,
            Precision::Compensated | Precision::F16State => &numbers[task.parameters..],
        };
        if task.precision == Precision::F64 {
            write_doubles(floats, float_words);
        } else {
            write_floats(floats, float_words);
        }
    }
}

/// Reads the floats of a row in memory.
#[inline(always)]
pub(super) fn read<T: Real + From<f32>>(
    task: &Task,
    memory: &[[u32; LANES]],
    numbers: &mut [[T; LANES]],
) {
    match task.precision {
        Precision::F32 => return read_floats(memory, numbers),
        Precision::F64 => return read_doubles(memory, numbers),
        Precision::Compensated | Precision::F16State => {}
    }
    let (parameters, optimizer_numbers) = numbers[..task.state].split_at_mut(task.parameters);
    let unit = task.fixed_point();
    for (k, numbers) in parameters.iter_mut().enumerate() {
        for (lane, number) in numbers.iter_mut().enumerate() {
            *number = T::from(match task.precision {
                Precision::Compensated => {
                    unit.to_f32(join_words(memory[2 * k][lane], memory[2 * k + 1][lane]))
                }
                _ => f16::from_bits((memory[k / 2][lane] >> (k % 2 * 16)) as u16).to_f32(),
            });
        }
    }
    read_floats(&memory[task.first_optimizer_word()..], optimizer_numbers);
}

#[inline(always)]
fn read_floats<T: Real + From<f32>>(memory: &[[u32; LANES]], numbers: &mut [[T; LANES]]) {
    for (words, numbers) in memory.iter().zip(numbers) {
        for lane in 0..LANES {
            numbers[lane] = T::from(f32::from_bits(words[lane]));
        }
    }
}

#[inline(always)]
fn read_doubles<T: Real>(memory: &[[u32; LANES]], numbers: &mut [[T; LANES]]) {
    for (words, numbers) in memory.chunks_exact(2).zip(numbers) {
        for lane in 0..LANES {
            numbers[lane] = T::from_f64(f64_from_words(words[0][lane], words[1][lane]));
        }
    }
}

#[inline(always)]
fn write_floats<T: Real>(numbers: &[[T; LANES]], memory: &mut [[u32; LANES]]) {
    for (words, numbers) in memory.iter_mut().zip(numbers) {
        for lane in 0..LANES {
            words[lane] = (numbers[lane].to_f64() as f32).to_bits();
        }
    }
}

#[inline(always)]
fn write_doubles<T: Real>(numbers: &[[T; LANES]], memory: &mut [[u32; LANES]]) {
    for (words, numbers) in memory.chunks_exact_mut(2).zip(numbers) {
        for lane in 0..LANES {
            let bits = numbers[lane].to_f64().to_bits();
            words[0][lane] = bits as u32;
            words[1][lane] = (bits >> 32) as u32;
        }
    }
}
