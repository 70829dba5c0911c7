//! Running programs on the CPU, over blocks of chains.

use super::op::{Op, Visit};
use super::program::{Instruction, Pass, Program};
use super::real::Real;

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
        let rows = &mut rows[..self.rows];
        for pass in &self.passes {
            match *pass {
                Pass::One(ref instruction) => instruction.op.dispatch(Lanes { rows, instruction }),
                Pass::Two {
                    ops,
                    arguments: [a, b, c, d, e],
                    result,
                } => run_pair(ops, rows, [a, b, c, d, e, result], result, |value, _| value),
                Pass::Three {
                    ops,
                    arguments: [a, b, c, d, e],
                    added,
                    result,
                } => run_pair(ops, rows, [a, b, c, d, e, added], result, |value, added| {
                    added + value
                }),
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

/// One instruction and the rows it works on.
struct Lanes<'a, T, const B: usize> {
    rows: &'a mut [[T; B]],
    instruction: &'a Instruction,
}

impl<T: Real, const B: usize> Visit<T> for Lanes<'_, T, B> {
    /// Reads a few lanes of every argument before it writes those of the result, because the result's row may be an
    /// argument's: the compiler then needs no proof that they differ to use vector registers.
    #[inline(always)]
    fn with(self, meaning: impl Fn(T, T, T) -> T) {
        let [a, b, c] = self.instruction.arguments.map(|row| row as usize);
        let result = self.instruction.result as usize;
        let mut start = 0;
        while start + WIDTH <= B {
            let (x, y, z) = (&self.rows[a], &self.rows[b], &self.rows[c]);
            let mut lanes = [T::ZERO; WIDTH];
            for lane in 0..WIDTH {
                lanes[lane] = meaning(x[start + lane], y[start + lane], z[start + lane]);
            }
            self.rows[result][start..start + WIDTH].copy_from_slice(&lanes);
            start += WIDTH;
        }
        for lane in start..B {
            self.rows[result][lane] =
                meaning(self.rows[a][lane], self.rows[b][lane], self.rows[c][lane]);
        }
    }
}

/// Runs two instructions of which the second takes the first's result, which is kept in registers; of the second's result and
/// the sixth argument `finish` makes what is written.
#[inline(always)]
fn run_pair<T: Real, const B: usize>(
    [first, second]: [Op; 2],
    rows: &mut [[T; B]],
    arguments: [u32; 6],
    result: u32,
    finish: impl Fn(T, T) -> T,
) {
    let mut pair = Pair {
        rows,
        arguments,
        result,
        finish,
    };
    macro_rules! match_both {
        ($($one:ident)*) => {
            match first {
                $(Op::$one => match second {
                    Op::Mul => pair.with(|a, b, c, d, _| Op::$one.apply(a, b, c) * d),
                    Op::MulAdd => pair.with(|a, b, c, d, e| d.mul_add(e, Op::$one.apply(a, b, c))),
                    Op::NegMulAdd => pair.with(|a, b, c, d, e| {
                        Op::NegMulAdd.apply(d, e, Op::$one.apply(a, b, c))
                    }),
                    other => unreachable!("no pair ends with {other:?}"),
                },)*
                other => unreachable!("no pair begins with {other:?}"),
            }
        };
    }
    match_both!(Mul MulAdd NegMulAdd MulSub);
}

/// The rows of two instructions that are run as one.
struct Pair<'a, T, F, const B: usize> {
    rows: &'a mut [[T; B]],
    /// Those of the first, of the second but for the first's result, and what finishes.
    arguments: [u32; 6],
    result: u32,
    finish: F,
}

impl<T: Real, F: Fn(T, T) -> T, const B: usize> Pair<'_, T, F, B> {
    /// As [`Lanes::with`].
    #[inline(always)]
    fn with(&mut self, meaning: impl Fn(T, T, T, T, T) -> T) {
        let [a, b, c, d, e, f] = self.arguments;
        let (a, b, c) = (a as usize, b as usize, c as usize);
        let (d, e, f) = (d as usize, e as usize, f as usize);
        let result = self.result as usize;
        let mut start = 0;
        while start + WIDTH <= B {
            let (u, v, w) = (&self.rows[a], &self.rows[b], &self.rows[c]);
            let (x, y, z) = (&self.rows[d], &self.rows[e], &self.rows[f]);
            let mut lanes = [T::ZERO; WIDTH];
            for (at, lane) in (start..).zip(&mut lanes) {
                let value = meaning(u[at], v[at], w[at], x[at], y[at]);
                *lane = (self.finish)(value, z[at]);
            }
            self.rows[result][start..start + WIDTH].copy_from_slice(&lanes);
            start += WIDTH;
        }
        for lane in start..B {
            let value = meaning(
                self.rows[a][lane],
                self.rows[b][lane],
                self.rows[c][lane],
                self.rows[d][lane],
                self.rows[e][lane],
            );
            self.rows[result][lane] = (self.finish)(value, self.rows[f][lane]);
        }
    }
}
