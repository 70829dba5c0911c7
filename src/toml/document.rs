//! TOML text and overrides as one tree that keeps the order of the file and the position of every key and value.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::spec::{Piece, Problem, Source};

/// A value and its position.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Range<usize>,
}

/// A TOML value. Integers beyond `i128` are kept as floating point.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Datetime,
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

impl Node {
    /// The type of the value in words, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Boolean(_) => "a truth value",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(text) if text.trim().is_empty() => "empty text",
            Value::Text(_) => "text",
            Value::Datetime => "a date or time",
            Value::Array(items) if items.is_empty() => "an empty list",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// Reads the file and applies the overrides; `None` when the file is not TOML.
pub(super) fn read(source: &Source, problems: &mut Vec<Problem>) -> Option<Vec<Entry>> {
    let (file, overrides) = source
        .pieces()
        .split_first()
        .expect("a source begins with its file");
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    for error in &errors {
        problems.push(syntax_problem(error, file, 0));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut root = entries(table.get_ref(), 0);
    for piece in overrides {
        apply(piece, &mut root, problems);
    }
    Some(root)
}

/// The messages of the TOML parser, reworded for the most frequent mistakes.
fn syntax_problem(error: &toml::de::Error, piece: &Piece, offset: usize) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let said = error.message().trim();
    let (message, label, help) = if said.starts_with("duplicate key") {
        (
            "this key stands twice in its section",
            "the second time",
            "keep one of the two",
        )
    } else if said.starts_with("string values must be quoted") {
        (
            "this is neither a number nor text in quotes",
            "expected a number, a list, or text in quotes",
            "for example: eta = 0.1   or   kind = \"sgd\"   or   formula = \"x^2\"",
        )
    } else if said.starts_with("invalid mantissa") || said.starts_with("invalid fraction") {
        (
            "a number has digits on both sides of its point",
            "expected digits",
            "for example: 0.5, 1.0, 1e-3",
        )
    } else if said.starts_with("invalid multi-line") {
        (
            "text in triple quotes does not end",
            "the file ends here",
            "close the text with three quotes",
        )
    } else {
        let (message, expected) = said.split_once(", ").unwrap_or((said, "here"));
        (
            message,
            expected,
            "a line is `key = value`, below a header such as [dynamics]; text stands in quotes",
        )
    };
    Problem {
        message: format!("not TOML: {message}"),
        span: Some(shifted(span, piece.start + offset)),
        label: label.to_owned(),
        help: Some(help.to_owned()),
    }
}

/// Entries in the order of the text; `offset` is where the text begins in the source.
fn entries(table: &DeTable<'_>, offset: usize) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: shifted(key.span(), offset),
            node: Node {
                value: convert(value.get_ref(), offset),
                span: shifted(value.span(), offset),
            },
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

fn convert(value: &DeValue<'_>, offset: usize) -> Value {
    match value {
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::String(text) => Value::Text(text.to_string()),
        // A float that overflows reads as infinite here, and is refused where finite numbers are asked for.
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Integer(integer) => {
            match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => Value::Float(integer.as_str().parse().unwrap_or(f64::INFINITY)),
            }
        }
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| Node {
                    value: convert(item.get_ref(), offset),
                    span: shifted(item.span(), offset),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(entries(table, offset)),
    }
}

fn shifted(span: Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}

/// Sets one key of the tree as `key=value` says.
fn apply(piece: &Piece, root: &mut Vec<Entry>, problems: &mut Vec<Problem>) {
    let Some(path) = key_path(piece, problems) else {
        return;
    };
    let Some(node) = override_value(piece, problems) else {
        return;
    };
    let (last, parents) = path.split_last().expect("a key has at least one part");
    let mut table = root;
    for (depth, (name, span)) in parents.iter().enumerate() {
        let entry = entry_or_insert(table, name, span, || Value::Table(Vec::new()));
        let kind = entry.node.kind();
        let Value::Table(inner) = &mut entry.node.value else {
            problems.push(Problem {
                message: format!("`{name}` is {kind}, so nothing in it can be set"),
                span: Some(span.clone()),
                label: "not a table".to_owned(),
                help: Some(format!(
                    "set the whole value: `--set {}=…`",
                    joined(&path[..=depth])
                )),
            });
            return;
        };
        table = inner;
    }
    let entry = entry_or_insert(table, &last.0, &last.1, || Value::Boolean(false));
    entry.key_span = last.1.clone();
    entry.node = node;
}

fn entry_or_insert<'t>(
    table: &'t mut Vec<Entry>,
    name: &str,
    span: &Range<usize>,
    value: impl Fn() -> Value,
) -> &'t mut Entry {
    let index = table
        .iter()
        .position(|entry| entry.key == name)
        .unwrap_or_else(|| {
            let node = Node {
                value: value(),
                span: span.clone(),
            };
            table.push(Entry {
                key: name.to_owned(),
                key_span: span.clone(),
                node,
            });
            table.len() - 1
        });
    &mut table[index]
}

fn joined(path: &[(String, Range<usize>)]) -> String {
    path.iter()
        .map(|(name, _)| name.as_str())
        .collect::<Vec<_>>()
        .join(".")
}

/// The parts of a dotted key, with their positions.
fn key_path(piece: &Piece, problems: &mut Vec<Problem>) -> Option<Vec<(String, Range<usize>)>> {
    let mut path = Vec::new();
    let mut start = piece.start;
    for part in piece.text[..piece.value_at.saturating_sub(1)].split('.') {
        let name = part.trim();
        let span = start..start + part.len();
        start = span.end + 1;
        if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        {
            problems.push(Problem {
                message: "`--set` needs a key made of names and dots".to_owned(),
                span: Some(span),
                label: "expected a name".to_owned(),
                help: Some("for example: `--set dynamics.eta=0.1`".to_owned()),
            });
            return None;
        }
        path.push((name.to_owned(), span));
    }
    Some(path)
}

/// The value as TOML, or else as bare text; text that begins like a string, list or table must be TOML.
fn override_value(piece: &Piece, problems: &mut Vec<Problem>) -> Option<Node> {
    let text = &piece.text[piece.value_at..];
    let trimmed = text.trim();
    let offset = piece.value_at + (text.len() - text.trim_start().len());
    let start = piece.start + offset;
    match DeValue::parse(trimmed) {
        Ok(value) => Some(Node {
            value: convert(value.get_ref(), start),
            span: shifted(value.span(), start),
        }),
        Err(error) if trimmed.starts_with(['"', '\'', '[', '{']) => {
            problems.push(syntax_problem(&error, piece, offset));
            None
        }
        Err(_) => Some(Node {
            value: Value::Text(trimmed.to_owned()),
            span: start..start + trimmed.len(),
        }),
    }
}
