//! Measuring one row of chains.

use super::examples::{Tables, broadcast};
use super::rows::{LANES, NOT_DIVERGED, alive};
use super::shadow;
use super::workspace::Workspace;
use crate::engine::task::Task;
use crate::loss::Real;
use crate::measure::Moments;

/// Chains of one row to measure.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// State, one array of lanes per word.
    pub(super) memory: &'a [[u32; LANES]],
    /// Step at which each chain diverged, or [`NOT_DIVERGED`].
    pub(super) diverged: &'a mut [u32; LANES],
    /// Number of leading lanes that hold a chain.
    pub(super) filled: usize,
    /// Steps done.
    pub(super) now: u32,
}

/// Computes moments of every output over the chains of a row that have not diverged. Chains with a loss or gradient that is
/// not finite diverge first.
#[inline(always)]
pub(super) fn measure<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    sample: Sample<'_>,
    moments: &mut [Moments],
) {
    observe(task, tables, space, sample.memory);
    let (diverged, filled) = (sample.diverged, sample.filled);
    for output in 0..task.checked {
        mark_not_finite(space.observed(task, output), sample.now, diverged);
    }
    // Nearly all rows are complete. Their length is a constant and no lane has to be selected.
    let complete = filled == LANES && diverged.iter().fold(0, |any, &step| any | !step) == 0;
    for (output, moments) in moments.iter_mut().enumerate() {
        let row = space.observed(task, output);
        let mut values = [0.0; LANES];
        *moments = if complete {
            for (value, x) in values.iter_mut().zip(row) {
                *value = x.to_f64();
            }
            Moments::from_slice(&values)
        } else {
            let mut count = 0;
            for (value, lane) in values.iter_mut().zip(alive(diverged, filled)) {
                *value = row[lane].to_f64();
                count += 1;
            }
            Moments::from_slice(&values[..count])
        };
    }
}

/// Records step `now` for chains with a value that is not finite, unless they diverged before.
#[inline(always)]
fn mark_not_finite<T: Real>(values: &[T; LANES], now: u32, diverged: &mut [u32; LANES]) {
    // Zero times infinity or NaN is NaN.
    let is_not_finite = |x: T| u32::from(x * T::ZERO != T::ZERO);
    if values.iter().fold(0, |any, &x| any | is_not_finite(x)) == 0 {
        return;
    }
    for (diverged, &x) in diverged.iter_mut().zip(values) {
        let seen = if is_not_finite(x) == 0 {
            NOT_DIVERGED
        } else {
            now
        };
        *diverged = seen.min(*diverged);
    }
}

/// Runs the data passes and the observing program; [`Workspace::observed`] then returns the outputs.
#[inline(always)]
pub(super) fn observe<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    memory: &[[u32; LANES]],
) {
    let rows = space.observe.as_mut();
    shadow::read(task, memory, &mut rows[..task.state]);
    let mut first = task.state;
    for ((data_pass, accumulator), table) in
        (task.data_passes.iter().zip(&mut space.data_passes)).zip(&tables.data_passes)
    {
        let program = &data_pass.example_sum.program;
        accumulator.begin(&rows[..task.state]);
        for example in table.chunks(data_pass.table.width) {
            broadcast(example, accumulator.example());
            accumulator.add(program);
        }
        let sums = data_pass.example_sum.sums;
        accumulator.finish(&mut rows[first..first + sums]);
        first += sums;
    }
    space.runner.run(&task.observe, rows);
}
