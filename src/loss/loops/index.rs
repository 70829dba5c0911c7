//! Flat indices as sums of loop variables.

/// A number known inside a loop: its counter, or an expression of outer counters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Variable {
    /// Minimum number of loops around any use.
    pub(super) depth: usize,
    /// Its name, or an expression in brackets.
    pub(super) name: String,
    /// Exclusive upper bound.
    pub(super) bound: usize,
}

/// An affine index: a constant plus multiples of variables. Row and column then mostly follow without division.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Index {
    /// Sorted by variable.
    terms: Vec<(Variable, usize)>,
    constant: usize,
}

impl Index {
    pub(super) fn variable(variable: Variable) -> Self {
        Self {
            terms: vec![(variable, 1)],
            constant: 0,
        }
    }

    /// `self * factor + other`.
    pub(super) fn times_plus(&self, factor: usize, other: &Self) -> Self {
        let mut terms = other.terms.clone();
        for (variable, own) in &self.terms {
            match terms.iter_mut().find(|(known, _)| known == variable) {
                Some((_, multiple)) => *multiple += own * factor,
                None => terms.push((variable.clone(), own * factor)),
            }
        }
        terms.sort();
        Self {
            terms,
            constant: self.constant * factor + other.constant,
        }
    }

    pub(super) fn plus(&self, constant: usize) -> Self {
        Self {
            terms: self.terms.clone(),
            constant: self.constant + constant,
        }
    }

    /// Number of loops that must enclose a use of the index.
    pub(super) fn depth(&self) -> usize {
        let depths = self.terms.iter().map(|(variable, _)| variable.depth);
        depths.max().unwrap_or(0)
    }

    /// Largest possible value.
    fn largest(&self) -> usize {
        let terms = self.terms.iter();
        self.constant
            + terms
                .map(|(variable, factor)| (variable.bound - 1) * factor)
                .sum::<usize>()
    }

    /// Row and column of the flat index in a matrix with `columns` columns.
    pub(super) fn split(&self, columns: usize) -> (Self, Self) {
        let (whole, rest): (Vec<_>, Vec<_>) =
            (self.terms.iter().cloned()).partition(|(_, factor)| factor % columns == 0);
        let row = Self {
            terms: (whole.into_iter())
                .map(|(variable, factor)| (variable, factor / columns))
                .collect(),
            constant: self.constant / columns,
        };
        let column = Self {
            terms: rest,
            constant: self.constant % columns,
        };
        if column.largest() < columns {
            return (row, column);
        }
        (
            self.computed('/', columns, self.largest() / columns + 1),
            self.computed('%', columns, columns),
        )
    }

    fn computed(&self, operator: char, columns: usize, bound: usize) -> Self {
        Self::variable(Variable {
            depth: self.depth(),
            name: format!("(({self}) {operator} {columns}u)"),
            bound,
        })
    }
}

impl std::fmt::Display for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, (variable, factor)) in self.terms.iter().enumerate() {
            let plus = if position > 0 { " + " } else { "" };
            if *factor == 1 {
                write!(f, "{plus}{}", variable.name)?;
            } else {
                write!(f, "{plus}{} * {factor}u", variable.name)?;
            }
        }
        match (self.terms.is_empty(), self.constant) {
            (true, constant) => write!(f, "{constant}u"),
            (false, 0) => Ok(()),
            (false, constant) => write!(f, " + {constant}u"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, bound: usize) -> Index {
        Index::variable(Variable {
            depth: 1,
            name: name.to_owned(),
            bound,
        })
    }

    #[test]
    fn affine_indices_split_into_row_and_column_without_division() {
        let (i, j) = (variable("i", 5), variable("j", 4));
        let flat = i.times_plus(7, &j).plus(7 + 3);
        let (row, column) = flat.split(7);
        assert_eq!(flat.to_string(), "i * 7u + j + 10u");
        assert_eq!((row, column), (i.plus(1), j.plus(3)));
        // The column would pass the end of a row (3 + 4 ≥ 7), so division is needed.
        let (row, column) = flat.plus(1).split(7);
        assert_eq!(row.to_string(), "((i * 7u + j + 11u) / 7u)");
        assert_eq!(column.to_string(), "((i * 7u + j + 11u) % 7u)");
        // (4 * 7 + 3 + 11) / 7 = 6 is the last row.
        assert_eq!(row.largest(), 6);
        assert_eq!(column.largest(), 6);
    }
}
