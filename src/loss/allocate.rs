//! Register allocation: gives each value of straight-line code a row.
//!
//! Every value is written once and its last reader is known, so a linear scan in program order suffices (Poletto and
//! Sarkar, Linear Scan Register Allocation, 1999): a row is free again after the last read of its value. Rows are never
//! scarce, so nothing is spilled. Rows of inputs and constants are never reused.

use std::collections::HashMap;

use super::op::Op;
use super::row_loops::Instruction;
use super::straight_line::{Assignment, StraightLine};

/// Straight-line code on rows.
pub(super) struct Allocated {
    pub(super) code: Vec<Instruction>,
    /// Number of rows.
    pub(super) rows: usize,
    /// Row of each flat output.
    pub(super) outputs: Vec<u32>,
}

/// Allocates rows such that each output of `feedback`, pairs (flat output, input slot), ends in that input's row. Outputs
/// are computed from the inputs as they were before the run.
pub(super) fn allocate(mut code: StraightLine, feedback: &[(usize, usize)]) -> Allocated {
    let feedback_slots = separate_feedbacks(&mut code, feedback);
    let order = code.schedule(&readers_of_feedback_slots(&code, &feedback_slots));
    Allocation::new(&code, &order, &feedback_slots).finish(&code)
}

/// Input slot whose row an assignment writes for a feedback, by the assignment's number.
type FeedbackSlots = HashMap<usize, usize>;

/// Gives each feedback (an output that replaces an input) an assignment of its own that writes the input's row. Adds a
/// copy for every other output that is an input overwritten this way.
fn separate_feedbacks(code: &mut StraightLine, feedback: &[(usize, usize)]) -> FeedbackSlots {
    let mut feedback_slots = HashMap::new();
    let mut overwritten = vec![false; code.inputs];
    for &(output, slot) in feedback {
        assert!(!overwritten[slot], "two feedbacks into input slot {slot}");
        overwritten[slot] = code.outputs[output] != slot;
    }
    let slots: HashMap<usize, usize> = feedback.iter().copied().collect();
    for output in 0..code.outputs.len() {
        let value = code.outputs[output];
        match slots.get(&output) {
            Some(&slot) if value == slot => {}
            Some(&slot) => {
                let taken =
                    value < code.first() || feedback_slots.contains_key(&(value - code.first()));
                let own = if taken { code.copy(value) } else { value };
                code.outputs[output] = own;
                feedback_slots.insert(own - code.first(), slot);
            }
            None if value < code.inputs && overwritten[value] => {
                code.outputs[output] = code.copy(value);
            }
            None => {}
        }
    }
    feedback_slots
}

/// For each assignment that writes an input's row, the other assignments that read the input: they should come first,
/// which saves a copy. Only for assignments that no other reads.
fn readers_of_feedback_slots(
    code: &StraightLine,
    feedback_slots: &FeedbackSlots,
) -> HashMap<usize, Vec<usize>> {
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut is_source = vec![false; code.assignments.len()];
    for (index, assignment) in code.assignments.iter().enumerate() {
        for value in assignment.sources() {
            if let Some(source) = value.checked_sub(code.first()) {
                is_source[source] = true;
            } else {
                readers.entry(*value).or_default().push(index);
            }
        }
    }
    let sinks = feedback_slots
        .iter()
        .filter(|(index, _)| !is_source[**index]);
    sinks
        .filter_map(|(index, slot)| {
            let readers = readers.get(slot)?.iter().copied();
            Some((*index, readers.filter(|reader| reader != index).collect()))
        })
        .collect()
}

/// Number of a row.
pub(super) fn row(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 rows")
}

/// State of the linear scan.
struct Allocation {
    /// Row of each value; `None` before it is computed.
    rows: Vec<Option<u32>>,
    free: Vec<u32>,
    count: usize,
    /// Position in the order of the last read of each value; `usize::MAX` for outputs.
    last_read: Vec<usize>,
    code: Vec<Instruction>,
    /// Copies at the end, (from, to): feedback into inputs that are still read after the value is computed.
    late: Vec<(u32, u32)>,
}

impl Allocation {
    fn new(code: &StraightLine, order: &[usize], feedback_slots: &FeedbackSlots) -> Self {
        let first = code.first();
        let values = first + code.assignments.len();
        let mut allocation = Self {
            rows: (0..values)
                .map(|value| (value < first).then(|| row(value)))
                .collect(),
            free: Vec::new(),
            count: first,
            last_read: vec![0; values],
            code: Vec::with_capacity(order.len()),
            late: Vec::new(),
        };
        for (position, index) in order.iter().enumerate() {
            for value in code.assignments[*index].sources() {
                allocation.last_read[*value] = position;
            }
        }
        for output in &code.outputs {
            allocation.last_read[*output] = usize::MAX;
        }
        for (position, index) in order.iter().enumerate() {
            allocation.assign(code, *index, position, feedback_slots.get(index).copied());
        }
        allocation
    }

    /// Emits an assignment. A source's row may become the result's row.
    fn assign(
        &mut self,
        code: &StraightLine,
        index: usize,
        position: usize,
        target: Option<usize>,
    ) {
        let Assignment { op, arguments } = code.assignments[index];
        let sources = arguments.map(|value| self.rows[value].expect("sources come first"));
        for value in code.assignments[index].sources() {
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

    /// Frees a working row after the last read of its value.
    fn release(&mut self, value: usize, position: usize, first: usize) {
        if value >= first && self.last_read[value] == position {
            // An instruction may read the same value twice; free its row once.
            self.last_read[value] = usize::MAX;
            let row = self.rows[value].expect("sources come first");
            if row as usize >= first {
                self.free.push(row);
            }
        }
    }

    fn finish(mut self, code: &StraightLine) -> Allocated {
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
        Allocated {
            outputs: outputs.collect(),
            code: self.code,
            rows: self.count,
        }
    }
}
