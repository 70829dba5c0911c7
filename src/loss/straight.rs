//! From a graph of scalars to straight-line code: fusing and ordering.

use std::collections::HashMap;

use super::graph::{Graph, Node, NodeId};
use super::lower::Lowered;
use super::op::Op;

/// One operation on values, in which every value is written once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) op: Op,
    /// Values: inputs first, then constants, then results of steps.
    pub(super) arguments: [usize; 3],
}

impl Step {
    pub(super) fn sources(&self) -> &[usize] {
        &self.arguments[..self.op.info().arity]
    }
}

/// Straight-line code before rows are given out.
#[derive(Debug)]
pub(super) struct Straight {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    pub(super) steps: Vec<Step>,
    /// Values of the outputs.
    pub(super) outputs: Vec<usize>,
}

impl Straight {
    /// Fuses a product that only one sum uses into it and numbers what is left.
    pub(super) fn select(lowered: &Lowered) -> Self {
        let graph = &lowered.graph;
        let uses = count_uses(graph, &lowered.outputs);
        let fused = fuse(graph, &uses);
        let mut selection = Selection {
            graph,
            constants: HashMap::new(),
            values: Vec::new(),
            steps: Vec::new(),
        };
        let inputs = graph.inputs.len();
        let mut code = Self {
            inputs,
            constants: Vec::new(),
            steps: Vec::new(),
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
        code.steps = selection.steps;
        code
    }

    /// Value of the first step.
    pub(super) fn first(&self) -> usize {
        self.inputs + self.constants.len()
    }

    /// Adds a copy of a value and gives the copy.
    pub(super) fn copy(&mut self, value: usize) -> usize {
        self.steps.push(Step {
            op: Op::Copy,
            arguments: [value; 3],
        });
        self.first() + self.steps.len() - 1
    }

    /// An order of the steps in which every value is computed before it is used, close to its use.
    ///
    /// `before[s]` lists steps that should rather come before step `s`, which must not be the source of any other step;
    /// a wish that cannot be met is ignored.
    pub(super) fn order(&self, before: &HashMap<usize, Vec<usize>>) -> Vec<usize> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Waiting,
            Open,
            Done,
        }
        let first = self.first();
        let mut state = vec![State::Waiting; self.steps.len()];
        let mut order = Vec::with_capacity(self.steps.len());
        let mut stack = Vec::new();
        for root in self
            .outputs
            .iter()
            .filter_map(|value| value.checked_sub(first))
        {
            stack.push(root);
            while let Some(&step) = stack.last() {
                match state[step] {
                    State::Waiting => {
                        state[step] = State::Open;
                        let wishes = before.get(&step).into_iter().flatten().copied();
                        let sources = self.steps[step]
                            .sources()
                            .iter()
                            .rev()
                            .filter_map(|value| value.checked_sub(first));
                        stack.extend(
                            wishes
                                .chain(sources)
                                .filter(|other| state[*other] == State::Waiting),
                        );
                    }
                    State::Open => {
                        state[step] = State::Done;
                        order.push(step);
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

/// Operation and scalar nodes of a fused instruction.
type Fused = Option<(Op, [NodeId; 3])>;

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

/// Nodes that still need a value: products taken into a sum do not.
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
    constants: HashMap<usize, usize>,
    /// Value of each node.
    values: Vec<usize>,
    steps: Vec<Step>,
}

impl Selection<'_> {
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
            (other, _) => unreachable!("lowering leaves scalars only, not {other:?}"),
        };
        self.values[index] = first + self.steps.len();
        self.steps.push(Step {
            op,
            arguments: sources.map(|source| self.values[source.index()]),
        });
    }
}
