//! Loop fusion for the CPU: instructions that share one loop over the lanes of a row.
//!
//! An instruction whose result only the next instruction reads need not store it: both run in one loop and the value
//! stays in a register.

use super::op::Op;

/// One operation on rows. Lanes do not mix, so an instruction may write a row that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) op: Op,
    pub(super) arguments: [u32; 3],
    pub(super) result: u32,
}

/// One loop over the lanes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowLoop {
    Single(Instruction),
    /// A product or multiply-add, optionally a second operation on its result, and an epilogue.
    Fused {
        /// The second is `Copy` if there is none.
        ops: [Op; 2],
        /// Rows read by the first operation, then those read by the second beside the first's result.
        arguments: [u32; 5],
        epilogue: Epilogue,
        result: u32,
    },
}

impl RowLoop {
    /// Rows that the loop reads.
    pub(super) fn arguments_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        let (arguments, more): (&mut [u32], &mut [u32]) = match self {
            Self::Single(instruction) => (&mut instruction.arguments, &mut []),
            Self::Fused {
                arguments,
                epilogue,
                ..
            } => match epilogue {
                Epilogue::Store => (arguments, &mut []),
                Epilogue::Add(row) => (arguments, std::slice::from_mut(row)),
                Epilogue::GradientStep(rows) => (arguments, rows),
            },
        };
        arguments.iter_mut().chain(more)
    }
}

/// Last part of a fused loop: computes the stored result from the value v of the operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Epilogue {
    /// v.
    Store,
    /// v plus a row.
    Add(u32),
    /// A gradient step with noise, d + (a b − c v), for the rows a, b, c, d.
    GradientStep([u32; 4]),
}

/// Fuses instructions greedily, in program order. `outputs` are the rows that are read after a run.
pub(super) fn fuse(
    code: &[Instruction],
    rows: usize,
    outputs: impl Iterator<Item = u32>,
) -> Vec<RowLoop> {
    let fusion = Fusion {
        code,
        last_reader: last_readers(code, rows, outputs),
    };
    let mut loops = Vec::new();
    let mut index = 0;
    while let Some(&first) = code.get(index) {
        let (row_loop, length) = (fusion.fused(index)).unwrap_or((RowLoop::Single(first), 1));
        loops.push(row_loop);
        index += length;
    }
    loops
}

/// Last reader of each instruction's result: `None` if nothing reads it, `code.len()` if it is read after the run.
fn last_readers(
    code: &[Instruction],
    rows: usize,
    outputs: impl Iterator<Item = u32>,
) -> Vec<Option<usize>> {
    let mut reader = vec![None; rows];
    outputs.for_each(|row| reader[row as usize] = Some(code.len()));
    let mut readers = vec![None; code.len()];
    for (index, instruction) in code.iter().enumerate().rev() {
        readers[index] = reader[instruction.result as usize].take();
        for source in instruction.sources() {
            reader[*source as usize].get_or_insert(index);
        }
    }
    readers
}

/// Code with the last reader of each result.
struct Fusion<'a> {
    code: &'a [Instruction],
    last_reader: Vec<Option<usize>>,
}

impl Fusion<'_> {
    /// The instruction after `index`, if it is the only reader of the result of `index`.
    fn only_reader(&self, index: usize) -> Option<Instruction> {
        let next = (self.last_reader[index] == Some(index + 1)).then_some(index + 1)?;
        self.code.get(next).copied()
    }

    /// A fused loop that begins at `index`, and the number of its instructions; `None` if it would have only one.
    fn fused(&self, index: usize) -> Option<(RowLoop, usize)> {
        let first = self.code[index];
        if !first.op.info().fuses {
            return None;
        }
        let [a, b, c] = first.arguments;
        let second = (self.only_reader(index))
            .and_then(|second| Some((second, second.continues(first.result)?)));
        let (ops, arguments, result, length) = match second {
            Some((second, [d, e])) => ([first.op, second.op], [a, b, c, d, e], second.result, 2),
            None => ([first.op, Op::Copy], [a, b, c, a, a], first.result, 1),
        };
        let (epilogue, result, more) = (self.gradient_step(index + length - 1))
            .or_else(|| self.addition(index + length - 1))
            .unwrap_or((Epilogue::Store, result, 0));
        let row_loop = RowLoop::Fused {
            ops,
            arguments,
            epilogue,
            result,
        };
        (length + more > 1).then_some((row_loop, length + more))
    }

    /// An addition to the result of `index`: epilogue, result row and number of instructions.
    fn addition(&self, index: usize) -> Option<(Epilogue, u32, usize)> {
        let sum = self.only_reader(index)?;
        let added = sum.addend(self.code[index].result)?;
        Some((Epilogue::Add(added), sum.result, 1))
    }

    /// A gradient step along the result of `index`. Its three instructions are the product of amplitude and draw, the
    /// multiply-add of that product with −η v, and the addition to the state.
    fn gradient_step(&self, index: usize) -> Option<(Epilogue, u32, usize)> {
        let gradient = self.code[index].result;
        let (noise, increment) = (self.code.get(index + 1)?, self.only_reader(index + 1)?);
        let [a, b, _] = noise.arguments;
        let [c, v, addend] = increment.arguments;
        let factor = match increment.op {
            Op::NegMulAdd if v == gradient => c,
            Op::NegMulAdd if c == gradient => v,
            _ => return None,
        };
        let read_once = self.last_reader[index] == Some(index + 2)
            && ![a, b, factor, addend].contains(&gradient)
            && ![c, v].contains(&noise.result);
        if noise.op != Op::Mul || addend != noise.result || !read_once {
            return None;
        }
        let next = self.only_reader(index + 2)?;
        let state = next.addend(increment.result)?;
        // The fused loop stores neither the gradient nor the noise, so the state cannot come from their rows.
        let is_stored = ![gradient, noise.result].contains(&state);
        is_stored.then_some((
            Epilogue::GradientStep([a, b, factor, state]),
            next.result,
            3,
        ))
    }
}

impl Instruction {
    fn sources(&self) -> &[u32] {
        &self.arguments[..self.op.info().arity]
    }

    /// The other arguments, if the instruction is a product with `row` or a multiply-add onto it and reads `row` once.
    fn continues(&self, row: u32) -> Option<[u32; 2]> {
        let [a, b, c] = self.arguments;
        match self.op {
            Op::MulAdd | Op::NegMulAdd if c == row && a != row && b != row => Some([a, b]),
            Op::Mul if a == row && b != row => Some([b, b]),
            Op::Mul if b == row && a != row => Some([a, a]),
            _ => None,
        }
    }

    /// The other argument, if the instruction is an addition that reads `row` once.
    fn addend(&self, row: u32) -> Option<u32> {
        let [a, b, _] = self.arguments;
        match self.op {
            Op::Add if a == row && b != row => Some(b),
            Op::Add if b == row && a != row => Some(a),
            _ => None,
        }
    }
}
