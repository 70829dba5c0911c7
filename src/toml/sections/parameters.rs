//! `[parameters]`: names, shapes and starts.

use std::ops::Range;

use super::{
    super::document::{Entry, Node, Value},
    keys::{Key, PARAMETER, PARAMETER_VALUE, RANDOM_START},
    missing,
    reader::{Field, Reader, Table, listed, nearest},
};
use crate::spec::{Parameter, ParameterShape, Spanned, Start};

/// More scalars than a chain could hold anywhere.
const LARGEST: u64 = 1 << 24;

/// The names other sections may use, known even when the parameters themselves are wrong.
pub(super) struct Declared {
    /// Names in order, with the shape where it could be read.
    pub(super) parameters: Vec<(String, Range<usize>, Option<ParameterShape>)>,
    /// True when the file has a table of parameters. Otherwise no name can be called unknown.
    pub(super) known: bool,
}

impl Declared {
    /// The position of a parameter; reports an unknown name, unless nothing is known of the parameters.
    pub(super) fn position(
        &self,
        reader: &mut Reader<'_>,
        entry: &Entry,
        path: &str,
    ) -> Option<usize> {
        if let Some(position) = self
            .parameters
            .iter()
            .position(|(name, ..)| *name == entry.key)
        {
            return Some(position);
        }
        if !self.known {
            return None;
        }
        let names = self.names();
        let label = match nearest(&entry.key, &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "not a parameter".to_owned(),
        };
        let message = format!("`{path}` names `{}`, which is not a parameter", entry.key);
        reader.report(
            entry.key_span.clone(),
            message,
            label,
            format!("the parameters are {}", listed(&names)),
        )
    }

    /// The entries of `{ x = 1.0, y = 3.0 }` at the positions of the parameters that they name, each read by `value`;
    /// `default` for the parameters that are not named. `None` if a name is unknown or `value` fails.
    pub(super) fn values<T>(
        &self,
        reader: &mut Reader<'_>,
        field: &Field<'_>,
        key: &'static Key,
        default: impl Fn(Option<ParameterShape>) -> Option<T>,
        mut value: impl FnMut(&mut Reader<'_>, &Field<'_>, Option<ParameterShape>) -> Option<T>,
    ) -> Option<Vec<Option<T>>> {
        let shapes = self.parameters.iter().map(|(_, _, shape)| *shape);
        let mut values: Vec<Option<T>> = shapes.map(default).collect();
        let mut sound = true;
        for entry in field.entries().unwrap_or_default() {
            let Some(position) = self.position(reader, entry, &field.path) else {
                sound = false;
                continue;
            };
            let (name, _, shape) = &self.parameters[position];
            let item = Field {
                path: format!("{}.{name}", field.path),
                key,
                key_span: entry.key_span.clone(),
                node: &entry.node,
            };
            values[position] = value(reader, &item, *shape);
            sound &= values[position].is_some();
        }
        sound.then_some(values)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.parameters
            .iter()
            .map(|(name, ..)| name.as_str())
            .collect()
    }

    /// Number of scalars in all parameters, when all shapes are known.
    pub(super) fn dimension(&self) -> Option<usize> {
        self.parameters
            .iter()
            .map(|(_, _, shape)| shape.map(ParameterShape::len))
            .sum()
    }
}

/// Names and shapes without reporting anything: [`read`] does that.
pub(super) fn declared(file: &Table<'_>) -> Declared {
    let entries = file.get("parameters").and_then(|field| field.entries());
    let parameters = entries.unwrap_or_default().iter().map(|entry| {
        (
            entry.key.clone(),
            entry.key_span.clone(),
            quiet_shape(&entry.node),
        )
    });
    Declared {
        parameters: parameters.collect(),
        known: entries.is_some(),
    }
}

/// The shape of a parameter, if it has a valid one.
fn quiet_shape(node: &Node) -> Option<ParameterShape> {
    match &node.value {
        Value::Table(entries) => match entries.iter().find(|entry| entry.key == "shape") {
            Some(shape) => shape_of(&shape.node).ok(),
            None => match entries.iter().find(|entry| entry.key == "start") {
                Some(start) => literal_shape(&start.node),
                None => Some(ParameterShape::Scalar),
            },
        },
        _ => literal_shape(node),
    }
}

/// The shape a start has by itself: that of a list of numbers or of equally long lists, else a scalar.
fn literal_shape(node: &Node) -> Option<ParameterShape> {
    let Value::Array(items) = &node.value else {
        return Some(ParameterShape::Scalar);
    };
    let columns = |item: &Node| match &item.value {
        Value::Array(row) => row.len(),
        _ => 0,
    };
    let first = columns(items.first()?);
    let rectangular = items.iter().all(|item| columns(item) == first);
    rectangular.then_some(match first {
        0 => ParameterShape::Vector(items.len()),
        columns => ParameterShape::Matrix(items.len(), columns),
    })
}

/// Reads all parameters, at least one.
pub(super) fn read(reader: &mut Reader<'_>, file: &Table<'_>) -> Option<Vec<Parameter>> {
    let Some(field) = file.get("parameters") else {
        return missing(reader, file, "parameters");
    };
    let Some(entries) = field.entries() else {
        return reader.not_a_section(&field);
    };
    if entries.is_empty() {
        return reader.report(
            field.key_span,
            "[parameters] is empty".to_owned(),
            "expected at least one parameter".to_owned(),
            "for example: x = 0.0".to_owned(),
        );
    }
    let parameters: Vec<Option<Parameter>> = entries
        .iter()
        .map(|entry| parameter(reader, entry))
        .collect();
    let parameters: Vec<Parameter> = parameters.into_iter().collect::<Option<_>>()?;
    let total: u64 = parameters
        .iter()
        .map(|parameter| parameter.shape.len() as u64)
        .sum();
    if total > LARGEST {
        let message = format!("the parameters have {total} entries in all, more than {LARGEST}");
        return reader.report(
            field.key_span,
            message,
            "too many".to_owned(),
            "take smaller shapes".to_owned(),
        );
    }
    Some(parameters)
}

fn parameter(reader: &mut Reader<'_>, entry: &Entry) -> Option<Parameter> {
    let named = reader.name(entry, "a parameter");
    let path = format!("parameters.{}", entry.key);
    let field = Field {
        path,
        key: &PARAMETER_VALUE,
        key_span: entry.key_span.clone(),
        node: &entry.node,
    };
    let (shape, start) = match &entry.node.value {
        Value::Table(_) => {
            let table = reader.table(&field, &PARAMETER)?;
            shape_and_start(reader, &table)?
        }
        _ => start(reader, &field, None)?,
    };
    named?;
    Some(Parameter {
        name: Spanned::new(entry.key.clone(), entry.key_span.clone()),
        shape,
        start,
    })
}

/// `{ shape = …, start = … }`; without `shape` the start's own, without `start` zero.
fn shape_and_start(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<(ParameterShape, Start)> {
    let shape = match table.get("shape") {
        Some(field) => match shape_of(field.node) {
            Ok(shape) => Some(shape),
            Err((node, label)) => return reader.refuse(&field.item(node), label),
        },
        None => None,
    };
    match table.get("start") {
        Some(field) => start(reader, &field, shape),
        None => {
            let shape = shape.unwrap_or(ParameterShape::Scalar);
            Some((shape, Start::Values(vec![0.0; shape.len()])))
        }
    }
}

/// `[length]`, `[rows, columns]` or a bare length.
fn shape_of(node: &Node) -> Result<ParameterShape, (&Node, &'static str)> {
    let lengths = match &node.value {
        Value::Array(items) if items.is_empty() => {
            return Err((node, "empty: a scalar has no `shape` at all"));
        }
        Value::Array(items) if items.len() > 2 => {
            return Err((
                node,
                "more than two lengths: there are only vectors and matrices",
            ));
        }
        Value::Array(items) => items.iter().map(length).collect::<Result<Vec<_>, _>>()?,
        _ => vec![length(node)?],
    };
    let total = lengths
        .iter()
        .try_fold(1_u64, |product, length| product.checked_mul(*length));
    if total.is_none_or(|total| total > LARGEST) {
        return Err((node, "more than 16 777 216 entries"));
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "each length is at most LARGEST, which fits 32 bits"
    )]
    Ok(match lengths[..] {
        [rows, columns] => ParameterShape::Matrix(rows as usize, columns as usize),
        _ => ParameterShape::Vector(lengths[0] as usize),
    })
}

fn length(node: &Node) -> Result<u64, (&Node, &'static str)> {
    match node.value {
        Value::Integer(length) => match u64::try_from(length) {
            Ok(0) | Err(_) if length <= 0 => Err((node, "a length is at least 1")),
            Ok(length) => Ok(length),
            Err(_) => Err((node, "too large")),
        },
        _ => Err((node, "not a whole number")),
    }
}

/// A start with the shape given, or with its own.
fn start(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    shape: Option<ParameterShape>,
) -> Option<(ParameterShape, Start)> {
    match &field.node.value {
        Value::Text(text) => {
            let start = random_start(reader, field, text)?;
            Some((shape.unwrap_or(ParameterShape::Scalar), start))
        }
        Value::Array(_) => {
            let (shape, values) = numbers(reader, field, shape)?;
            Some((shape, Start::Values(values)))
        }
        _ => {
            let number = reader.number(field)?;
            let shape = shape.unwrap_or(ParameterShape::Scalar);
            Some((shape, Start::Values(vec![number; shape.len()])))
        }
    }
}

/// A list of numbers, or of rows for a matrix, of the shape given or else of its own.
pub(super) fn numbers(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    shape: Option<ParameterShape>,
) -> Option<(ParameterShape, Vec<f64>)> {
    let items = field.items().filter(|items| !items.is_empty());
    let Some(items) = items else {
        return reader.wrong_type(field);
    };
    let mut numbers = Vec::new();
    for item in items {
        let row = match &item.value {
            Value::Array(row) => row,
            _ => std::slice::from_ref(item),
        };
        for entry in row {
            numbers.push(reader.number(&field.item(entry))?);
        }
    }
    let own = literal_shape(field.node);
    let Some(own) = own else {
        return reader.refuse(field, "the rows have different lengths");
    };
    let shape = shape.unwrap_or(own);
    // A matrix may be written as one list, row by row.
    let flat = matches!(own, ParameterShape::Vector(_));
    if own == shape || (flat && numbers.len() == shape.len()) {
        return Some((shape, numbers));
    }
    let label = format!(
        "this is {}, but the shape is {}",
        describe(own),
        describe(shape)
    );
    reader.refuse(field, &label)
}

fn describe(shape: ParameterShape) -> String {
    match shape {
        ParameterShape::Scalar => "a scalar".to_owned(),
        ParameterShape::Vector(length) => format!("a vector of {length}"),
        ParameterShape::Matrix(rows, columns) => format!("a matrix of {rows} × {columns}"),
    }
}

/// `normal(mean, sd)` or `uniform(from, to)`.
fn random_start(reader: &mut Reader<'_>, field: &Field<'_>, text: &str) -> Option<Start> {
    let field = &Field {
        key: &RANDOM_START,
        ..field.clone()
    };
    let Some((distribution, first, second)) = call(text) else {
        return reader.refuse(field, "this is neither of the two");
    };
    let (Ok(first), Ok(second)) = (first.parse::<f64>(), second.parse::<f64>()) else {
        return reader.refuse(field, "expected two numbers in the parentheses");
    };
    if !first.is_finite() || !second.is_finite() {
        return reader.refuse(field, "expected two finite numbers in the parentheses");
    }
    match distribution {
        "normal" if second < 0.0 => reader.refuse(field, "the standard deviation is negative"),
        "normal" => Some(Start::Normal {
            mean: first,
            sd: second,
        }),
        "uniform" if first >= second => {
            reader.refuse(field, "the first bound is not less than the second")
        }
        "uniform" => Some(Start::Uniform {
            from: first,
            to: second,
        }),
        _ => match nearest(distribution, &["normal", "uniform"]) {
            Some(name) => reader.refuse(field, &format!("did you mean \"{name}\"?")),
            None => reader.refuse(field, "this is neither of the two"),
        },
    }
}

/// Splits `name(first, second)`.
fn call(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.trim().split_once('(')?;
    let (first, second) = rest.strip_suffix(')')?.split_once(',')?;
    Some((name.trim(), first.trim(), second.trim()))
}

/// A list with one number per entry of a parameter, each of which must be `sound`.
pub(super) fn per_entry(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    shape: Option<ParameterShape>,
    sound: impl Fn(f64) -> bool,
    fault: &str,
) -> Option<Vec<f64>> {
    let (_, values) = numbers(reader, field, shape)?;
    match values.iter().find(|value| !sound(**value)) {
        Some(bad) => reader.refuse(field, &format!("{bad:?} {fault}")),
        None => Some(values),
    }
}
