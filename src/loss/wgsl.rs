//! Programs as WGSL text.

use std::fmt::Write;

use super::op::Op;
use super::program::Program;

/// A program as the body of a WGSL function. It calls the functions of [`OPERATIONS_WGSL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WgslBody {
    /// One `let` per line, indented by two spaces.
    pub statements: String,
    /// An expression for each flat output.
    pub outputs: Vec<String>,
}

/// Source of the WGSL functions that programs call; valid on its own.
pub const OPERATIONS_WGSL: &str = include_str!("../../shaders/operations.wgsl");

impl Program {
    /// Writes the program as WGSL, given an `f32` expression for each input slot (best a variable: it is repeated).
    ///
    /// # Panics
    /// Where the number of expressions is not [`input_count`](Self::input_count).
    #[must_use]
    pub fn wgsl(&self, inputs: &[String]) -> WgslBody {
        assert_eq!(inputs.len(), self.inputs, "one expression per input slot");
        let mut rows: Vec<String> = inputs.to_vec();
        rows.extend(self.constants.iter().map(|constant| literal(*constant)));
        rows.resize(self.rows, String::new());
        let mut statements = String::new();
        for (number, instruction) in self.code.iter().enumerate() {
            let [a, b, c] = instruction.arguments.map(|row| rows[row as usize].as_str());
            let expression = (instruction.op.row().wgsl)(a, b, c);
            // Rows are names here, so a copy costs nothing.
            let name = if instruction.op == Op::Copy {
                expression
            } else {
                writeln!(statements, "  let v{number} = {expression};")
                    .expect("writing to a string");
                format!("v{number}")
            };
            rows[instruction.result as usize] = name;
        }
        WgslBody {
            statements,
            outputs: self
                .outputs
                .iter()
                .map(|row| rows[*row as usize].clone())
                .collect(),
        }
    }
}

/// An `f32` literal; numbers that WGSL cannot write become calls.
pub(super) fn literal(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "programs run in f32 on the GPU"
    )]
    let value = value as f32;
    if value.is_nan() {
        "not_a_number()".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 {
            "infinity()".to_owned()
        } else {
            "(-infinity())".to_owned()
        }
    } else if value.is_sign_negative() {
        format!("({value:?}f)")
    } else {
        format!("{value:?}f")
    }
}
