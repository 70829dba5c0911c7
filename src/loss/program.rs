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

/// Instructions that are run as one, so that what one hands to the next need not be written and read again: a product or a
/// fused product and sum that nothing reads but the next instruction, which adds to it or multiplies it, and then perhaps an
/// addition to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    One(Instruction),
    /// Two, with the arguments of the first and the others of the second.
    Two {
        ops: [Op; 2],
        arguments: [u32; 5],
        result: u32,
    },
    /// Two and the addition of one more row.
    Three {
        ops: [Op; 2],
        arguments: [u32; 5],
        added: u32,
        result: u32,
    },
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

    /// Number of instructions: the cost of a run.
    #[must_use]
    pub fn instructions(&self) -> usize {
        self.code.len()
    }

    /// Number of arithmetic operations of a run: one for each instruction, two for a fused multiplication and addition, none
    /// for a copy.
    #[must_use]
    pub fn operations(&self) -> usize {
        let cost = |instruction: &Instruction| match instruction.op {
            Op::MulAdd | Op::NegMulAdd | Op::MulSub => 2,
            Op::Copy => 0,
            _ => 1,
        };
        self.code.iter().map(cost).sum()
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
    let taken = taken_by_next(code, rows, kept);
    let mut passes = Vec::new();
    let mut rest = 0..code.len();
    while let Some(index) = rest.next() {
        let first = code[index];
        let second = (code.get(index + 1)).filter(|_| taken[index] && first.op.begins_pair());
        let Some((second, [d, e])) =
            second.and_then(|second| Some((second, second.rest_of_pair(first.result)?)))
        else {
            passes.push(Pass::One(first));
            continue;
        };
        rest.next();
        let [a, b, c] = first.arguments;
        let (ops, arguments) = ([first.op, second.op], [a, b, c, d, e]);
        let third = code.get(index + 2).filter(|_| taken[index + 1]);
        passes.push(
            match third.and_then(|third| Some((third.result, third.rest_of_sum(second.result)?))) {
                Some((result, added)) => {
                    rest.next();
                    Pass::Three {
                        ops,
                        arguments,
                        added,
                        result,
                    }
                }
                None => Pass::Two {
                    ops,
                    arguments,
                    result: second.result,
                },
            },
        );
    }
    passes
}

/// For each instruction whether nothing but the next can read its result.
fn taken_by_next(code: &[Instruction], rows: usize, kept: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut read_later = vec![false; rows];
    kept.for_each(|row| read_later[row as usize] = true);
    let mut taken = vec![false; code.len()];
    for index in (1..code.len()).rev() {
        let (passed, next) = (code[index - 1].result, &code[index]);
        taken[index - 1] = next.result == passed || !read_later[passed as usize];
        read_later[next.result as usize] = false;
        for source in next.sources() {
            read_later[*source as usize] = true;
        }
    }
    taken
}

impl Instruction {
    fn sources(&self) -> &[u32] {
        &self.arguments[..self.op.row().arity]
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
