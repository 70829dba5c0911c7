//! Formulas as trees.
//!
//! All expressions of a formula lie in one list, parts before wholes, so that every later pass is a loop and no
//! formula, however deep or long, can overflow the stack.

use std::ops::Range;

use super::op::Op;

/// Position of an expression in [`Tree::expressions`].
pub(super) type ExprId = usize;

/// An expression and where it stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Range<usize>,
}

/// What an expression is.
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

/// Logical operators: zero is false, everything else true, and the result is 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
    Not,
}

/// A named line.
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
    /// In the order of the text; each may use those before it.
    pub(super) definitions: Vec<Definition>,
    /// The last line.
    pub(super) value: ExprId,
}
