//! Tests of the formula compiler.

mod cost;
mod errors;
mod language;
mod loops;
mod random;
mod reference;
mod rows;
mod separable;
mod writer;

use super::{Graph, Names, NodeId, Shape, Varies, formula};
use crate::spec::Width;

/// A graph with inputs of these names and shapes.
fn inputs(shapes: &[(&str, Shape)]) -> (Graph, Names) {
    let mut graph = Graph::new();
    let names = shapes
        .iter()
        .map(|(name, shape)| {
            (
                (*name).to_owned(),
                graph.input(name, *shape, Varies::PerChain),
            )
        })
        .collect();
    (graph, names)
}

/// A loss and its gradient with respect to all inputs.
fn with_gradient(shapes: &[(&str, Shape)], text: &str) -> (Graph, NodeId, Vec<NodeId>) {
    let (mut graph, names) = inputs(shapes);
    let loss =
        formula(&mut graph, &names, text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let wrt: Vec<NodeId> = shapes.iter().map(|(name, _)| names[*name]).collect();
    let gradient = graph.gradient(loss, &wrt);
    (graph, loss, gradient)
}

/// Both precisions of shaders.
const WIDTHS: [Width; 2] = [Width::Single, Width::Double];

/// Panics unless naga accepts the source after the operations of a precision.
fn validate(width: Width, source: &str) {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let source = &format!(
        "{}{}{source}",
        width.wgsl_real(),
        width.wgsl_operations().concat()
    );
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let capabilities = match width {
        Width::Single => Capabilities::empty(),
        Width::Double => Capabilities::FLOAT64 | Capabilities::SHADER_INT64,
    };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    validator
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
}
