//! What one step is, as a graph.
