//! Programs that sum over examples.

use super::scope::Scope;
use crate::engine::ExampleSum;
use crate::loss::{NodeId, Program};
use crate::spec::ExperimentError;

/// Compiles the program that adds the terms of one example to sums. The sums are the inputs after the state.
///
/// # Errors
/// The program is too large.
pub(super) fn accumulate(
    scope: &mut Scope<'_>,
    sums: &[NodeId],
    terms: &[NodeId],
) -> Result<ExampleSum, ExperimentError> {
    let after: Vec<NodeId> = (sums.iter().zip(terms))
        .map(|(&sum, &term)| scope.graph.add(sum, term))
        .collect();
    scope.check_program(&after, "the sum over examples")?;
    let state = scope.state_size();
    let count = scope.size_of(sums);
    let feedback: Vec<(usize, usize)> = (0..count).map(|k| (k, state + k)).collect();
    Ok(ExampleSum {
        program: Program::compile_feedback(&scope.graph, &after, &feedback),
        sums: count,
    })
}
