//! Numbers between host and device, in the precision of the task.

use crate::engine::Task;
use crate::loss::Width;

/// Bytes of a number on the device.
pub(super) fn bytes(task: &Task) -> u64 {
    task.width().words() as u64 * 4
}

/// Numbers as the device reads them.
pub(super) fn pack(task: &Task, numbers: impl Iterator<Item = f64>) -> Vec<u8> {
    match task.width() {
        Width::Single => numbers.flat_map(|x| (x as f32).to_le_bytes()).collect(),
        Width::Double => numbers.flat_map(f64::to_le_bytes).collect(),
    }
}

/// Numbers that the device has written.
pub(super) fn unpack(task: &Task, words: &[u32]) -> Vec<f64> {
    match task.width() {
        Width::Single => (words.iter())
            .map(|&word| f64::from(f32::from_bits(word)))
            .collect(),
        Width::Double => (words.as_chunks::<2>().0.iter())
            .map(|&[low, high]| f64::from_bits(u64::from(high) << 32 | u64::from(low)))
            .collect(),
    }
}

/// Bits of the largest |x| a chain may reach, low word and high word.
pub(super) fn bound(task: &Task) -> [u32; 2] {
    match task.width() {
        Width::Single => [(task.bound as f32).min(f32::MAX).to_bits(), 0],
        Width::Double => {
            let bits = task.bound.min(f64::MAX).to_bits();
            [bits as u32, (bits >> 32) as u32]
        }
    }
}
