//! A program as the body of a WGSL function: unrolled in registers where a task is small, in loops over memory where it
//! is large.

use super::compose::Target;
use crate::engine::Task;
use crate::loss::{Access, Program, TensorInput};
use crate::spec::Width;
use std::fmt::Write;

/// Instructions up to which programs are unrolled: drivers compile them in about a second. Beyond, compilers take time that
/// grows faster than the program.
const UNROLLED: usize = 2_500;

/// Numbers of a state up to which it is kept in registers.
const REGISTERS: usize = 96;

/// Numbers that an observing program holds at a time up to which it runs in the registers of hardware.
const OBSERVED: usize = 160;

/// Numbers of a state up to which it fits into registers twice.
const REGISTERS_TWICE: usize = 32;

/// Where a task's chains are while they are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In registers: one statement for each operation.
    Registers,
    /// In memory: loops over arrays. Private arrays would not do: compilers without indexed registers, such as Mesa's, turn each
    /// running index into a ladder of branches.
    Memory,
}

impl Form {
    /// What is best for the steps of a task.
    pub(super) fn of_steps(task: &Task) -> Self {
        let example_sum = task
            .batch
            .as_ref()
            .and_then(|batch| batch.example_sum.as_ref());
        let programs = example_sum.map(|example_sum| &example_sum.program);
        Self::of(task, programs.into_iter().chain([&task.step]))
    }

    /// Steps after which it is looked whether a chain has left: those of a block of random numbers, taken once more one by one if
    /// so, where registers hold the state from before them too.
    pub(super) fn steps_together(task: &Task) -> u32 {
        if Self::of_steps(task) == Self::Registers && task.state <= REGISTERS_TWICE {
            task.addresses.steps_per_block
        } else {
            1
        }
    }

    /// What is best for measurements: memory wherever examples are passed, since a pass over many has to be interrupted.
    pub(super) fn of_observation(task: &Task, target: Target) -> Self {
        let fits = target == Target::Software || task.observe.row_count() <= OBSERVED;
        if task.data_passes.is_empty() && fits {
            Self::of(task, std::iter::once(&task.observe))
        } else {
            Self::Memory
        }
    }

    fn of<'a>(task: &Task, mut programs: impl Iterator<Item = &'a Program>) -> Self {
        if task.state > REGISTERS || programs.any(|program| program.instructions() > UNROLLED) {
            Self::Memory
        } else {
            Self::Registers
        }
    }
}

/// Consecutive inputs of a program.
#[derive(Debug)]
pub(super) struct InputRange {
    array: Access,
    length: usize,
}

impl InputRange {
    pub(super) fn new(array: Access, length: usize) -> Self {
        Self { array, length }
    }
}

/// Writes a program whose inputs are these ranges, one after the other, and the statement `put(k, value)` for output k.
pub(super) fn unrolled(
    text: &mut String,
    width: Width,
    program: &Program,
    inputs: &[InputRange],
    put: impl Fn(usize, &str) -> String,
) {
    let elements = inputs
        .iter()
        .flat_map(|range| (0..range.length).map(|k| range.array.element(&k.to_string())));
    let mut names = Vec::with_capacity(program.input_count());
    for (slot, element) in elements.enumerate() {
        if program.input_is_used(slot) {
            let _ = writeln!(text, "  let i{slot} = {element};");
        }
        names.push(format!("i{slot}"));
    }
    let body = program.wgsl(&names, width);
    text.push_str(&body.statements);
    // All are computed before any is put where an input may have been.
    for (k, output) in body.outputs.iter().enumerate() {
        let _ = writeln!(text, "  let o{k} = {output};");
    }
    for k in 0..body.outputs.len() {
        let _ = writeln!(text, "  {};", put(k, &format!("o{k}")));
    }
}

/// As [`unrolled`], in loops, with temporary arrays in `memory`; output k becomes element k of `target`. Gives the numbers
/// that the temporary arrays take.
pub(super) fn loops(
    text: &mut String,
    width: Width,
    program: &Program,
    inputs: &[InputRange],
    memory: &TensorInput,
    target: &Access,
) -> usize {
    let places: Vec<TensorInput> = (program.tensor_inputs().into_iter())
        .map(|(_, first, _)| place(inputs, first))
        .collect();
    let body = program.wgsl_loops(&places, memory, width);
    text.push_str(&body.statements);
    for (output, (first, length)) in body.outputs.iter().zip(program.tensor_outputs()) {
        if length == 1 {
            let to = target.element(&format!("{first}u"));
            let _ = writeln!(text, "  {to} = {};", output.element("0u"));
        } else {
            let to = target.element(&format!("{first}u + k"));
            let _ = writeln!(
                text,
                "  for (var k = 0u; k < turns({length}u); k++) {{\n    {to} = {};\n  }}",
                output.element("k")
            );
        }
    }
    body.temporaries
}

/// Where the tensor that begins at an input slot lies: no tensor crosses ranges.
fn place(inputs: &[InputRange], slot: usize) -> TensorInput {
    let mut first = slot;
    for range in inputs {
        if first < range.length {
            return TensorInput {
                array: range.array.clone(),
                first,
            };
        }
        first -= range.length;
    }
    unreachable!("the ranges hold every input")
}
