//! Running programs on the CPU, over blocks of chains.

use super::op::{Op, OpVisitor};
use super::program::{End, Instruction, Pass, Program};
use super::real::Real;
use super::separable::{MAX_UNROLLED_STEPS, UnrolledSteps};
use std::cell::Cell;

/// Lanes that one turn of the inner loop takes into registers: one AVX-512 register of `f32`.
const WIDTH: usize = 16;

impl Program {
    /// Fills the rows of the constants. Needed once per workspace: [`run`](Self::run) leaves them alone.
    ///
    /// # Panics
    /// Where there are fewer than [`row_count`](Self::row_count) rows.
    pub fn prepare<T: Real, const B: usize>(&self, rows: &mut [[T; B]]) {
        for (row, constant) in rows[self.inputs..self.rows].iter_mut().zip(&self.constants) {
            *row = [T::from_f64(*constant); B];
        }
    }

    /// Runs once over a block of `B` chains: inputs in the first [`input_count`](Self::input_count) rows, outputs in
    /// the rows that [`output_row`](Self::output_row) names.
    ///
    /// Costs an indirect jump or two per pass and block. Inlined so that a caller with `#[target_feature]` decides the
    /// instruction set.
    ///
    /// # Panics
    /// Where there are fewer than [`row_count`](Self::row_count) rows.
    #[inline(always)]
    pub fn run<T: Real, const B: usize>(&self, rows: &mut [[T; B]]) {
        let rows = &Cells::new(&mut rows[..self.rows]);
        for pass in &self.passes {
            match *pass {
                Pass::One(ref instruction) => instruction.op.dispatch(Lanes { rows, instruction }),
                Pass::Joined {
                    ops,
                    arguments,
                    end,
                    result,
                } => {
                    let end = match end {
                        End::Nothing => Ending::Nothing,
                        End::Add(added) => Ending::Add(rows.row(added)),
                        End::Step(of) => Ending::Step(of.map(|row| rows.row(row))),
                    };
                    run_joined(rows, ops, arguments, rows.row(result), &end);
                }
            }
        }
    }

    /// Outputs at one point, in `f64`.
    ///
    /// # Panics
    /// Where the number of inputs is not [`input_count`](Self::input_count).
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

/// Rows that loops read and write whichever of them are the same: the rows of a pass are found, and their numbers checked,
/// before its loop and not in it.
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

/// Fills a row some lanes at a time. All that such a group needs is read before any of it is written, because the row may be one
/// of those that are read: so compilers need no proof that it is not before they use vector registers.
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

/// One instruction and the rows it works on.
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

/// What is done with the value of joined instructions; as [`End`].
enum Ending<'a, T, const B: usize> {
    Nothing,
    Add(&'a [Cell<T>; B]),
    Step([&'a [Cell<T>; B]; 4]),
    /// Steps of the row that is written: the draws of each, their amplitude, and the factor of the value. Squares are added up.
    Steps {
        draws: &'a [&'a [Cell<T>; B]],
        amplitude: T,
        factor: T,
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
    /// Where there are fewer rows than those of the program and of the [`DrawRows`](super::DrawRows), or no multiple of 32 chains.
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
            let end = Ending::Steps {
                draws: &draws[..self.steps],
                amplitude: rows.row(one.amplitude)[0].get(),
                factor: rows.row(one.factor)[0].get(),
                squares: &squares,
            };
            run_joined(rows, one.ops, one.arguments, own, &end);
        }
        // "<" and not "≤": if bound² overflows or underflows, the square of a larger number may equal it. NaN compares false.
        let squares = squares.get();
        (squares.as_flattened().iter()).all(|&sum| sum < bound * bound)
    }
}

/// Runs one or two instructions, of which the second takes the first's result, which is kept in registers, and their end.
#[inline(always)]
fn run_joined<T: Real, const B: usize>(
    rows: &Cells<'_, T, B>,
    [first, second]: [Op; 2],
    [a, b, c, d, e]: [u32; 5],
    result: &[Cell<T>; B],
    end: &Ending<'_, T, B>,
) {
    let (a, b, c) = (rows.row(a), rows.row(b), rows.row(c));
    let (d, e) = (rows.row(d), rows.row(e));
    macro_rules! match_both {
        ($($one:ident)*) => {
            match first {
                $(Op::$one => {
                    let first = |at: usize| Op::$one.apply(a[at].get(), b[at].get(), c[at].get());
                    match second {
                        Op::Copy => finish(result, end, first),
                        Op::Mul => finish(result, end, |at| first(at) * d[at].get()),
                        Op::MulAdd => {
                            finish(result, end, |at| d[at].get().mul_add(e[at].get(), first(at)));
                        }
                        Op::NegMulAdd => finish(result, end, |at| {
                            Op::NegMulAdd.apply(d[at].get(), e[at].get(), first(at))
                        }),
                        other => unreachable!("no pass goes on with {other:?}"),
                    }
                })*
                other => unreachable!("no pass begins with {other:?}"),
            }
        };
    }
    match_both!(Mul MulAdd NegMulAdd MulSub);
}

/// Writes what the end makes of the values of lanes.
#[inline(always)]
fn finish<T: Real, const B: usize>(
    result: &[Cell<T>; B],
    end: &Ending<'_, T, B>,
    value: impl Fn(usize) -> T,
) {
    match *end {
        Ending::Nothing => each_lane(result, value),
        Ending::Add(added) => each_lane(result, |at| added[at].get() + value(at)),
        Ending::Step([a, b, factor, from]) => each_lane(result, |at| {
            let noise = a[at].get() * b[at].get();
            from[at].get() + Op::NegMulAdd.apply(factor[at].get(), value(at), noise)
        }),
        Ending::Steps {
            draws,
            amplitude,
            factor,
            squares,
        } => {
            // Two sets, so that a sum need not wait for the one before.
            let mut sums = squares.get();
            // Not group by group: the steps of one wait for each other.
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
