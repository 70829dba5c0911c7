//! Separable programs: each component of the state reads only itself and its own draw.
//!
//! Several iterations of such a program can run component by component ("unrolled"), which keeps a component in registers
//! from one iteration to the next.

use super::op::Op;
use super::program::Program;
use super::row_loops::{Epilogue, RowLoop};

/// Largest number of unrolled iterations: one block of noise has at most eight full-width normals.
pub const MAX_UNROLLED_STEPS: usize = 8;

/// Rows of the draws of several iterations: those of the first where the program reads them, the others after the
/// program's own rows, iteration by iteration.
#[derive(Debug, Clone, Copy)]
pub struct DrawRows {
    /// First input that is a draw; the inputs before it are the state.
    pub first: usize,
    /// Draws per iteration.
    pub count: usize,
    /// Iterations.
    pub steps: usize,
}

impl DrawRows {
    /// Row of draw `draw` of iteration `step`, for a program with `rows` rows.
    #[must_use]
    pub fn row(&self, rows: usize, step: usize, draw: usize) -> usize {
        match step {
            0 => self.first + draw,
            _ => rows + (step - 1) * self.count + draw,
        }
    }

    /// Rows in total, for a program with `rows` rows.
    #[must_use]
    pub fn row_count(&self, rows: usize) -> usize {
        rows + (self.steps - 1) * self.count
    }
}

/// One iteration of one component: `own += amplitude · draw − factor · value`, where the instructions `ops` compute the value
/// from `own` and constants.
#[derive(Debug)]
pub(super) struct ComponentStep {
    pub(super) ops: [Op; 2],
    pub(super) arguments: [u32; 5],
    pub(super) own: u32,
    pub(super) factor: u32,
    pub(super) amplitude: u32,
    /// Row of the draw in each iteration.
    pub(super) draws: [u32; MAX_UNROLLED_STEPS],
}

/// Several iterations of a program, component by component.
#[derive(Debug)]
pub struct UnrolledSteps {
    pub(super) components: Vec<ComponentStep>,
    pub(super) steps: usize,
}

impl UnrolledSteps {
    /// Number of iterations.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps as u32
    }
}

impl Program {
    /// Unrolls `draws.steps` iterations; `None` if the program is not separable.
    ///
    /// The program's outputs must be fed back to the state. Inputs that are neither state nor draws must have the same
    /// value in all lanes.
    #[must_use]
    pub fn unroll(&self, draws: DrawRows) -> Option<UnrolledSteps> {
        let components: Vec<ComponentStep> = (self.row_loops.iter())
            .map(|row_loop| self.component_step(row_loop, draws))
            .collect::<Option<_>>()?;
        (components.len() == draws.first && draws.steps <= MAX_UNROLLED_STEPS).then_some(
            UnrolledSteps {
                components,
                steps: draws.steps,
            },
        )
    }

    fn component_step(&self, row_loop: &RowLoop, draws: DrawRows) -> Option<ComponentStep> {
        let &RowLoop::Fused {
            ops,
            arguments,
            epilogue: Epilogue::GradientStep([a, b, factor, own]),
            result,
        } = row_loop
        else {
            return None;
        };
        let is_state = |row: u32| (row as usize) < draws.first;
        let draw_rows = draws.first..draws.first + draws.count;
        let is_draw = |row: u32| draw_rows.contains(&(row as usize));
        let [draw, amplitude] = if is_draw(a) { [a, b] } else { [b, a] };
        let changes = |row: u32| is_state(row) || is_draw(row);
        let is_separable = own == result
            && is_state(own)
            && is_draw(draw)
            && arguments.iter().all(|&row| row == own || !changes(row))
            && !changes(factor)
            && !changes(amplitude);
        is_separable.then(|| ComponentStep {
            ops,
            arguments,
            own,
            factor,
            amplitude,
            draws: std::array::from_fn(|step| {
                draws.row(self.rows, step, draw as usize - draws.first) as u32
            }),
        })
    }
}
