//! Shapes of values: scalars, vectors and matrices, and how they combine.

use std::fmt;

/// The shape of a value in a formula.
///
/// Elements are stored row by row, so a `Matrix(m, n)` has element `(i, j)` at flat index `i * n + j`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One number.
    Scalar,
    /// A vector with its length; neither a row nor a column.
    Vector(usize),
    /// A matrix of (rows, columns).
    Matrix(usize, usize),
}

impl Shape {
    /// Number of elements.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Scalar => 1,
            Self::Vector(n) => n,
            Self::Matrix(m, n) => m.saturating_mul(n),
        }
    }

    /// Returns true for a shape without elements.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Shape of an elementwise operation on two values: equal shapes, or a scalar with anything.
    #[must_use]
    pub fn broadcast(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Scalar, shape) | (shape, Self::Scalar) => Some(shape),
            (a, b) if a == b => Some(a),
            _ => None,
        }
    }

    /// Shape of the product `self @ other`; `None` if the inner dimensions differ or one side is a scalar.
    #[must_use]
    pub fn matmul(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Vector(k), Self::Vector(l)) if k == l => Some(Self::Scalar),
            (Self::Matrix(m, k), Self::Vector(l)) if k == l => Some(Self::Vector(m)),
            (Self::Vector(k), Self::Matrix(l, n)) if k == l => Some(Self::Vector(n)),
            (Self::Matrix(m, k), Self::Matrix(l, n)) if k == l => Some(Self::Matrix(m, n)),
            _ => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar => write!(f, "scalar"),
            Self::Vector(n) => write!(f, "vector of {n}"),
            Self::Matrix(m, n) => write!(f, "{m}×{n} matrix"),
        }
    }
}
