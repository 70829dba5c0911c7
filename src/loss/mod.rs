//! Mathematics as a value: formula, graph, gradient, program.
//!
//! ```text
//! text ─▶ tree ─▶ graph of tensors ─▶ gradient ─▶ graph of scalars ─▶ program ─▶ blocks of chains, WGSL
//! ```
//!
//! A [`formula`] becomes a value in a [`Graph`], which is differentiated by [`Graph::gradient`] and compiled into a
//! [`Program`]. The same program runs on the CPU and is written as WGSL, so no second copy of any loss exists.
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
