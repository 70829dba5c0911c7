//! Running programs on the CPU, over blocks of chains.

use super::op::Visit;
use super::program::{Instruction, Program};
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
    /// Costs one indirect jump per instruction and block. Inlined so that a caller with `#[target_feature]` decides the
    /// instruction set.
    ///
    /// # Panics
    /// Where there are fewer than [`row_count`](Self::row_count) rows.
    #[inline(always)]
    pub fn run<T: Real, const B: usize>(&self, rows: &mut [[T; B]]) {
        let rows = &mut rows[..self.rows];
        for instruction in &self.code {
            instruction.op.dispatch(Lanes { rows, instruction });
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
