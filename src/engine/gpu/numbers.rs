//! Numbers between host and device, in the precision of the task.

use crate::engine::task::Task;
use crate::spec::Width;

/// Bytes of a number on the device.
pub(super) fn bytes(task: &Task) -> u64 {
    task.width().words() as u64 * 4
}

/// Numbers that one invocation of the moments shader writes: a count, and seven for each output.
pub(super) fn per_partial(task: &Task) -> usize {
    1 + 7 * task.observe.output_count()
}

/// Bytes of numbers as the device reads them.
pub(super) fn pack(task: &Task, numbers: impl Iterator<Item = f64>) -> Vec<u8> {
    match task.width() {
        Width::Single => numbers.flat_map(|x| (x as f32).to_le_bytes()).collect(),
        Width::Double => numbers.flat_map(f64::to_le_bytes).collect(),
    }
}

/// Numbers as the device has written them. They are widened one by one, because all at once would take twice the memory.
#[derive(Debug)]
pub(super) struct Numbers {
    width: Width,
    words: Vec<u32>,
}

impl Numbers {
    pub(super) fn new(task: &Task, words: Vec<u32>) -> Self {
        Self {
            width: task.width(),
            words,
        }
    }

    /// Number `k`.
    pub(super) fn get(&self, k: usize) -> f64 {
        match self.width {
            Width::Single => f64::from(f32::from_bits(self.words[k])),
            Width::Double => {
                let [low, high] = [self.words[2 * k], self.words[2 * k + 1]];
                f64::from_bits(u64::from(high) << 32 | u64::from(low))
            }
        }
    }

    /// Copies group number `number` of `into.len()` consecutive numbers.
    pub(super) fn group(&self, number: usize, into: &mut [f64]) {
        let first = number * into.len();
        for (k, x) in (first..).zip(into) {
            *x = self.get(k);
        }
    }
}

/// Bits of the largest |x| that counts as not diverged: low word, high word.
pub(super) fn bound(task: &Task) -> [u32; 2] {
    match task.width() {
        Width::Single => [(task.bound as f32).min(f32::MAX).to_bits(), 0],
        Width::Double => {
            let bits = task.bound.min(f64::MAX).to_bits();
            [bits as u32, (bits >> 32) as u32]
        }
    }
}
