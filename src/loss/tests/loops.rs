//! Programs as loops: valid WGSL for every operation and for random formulas, with text whose length does not depend on
//! tensor sizes.

use std::fmt::Write;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::WIDTHS;
use super::random::INPUTS;
use super::writer::Writer;
use crate::loss::{Access, Graph, LoopBody, NodeId, Op, Program, Shape, TensorInput, Varies};
use crate::spec::Width;

/// Declarations that loop bodies need: the memory of temporary arrays, and the trip counts.
const MEMORY: &str = "@group(0) @binding(0) var<storage, read_write> memory: array<Real>;\n\
     fn turns(count: u32) -> u32 { return count; }\n";

/// The loops of a program whose inputs are consecutive in one array.
fn loops(program: &Program, width: Width) -> LoopBody {
    let inputs: Vec<TensorInput> = (program.tensor_inputs().iter())
        .map(|(_, first, _)| TensorInput {
            array: Access::array("(*values)"),
            first: *first,
        })
        .collect();
    let memory = TensorInput {
        array: Access::array("memory"),
        first: 0,
    };
    program.wgsl_loops(&inputs, &memory, width)
}

/// A WGSL function that adds up all elements of all outputs of a program.
fn function(name: &str, program: &Program, width: Width) -> String {
    let body = loops(program, width);
    let slots = program.input_count();
    let mut text = format!(
        "fn {name}(values: ptr<function, array<Real, {slots}>>) -> Real {{\n{}  var all = Real();\n",
        body.statements
    );
    for output in &body.outputs {
        let element = output.element("k");
        let count = output.len();
        let _ = writeln!(
            text,
            "  for (var k = 0u; k < {count}u; k++) {{ all = all + {element}; }}"
        );
    }
    text + "  return all;\n}\n"
}

#[test]
fn every_operation_is_valid_in_loops() {
    let mut sources = WIDTHS.map(|width| (width, MEMORY.to_owned()));
    for (number, &op) in Op::ALL.iter().enumerate() {
        let mut graph = Graph::new();
        let arguments: Vec<NodeId> = ["a", "b", "c"][..op.info().arity]
            .iter()
            .map(|name| graph.input(name, Shape::Matrix(3, 4), Varies::PerChain))
            .collect();
        let value = graph.map(op, &arguments);
        let sum = graph.sum(value);
        let mut outputs = vec![value, sum];
        if op.info().derivative.is_some() {
            outputs.extend(graph.gradient(sum, &arguments));
        }
        let program = Program::compile(&graph, &outputs);
        for (width, source) in &mut sources {
            source.push_str(&function(&format!("operation{number}"), &program, *width));
        }
    }
    for (width, source) in &sources {
        super::validate(*width, source);
    }
}

#[test]
fn every_formula_is_valid_in_loops() {
    let mut writer = Writer {
        random: Xoshiro256PlusPlus::seed_from_u64(4),
        jumps: false,
    };
    for _ in 0..30 {
        let mut sources = WIDTHS.map(|width| (width, MEMORY.to_owned()));
        for number in 0..100 {
            let text = writer.formula();
            let (graph, loss, gradient) = super::with_gradient(INPUTS, &text);
            let outputs: Vec<NodeId> = gradient.into_iter().chain([loss]).collect();
            let program = Program::compile(&graph, &outputs);
            for (width, source) in &mut sources {
                source.push_str(&function(&format!("formula{number}"), &program, *width));
            }
        }
        for (width, source) in &sources {
            super::validate(*width, source);
        }
    }
}

/// One step of gradient descent for a network of two hidden layers with all widths scaled.
fn network(width: usize) -> Program {
    let shapes = [
        ("W1", Shape::Matrix(4 * width, 3 * width)),
        ("b1", Shape::Vector(4 * width)),
        ("W2", Shape::Matrix(4 * width, 4 * width)),
        ("b2", Shape::Vector(4 * width)),
        ("W3", Shape::Matrix(2 * width, 4 * width)),
        ("b3", Shape::Vector(2 * width)),
        ("u", Shape::Vector(3 * width)),
        ("y", Shape::Vector(2 * width)),
    ];
    super::cost::descent(
        &shapes,
        6,
        "h = tanh(W2 @ tanh(W1 @ u + b1) + b2)\ns = W3 @ h + b3\nlogsumexp(s) - dot(y, s)",
    )
}

#[test]
fn text_does_not_grow_with_layer_widths() {
    let small = loops(&network(2), Width::Single).statements;
    let large = loops(&network(8), Width::Single).statements;
    assert_eq!(
        small.lines().count(),
        large.lines().count(),
        "{small}\n{large}"
    );
}

#[test]
fn temporaries_of_a_network_are_few() {
    // All weights and biases are outputs. Beyond them only hidden units, scores and their derivatives are stored, not
    // matrices: fewer than ten vectors of a layer.
    let program = network(8);
    let updated: usize = program
        .tensor_outputs()
        .iter()
        .map(|(_, count)| count)
        .sum();
    let private = loops(&program, Width::Single).temporaries;
    assert!(private < updated + 10 * 32, "{private} beside {updated}");
}

#[test]
fn gradients_of_slices_are_written_into_one_array() {
    // Two slices of one parameter vector. Its gradient consists of the gradients of the slices.
    let shapes = [
        ("w", Shape::Vector(6)),
        ("u", Shape::Vector(3)),
        ("v", Shape::Vector(3)),
    ];
    let (mut graph, names) = super::inputs(&shapes);
    let first = graph.slice(names["w"], 0, Shape::Vector(3));
    let second = graph.slice(names["w"], 3, Shape::Vector(3));
    let (a, b) = (graph.dot(first, names["u"]), graph.dot(second, names["v"]));
    let loss = graph.mul(a, b);
    let gradient = graph.gradient(loss, &[names["w"]]);
    let body = loops(&Program::compile(&graph, &gradient), Width::Single);
    assert_eq!(body.temporaries, 6);
    // Two sums and two slices of 3 elements. No zeros are written and no vectors of 6 elements are added.
    let turns: Vec<&str> = body.statements.matches("turns(3u)").collect();
    assert_eq!(
        (turns.len(), body.statements.matches("turns(6u)").count()),
        (4, 0)
    );
}
