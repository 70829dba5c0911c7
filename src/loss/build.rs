//! Semantic analysis: resolves names, checks shapes and builds the graph from a syntax tree.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::{FormulaError, suggestion};
use super::functions::{Callable, Function, foreign};
use super::graph::{Graph, NodeId};
use super::op::Op;
use super::parse::parse;
use super::shape::Shape;
use super::syntax::{Definition, Expr, ExprId, ExprKind, Logic, Tree};

/// Values that a formula may use, by name.
pub type Names = BTreeMap<String, NodeId>;

/// Reserved words that are not functions.
const WORDS: &[&str] = &["pi", "and", "or", "not"];

/// Maximum number of elements of a value. Programs are unrolled, so larger ones could not run.
const LARGEST_VALUE: usize = 1 << 24;

/// Returns true when formulas give a name a meaning, so that no parameter or column may have it.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    WORDS.contains(&name) || Callable::named(name).is_some()
}

/// Builds the scalar value of a formula in a graph.
///
/// # Errors
/// Anything that is not a formula with a scalar value: spelling, brackets, names, arguments, shapes.
pub fn formula(graph: &mut Graph, names: &Names, text: &str) -> Result<NodeId, FormulaError> {
    let tree = parse(text)?;
    let mut builder = GraphBuilder {
        graph,
        tree: &tree,
        names,
        lines: BTreeMap::new(),
        values: Vec::new(),
    };
    for definition in &tree.definitions {
        builder.build_up_to(definition.value)?;
        builder.define(definition)?;
    }
    builder.build_up_to(tree.value)?;
    builder.check_use()?;
    let value = builder.values[tree.value];
    let shape = graph.shape(value);
    if shape == Shape::Scalar {
        return Ok(value);
    }
    let span = tree.expressions[tree.value].span.clone();
    Err(FormulaError::new(
        format!("the formula's value is a {shape}, but a scalar is needed"),
        span,
        format!("this is a {shape}"),
    )
    .with_help("take one element, such as v[0], or reduce it: sum(...), mean(...), norm(...)"))
}

/// A named line of the formula.
struct Line {
    value: NodeId,
    span: Range<usize>,
    used: bool,
}

struct GraphBuilder<'a> {
    graph: &'a mut Graph,
    tree: &'a Tree,
    names: &'a Names,
    lines: BTreeMap<String, Line>,
    /// Node of each expression built so far.
    values: Vec<NodeId>,
}

type Built = Result<NodeId, FormulaError>;

impl GraphBuilder<'_> {
    fn build_up_to(&mut self, last: ExprId) -> Result<(), FormulaError> {
        let tree = self.tree;
        for expression in &tree.expressions[self.values.len()..=last] {
            let value = self.build(expression)?;
            self.values.push(value);
        }
        Ok(())
    }

    fn define(&mut self, definition: &Definition) -> Result<(), FormulaError> {
        let Definition { name, span, value } = definition;
        let problem = if is_reserved(name) {
            Some(format!("`{name}` already has a meaning in formulas"))
        } else if self.names.contains_key(name) {
            Some(format!("`{name}` is already defined outside this formula"))
        } else if self.lines.contains_key(name) {
            Some(format!("`{name}` is already the name of a line above"))
        } else {
            None
        };
        if let Some(message) = problem {
            return Err(
                FormulaError::new(message, span.clone(), "defined again here")
                    .with_help("choose another name"),
            );
        }
        let line = Line {
            value: self.values[*value],
            span: span.clone(),
            used: false,
        };
        self.lines.insert(name.clone(), line);
        Ok(())
    }

    fn check_use(&self) -> Result<(), FormulaError> {
        let unused = self
            .lines
            .iter()
            .filter(|(_, line)| !line.used)
            .min_by_key(|(_, line)| line.span.start);
        unused.map_or(Ok(()), |(name, line)| {
            Err(FormulaError::new(
                format!("`{name}` is never used"),
                line.span.clone(),
                "named here",
            )
            .with_help("use it in a later line, or remove the line"))
        })
    }

    fn build(&mut self, expression: &Expr) -> Built {
        let span = &expression.span;
        let value = match &expression.kind {
            ExprKind::Number(value) => self.graph.constant(*value),
            ExprKind::Name(name) => self.name(name, span)?,
            ExprKind::Operator(op, arguments) => {
                self.elementwise(*op, op.info().name, arguments, span)?
            }
            ExprKind::MatMul(a, b) => self.matmul(*a, *b, span)?,
            ExprKind::Logic(logic, arguments) => self.logic(*logic, arguments, span)?,
            ExprKind::Call {
                function,
                name_span,
                arguments,
            } => self.call(function, name_span, arguments, span)?,
            ExprKind::Index(whole, indices) => self.index(*whole, indices)?,
            ExprKind::List(parts) => self.list(parts, span)?,
        };
        let shape = self.graph.shape(value);
        if shape.len() > LARGEST_VALUE {
            let message =
                format!("a {shape} is too large: a value has at most {LARGEST_VALUE} elements");
            return Err(FormulaError::new(message, span.clone(), "too large")
                .with_help("take smaller vectors and matrices"));
        }
        Ok(value)
    }

    fn name(&mut self, name: &str, span: &Range<usize>) -> Built {
        if let Some(line) = self.lines.get_mut(name) {
            line.used = true;
            return Ok(line.value);
        }
        if let Some(value) = self.names.get(name) {
            return Ok(*value);
        }
        if name == "pi" {
            return Ok(self.graph.constant(std::f64::consts::PI));
        }
        if let Some(callable) = Callable::named(name) {
            let error = FormulaError::new(
                format!("`{name}` is a function"),
                span.clone(),
                "its arguments are missing",
            );
            return Err(error.with_help(format!("write {}", callable.usage())));
        }
        let later = self
            .tree
            .definitions
            .iter()
            .any(|definition| definition.name == name);
        let error = FormulaError::new(
            format!("unknown name `{name}`"),
            span.clone(),
            "not known here",
        );
        if later {
            return Err(error.with_help(format!(
                "a line can use only lines above it; move the line of `{name}` up"
            )));
        }
        let known: Vec<&str> = self
            .names
            .keys()
            .chain(self.lines.keys())
            .map(String::as_str)
            .chain(["pi"])
            .collect();
        Err(error.with_help(suggestion(name, &known)))
    }

    fn shapes(&self, arguments: &[ExprId]) -> Vec<Shape> {
        arguments
            .iter()
            .map(|argument| self.graph.shape(self.values[*argument]))
            .collect()
    }

    fn nodes(&self, arguments: &[ExprId]) -> Vec<NodeId> {
        arguments
            .iter()
            .map(|argument| self.values[*argument])
            .collect()
    }

    fn elementwise(
        &mut self,
        op: Op,
        name: &str,
        arguments: &[ExprId],
        span: &Range<usize>,
    ) -> Built {
        let shapes = self.shapes(arguments);
        let mut common = Shape::Scalar;
        for shape in &shapes {
            let Some(next) = common.broadcast(*shape) else {
                let message = format!(
                    "`{name}` works element by element, but here are a {common} and a {shape}"
                );
                let label = shapes
                    .iter()
                    .map(Shape::to_string)
                    .collect::<Vec<_>>()
                    .join(", ");
                let error = FormulaError::new(message, span.clone(), label);
                let product = op == Op::Mul && shapes[0].matmul(shapes[1]).is_some();
                let help = if product {
                    "for the matrix product, write @"
                } else {
                    "make the shapes equal, or use a scalar"
                };
                return Err(error.with_help(help));
            };
            common = next;
        }
        let nodes = self.nodes(arguments);
        Ok(self.graph.map(op, &nodes))
    }

    fn matmul(&mut self, a: ExprId, b: ExprId, span: &Range<usize>) -> Built {
        let (left, right) = (
            self.graph.shape(self.values[a]),
            self.graph.shape(self.values[b]),
        );
        if left.matmul(right).is_some() {
            return Ok(self.graph.matmul(self.values[a], self.values[b]));
        }
        let message = format!("`@` cannot multiply a {left} with a {right}");
        let error = FormulaError::new(message, span.clone(), format!("{left} @ {right}"));
        let scalar = left == Shape::Scalar || right == Shape::Scalar;
        Err(error.with_help(if scalar {
            "to scale by a scalar, write *"
        } else {
            "the last size on the left has to equal the first on the right; see transpose(...)"
        }))
    }

    fn logic(&mut self, logic: Logic, arguments: &[ExprId], span: &Range<usize>) -> Built {
        let zero = self.graph.constant(0.0);
        let one = self.graph.constant(1.0);
        if logic == Logic::Not {
            return Ok(self
                .graph
                .map(Op::Equal, &[self.values[arguments[0]], zero]));
        }
        let name = if logic == Logic::And { "and" } else { "or" };
        // Builds an unused sum because its checks of shapes apply here too.
        self.elementwise(Op::Add, name, arguments, span)?;
        let (a, b) = (self.values[arguments[0]], self.values[arguments[1]]);
        let second = self.graph.map(Op::NotEqual, &[b, zero]);
        Ok(match logic {
            Logic::And => self.graph.select(a, second, zero),
            _ => self.graph.select(a, one, second),
        })
    }

    fn call(
        &mut self,
        name: &str,
        name_span: &Range<usize>,
        arguments: &[ExprId],
        span: &Range<usize>,
    ) -> Built {
        let Some(callable) = Callable::named(name) else {
            if self.names.contains_key(name) || self.lines.contains_key(name) {
                let error = FormulaError::new(
                    format!("`{name}` is a value, not a function"),
                    name_span.clone(),
                    "called here",
                );
                return Err(error.with_help(format!(
                    "to multiply, write {name} * (...); to pick an element, {name}[0]"
                )));
            }
            let error = FormulaError::new(
                format!("unknown function `{name}`"),
                name_span.clone(),
                "not known",
            );
            let help = foreign(name).map(str::to_owned);
            return Err(
                error.with_help(help.unwrap_or_else(|| suggestion(name, &Callable::names())))
            );
        };
        if !callable.accepts(arguments.len()) {
            let count = arguments.len();
            let plural = if count == 1 { "argument" } else { "arguments" };
            let error = FormulaError::new(
                format!("`{name}` cannot take {count} {plural}"),
                span.clone(),
                format!("{count} {plural}"),
            );
            return Err(error.with_help(format!("write {}", callable.usage())));
        }
        match callable {
            Callable::Elementwise(Op::Max) if arguments.len() == 1 => {
                Ok(self.graph.largest(self.values[arguments[0]]))
            }
            Callable::Elementwise(Op::Min) if arguments.len() == 1 => {
                Ok(self.graph.smallest(self.values[arguments[0]]))
            }
            Callable::Elementwise(op) => self.elementwise(op, name, arguments, span),
            Callable::Whole(function) => self.whole(function, arguments, span),
        }
    }

    fn whole(&mut self, function: Function, arguments: &[ExprId], span: &Range<usize>) -> Built {
        let nodes = self.nodes(arguments);
        function
            .build(self.graph, &nodes)
            .map_err(|(message, help)| {
                let label = self
                    .shapes(arguments)
                    .iter()
                    .map(Shape::to_string)
                    .collect::<Vec<_>>()
                    .join(", ");
                FormulaError::new(message, span.clone(), label).with_help(help)
            })
    }

    fn index(&mut self, whole: ExprId, indices: &[ExprId]) -> Built {
        let value = self.values[whole];
        let shape = self.graph.shape(value);
        let whole_span = self.tree.expressions[whole].span.clone();
        match (shape, indices) {
            (Shape::Vector(n), [i]) => {
                let i = self.position(*i, n)?;
                Ok(self.graph.element(value, i))
            }
            (Shape::Matrix(m, n), [i]) => {
                let i = self.position(*i, m)?;
                Ok(self.graph.slice(value, i * n, Shape::Vector(n)))
            }
            (Shape::Matrix(m, n), [i, j]) => {
                let (i, j) = (self.position(*i, m)?, self.position(*j, n)?);
                Ok(self.graph.element(value, i * n + j))
            }
            _ => {
                let count = indices.len();
                let plural = if count == 1 { "index" } else { "indices" };
                let message = format!("a {shape} cannot take {count} {plural}");
                let error = FormulaError::new(message, whole_span, format!("this is a {shape}"));
                Err(error
                    .with_help("write v[i] for a vector, A[i, j] or A[i] (a row) for a matrix"))
            }
        }
    }

    /// Value of a constant index, checked to be below `count`.
    fn position(&self, index: ExprId, count: usize) -> Result<usize, FormulaError> {
        let span = self.tree.expressions[index].span.clone();
        let Some(value) = self.graph.as_constant(self.values[index]) else {
            let error = FormulaError::new("an index has to be a constant", span, "not a constant");
            return Err(error.with_help("to pick by a value, use select(...)"));
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be a whole number in range"
        )]
        let position = value as usize;
        #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^53")]
        if value < 0.0 || value.fract() != 0.0 || !value.is_finite() || value >= count as f64 {
            let error = FormulaError::new(
                format!("index {value} does not exist"),
                span,
                "out of range",
            );
            return Err(error.with_help(format!("indices go from 0 to {}", count - 1)));
        }
        Ok(position)
    }

    fn list(&mut self, parts: &[ExprId], span: &Range<usize>) -> Built {
        let Some(first) = parts.first() else {
            let error =
                FormulaError::new("a vector has at least one element", span.clone(), "empty");
            return Err(error.with_help("for example [1, 2]"));
        };
        let shape = self.graph.shape(self.values[*first]);
        for part in parts {
            let other = self.graph.shape(self.values[*part]);
            if other != shape {
                let message = format!(
                    "the elements of a list have equal shapes, but here are a {shape} and a {other}"
                );
                let span = self.tree.expressions[*part].span.clone();
                let error = FormulaError::new(message, span, format!("this is a {other}"));
                return Err(error.with_help("take scalars only, or vectors of one length"));
            }
        }
        let whole = match shape {
            Shape::Scalar => Shape::Vector(parts.len()),
            Shape::Vector(n) => Shape::Matrix(parts.len(), n),
            Shape::Matrix(..) => {
                let label = format!("each is a {shape}");
                let error = FormulaError::new("there is no list of matrices", span.clone(), label);
                return Err(error.with_help("a list has scalars or vectors"));
            }
        };
        let nodes = self.nodes(parts);
        Ok(self.graph.concatenate(&nodes, whole))
    }
}
