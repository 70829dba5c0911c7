//! Programs in which every number of a state goes its own way, so that many steps of one can be made before the next is looked at.

use super::op::Op;
use super::program::{End, Pass, Program};

/// Steps that can be made together: those that share a block of eight normals. Of smaller draws a block has more.
pub const MOST_STEPS: usize = 8;

/// Where the draws of several steps of a program lie: those of the first step where the program reads them, the others behind its
/// rows, step by step.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    /// The first input that is a draw; those before it are the state.
    pub first: usize,
    /// Draws of a step.
    pub count: usize,
    /// Steps.
    pub steps: usize,
}

impl Draws {
    /// The row of a draw of a step, of a program that has so many rows itself.
    #[must_use]
    pub fn row(&self, rows: usize, step: usize, draw: usize) -> usize {
        match step {
            0 => self.first + draw,
            _ => rows + (step - 1) * self.count + draw,
        }
    }

    /// The rows of such a program and of all draws.
    #[must_use]
    pub fn row_count(&self, rows: usize) -> usize {
        rows + (self.steps - 1) * self.count
    }
}

/// The step of one number of a state, which reads of all that changes nothing but itself and a draw. The factors of its gradient and
/// of the draw do not change.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) ops: [Op; 2],
    pub(super) arguments: [u32; 5],
    pub(super) own: u32,
    pub(super) factor: u32,
    pub(super) amplitude: u32,
    /// The rows of the draw in each step.
    pub(super) draws: [u32; MOST_STEPS],
}

/// Several steps of a program, number by number.
#[derive(Debug)]
pub struct Apart {
    pub(super) moves: Vec<Move>,
    pub(super) steps: usize,
}

impl Apart {
    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps as u32
    }
}

impl Program {
    /// The program for several steps, if each of its passes is the step of one number with a draw, and none reads what another
    /// writes. Feedback must lead to the state; inputs that are neither state nor draws must be the same for all chains.
    #[must_use]
    pub fn apart(&self, draws: Draws) -> Option<Apart> {
        let moves: Vec<Move> = (self.passes.iter())
            .map(|pass| self.moved(pass, draws))
            .collect::<Option<_>>()?;
        (moves.len() == draws.first && draws.steps <= MOST_STEPS).then_some(Apart {
            moves,
            steps: draws.steps,
        })
    }

    fn moved(&self, pass: &Pass, draws: Draws) -> Option<Move> {
        let &Pass::Joined {
            ops,
            arguments,
            end: End::Step([a, b, factor, own]),
            result,
        } = pass
        else {
            return None;
        };
        let is_state = |row: u32| (row as usize) < draws.first;
        let drawn = draws.first..draws.first + draws.count;
        let is_drawn = |row: u32| drawn.contains(&(row as usize));
        let [draw, amplitude] = if is_drawn(a) { [a, b] } else { [b, a] };
        let changes = |row: u32| is_state(row) || is_drawn(row);
        let is_apart = own == result
            && is_state(own)
            && is_drawn(draw)
            && arguments.iter().all(|&row| row == own || !changes(row))
            && !changes(factor)
            && !changes(amplitude);
        is_apart.then(|| Move {
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
