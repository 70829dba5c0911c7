//! Tests of the room.

mod cost;
mod errors;
mod language;
mod loops;
mod random;
mod reference;
mod rows;
mod writer;

use super::{Graph, Names, NodeId, Rate, Shape, formula};

/// A graph with inputs of these names and shapes.
fn inputs(shapes: &[(&str, Shape)]) -> (Graph, Names) {
    let mut graph = Graph::new();
    let names = shapes
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), graph.input(name, *shape, Rate::Lane)))
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

/// Panics unless naga accepts the source.
fn validate(source: &str) {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let mut validator = naga::valid::Validator::new(
        naga::valid::ValidationFlags::all(),
        naga::valid::Capabilities::empty(),
    );
    validator
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
}
