//! A compiler for formulas: from text to differentiated code for the CPU and the GPU.
//!
//! ```text
//! text ─▶ syntax tree ─▶ tensor graph ─▶ gradient ─▶ scalar graph ─▶ straight-line code ─▶ program
//!                             └─▶ loops (WGSL for large losses)                    rows (CPU), WGSL ◀─┘
//! ```
//!
//! | pass | file |
//! |---|---|
//! | lexing, parsing, semantic analysis | `token`, `parse`, `build` |
//! | constant folding, algebraic simplification, common subexpressions | `simplify`, `tensor`, `graph` |
//! | reverse-mode differentiation | `gradient` |
//! | lowering to scalars, strength reduction | `lower`, `power` |
//! | instruction selection, scheduling | `straight_line` |
//! | register allocation, loop fusion | `allocate`, `row_loops` |
//! | evaluation, unrolled steps | `evaluate`, `separable` |
//! | code generation | `wgsl`, `loops` |
//!
//! [`formula`] adds a value to a [`Graph`], [`Graph::gradient`] differentiates it and [`Program::compile`] compiles it. CPU
//! and GPU run the same program, so every loss exists once. The table in [`op`] defines the operations.
#![doc = include_str!("language.md")]

mod allocate;
mod build;
mod elementary;
mod error;
mod evaluate;
mod functions;
mod gradient;
mod graph;
mod loops;
mod lower;
pub mod op;
mod parse;
mod power;
mod program;
mod real;
mod row_loops;
mod separable;
mod shape;
mod simplify;
mod source;
mod straight_line;
mod syntax;
mod tensor;
#[cfg(test)]
mod tests;
mod token;
mod wgsl;

pub use build::{Names, formula, is_reserved};
pub use error::FormulaError;
pub use graph::{Graph, NodeId, Varies};
pub use loops::{Access, LoopBody, TensorInput, TensorOutput};
pub use op::Op;
pub use program::Program;
pub use real::Real;
pub use separable::{DrawRows, MAX_UNROLLED_STEPS, UnrolledSteps};
pub use shape::Shape;
pub use wgsl::{OPERATIONS_WGSL, WgslBody};
