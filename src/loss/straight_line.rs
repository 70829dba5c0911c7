//! Instruction selection and scheduling: from a graph of scalars to straight-line code.
//!
//! A product that only one sum reads becomes a fused multiply-add with it. The schedule is a depth-first walk from the
//! outputs, so that values are computed close to their use and few are live at a time.

use std::collections::HashMap;

use super::graph::{Graph, Node, NodeId};
use super::lower::Lowered;
use super::op::Op;

/// One assignment `value = op(arguments)`. Every value is assigned once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment {
    pub(super) op: Op,
    /// Numbers of values: inputs first, then constants, then results of assignments.
    pub(super) arguments: [usize; 3],
}

impl Assignment {
    pub(super) fn sources(&self) -> &[usize] {
        &self.arguments[..self.op.info().arity]
    }
}

/// Straight-line code before register allocation.
#[derive(Debug)]
pub(super) struct StraightLine {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    pub(super) assignments: Vec<Assignment>,
    /// Values of the outputs.
    pub(super) outputs: Vec<usize>,
}

impl StraightLine {
    /// Selects instructions: fuses products into sums and numbers the remaining values.
    pub(super) fn select(lowered: &Lowered) -> Self {
        let graph = &lowered.graph;
        let uses = count_uses(graph, &lowered.outputs);
        let fused = fuse(graph, &uses);
        let mut selection = Selection {
            graph,
            constants: HashMap::new(),
            values: Vec::new(),
            assignments: Vec::new(),
        };
        let inputs = graph.inputs.len();
        let mut code = Self {
            inputs,
            constants: Vec::new(),
            assignments: Vec::new(),
            outputs: Vec::new(),
        };
        let live = live_after_fusing(graph, &fused, &lowered.outputs);
        for (index, _) in live.iter().enumerate().filter(|(_, live)| **live) {
            if let Node::Constant(bits) = graph.node(node_id(index)) {
                selection
                    .constants
                    .insert(index, inputs + code.constants.len());
                code.constants.push(f64::from_bits(*bits));
            }
        }
        let first = inputs + code.constants.len();
        selection.values = vec![usize::MAX; graph.len()];
        for (index, _) in live.iter().enumerate().filter(|(_, live)| **live) {
            selection.number(index, fused[index], first);
        }
        code.outputs = lowered
            .outputs
            .iter()
            .map(|node| selection.values[node.index()])
            .collect();
        code.assignments = selection.assignments;
        code
    }

    /// Number of the first assignment's value.
    pub(super) fn first(&self) -> usize {
        self.inputs + self.constants.len()
    }

    /// For each input slot, true when the outputs depend on it.
    pub(super) fn used_inputs(&self) -> Vec<bool> {
        let mut used = vec![false; self.inputs];
        let sources = self.assignments.iter().flat_map(|one| one.sources().iter());
        let read = sources.chain(&self.outputs);
        for value in read.filter(|value| **value < self.inputs) {
            used[*value] = true;
        }
        used
    }

    /// Appends a copy of a value and returns the copy's number.
    pub(super) fn copy(&mut self, value: usize) -> usize {
        self.assignments.push(Assignment {
            op: Op::Copy,
            arguments: [value; 3],
        });
        self.first() + self.assignments.len() - 1
    }

    /// An order of the assignments that computes every value before its readers and close to them.
    ///
    /// `earlier[k]` lists assignments that should come before assignment `k`. They are preferences: one that would close a
    /// cycle is ignored. No other assignment may read the result of assignment `k`.
    pub(super) fn schedule(&self, earlier: &HashMap<usize, Vec<usize>>) -> Vec<usize> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Waiting,
            Open,
            Done,
        }
        let first = self.first();
        let mut state = vec![State::Waiting; self.assignments.len()];
        let mut order = Vec::with_capacity(self.assignments.len());
        let mut stack = Vec::new();
        for root in self
            .outputs
            .iter()
            .filter_map(|value| value.checked_sub(first))
        {
            stack.push(root);
            while let Some(&index) = stack.last() {
                match state[index] {
                    State::Waiting => {
                        state[index] = State::Open;
                        let preferred = earlier.get(&index).into_iter().flatten().copied();
                        let sources = self.assignments[index]
                            .sources()
                            .iter()
                            .rev()
                            .filter_map(|value| value.checked_sub(first));
                        stack.extend(
                            preferred
                                .chain(sources)
                                .filter(|other| state[*other] == State::Waiting),
                        );
                    }
                    State::Open => {
                        state[index] = State::Done;
                        order.push(index);
                        stack.pop();
                    }
                    State::Done => {
                        stack.pop();
                    }
                }
            }
        }
        order
    }
}

fn node_id(index: usize) -> NodeId {
    NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"))
}

/// Number of reads of each node; an output counts as one.
fn count_uses(graph: &Graph, outputs: &[NodeId]) -> Vec<u32> {
    let marks = graph.reachable(outputs);
    let mut uses = vec![0; graph.len()];
    for output in outputs {
        uses[output.index()] += 1;
    }
    for (index, _) in marks.iter().enumerate().filter(|(_, used)| **used) {
        for source in graph.node(node_id(index)).sources() {
            uses[source.index()] += 1;
        }
    }
    uses
}

/// Operation and arguments of a multiply-add; `None` for nodes that stay as they are.
type Fused = Option<(Op, [NodeId; 3])>;

/// Multiply-adds: sums and differences with a product that nothing else reads.
fn fuse(graph: &Graph, uses: &[u32]) -> Vec<Fused> {
    let product = |node: NodeId| match *graph.node(node) {
        Node::Map(Op::Mul, [a, b, _]) if uses[node.index()] == 1 => Some((a, b)),
        _ => None,
    };
    (0..graph.len())
        .map(|index| match *graph.node(node_id(index)) {
            Node::Map(Op::Add, [p, q, _]) => product(q)
                .map(|(a, b)| (Op::MulAdd, [a, b, p]))
                .or_else(|| product(p).map(|(a, b)| (Op::MulAdd, [a, b, q]))),
            Node::Map(Op::Sub, [p, q, _]) => product(q)
                .map(|(a, b)| (Op::NegMulAdd, [a, b, p]))
                .or_else(|| product(p).map(|(a, b)| (Op::MulSub, [a, b, q]))),
            _ => None,
        })
        .collect()
}

/// Liveness after fusing: products inside multiply-adds need no value of their own.
fn live_after_fusing(graph: &Graph, fused: &[Fused], outputs: &[NodeId]) -> Vec<bool> {
    let mut live = vec![false; graph.len()];
    for output in outputs {
        live[output.index()] = true;
    }
    for index in (0..graph.len()).rev() {
        if !live[index] {
            continue;
        }
        let sources = match &fused[index] {
            Some((_, sources)) => &sources[..],
            None => graph.node(node_id(index)).sources(),
        };
        for source in sources {
            live[source.index()] = true;
        }
    }
    live
}

struct Selection<'a> {
    graph: &'a Graph,
    /// Value number of each constant node.
    constants: HashMap<usize, usize>,
    /// Value number of each node.
    values: Vec<usize>,
    assignments: Vec<Assignment>,
}

impl Selection<'_> {
    /// Gives a node its value number and emits its assignment.
    fn number(&mut self, index: usize, fused: Fused, first: usize) {
        let (op, sources) = match (self.graph.node(node_id(index)), fused) {
            (Node::Input(slot), _) => {
                self.values[index] = *slot as usize;
                return;
            }
            (Node::Constant(_), _) => {
                self.values[index] = self.constants[&index];
                return;
            }
            (_, Some(instruction)) => instruction,
            (Node::Map(op, sources), None) => (*op, *sources),
            (other, _) => {
                unreachable!("lowering leaves elementwise operations only, not {other:?}")
            }
        };
        self.values[index] = first + self.assignments.len();
        self.assignments.push(Assignment {
            op,
            arguments: sources.map(|source| self.values[source.index()]),
        });
    }
}
