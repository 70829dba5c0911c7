//! The inner loop: one row of [`LANES`] chains through many steps, everything it touches in the first-level cache.

use super::SimdLevel;
use super::examples::{Gathering, Picks, Tables, broadcast};
use super::level::Runner;
use super::memory::{self, Held};
use super::noise::{Noise, Words, raw};
use crate::engine::results::ChainNoise;
use crate::engine::task::{Task, Uniforms};
use crate::loss::{Program, Real};
use crate::measure::Moments;
use crate::plan::{self, Segment};
use crate::random::{CACHE_LINE, CacheAligned, NoiseBlock, uniform, variates_from_words};

pub(super) const LANES: usize = plan::LANES as usize;

/// The value of `diverged` for a chain that has not left.
pub(super) const NOT_DIVERGED: u32 = u32::MAX;

/// The chains of one row in memory.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// One array of lanes per word.
    pub(super) memory: &'a mut [[u32; LANES]],
    /// The step at which each chain left, or [`NOT_DIVERGED`].
    pub(super) diverged: &'a mut [u32; LANES],
    /// Number of the row's first chain in the sweep.
    pub(super) first_chain: u64,
}

/// Rows that begin on cache lines.
#[derive(Debug)]
pub(super) struct Rows<T> {
    /// The rows, after as many elements as lie before the first line.
    values: Vec<T>,
    first: usize,
}

impl<T: Real> Rows<T> {
    fn new(count: usize) -> Self {
        let values = vec![T::ZERO; count * LANES + CACHE_LINE / size_of::<T>()];
        // Where an offset cannot be told (`usize::MAX`), the rows merely lie less well.
        let first = values
            .as_ptr()
            .align_offset(CACHE_LINE)
            .min(CACHE_LINE / size_of::<T>());
        Self { values, first }
    }

    /// Rows for a program, its constants filled in.
    pub(super) fn for_program(program: &Program) -> Self {
        Self::with_count(program, program.row_count())
    }

    /// So many rows, the first of which are for a program.
    fn with_count(program: &Program, count: usize) -> Self {
        let mut rows = Self::new(count);
        program.prepare(rows.as_mut());
        rows
    }

    #[inline(always)]
    pub(super) fn as_mut(&mut self) -> &mut [[T; LANES]] {
        self.values[self.first..].as_chunks_mut().0
    }

    /// One row.
    pub(super) fn get(&self, row: usize) -> &[T; LANES] {
        &self.values[self.first..].as_chunks().0[row]
    }
}

/// Room for all programs, reused from row to row by one thread.
#[derive(Debug)]
pub(super) struct Workspace<T> {
    step: Rows<T>,
    noise: Noise,
    held: Held,
    /// The state before steps that are made at once.
    before: Vec<[T; LANES]>,
    batch: Option<Gathering<T>>,
    observe: Rows<T>,
    data_passes: Vec<Gathering<T>>,
    runner: Runner<T>,
    /// The point and the phase of its schedule whose uniform inputs are set.
    at: Option<(usize, usize)>,
}

impl<T: Real> Workspace<T> {
    pub(super) fn new(task: &Task, level: SimdLevel) -> Self {
        let runner = level.runner();
        let noise = Noise::new(task, level.lookup());
        let example_sum = task
            .batch
            .as_ref()
            .and_then(|batch| batch.example_sum.as_ref());
        Self {
            step: Rows::with_count(&task.step, noise.row_count()),
            noise,
            held: Held::new(task),
            before: vec![[T::ZERO; LANES]; task.state],
            batch: example_sum.map(|example_sum| Gathering::new(task, example_sum, runner)),
            observe: Rows::for_program(&task.observe),
            data_passes: (task.data_passes.iter())
                .map(|data_pass| Gathering::new(task, &data_pass.example_sum, runner))
                .collect(),
            runner,
            at: None,
        }
    }

    /// An output of the observing program for all lanes, after [`observe`].
    pub(super) fn observed(&self, task: &Task, output: usize) -> &[T; LANES] {
        self.observe.get(task.observe.output_row(output))
    }

    /// Sets the uniform inputs to those of a point in a phase of its schedule.
    pub(super) fn go_to(&mut self, task: &Task, point: usize, phase: usize) {
        if self.at == Some((point, phase)) {
            return;
        }
        self.at = Some((point, phase));
        let Uniforms { step, observe } = &task.uniforms[point][phase];
        let step_rows = &mut self.step.as_mut()[task.first_uniform()..];
        for (row, &value) in step_rows.iter_mut().zip(step) {
            row.fill(T::from_f64(value));
        }
        let observe_rows = &mut self.observe.as_mut()[task.first_scale()..];
        for (row, &value) in observe_rows.iter_mut().zip(observe) {
            row.fill(T::from_f64(value));
        }
    }
}

/// The largest |x| a chain may reach. Whatever is wanted, what is infinite has left.
fn bound<T: Real + From<f32>>(task: &Task) -> T {
    let bound = T::from_f64(task.bound);
    let is_finite = bound * T::ZERO == T::ZERO;
    if is_finite { bound } else { f32::MAX.into() }
}

/// Advances a row by the steps of a segment.
///
/// A chain that leaves goes on as garbage to the end of the segment: nothing else would be cheaper. The step at which it
/// left is exact all the same, and its state is cleared, so that nothing depends on where segments end.
#[inline(always)]
pub(super) fn advance<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    row: Row<'_>,
    segment: Segment,
) {
    let (rows, batch, held) = (space.step.as_mut(), &mut space.batch, &mut space.held);
    let size = task.state;
    held.take(task, row.memory, rows);
    let bound = bound(task);
    let mut diverged = CacheAligned(*row.diverged);
    let mut words = Words::new();
    let mut picks = (task.batch.as_ref()).map(|batch| Picks::new(task, batch, row.first_chain));

    let mut together = space.noise.together();
    let end = segment.begin + segment.steps;
    let mut step = segment.begin;
    while step < end {
        let (block, phase) = task.position(step);
        let shared = task.addresses.steps_per_block;
        let (phase, count) = if shared == 1 {
            (0, 1)
        } else {
            (phase, u64::from(shared - phase).min(end - step) as u32)
        };
        (space.noise).begin(task, &mut words, block, row.first_chain, rows);
        let mut k = 0;
        while k < count {
            let first = (phase + k) * task.addresses.width;
            if let Some(several) = together.filter(|several| several.steps() <= count - k) {
                space.before.copy_from_slice(&rows[..size]);
                (space.noise).draw_together(task, &words, first, rows);
                if space.runner.run_unrolled(several, rows, bound) {
                    k += several.steps();
                    step += u64::from(several.steps());
                    continue;
                }
                // A chain may have left: to find when, the steps are made again one by one. Its lane goes on as garbage.
                rows[..size].copy_from_slice(&space.before);
                together = None;
            }
            let program = (space.noise).draw(task, &mut words, block, first, row.first_chain, rows);
            if let Some(picks) = &mut picks {
                picks.serve(step, tables, rows, batch.as_mut());
            }
            space.runner.run(program, rows);
            held.settle(task, step, row.first_chain, rows);
            k += 1;
            step += 1;
            let now = step.min(u64::from(NOT_DIVERGED - 1)) as u32;
            watch(&rows[..size], bound, now, &mut diverged.0);
        }
    }
    held.put(task, &rows[..size], row.memory);
    *row.diverged = diverged.0;
    clear_departed(row);
}

/// What the chains of one row draw from one noise block.
pub(super) fn drawn(task: &Task, block: u64, first_chain: u64) -> [ChainNoise; LANES] {
    let mut prepared: NoiseBlock<LANES> = [[0; LANES]; 8];
    task.stream.rows(block, first_chain, raw(&mut prepared));
    let words = *raw(&mut prepared);
    variates_from_words(task.noise, &mut prepared);
    std::array::from_fn(|lane| {
        let words = words.map(|row| row[lane]);
        let half = |first: usize| std::array::from_fn(|row| prepared[first + row][lane]);
        ChainNoise {
            random_words: words,
            uniform_bits: words.map(|word| uniform(word).to_bits()),
            variates: half(0),
            more_variates: half(4),
        }
    })
}

/// Sums that [`watch`] makes of the numbers of a row: with half as many each would wait for the one before.
const WATCHED: usize = 32;

/// Notes for chains beyond the bound that they left at step `now`, if they had not left before; comparisons with NaN
/// are false, so NaN is beyond.
#[inline(always)]
fn watch<T: Real>(state: &[[T; LANES]], bound: T, now: u32, diverged: &mut [u32; LANES]) {
    let square = bound * bound;
    for row in state {
        // Mostly none is, which sums of squares show at one operation for each number: a rounded sum of what is not negative is no
        // less than any of it, and NaN where any of it is. Sums must be below: where the square of the bound overflows or vanishes,
        // those of numbers beyond may be no larger.
        let mut sums = [T::ZERO; WATCHED];
        for group in row.as_chunks::<WATCHED>().0 {
            for (sum, &x) in sums.iter_mut().zip(group) {
                *sum = x.mul_add(x, *sum);
            }
        }
        if sums.iter().all(|&sum| sum < square) {
            continue;
        }
        let beyond = |x: T| 1 - u32::from(x <= bound);
        for (diverged, x) in diverged.iter_mut().zip(row) {
            let seen = if beyond(x.abs()) == 0 {
                NOT_DIVERGED
            } else {
                now
            };
            *diverged = seen.min(*diverged);
        }
    }
}

/// Clears the state of the chains that have left: words of zeros are the number zero however it is held.
#[inline(always)]
fn clear_departed(row: Row<'_>) {
    for words in row.memory {
        for (word, &diverged) in words.iter_mut().zip(row.diverged.iter()) {
            if diverged != NOT_DIVERGED {
                *word = 0;
            }
        }
    }
}

/// The chains of one row that is measured.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// One array of lanes per word.
    pub(super) memory: &'a [[u32; LANES]],
    /// As that of [`Row`].
    pub(super) diverged: &'a mut [u32; LANES],
    /// Lanes that hold a chain: the first ones.
    pub(super) filled: usize,
    /// Steps done.
    pub(super) now: u32,
}

/// Moments of every output over the chains of a row that have not left. One whose loss or gradient is not finite leaves first.
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
        dismiss(space.observed(task, output), sample.now, diverged);
    }
    // Nearly all rows are whole: their numbers need not be picked one by one, and are so many as the compiler knows.
    let whole = filled == LANES && diverged.iter().fold(0, |any, &step| any | !step) == 0;
    for (output, moments) in moments.iter_mut().enumerate() {
        let row = space.observed(task, output);
        let mut values = [0.0; LANES];
        *moments = if whole {
            for (value, x) in values.iter_mut().zip(row) {
                *value = x.to_f64();
            }
            Moments::from_slice(&values)
        } else {
            let alive = (0..filled).filter(|&lane| diverged[lane] == NOT_DIVERGED);
            let mut count = 0;
            for (value, lane) in values.iter_mut().zip(alive) {
                *value = row[lane].to_f64();
                count += 1;
            }
            Moments::from_slice(&values[..count])
        };
    }
}

/// Notes for chains with a number that is not finite that they left at step `now`, if they had not left before.
#[inline(always)]
fn dismiss<T: Real>(values: &[T; LANES], now: u32, diverged: &mut [u32; LANES]) {
    // Zero times infinity or NaN is NaN.
    let gone = |x: T| u32::from(x * T::ZERO != T::ZERO);
    if values.iter().fold(0, |any, &x| any | gone(x)) == 0 {
        return;
    }
    for (diverged, &x) in diverged.iter_mut().zip(values) {
        let seen = if gone(x) == 0 { NOT_DIVERGED } else { now };
        *diverged = seen.min(*diverged);
    }
}

/// Evaluates the observing program; [`Workspace::observed`] then gives its outputs.
#[inline(always)]
pub(super) fn observe<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    memory: &[[u32; LANES]],
) {
    let rows = space.observe.as_mut();
    memory::read(task, memory, &mut rows[..task.state]);
    let mut first = task.state;
    for ((data_pass, gathering), table) in
        (task.data_passes.iter().zip(&mut space.data_passes)).zip(&tables.data_passes)
    {
        let program = &data_pass.example_sum.program;
        gathering.begin(&rows[..task.state]);
        for example in table.chunks(data_pass.table.width) {
            broadcast(example, gathering.example());
            gathering.add(program);
        }
        let sums = data_pass.example_sum.sums;
        gathering.finish(&mut rows[first..first + sums]);
        first += sums;
    }
    space.runner.run(&task.observe, rows);
}
