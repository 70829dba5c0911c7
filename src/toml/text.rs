//! Values as TOML text.

use crate::dynamics::Range;
use crate::spec::{Optimizer, ParameterShape, RunLength, Start};
use std::fmt::Write;

/// The TOML text of a start; values of a matrix are written row by row.
pub(super) fn start_text(start: &Start, shape: ParameterShape) -> String {
    match start {
        Start::Normal { mean, sd } => {
            quoted(&format!("normal({}, {})", number(*mean), number(*sd)))
        }
        Start::Uniform { from, to } => {
            quoted(&format!("uniform({}, {})", number(*from), number(*to)))
        }
        Start::Values(values) => start_values(values, shape),
    }
}

/// One number when all entries have the same bits, else all of them, a matrix row by row.
fn start_values(values: &[f64], shape: ParameterShape) -> String {
    match (values, shape) {
        ([first, rest @ ..], _) if rest.iter().all(|value| value.to_bits() == first.to_bits()) => {
            number(*first)
        }
        (_, ParameterShape::Matrix(_, columns)) => rows(values.chunks(columns)),
        _ => numbers(values),
    }
}

/// The TOML text of an optimizer: its name, or a table with its hyperparameters.
pub(super) fn optimizer_text(optimizer: Optimizer) -> String {
    let rule = optimizer.rule();
    let family = rule.family();
    if family.hyperparameters.is_empty() {
        return quoted(family.name);
    }
    let values =
        (family.hyperparameters.iter().zip(rule.values())).map(|(hyperparameter, value)| {
            let value = match hyperparameter.range {
                Range::Flag => (value != 0.0).to_string(),
                Range::Decay | Range::Positive => number(value),
            };
            (hyperparameter.name, value)
        });
    table(std::iter::once(("kind", quoted(family.name))).chain(values))
}

/// The TOML text of the length of a run.
pub(super) fn length_text(length: RunLength) -> String {
    match length {
        RunLength::Steps(steps) => format!("{{ steps = {steps} }}"),
        RunLength::Time(time) => format!("{{ time = {} }}", number(time)),
    }
}

/// A TOML basic string on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                write!(quoted, "\\u{:04x}", u32::from(control))
                    .expect("writing to a string does not fail");
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The shortest decimal that reads back as the same f64, always with a point or an exponent.
pub(super) fn number(value: f64) -> String {
    format!("{value:?}")
}

pub(super) fn numbers(values: &[f64]) -> String {
    list(values.iter().map(|value| number(*value)))
}

pub(super) fn rows<'v>(rows: impl Iterator<Item = &'v [f64]>) -> String {
    list(rows.map(numbers))
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

pub(super) fn table<'n>(entries: impl Iterator<Item = (&'n str, String)>) -> String {
    let entries: Vec<String> = entries
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", entries.join(", "))
    }
}
