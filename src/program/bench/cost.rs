//! Arithmetic operations and memory traffic of a step, counted from its programs.

use crate::engine::Task;

/// Arithmetic operations of one step of one chain, without those of the generator. A fused
/// multiply-add counts as two.
pub(super) fn operations(task: &Task) -> u64 {
    let of_examples = task.batch.as_ref().map_or(0, |batch| {
        let example_sum = batch.example_sum.as_ref();
        example_sum.map_or(0, |example_sum| example_sum.program.operations()) * batch.size as usize
    });
    (of_examples + task.step.operations()) as u64
}

/// Bytes that one step of one chain reads and writes: its state in both directions and its
/// examples, in single precision. States stay in registers or the nearest cache between steps, so
/// the traffic to memory is less.
pub(super) fn bytes(task: &Task) -> u64 {
    let of_examples =
        (task.batch.as_ref()).map_or(0, |batch| batch.size as usize * batch.table.width);
    4 * (2 * task.state + of_examples) as u64
}
