//! A program as the body of a WGSL function: unrolled where it is small, in loops where it is large.

use crate::loss::{Program, TensorInput};
use std::fmt::Write;

/// Instructions up to which a program is unrolled: registers hold its values, and drivers compile it in less than a second.
/// Beyond, compilers take time that grows faster than the program.
const UNROLLED: usize = 2_500;

/// How a program is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One statement for each operation.
    Unrolled,
    /// Loops over arrays.
    Loops,
}

impl Form {
    pub(super) fn of(program: &Program) -> Self {
        if program.instructions() > UNROLLED {
            Self::Loops
        } else {
            Self::Unrolled
        }
    }
}

/// Consecutive inputs of a program, element k of which is `array[k]`.
#[derive(Debug)]
pub(super) struct Segment {
    array: String,
    length: usize,
}

impl Segment {
    pub(super) fn new(array: &str, length: usize) -> Self {
        Self {
            array: array.to_owned(),
            length,
        }
    }
}

/// Writes a program whose inputs are these segments, one after the other, and puts output k where `target` says.
pub(super) fn write(
    text: &mut String,
    program: &Program,
    inputs: &[Segment],
    target: impl Fn(&str) -> String,
) {
    match Form::of(program) {
        Form::Unrolled => unrolled(text, program, inputs, target),
        Form::Loops => loops(text, program, inputs, target),
    }
}

fn unrolled(
    text: &mut String,
    program: &Program,
    inputs: &[Segment],
    target: impl Fn(&str) -> String,
) {
    let elements = inputs
        .iter()
        .flat_map(|segment| (0..segment.length).map(|k| format!("{}[{k}]", segment.array)));
    let mut names = Vec::with_capacity(program.input_count());
    for (slot, element) in elements.enumerate() {
        if program.input_is_used(slot) {
            let _ = writeln!(text, "  let i{slot} = {element};");
        }
        names.push(format!("i{slot}"));
    }
    let body = program.wgsl(&names);
    text.push_str(&body.statements);
    // All are computed before any is put where an input may have been.
    for (k, output) in body.outputs.iter().enumerate() {
        let _ = writeln!(text, "  let o{k} = {output};");
    }
    for k in 0..body.outputs.len() {
        let _ = writeln!(text, "  {} = o{k};", target(&k.to_string()));
    }
}

fn loops(
    text: &mut String,
    program: &Program,
    inputs: &[Segment],
    target: impl Fn(&str) -> String,
) {
    let places: Vec<TensorInput> = (program.tensor_inputs().into_iter())
        .map(|(_, first, _)| place(inputs, first))
        .collect();
    let body = program.wgsl_loops(&places);
    text.push_str(&body.statements);
    for (output, (first, length)) in body.outputs.iter().zip(program.tensor_outputs()) {
        if length == 1 {
            let _ = writeln!(
                text,
                "  {} = {};",
                target(&first.to_string()),
                output.element("0u")
            );
            continue;
        }
        let to = target(&format!("{first}u + k"));
        let element = output.element("k");
        let _ = writeln!(
            text,
            "  for (var k = 0u; k < {length}u; k++) {{\n    {to} = {element};\n  }}"
        );
    }
}

/// Where the tensor that begins at an input slot lies: no tensor crosses segments.
fn place(inputs: &[Segment], slot: usize) -> TensorInput {
    let mut first = slot;
    for segment in inputs {
        if first < segment.length {
            return TensorInput {
                array: segment.array.clone(),
                first,
            };
        }
        first -= segment.length;
    }
    unreachable!("the segments hold every input")
}
