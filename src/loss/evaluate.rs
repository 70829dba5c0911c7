//! Runs programs on the CPU over blocks of `B` chains.

use super::op::{Op, OpVisitor};
use super::program::Program;
use super::real::Real;
use super::row_loops::{Epilogue, Instruction, RowLoop};
use super::separable::{MAX_UNROLLED_STEPS, UnrolledSteps};
use std::cell::Cell;

/// Lanes per iteration of the inner loop: one AVX-512 register of `f32`.
const WIDTH: usize = 16;

impl Program {
    /// Fills the rows of constants. Once per workspace suffices: [`run`](Self::run) does not change them.
    ///
    /// # Panics
    /// If there are fewer than [`row_count`](Self::row_count) rows.
    pub fn prepare<T: Real, const B: usize>(&self, rows: &mut [[T; B]]) {
        for (row, constant) in rows[self.inputs..self.rows].iter_mut().zip(&self.constants) {
            *row = [T::from_f64(*constant); B];
        }
    }

    /// Runs once over a block of `B` chains. The first [`input_count`](Self::input_count) rows hold the inputs; the outputs
    /// are in the rows given by [`output_row`](Self::output_row).
    ///
    /// Overhead: one or two indirect jumps per loop over a row. Inlined so that a caller with `#[target_feature]` decides
    /// the instruction set.
    ///
    /// # Panics
    /// If there are fewer than [`row_count`](Self::row_count) rows.
    #[inline(always)]
    pub fn run<T: Real, const B: usize>(&self, rows: &mut [[T; B]]) {
        let rows = &Cells::new(&mut rows[..self.rows]);
        for row_loop in &self.row_loops {
            match *row_loop {
                RowLoop::Single(ref instruction) => {
                    instruction.op.dispatch(Lanes { rows, instruction })
                }
                RowLoop::Fused {
                    ops,
                    arguments,
                    epilogue,
                    result,
                } => {
                    let epilogue = match epilogue {
                        Epilogue::Store => BoundEpilogue::Store,
                        Epilogue::Add(added) => BoundEpilogue::Add(rows.row(added)),
                        Epilogue::GradientStep(of) => {
                            BoundEpilogue::GradientStep(of.map(|row| rows.row(row)))
                        }
                    };
                    run_fused(rows, ops, arguments, rows.row(result), &epilogue);
                }
            }
        }
    }

    /// Flat outputs at one point, in `f64`.
    ///
    /// # Panics
    /// If the number of inputs is not [`input_count`](Self::input_count).
    #[must_use]
    pub fn evaluate(&self, inputs: &[f64]) -> Vec<f64> {
        assert_eq!(inputs.len(), self.inputs, "one number per input slot");
        let mut rows = vec![[0.0]; self.rows];
        for (row, input) in rows.iter_mut().zip(inputs) {
            row[0] = *input;
        }
        self.prepare(&mut rows);
        self.run(&mut rows);
        self.outputs
            .iter()
            .map(|row| rows[*row as usize][0])
            .collect()
    }
}

/// Rows as cells, because a loop may write a row that it also reads. Row numbers are checked before each loop, not in it.
struct Cells<'a, T, const B: usize>(&'a [Cell<[T; B]>]);

impl<'a, T: Real, const B: usize> Cells<'a, T, B> {
    fn new(rows: &'a mut [[T; B]]) -> Self {
        Self(Cell::from_mut(rows).as_slice_of_cells())
    }

    #[inline(always)]
    fn row(&self, row: u32) -> &'a [Cell<T>; B] {
        self.0[row as usize].as_array_of_cells()
    }
}

/// Fills a row, [`WIDTH`] lanes at a time. Each group is read completely before any of it is written, so that the compiler
/// can vectorize without proving that the written row is not read.
#[inline(always)]
fn each_lane<T: Real, const B: usize>(result: &[Cell<T>; B], value: impl Fn(usize) -> T) {
    let (groups, rest) = result.as_chunks::<WIDTH>();
    let mut start = 0;
    for group in groups {
        let mut lanes = [T::ZERO; WIDTH];
        for (at, lane) in (start..).zip(&mut lanes) {
            *lane = value(at);
        }
        for (cell, lane) in group.iter().zip(lanes) {
            cell.set(lane);
        }
        start += WIDTH;
    }
    for (at, cell) in (start..).zip(rest) {
        cell.set(value(at));
    }
}

/// One instruction and the rows on which it operates.
struct Lanes<'a, T, const B: usize> {
    rows: &'a Cells<'a, T, B>,
    instruction: &'a Instruction,
}

impl<T: Real, const B: usize> OpVisitor<T> for Lanes<'_, T, B> {
    #[inline(always)]
    fn visit(self, meaning: impl Fn(T, T, T) -> T) {
        let [a, b, c] = self.instruction.arguments;
        let (a, b, c) = (self.rows.row(a), self.rows.row(b), self.rows.row(c));
        each_lane(self.rows.row(self.instruction.result), |at| {
            meaning(a[at].get(), b[at].get(), c[at].get())
        });
    }
}

/// An [`Epilogue`] with its rows resolved, or the iterations of [`UnrolledSteps`].
enum BoundEpilogue<'a, T, const B: usize> {
    Store,
    Add(&'a [Cell<T>; B]),
    GradientStep([&'a [Cell<T>; B]; 4]),
    /// Several gradient steps of the result row itself.
    UnrolledSteps {
        /// Row of draws of each step.
        draws: &'a [&'a [Cell<T>; B]],
        /// Factor of the draws.
        amplitude: T,
        /// Factor of the gradient.
        factor: T,
        /// Accumulates the squares of all states on the way.
        squares: &'a Cell<[[T; WIDTH]; 2]>,
    },
}

impl UnrolledSteps {
    /// Runs all iterations. Returns true only if no component exceeded `bound` or was NaN after any of them.
    ///
    /// The test is Σx² < bound²: a sum of squares is at least as large as each of its terms. It may return false without a
    /// component beyond the bound.
    ///
    /// # Panics
    /// If there are fewer rows than those of the program and of the [`DrawRows`](super::DrawRows), or `B` is not a multiple of 32.
    #[inline(always)]
    pub fn run<T: Real, const B: usize>(&self, rows: &mut [[T; B]], bound: T) -> bool {
        assert!(B.is_multiple_of(2 * WIDTH), "pairs of groups of lanes");
        let rows = &Cells::new(rows);
        let squares = Cell::new([[T::ZERO; WIDTH]; 2]);
        for one in &self.components {
            let own = rows.row(one.own);
            let mut draws = [own; MAX_UNROLLED_STEPS];
            for (draw, row) in draws.iter_mut().zip(one.draws).take(self.steps) {
                *draw = rows.row(row);
            }
            let epilogue = BoundEpilogue::UnrolledSteps {
                draws: &draws[..self.steps],
                amplitude: rows.row(one.amplitude)[0].get(),
                factor: rows.row(one.factor)[0].get(),
                squares: &squares,
            };
            run_fused(rows, one.ops, one.arguments, own, &epilogue);
        }
        // "<" and not "≤": if bound² overflows or underflows, the square of a larger number may equal it. NaN compares false.
        let squares = squares.get();
        (squares.as_flattened().iter()).all(|&sum| sum < bound * bound)
    }
}

/// Runs a fused loop: one or two operations, whose intermediate value stays in a register, and an epilogue.
#[inline(always)]
fn run_fused<T: Real, const B: usize>(
    rows: &Cells<'_, T, B>,
    [first, second]: [Op; 2],
    [a, b, c, d, e]: [u32; 5],
    result: &[Cell<T>; B],
    epilogue: &BoundEpilogue<'_, T, B>,
) {
    let (a, b, c) = (rows.row(a), rows.row(b), rows.row(c));
    let (d, e) = (rows.row(d), rows.row(e));
    macro_rules! match_both {
        ($($one:ident)*) => {
            match first {
                $(Op::$one => {
                    let first = |at: usize| Op::$one.apply(a[at].get(), b[at].get(), c[at].get());
                    match second {
                        Op::Copy => finish(result, epilogue, first),
                        Op::Mul => finish(result, epilogue, |at| first(at) * d[at].get()),
                        Op::MulAdd => {
                            finish(result, epilogue, |at| d[at].get().mul_add(e[at].get(), first(at)));
                        }
                        Op::NegMulAdd => finish(result, epilogue, |at| {
                            Op::NegMulAdd.apply(d[at].get(), e[at].get(), first(at))
                        }),
                        other => unreachable!("{other:?} never continues a fused loop"),
                    }
                })*
                other => unreachable!("{other:?} never begins a fused loop"),
            }
        };
    }
    match_both!(Mul MulAdd NegMulAdd MulSub);
}

/// Applies an epilogue to the values of all lanes and stores the result.
#[inline(always)]
fn finish<T: Real, const B: usize>(
    result: &[Cell<T>; B],
    epilogue: &BoundEpilogue<'_, T, B>,
    value: impl Fn(usize) -> T,
) {
    match *epilogue {
        BoundEpilogue::Store => each_lane(result, value),
        BoundEpilogue::Add(added) => each_lane(result, |at| added[at].get() + value(at)),
        BoundEpilogue::GradientStep([a, b, factor, from]) => each_lane(result, |at| {
            let noise = a[at].get() * b[at].get();
            from[at].get() + Op::NegMulAdd.apply(factor[at].get(), value(at), noise)
        }),
        BoundEpilogue::UnrolledSteps {
            draws,
            amplitude,
            factor,
            squares,
        } => {
            // Two independent accumulators per lane hide the latency of the multiply-add.
            let mut sums = squares.get();
            // Steps outside, groups inside: consecutive steps of one group depend on each other.
            for draw in draws {
                for group in 0..B / WIDTH {
                    let mut lanes = [T::ZERO; WIDTH];
                    for (at, lane) in (group * WIDTH..).zip(&mut lanes) {
                        let noise = amplitude * draw[at].get();
                        let moved = Op::NegMulAdd.apply(factor, value(at), noise);
                        *lane = result[at].get() + moved;
                    }
                    for (at, lane) in (group * WIDTH..).zip(lanes) {
                        result[at].set(lane);
                    }
                    for (sum, lane) in sums[group % 2].iter_mut().zip(lanes) {
                        *sum = lane.mul_add(lane, *sum);
                    }
                }
            }
            squares.set(sums);
        }
    }
}
