//! The inner loop: one row of [`LANES`] chains through many steps, everything it touches in the first-level cache.

use crate::engine::{Drawn, Task};
use crate::loss::Real;
use crate::plan::{self, Leg};
use crate::random::{draw, prepare, uniform};

pub(super) const LANES: usize = plan::LANES as usize;

/// The value of `departed` for a chain that has not left.
pub(super) const STAYED: u32 = u32::MAX;

/// The chains of one row in memory.
#[derive(Debug)]
pub(super) struct Row<'a, T> {
    /// One array of lanes per parameter.
    pub(super) state: &'a mut [[T; LANES]],
    /// The step at which each chain left, or [`STAYED`].
    pub(super) departed: &'a mut [u32; LANES],
    /// Number of the row's first chain in the sweep.
    pub(super) first_chain: u64,
}

/// Room for both programs, reused from row to row by one thread.
#[derive(Debug)]
pub(super) struct Workspace<T> {
    pub(super) step: Vec<[T; LANES]>,
    pub(super) observe: Vec<[T; LANES]>,
}

impl<T: Real> Workspace<T> {
    pub(super) fn new(task: &Task) -> Self {
        let zero = [T::from_f64(0.0); LANES];
        let mut space = Self {
            step: vec![zero; task.step.row_count()],
            observe: vec![zero; task.observe.row_count()],
        };
        task.step.prepare(&mut space.step);
        task.observe.prepare(&mut space.observe);
        space
    }

    /// Sets the uniform inputs, which follow the parameters (and draws).
    pub(super) fn set_uniforms(&mut self, task: &Task, step: &[f64], observe: &[f64]) {
        let first = task.parameters + task.draws as usize;
        for (row, &value) in self.step[first..].iter_mut().zip(step) {
            row.fill(T::from_f64(value));
        }
        for (row, &value) in self.observe[task.parameters..].iter_mut().zip(observe) {
            row.fill(T::from_f64(value));
        }
    }
}

/// Advances a row by the steps of a leg.
///
/// A chain that leaves goes on as garbage to the end of the leg: nothing else would be cheaper. The step at which it
/// left is exact all the same, and its state is cleared, so that nothing depends on where legs end.
#[inline(always)]
pub(super) fn advance<T: Real + From<f32>>(task: &Task, space: &mut Workspace<T>, row: Row<'_, T>, leg: Leg) {
    let rows = space.step.as_mut_slice();
    let size = task.parameters;
    rows[..size].copy_from_slice(row.state);
    let bound = T::from_f64(task.bound);
    let mut inside = [0u32; LANES];
    for (inside, &departed) in inside.iter_mut().zip(row.departed.iter()) {
        *inside = u32::from(departed == STAYED);
    }
    let mut survived = [0u32; LANES];
    let mut words = [[0u32; LANES]; 4];

    let end = leg.begin + leg.steps;
    let mut step = leg.begin;
    while step < end {
        let (block, phase) = task.noise_position(step);
        let count = u64::from(task.addresses.steps_per_block - phase).min(end - step) as u32;
        if task.draws > 0 {
            fill(task, block, row.first_chain, &mut words);
        }
        for k in 0..count {
            let first = (phase + k) * task.addresses.width;
            draw_step(task, block, first, row.first_chain, &mut words, &mut rows[size..]);
            task.step.run(rows);
            watch(&rows[..size], bound, &mut inside, &mut survived);
        }
        step += u64::from(count);
    }
    row.state.copy_from_slice(&rows[..size]);
    settle(row, leg.begin, &inside, &survived);
}

/// The words of one noise block, made ready for drawing.
#[inline(always)]
fn fill(task: &Task, block: u64, first_chain: u64, words: &mut [[u32; LANES]; 4]) {
    task.stream.rows(block, first_chain, words);
    prepare(task.noise, words);
}

/// What the chains of one row draw from one noise block.
pub(super) fn drawn(task: &Task, block: u64, first_chain: u64) -> [Drawn; LANES] {
    let mut raw = [[0u32; LANES]; 4];
    task.stream.rows(block, first_chain, &mut raw);
    let mut prepared = raw;
    prepare(task.noise, &mut prepared);
    std::array::from_fn(|lane| {
        let words = raw.map(|row| row[lane]);
        [words, words.map(|word| uniform(word).to_bits()), prepared.map(|row| row[lane])]
    })
}

/// Puts the draws of one step into the rows where the program reads them. A step with more draws than a block holds
/// reads several blocks, of which `words` holds the first.
#[inline(always)]
fn draw_step<T: Real + From<f32>>(
    task: &Task,
    block: u64,
    first: u32,
    first_chain: u64,
    words: &mut [[u32; LANES]; 4],
    rows: &mut [[T; LANES]],
) {
    let per_block = task.noise.draws_per_block();
    for (index, row) in (0..task.draws).zip(rows) {
        let at = first + index;
        if index > 0 && at % per_block == 0 {
            fill(task, block + u64::from(at / per_block), first_chain, words);
        }
        draw(task.noise, words, at % per_block, row);
    }
}

/// Notes which chains are still inside the bound; comparisons with NaN are false, so NaN is outside.
#[inline(always)]
fn watch<T: Real>(state: &[[T; LANES]], bound: T, inside: &mut [u32; LANES], survived: &mut [u32; LANES]) {
    for row in state {
        for lane in 0..LANES {
            inside[lane] &= u32::from(row[lane].abs() <= bound);
        }
    }
    for lane in 0..LANES {
        survived[lane] += inside[lane];
    }
}

/// Marks the chains that have left during a leg and clears their state.
#[inline(always)]
fn settle<T: Real>(row: Row<'_, T>, begin: u64, inside: &[u32; LANES], survived: &[u32; LANES]) {
    for lane in 0..LANES {
        if inside[lane] == 1 {
            continue;
        }
        if row.departed[lane] == STAYED {
            let step = begin + u64::from(survived[lane]) + 1;
            row.departed[lane] = step.min(u64::from(STAYED - 1)) as u32;
        }
        for values in row.state.iter_mut() {
            values[lane] = T::from_f64(0.0);
        }
    }
}

/// Evaluates the observing program; its outputs are then in `space.observe`.
#[inline(always)]
pub(super) fn observe<T: Real + From<f32>>(task: &Task, space: &mut Workspace<T>, state: &[[T; LANES]]) {
    space.observe[..task.parameters].copy_from_slice(state);
    task.observe.run(&mut space.observe);
}
