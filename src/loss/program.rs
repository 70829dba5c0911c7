//! Programs: straight-line code on rows, one row per value and one lane per chain.

use std::collections::HashMap;
use std::sync::Arc;

use super::graph::Graph;
use super::op::Op;
use super::source::TensorSource;
use super::straight::{Step, Straight};

/// One operation on rows. A row may be both read and written: lanes do not mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) op: Op,
    pub(super) arguments: [u32; 3],
    pub(super) result: u32,
}

/// Instructions that are run as one, so that what one hands to the next need not be written and read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    One(Instruction),
    /// A product or a fused product and sum, perhaps another that adds to its result or multiplies it, and an end.
    Joined {
        /// The second is a copy where there is none.
        ops: [Op; 2],
        /// Those of the first and, but for the first's result, those of the second.
        arguments: [u32; 5],
        end: End,
        result: u32,
    },
}

impl Pass {
    /// The rows that are read.
    fn arguments_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        let (arguments, more): (&mut [u32], &mut [u32]) = match self {
            Self::One(instruction) => (&mut instruction.arguments, &mut []),
            Self::Joined { arguments, end, .. } => match end {
                End::Nothing => (arguments, &mut []),
                End::Add(row) => (arguments, std::slice::from_mut(row)),
                End::Step(rows) => (arguments, rows),
            },
        };
        arguments.iter_mut().chain(more)
    }
}

/// What a pass does with the value of its first instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Nothing,
    /// Adds a row.
    Add(u32),
    /// The step of a chain along its gradient v with noise: of rows a, b, c, d it makes d + (a b − c v).
    Step([u32; 4]),
}

/// Straight-line code for one or more outputs, ready to be run over blocks of chains or written as WGSL.
///
/// Rows are numbered: inputs, then constants, then working rows, which are used again as soon as their value is not
/// needed any more. Running never changes the rows of constants, nor those of inputs that no feedback names.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    pub(super) code: Vec<Instruction>,
    /// The code as the CPU runs it.
    pub(super) passes: Vec<Pass>,
    pub(super) rows: usize,
    pub(super) outputs: Vec<u32>,
    used: Vec<bool>,
    pub(super) source: Arc<TensorSource>,
}

impl Program {
    /// Compiles the outputs' elements, flattened row by row, one output after the other.
    ///
    /// Everything is unrolled into scalars; see [`Graph::scalar_operations`] for the size to expect.
    #[must_use]
    pub fn compile(graph: &Graph, outputs: &[super::NodeId]) -> Self {
        Self::compile_feedback(graph, outputs, &[])
    }

    /// Compiles with feedback: for each pair (flat output, flat input slot) the output ends in that input's row, so
    /// that running again continues from it. Every output is computed from the inputs as they were before the run.
    ///
    /// # Panics
    /// Where a pair is out of range or two pairs name the same slot.
    #[must_use]
    pub fn compile_feedback(
        graph: &Graph,
        outputs: &[super::NodeId],
        feedback: &[(usize, usize)],
    ) -> Self {
        let mut code = Straight::select(&graph.lower(outputs));
        let used = used_inputs(&code);
        let targets = claim(&mut code, feedback);
        let order = code.order(&readers_of_targets(&code, &targets));
        let source = TensorSource::new(graph, outputs, !feedback.is_empty());
        Allocation::new(&code, &order, &targets).finish(&code, &order, used, source)
    }

    /// Number of input slots, used or not.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.inputs
    }

    /// Number of flat outputs.
    #[must_use]
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// Number of rows a workspace needs.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Row in which a flat output is found after a run.
    #[must_use]
    pub fn output_row(&self, output: usize) -> usize {
        self.outputs[output] as usize
    }

    /// The same, but that the CPU reads `count` inputs from slot `first` on in as many rows from `place` on, behind all others.
    ///
    /// # Panics
    /// Where the program has rows there.
    #[must_use]
    pub fn reading_elsewhere(&self, first: usize, count: usize, place: usize) -> Self {
        assert!(place >= self.rows, "rows {place} and on are in use");
        let inputs = row(first)..row(first + count);
        let mut elsewhere = self.clone();
        elsewhere.rows = place + count;
        for pass in &mut elsewhere.passes {
            for argument in pass.arguments_mut() {
                if inputs.contains(argument) {
                    *argument += row(place) - inputs.start;
                }
            }
        }
        elsewhere
    }

    /// Number of instructions: the cost of a run.
    #[must_use]
    pub fn instructions(&self) -> usize {
        self.code.len()
    }

    /// Number of arithmetic operations of a run: one for each instruction, two for a fused multiplication and addition, none
    /// for a copy.
    #[must_use]
    pub fn operations(&self) -> usize {
        let instructions = self.code.iter();
        instructions
            .map(|instruction| instruction.op.info().cost.flops)
            .sum()
    }

    /// Whether an input slot has any influence on the outputs; one that has none need not be filled.
    #[must_use]
    pub fn input_is_used(&self, slot: usize) -> bool {
        self.used[slot]
    }
}

fn used_inputs(code: &Straight) -> Vec<bool> {
    let mut used = vec![false; code.inputs];
    let read = code
        .steps
        .iter()
        .flat_map(|step| step.sources().iter())
        .chain(&code.outputs);
    for value in read.filter(|value| **value < code.inputs) {
        used[*value] = true;
    }
    used
}

/// Gives every feedback a step of its own to write the row, and every other output that would be overwritten a copy.
/// Returns the input slot that each such step writes.
fn claim(code: &mut Straight, feedback: &[(usize, usize)]) -> HashMap<usize, usize> {
    let mut targets = HashMap::new();
    let mut overwritten = vec![false; code.inputs];
    for &(output, slot) in feedback {
        assert!(!overwritten[slot], "two feedbacks into input slot {slot}");
        overwritten[slot] = code.outputs[output] != slot;
    }
    let fed: HashMap<usize, usize> = feedback.iter().copied().collect();
    for output in 0..code.outputs.len() {
        let value = code.outputs[output];
        match fed.get(&output) {
            Some(&slot) if value == slot => {}
            Some(&slot) => {
                let taken = value < code.first() || targets.contains_key(&(value - code.first()));
                let own = if taken { code.copy(value) } else { value };
                code.outputs[output] = own;
                targets.insert(own - code.first(), slot);
            }
            None if value < code.inputs && overwritten[value] => {
                code.outputs[output] = code.copy(value);
            }
            None => {}
        }
    }
    targets
}

/// For each step that writes an input's row and is read by no other step, the steps that read the input.
fn readers_of_targets(
    code: &Straight,
    targets: &HashMap<usize, usize>,
) -> HashMap<usize, Vec<usize>> {
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut is_source = vec![false; code.steps.len()];
    for (index, step) in code.steps.iter().enumerate() {
        for value in step.sources() {
            if let Some(source) = value.checked_sub(code.first()) {
                is_source[source] = true;
            } else {
                readers.entry(*value).or_default().push(index);
            }
        }
    }
    let sinks = targets.iter().filter(|(step, _)| !is_source[**step]);
    sinks
        .filter_map(|(step, slot)| {
            let others = readers
                .get(slot)?
                .iter()
                .copied()
                .filter(|reader| reader != step)
                .collect();
            Some((*step, others))
        })
        .collect()
}

/// Rows given to values.
struct Allocation {
    /// Row of each value; `None` before it is computed.
    rows: Vec<Option<u32>>,
    free: Vec<u32>,
    count: usize,
    /// Position in the order after which each value is not read any more; outputs are kept for ever.
    last_read: Vec<usize>,
    code: Vec<Instruction>,
    /// Copies that could not be avoided: (from, to).
    late: Vec<(u32, u32)>,
}

fn row(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 rows")
}

impl Allocation {
    fn new(code: &Straight, order: &[usize], targets: &HashMap<usize, usize>) -> Self {
        let first = code.first();
        let mut allocation = Self {
            rows: (0..first + code.steps.len())
                .map(|value| (value < first).then(|| row(value)))
                .collect(),
            free: Vec::new(),
            count: first,
            last_read: vec![0; first + code.steps.len()],
            code: Vec::with_capacity(order.len()),
            late: Vec::new(),
        };
        for (position, step) in order.iter().enumerate() {
            for value in code.steps[*step].sources() {
                allocation.last_read[*value] = position;
            }
        }
        for output in &code.outputs {
            allocation.last_read[*output] = usize::MAX;
        }
        // A slot that is fed back may be overwritten, even where it is an output: such outputs were copied.
        for (position, step) in order.iter().enumerate() {
            allocation.place(code, *step, position, targets.get(step).copied());
        }
        allocation
    }

    fn place(&mut self, code: &Straight, index: usize, position: usize, target: Option<usize>) {
        let Step { op, arguments } = code.steps[index];
        let sources = arguments.map(|value| self.rows[value].expect("sources come first"));
        for value in code.steps[index].sources() {
            self.release(*value, position, code.first());
        }
        let result = match target {
            Some(slot) if self.last_read[slot] <= position => row(slot),
            Some(slot) => {
                let result = self.fresh();
                self.late.push((result, row(slot)));
                result
            }
            None => self.fresh(),
        };
        self.rows[code.first() + index] = Some(result);
        self.code.push(Instruction {
            op,
            arguments: sources,
            result,
        });
    }

    fn fresh(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            row(self.count - 1)
        })
    }

    /// Frees a working row after its last reading. Rows of inputs and constants are never given out.
    fn release(&mut self, value: usize, position: usize, first: usize) {
        if value >= first && self.last_read[value] == position {
            // Twice the same source would free it twice.
            self.last_read[value] = usize::MAX;
            let row = self.rows[value].expect("sources come first");
            if row as usize >= first {
                self.free.push(row);
            }
        }
    }

    fn finish(
        mut self,
        code: &Straight,
        order: &[usize],
        used: Vec<bool>,
        source: TensorSource,
    ) -> Program {
        debug_assert_eq!(order.len(), self.code.len());
        let copies = self.late.iter().map(|&(from, to)| Instruction {
            op: Op::Copy,
            arguments: [from; 3],
            result: to,
        });
        self.code.extend(copies);
        let moved: HashMap<u32, u32> = self.late.iter().copied().collect();
        let outputs = code.outputs.iter().map(|value| {
            let row = self.rows[*value].expect("outputs are computed");
            moved.get(&row).copied().unwrap_or(row)
        });
        let outputs: Vec<u32> = outputs.collect();
        let kept = outputs.iter().copied().chain(0..row(code.first()));
        Program {
            inputs: code.inputs,
            constants: code.constants.clone(),
            passes: passes(&self.code, self.count, kept),
            outputs,
            code: self.code,
            rows: self.count,
            used,
            source: Arc::new(source),
        }
    }
}

/// The code in as few passes as may be. `kept` are the rows that are read after a run.
fn passes(code: &[Instruction], rows: usize, kept: impl Iterator<Item = u32>) -> Vec<Pass> {
    let code = Read {
        code,
        last_reader: last_readers(code, rows, kept),
    };
    let mut passes = Vec::new();
    let mut index = 0;
    while let Some(&first) = code.code.get(index) {
        let (pass, length) = code.joined(index).unwrap_or((Pass::One(first), 1));
        passes.push(pass);
        index += length;
    }
    passes
}

/// For each instruction the last one that reads its result: none where none does, one behind the end where it is kept.
fn last_readers(
    code: &[Instruction],
    rows: usize,
    kept: impl Iterator<Item = u32>,
) -> Vec<Option<usize>> {
    let mut reader = vec![None; rows];
    kept.for_each(|row| reader[row as usize] = Some(code.len()));
    let mut readers = vec![None; code.len()];
    for (index, instruction) in code.iter().enumerate().rev() {
        readers[index] = reader[instruction.result as usize].take();
        for source in instruction.sources() {
            reader[*source as usize].get_or_insert(index);
        }
    }
    readers
}

/// Code of which is known who reads what.
struct Read<'a> {
    code: &'a [Instruction],
    last_reader: Vec<Option<usize>>,
}

impl Read<'_> {
    /// The instruction after the one at `index`, if nothing but it can read that one's result.
    fn taker(&self, index: usize) -> Option<Instruction> {
        let next = (self.last_reader[index] == Some(index + 1)).then_some(index + 1)?;
        self.code.get(next).copied()
    }

    /// The instructions from `index` on as one pass, and how many they are; none where there is but one.
    fn joined(&self, index: usize) -> Option<(Pass, usize)> {
        let first = self.code[index];
        if !first.op.info().fuses {
            return None;
        }
        let [a, b, c] = first.arguments;
        let pair = (self.taker(index))
            .and_then(|second| Some((second, second.rest_of_pair(first.result)?)));
        let (ops, arguments, result, length) = match pair {
            Some((second, [d, e])) => ([first.op, second.op], [a, b, c, d, e], second.result, 2),
            None => ([first.op, Op::Copy], [a, b, c, a, a], first.result, 1),
        };
        let (end, result, more) = (self.step(index + length - 1))
            .or_else(|| self.sum(index + length - 1))
            .unwrap_or((End::Nothing, result, 0));
        let pass = Pass::Joined {
            ops,
            arguments,
            end,
            result,
        };
        (length + more > 1).then_some((pass, length + more))
    }

    /// The addition to what the instruction at `index` gives, its result, and how many instructions it is.
    fn sum(&self, index: usize) -> Option<(End, u32, usize)> {
        let sum = self.taker(index)?;
        let added = sum.rest_of_sum(self.code[index].result)?;
        Some((End::Add(added), sum.result, 1))
    }

    /// Likewise the step along what it gives: product, fused product and sum, addition.
    fn step(&self, index: usize) -> Option<(End, u32, usize)> {
        let gradient = self.code[index].result;
        let (noise, moved) = (self.code.get(index + 1)?, self.taker(index + 1)?);
        let [a, b, _] = noise.arguments;
        let [c, v, kick] = moved.arguments;
        let factor = match moved.op {
            Op::NegMulAdd if v == gradient => c,
            Op::NegMulAdd if c == gradient => v,
            _ => return None,
        };
        let alone = self.last_reader[index] == Some(index + 2)
            && ![a, b, factor, kick].contains(&gradient)
            && ![c, v].contains(&noise.result);
        if noise.op != Op::Mul || kick != noise.result || !alone {
            return None;
        }
        let next = self.taker(index + 2)?;
        let from = next.rest_of_sum(moved.result)?;
        // The place is read when the rows of what is joined hold what they held before.
        let before = ![gradient, noise.result].contains(&from);
        before.then_some((End::Step([a, b, factor, from]), next.result, 3))
    }
}

impl Instruction {
    fn sources(&self) -> &[u32] {
        &self.arguments[..self.op.info().arity]
    }

    /// The other arguments of an instruction that takes the row `passed` as what it adds to or multiplies, and that alone.
    fn rest_of_pair(&self, passed: u32) -> Option<[u32; 2]> {
        let [a, b, c] = self.arguments;
        match self.op {
            Op::MulAdd | Op::NegMulAdd if c == passed && a != passed && b != passed => Some([a, b]),
            Op::Mul if a == passed && b != passed => Some([b, b]),
            Op::Mul if b == passed && a != passed => Some([a, a]),
            _ => None,
        }
    }

    /// The other argument of an addition to the row `passed`.
    fn rest_of_sum(&self, passed: u32) -> Option<u32> {
        let [a, b, _] = self.arguments;
        match self.op {
            Op::Add if a == passed && b != passed => Some(b),
            Op::Add if b == passed && a != passed => Some(a),
            _ => None,
        }
    }
}
