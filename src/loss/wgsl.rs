//! Programs as WGSL text.

use std::fmt::Write;

use super::op::Op;
use super::program::Program;
use crate::spec::Width;

impl Width {
    /// WGSL of the type `Real` and of tests on its bits. Valid on its own.
    #[must_use]
    pub fn wgsl_real(self) -> &'static str {
        match self {
            Self::Single => include_str!("../../shaders/real_f32.wgsl"),
            Self::Double => include_str!("../../shaders/real_f64.wgsl"),
        }
    }

    /// WGSL of the functions that programs call, in order. To be placed after [`wgsl_real`](Self::wgsl_real).
    #[must_use]
    pub fn wgsl_operations(self) -> [&'static str; 2] {
        let elementary = match self {
            Self::Single => include_str!("../../shaders/elementary_f32.wgsl"),
            Self::Double => include_str!("../../shaders/elementary_f64.wgsl"),
        };
        [elementary, include_str!("../../shaders/operations.wgsl")]
    }

    /// A WGSL literal; infinities and NaN, which WGSL cannot write, become calls.
    pub(super) fn literal(self, value: f64) -> String {
        let (written, value) = match self {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "rounds to the nearest number of single precision"
            )]
            Self::Single => (format!("{:?}f", value as f32), f64::from(value as f32)),
            Self::Double => (format!("{value:?}lf"), value),
        };
        if value.is_nan() {
            "not_a_number()".to_owned()
        } else if value.is_infinite() {
            if value > 0.0 {
                "infinity()".to_owned()
            } else {
                "(-infinity())".to_owned()
            }
        } else if value.is_sign_negative() {
            format!("({written})")
        } else {
            written
        }
    }
}

/// A program as the body of a WGSL function. It calls the functions of [`Width::wgsl_operations`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WgslBody {
    /// One `let` per line, indented by two spaces.
    pub statements: String,
    /// An expression for each flat output.
    pub outputs: Vec<String>,
}

/// WGSL of the functions that programs of single precision call. Valid on its own.
pub const OPERATIONS_WGSL: &str = concat!(
    include_str!("../../shaders/real_f32.wgsl"),
    include_str!("../../shaders/elementary_f32.wgsl"),
    include_str!("../../shaders/operations.wgsl")
);

impl Program {
    /// Writes the program as WGSL, given an expression for each input slot (best a variable: it is repeated).
    ///
    /// # Panics
    /// Where the number of expressions is not [`input_count`](Self::input_count).
    #[must_use]
    pub fn wgsl(&self, inputs: &[String], width: Width) -> WgslBody {
        assert_eq!(inputs.len(), self.inputs, "one expression per input slot");
        let mut rows: Vec<String> = inputs.to_vec();
        rows.extend(
            self.constants
                .iter()
                .map(|constant| width.literal(*constant)),
        );
        rows.resize(self.rows, String::new());
        let mut statements = String::new();
        for (number, instruction) in self.code.iter().enumerate() {
            let [a, b, c] = instruction.arguments.map(|row| rows[row as usize].as_str());
            let expression = (instruction.op.info().wgsl)(a, b, c);
            // Rows are names in WGSL, so a copy needs no statement.
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
