//! `[parameters]`: names, shapes and starts.

use std::ops::Range;

use super::{
    super::{
        Parameter, ParameterShape, Spanned, Start,
        document::{Entry, Node, Value},
    },
    keys::{PARAMETER, PARAMETER_VALUE},
    missing,
    reader::{Field, Reader, Table, listed, nearest},
};

/// More scalars than a chain could hold anywhere.
const LARGEST: u64 = 1 << 24;

/// The names other sections may use, known even when the parameters themselves are wrong.
pub(super) struct Declared {
    /// Names in order, with the shape where it could be read.
    pub(super) parameters: Vec<(String, Range<usize>, Option<ParameterShape>)>,
}

impl Declared {
    /// The position of a parameter; reports an unknown name.
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

    pub(super) fn names(&self) -> Vec<&str> {
        self.parameters
            .iter()
            .map(|(name, ..)| name.as_str())
            .collect()
    }

    /// Scalars in all parameters together, when all shapes are known.
    pub(super) fn dimension(&self) -> Option<usize> {
        self.parameters
            .iter()
            .map(|(_, _, shape)| shape.map(ParameterShape::len))
            .sum()
    }
}

/// Names and shapes without reporting anything: [`read`] does that.
pub(super) fn declared(file: &Table<'_>) -> Declared {
    let entries = file
        .get("parameters")
        .and_then(|field| field.entries())
        .unwrap_or_default();
    let parameters = entries.iter().map(|entry| {
        (
            entry.key.clone(),
            entry.key_span.clone(),
            quiet_shape(&entry.node),
        )
    });
    Declared {
        parameters: parameters.collect(),
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
    let Value::Array(first) = &items.first()?.value else {
        return Some(ParameterShape::Vector(items.len()));
    };
    let rectangular = items
        .iter()
        .all(|row| matches!(&row.value, Value::Array(row) if row.len() == first.len()));
    (rectangular && !first.is_empty()).then_some(ParameterShape::Matrix(items.len(), first.len()))
}

/// Reads all parameters, at least one.
pub(super) fn read(reader: &mut Reader<'_>, file: &Table<'_>) -> Option<Vec<Parameter>> {
    let Some(field) = file.get("parameters") else {
        return missing(reader, file, "parameters");
    };
    let Some(entries) = field.entries() else {
        return reader.wrong_type(&field);
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
        let message = format!("the parameters have {total} entries together, more than {LARGEST}");
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
        Value::Array(_) => list_start(reader, field, shape),
        _ => {
            let number = reader.number(field)?;
            let shape = shape.unwrap_or(ParameterShape::Scalar);
            Some((shape, Start::Values(vec![number; shape.len()])))
        }
    }
}

/// A list of numbers, or of rows for a matrix.
fn list_start(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    shape: Option<ParameterShape>,
) -> Option<(ParameterShape, Start)> {
    let items = field.items().unwrap_or_default();
    if items.is_empty() {
        return reader.wrong_type(field);
    }
    let values = numbers(reader, field)?;
    let own = literal_shape(field.node);
    let Some(shape) = shape.or(own) else {
        return reader.refuse(field, "the rows have different lengths");
    };
    let nested = items
        .iter()
        .any(|item| matches!(item.value, Value::Array(_)));
    if values.len() != shape.len() || (nested && own != Some(shape)) {
        let found = match own {
            Some(own) if nested => describe(own),
            _ => format!("{} numbers", values.len()),
        };
        let label = format!("found {found}, but the shape is {}", describe(shape));
        return reader.refuse(field, &label);
    }
    Some((shape, Start::Values(values)))
}

/// All numbers of a list or a list of lists, in order.
pub(super) fn numbers(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Vec<f64>> {
    let mut numbers = Vec::new();
    for item in field.items().unwrap_or_default() {
        match &item.value {
            Value::Array(row) => {
                for entry in row {
                    numbers.push(reader.number(&field.item(entry))?);
                }
            }
            _ => numbers.push(reader.number(&field.item(item))?),
        }
    }
    Some(numbers)
}

fn describe(shape: ParameterShape) -> String {
    match shape {
        ParameterShape::Scalar => "one number".to_owned(),
        ParameterShape::Vector(length) => format!("a vector of {length}"),
        ParameterShape::Matrix(rows, columns) => {
            format!("a matrix of {rows} rows and {columns} columns")
        }
    }
}

/// `normal(mean, sd)` or `uniform(from, to)`.
fn random_start(reader: &mut Reader<'_>, field: &Field<'_>, text: &str) -> Option<Start> {
    let Some((law, first, second)) = call(text) else {
        return reader.refuse(
            field,
            "expected \"normal(mean, sd)\" or \"uniform(from, to)\"",
        );
    };
    let (Ok(first), Ok(second)) = (first.parse::<f64>(), second.parse::<f64>()) else {
        return reader.refuse(field, "the two arguments must be numbers");
    };
    if !first.is_finite() || !second.is_finite() {
        return reader.refuse(field, "the two arguments must be finite");
    }
    match law {
        "normal" if second < 0.0 => reader.refuse(field, "a standard deviation is not negative"),
        "normal" => Some(Start::Normal {
            mean: first,
            sd: second,
        }),
        "uniform" if first >= second => {
            reader.refuse(field, "the first bound must be less than the second")
        }
        "uniform" => Some(Start::Uniform {
            from: first,
            to: second,
        }),
        _ => match nearest(law, &["normal", "uniform"]) {
            Some(name) => reader.refuse(field, &format!("did you mean \"{name}\"?")),
            None => reader.refuse(
                field,
                "there are \"normal(mean, sd)\" and \"uniform(from, to)\"",
            ),
        },
    }
}

/// Splits `name(first, second)`.
fn call(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.trim().split_once('(')?;
    let (first, second) = rest.strip_suffix(')')?.split_once(',')?;
    Some((name.trim(), first.trim(), second.trim()))
}
