//! Selection of what is timed, from the command line.

use super::error::BenchError;
use crate::program::cli::BenchArgs;

/// Selection of workloads or axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    /// True for `--quick`: fewer chains, shorter runs.
    pub(super) quick: bool,
    /// Exact name or part of a name.
    pub(super) only: Option<&'a str>,
    /// True when `only` is an exact name.
    is_name: bool,
}

impl<'a> Selection<'a> {
    /// Reads the selection from the arguments. It must match at least one of `names`.
    pub(super) fn new(
        arguments: &'a BenchArgs,
        names: impl Iterator<Item = &'static str>,
    ) -> Result<Self, BenchError> {
        let names: Vec<&'static str> = names.collect();
        let only = arguments.only.as_deref();
        let choice = Self {
            quick: arguments.quick,
            only,
            is_name: only.is_some_and(|wanted| names.contains(&wanted)),
        };
        match only {
            Some(wanted) if !names.iter().any(|name| choice.contains(name)) => {
                Err(BenchError::NoMatch {
                    wanted: wanted.to_owned(),
                    names,
                })
            }
            _ => Ok(choice),
        }
    }

    /// Returns true if the selection includes `name`.
    pub(super) fn contains(self, name: &str) -> bool {
        match self.only {
            Some(wanted) if self.is_name => name == wanted,
            Some(wanted) => name.contains(wanted),
            None => true,
        }
    }
}
