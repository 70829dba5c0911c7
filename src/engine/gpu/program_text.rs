//! Programs as bodies of WGSL functions: one statement per operation in registers, or loops over memory.

use crate::loss::{Access, Program, TensorInput};
use crate::spec::Width;
use std::fmt::Write;

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

/// Writes one statement per operation, then the statement `store(k, value)` for each output k. The inputs are the ranges,
/// one after the other.
pub(super) fn unrolled(
    text: &mut String,
    width: Width,
    program: &Program,
    inputs: &[InputRange],
    store: impl Fn(usize, &str) -> String,
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
    // An output may be stored over an input, so all outputs are computed first.
    for (k, output) in body.outputs.iter().enumerate() {
        let _ = writeln!(text, "  let o{k} = {output};");
    }
    for k in 0..body.outputs.len() {
        let _ = writeln!(text, "  {};", store(k, &format!("o{k}")));
    }
}

/// Writes loops with temporary arrays in `memory`; output k becomes element k of `target`. The inputs are the ranges, one
/// after the other.
pub(super) fn loops(
    text: &mut String,
    width: Width,
    program: &Program,
    inputs: &[InputRange],
    memory: &TensorInput,
    target: &Access,
) {
    let tensors: Vec<TensorInput> = (program.tensor_inputs().into_iter())
        .map(|(_, first, _)| tensor(inputs, first))
        .collect();
    let body = program.wgsl_loops(&tensors, memory, width);
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
}

/// Array of the tensor that begins at an input. No tensor crosses ranges.
fn tensor(inputs: &[InputRange], input: usize) -> TensorInput {
    let mut first = input;
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
