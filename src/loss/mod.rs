//! Mathematics as a value: formula, graph, gradient, program.
