//! The syntax tree of a formula.
//!
//! All expressions are in one list, children before parents, so that later passes are loops: no formula, however deep
//! or long, can overflow the stack.

use std::ops::Range;

use super::op::Op;

/// Index of an expression in [`Tree::expressions`].
pub(super) type ExprId = usize;

/// An expression and its position in the text.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Range<usize>,
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub(super) enum ExprKind {
    Number(f64),
    Name(String),
    /// Elementwise operator on one or two arguments.
    Operator(Op, Vec<ExprId>),
    /// `@`.
    MatMul(ExprId, ExprId),
    Logic(Logic, Vec<ExprId>),
    Call {
        function: String,
        name_span: Range<usize>,
        arguments: Vec<ExprId>,
    },
    Index(ExprId, Vec<ExprId>),
    List(Vec<ExprId>),
}

/// Logical operators. Zero is false, all other numbers are true; the result is 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
    Not,
}

/// A line `name = value`.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    pub(super) value: ExprId,
}

/// A whole formula.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) expressions: Vec<Expr>,
    /// Named lines in the order of the text. Each may use the lines above it.
    pub(super) definitions: Vec<Definition>,
    /// Value of the formula: the last line.
    pub(super) value: ExprId,
}
