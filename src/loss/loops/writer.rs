//! Code generation: writes the plan as WGSL. Each value is computed in the outermost loop in which its index is known.

use std::collections::HashMap;

use super::allocation::Allocation;
use super::index::{Index, Variable};
use super::operands::{Access, Location, LoopBody, TensorInput, TensorOutput};
use super::plan::Plan;
use crate::loss::graph::{Graph, Node, NodeId};
use crate::loss::op::Op;
use crate::loss::shape::Shape;
use crate::spec::Width;

/// The function body, or a loop that is being written.
#[derive(Debug, Default)]
struct Scope {
    statements: String,
    /// Names of the values computed in this scope.
    known: HashMap<(NodeId, Index), String>,
}

#[derive(Debug)]
pub(super) struct Writer<'a> {
    graph: &'a Graph,
    inputs: &'a [TensorInput],
    memory: &'a TensorInput,
    plan: Plan,
    /// The function body, then the loops being written, outermost first.
    scopes: Vec<Scope>,
    allocation: Allocation,
    /// The array of each node that has one by now.
    array_of: Vec<Option<usize>>,
    separate: bool,
    width: Width,
    /// Number of names given so far.
    names: usize,
}

impl<'a> Writer<'a> {
    /// With `separate`, outputs never refer to arrays of inputs.
    pub(super) fn new(
        graph: &'a Graph,
        outputs: &[NodeId],
        inputs: &'a [TensorInput],
        memory: &'a TensorInput,
        separate: bool,
        width: Width,
    ) -> Self {
        let plan = Plan::new(graph, outputs, separate);
        let allocation = Allocation::new(graph, &plan);
        Self {
            graph,
            inputs,
            memory,
            plan,
            scopes: vec![Scope::default()],
            allocation,
            array_of: vec![None; graph.len()],
            separate,
            width,
            names: 0,
        }
    }

    /// Writes all statements and locates the outputs.
    pub(super) fn write(mut self, outputs: &[NodeId]) -> LoopBody {
        for node in self.plan.nodes() {
            if self.plan.kept[node.index()] {
                self.fill(node);
            } else if self.plan.is_anchor(self.graph, node) {
                self.value(node, &Index::default());
            }
            for old in &self.allocation.expiring[node.index()] {
                self.array_of[old.index()] = None;
            }
        }
        let outputs = outputs.iter().map(|node| self.output(*node)).collect();
        LoopBody {
            statements: self.allocation.arrays.offsets(self.memory.first)
                + &self.scopes[0].statements,
            outputs,
            temporaries: self.allocation.arrays.elements(),
        }
    }

    /// Syntax for the elements of a temporary array.
    fn array(&self, array: usize) -> Access {
        Access {
            open: format!("{}t{array} + ", self.memory.array.open),
            close: self.memory.array.close.clone(),
        }
    }

    fn element(&self, array: usize, index: &Index) -> String {
        self.array(array).element(&index.to_string())
    }

    fn output(&mut self, node: NodeId) -> TensorOutput {
        let shape = self.graph.shape(node);
        let location = match (self.array_of[node.index()], self.graph.node(node)) {
            (Some(array), _) => Location::Array(TensorInput {
                array: self.array(array),
                first: 0,
            }),
            (None, Node::Input(number)) if shape != Shape::Scalar => {
                Location::Array(self.inputs[*number as usize].clone())
            }
            _ => {
                let value = self.value(node, &Index::default());
                Location::Value(if self.separate {
                    self.named(0, &value)
                } else {
                    value
                })
            }
        };
        TensorOutput {
            len: shape.len(),
            location,
        }
    }

    /// Computes all elements of a node into an array of its own.
    fn fill(&mut self, node: NodeId) {
        let shape = self.graph.shape(node);
        let array = self.allocation.array_of[node.index()].expect("kept nodes have an array");
        if self.plan.scattered[node.index()] {
            self.scatter(node, array);
        } else if let Node::Stack(parts) = self.graph.node(node) {
            let mut start = 0;
            for part in parts {
                self.store(*part, array, start, false);
                start += self.graph.shape(*part).len();
            }
        } else {
            self.for_each(shape, &[node], &mut |writer, index| {
                let value = writer.compute(node, index);
                let target = writer.element(array, index);
                writer.line(&format!("{target} = {value};"));
            });
        }
        self.array_of[node.index()] = Some(array);
    }

    /// Fills an array with a sum of whole values and padded pieces. A padded piece costs only its own length: its zeros are
    /// never added.
    fn scatter(&mut self, node: NodeId, array: usize) {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        let mut waiting = vec![node];
        while let Some(next) = waiting.pop() {
            let own = next == node || self.plan.absorbed[next.index()];
            match *self.graph.node(next) {
                Node::Pad(part, start) if own => pieces.push((start as usize, part)),
                Node::Map(Op::Add, [a, b, _]) if own => waiting.extend([b, a]),
                _ => whole.push(next),
            }
        }
        let shape = self.graph.shape(node);
        let covered = whole.is_empty() && self.covers(&pieces, shape.len());
        if !covered {
            self.store_sum(&whole, shape, array);
        }
        for (start, part) in pieces {
            self.store(part, array, start, !covered);
        }
    }

    /// Returns true when the pieces cover the array exactly once, so that it needs no zeros first.
    fn covers(&self, pieces: &[(usize, NodeId)], len: usize) -> bool {
        let mut ranges: Vec<(usize, usize)> = (pieces.iter())
            .map(|(start, part)| (*start, start + self.graph.shape(*part).len()))
            .collect();
        ranges.sort_unstable();
        let ends = ranges.iter().map(|range| range.1);
        let begins = ranges.iter().map(|range| range.0).chain([len]);
        std::iter::once(0).chain(ends).eq(begins)
    }

    fn store_sum(&mut self, terms: &[NodeId], shape: Shape, array: usize) {
        self.for_each(shape, terms, &mut |writer, index| {
            let terms: Vec<String> = (terms.iter())
                .map(|term| writer.value(*term, index))
                .collect();
            let sum = if terms.is_empty() {
                "Real()".to_owned()
            } else {
                terms.join(" + ")
            };
            let target = writer.element(array, index);
            writer.line(&format!("{target} = {sum};"));
        });
    }

    /// Stores a value in an array from index `start` on, or adds it there.
    fn store(&mut self, part: NodeId, array: usize, start: usize, add: bool) {
        self.for_each(self.graph.shape(part), &[part], &mut |writer, index| {
            let value = writer.value(part, index);
            let target = writer.element(array, &index.plus(start));
            let before = if add {
                format!("{target} + ")
            } else {
                String::new()
            };
            writer.line(&format!("{target} = {before}{value};"));
        });
    }

    /// Name or other short expression for one element. Computes the element first if no open scope has it.
    fn value(&mut self, node: NodeId, index: &Index) -> String {
        if let Some(array) = self.array_of[node.index()] {
            return self.element(array, index);
        }
        let scalar = Index::default();
        let index = if self.graph.shape(node) == Shape::Scalar {
            &scalar
        } else {
            index
        };
        if !is_written(self.graph.node(node)) {
            return self.compute(node, index);
        }
        let key = (node, index.clone());
        if let Some(name) = self.scopes.iter().find_map(|scope| scope.known.get(&key)) {
            return name.clone();
        }
        let value = self.compute(node, index);
        let name = match self.graph.node(node) {
            Node::Map(..) | Node::Outer(_) => self.named(index.depth(), &value),
            _ => value,
        };
        self.scopes[index.depth()].known.insert(key, name.clone());
        name
    }

    /// Expression that computes one element.
    fn compute(&mut self, node: NodeId, index: &Index) -> String {
        match self.graph.node(node) {
            Node::Input(number) => self.inputs[*number as usize].element(index),
            Node::Constant(bits) => self.width.literal(f64::from_bits(*bits)),
            Node::Map(op, sources) => self.operation(*op, *sources, index),
            Node::Outer(_) => {
                let (a, b) = self.factors(node, index);
                format!("{a} * {b}")
            }
            Node::MatMul([a, b]) => self.product(*a, *b, index),
            Node::Transpose(a) => {
                let (own_row, own_column) = index.split(columns(self.graph.shape(node)));
                let columns = columns(self.graph.shape(*a));
                self.value(*a, &own_column.times_plus(columns, &own_row))
            }
            Node::Sum(a) => self.sum(*a),
            Node::Largest(a) => self.largest(*a),
            Node::Broadcast(a) => self.value(*a, &Index::default()),
            Node::Slice(a, start) => self.value(*a, &index.plus(*start as usize)),
            other @ (Node::LogSumExp(_) | Node::Norm(_) | Node::Pad(..) | Node::Stack(_)) => {
                unreachable!("rewritten or stored in an array: {other:?}")
            }
        }
    }

    /// Elementwise operation, as a multiply-add if the plan fuses it with a product.
    fn operation(&mut self, op: Op, sources: [NodeId; 3], index: &Index) -> String {
        let [p, q, _] = sources;
        let is_sum = matches!(op, Op::Add | Op::Sub);
        let fused = match op {
            Op::Add => Some((Op::MulAdd, Op::MulAdd)),
            Op::Sub => Some((Op::NegMulAdd, Op::MulSub)),
            _ => None,
        };
        let (op, [a, b, c]) = match fused {
            Some((last, _)) if is_sum && self.plan.fused[q.index()] => {
                let (a, b) = self.factors(q, index);
                (last, [a, b, self.value(p, index)])
            }
            Some((_, first)) if is_sum && self.plan.fused[p.index()] => {
                let (a, b) = self.factors(p, index);
                (first, [a, b, self.value(q, index)])
            }
            _ => (op, sources.map(|source| self.value(source, index))),
        };
        (op.info().wgsl)(&a, &b, &c)
    }

    /// Factors of one element of a product.
    fn factors(&mut self, node: NodeId, index: &Index) -> (String, String) {
        match *self.graph.node(node) {
            Node::Outer([a, b]) => {
                let (row, column) = index.split(columns(self.graph.shape(node)));
                (self.value(a, &row), self.value(b, &column))
            }
            Node::Map(Op::Mul, [a, b, _]) => (self.value(a, index), self.value(b, index)),
            ref other => unreachable!("{other:?} is not a product"),
        }
    }

    /// One element of a matrix product, as a loop over the inner dimension.
    fn product(&mut self, a: NodeId, b: NodeId, index: &Index) -> String {
        let (left, right) = (self.graph.shape(a), self.graph.shape(b));
        let (row, column) = match (left, right) {
            (Shape::Matrix(..), Shape::Matrix(_, n)) => index.split(n),
            (Shape::Matrix(..), _) => (index.clone(), Index::default()),
            _ => (Index::default(), index.clone()),
        };
        let (inner, width) = match right {
            Shape::Matrix(k, n) => (k, n),
            other => (other.len(), 1),
        };
        self.accumulate(index.depth(), "Real()", |writer, total| {
            writer.repeat(inner, &mut |writer, k| {
                let x = writer.value(a, &row.times_plus(inner, k));
                let y = writer.value(b, &k.times_plus(width, &column));
                writer.line(&format!(
                    "{total} = {};",
                    (Op::MulAdd.info().wgsl)(&x, &y, total)
                ));
            });
        })
    }

    fn sum(&mut self, a: NodeId) -> String {
        self.accumulate(0, "Real()", |writer, total| {
            writer.for_each(writer.graph.shape(a), &[a], &mut |writer, index| {
                let next = if writer.plan.fused[a.index()] {
                    let (x, y) = writer.factors(a, index);
                    (Op::MulAdd.info().wgsl)(&x, &y, total)
                } else {
                    format!("{total} + {}", writer.value(a, index))
                };
                writer.line(&format!("{total} = {next};"));
            });
        })
    }

    fn largest(&mut self, a: NodeId) -> String {
        self.accumulate(0, "-infinity()", |writer, largest| {
            writer.for_each(writer.graph.shape(a), &[a], &mut |writer, index| {
                let value = writer.value(a, index);
                let larger = (Op::Max.info().wgsl)(largest, &value, &value);
                writer.line(&format!("{largest} = {larger};"));
            });
        })
    }

    /// Declares a variable in the scope of depth `depth` and writes the loops that update it.
    fn accumulate(
        &mut self,
        depth: usize,
        first: &str,
        loops: impl FnOnce(&mut Self, &str),
    ) -> String {
        let inside = self.scopes.split_off(depth + 1);
        let name = self.fresh('v');
        self.line(&format!("var {name} = {first};"));
        loops(self, &name);
        self.scopes.extend(inside);
        name
    }

    /// Loops over all elements of a shape: by row and column if one of the nodes needs both, else by flat index.
    fn for_each(
        &mut self,
        shape: Shape,
        nodes: &[NodeId],
        visit: &mut dyn FnMut(&mut Self, &Index),
    ) {
        let by_row = (nodes.iter())
            .any(|node| self.plan.by_row[node.index()] && self.array_of[node.index()].is_none());
        match shape {
            Shape::Matrix(rows, columns) if by_row => {
                self.repeat(rows, &mut |writer, i| {
                    writer.repeat(columns, &mut |writer, j| {
                        visit(writer, &i.times_plus(columns, j));
                    });
                });
            }
            _ => self.repeat(shape.len(), visit),
        }
    }

    /// Writes a loop in the innermost scope; no loop for a single iteration.
    fn repeat(&mut self, count: usize, body: &mut dyn FnMut(&mut Self, &Index)) {
        if count == 1 {
            return body(self, &Index::default());
        }
        let name = self.fresh('k');
        let variable = Variable {
            depth: self.scopes.len(),
            name: name.clone(),
            bound: count,
        };
        self.scopes.push(Scope::default());
        body(self, &Index::variable(variable));
        let inner = self.scopes.pop().expect("the loop is open").statements;
        self.line(&format!(
            "for (var {name} = 0u; {name} < turns({count}u); {name}++) {{"
        ));
        self.innermost().statements.push_str(&inner);
        self.line("}");
    }

    /// Names a value in the scope of depth `depth`.
    fn named(&mut self, depth: usize, value: &str) -> String {
        let name = self.fresh('v');
        let inside = self.scopes.split_off(depth + 1);
        self.line(&format!("let {name} = {value};"));
        self.scopes.extend(inside);
        name
    }

    fn fresh(&mut self, kind: char) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn innermost(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the function is always open")
    }

    fn line(&mut self, text: &str) {
        let indent = "  ".repeat(self.scopes.len());
        let statements = &mut self.innermost().statements;
        statements.push_str(&indent);
        statements.push_str(text);
        statements.push('\n');
    }
}

/// Returns true for nodes that compute; the others only read another value at a different index.
fn is_written(node: &Node) -> bool {
    matches!(
        node,
        Node::Map(..) | Node::Outer(_) | Node::MatMul(_) | Node::Sum(_) | Node::Largest(_)
    )
}

fn columns(shape: Shape) -> usize {
    match shape {
        Shape::Matrix(_, columns) => columns,
        other => other.len(),
    }
}
