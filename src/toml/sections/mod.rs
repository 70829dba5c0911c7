//! The tree of keys and values, checked section by section into an [`Experiment`].
//!
//! Every section is read even when an earlier one is wrong, so that one run shows all problems.

mod covariance;
mod data;
mod dynamics;
mod ensemble;
mod keys;
mod loss;
mod measure;
mod noise;
mod optimizer;
mod parameters;
mod reader;
#[cfg(test)]
mod reference;

use std::path::Path;

use super::document::{Entry, Value};
use crate::spec::{Experiment, Problem, Source};
use keys::{FILE, Section};
use reader::{Reader, Table, example};

/// Checks the whole tree; `None` when something required is missing or wrong, with the reasons in `problems`.
pub(super) fn experiment(
    source: &Source,
    root: &[Entry],
    problems: &mut Vec<Problem>,
) -> Option<Experiment> {
    let mut reader = Reader { source, problems };
    let end = source.file_text().trim_end().len();
    if root.is_empty() {
        return reader.report(
            end..end,
            "the experiment file is empty".to_owned(),
            "expected [parameters], [loss] and [dynamics]".to_owned(),
            "`etascope new NAME` writes a starter file".to_owned(),
        );
    }
    let file = Table {
        section: &FILE,
        prefix: String::new(),
        entries: root,
        span: end..end,
    };
    reader.check_keys(&file);
    let name = name(&mut reader, &file);
    let declared = parameters::declared(&file);
    let parameters = parameters::read(&mut reader, &file);
    let has_data = data::is_meant(&file);
    let data = data::read(&mut reader, &file, &declared);
    let loss = loss::read(&mut reader, &file, has_data);
    let noise = noise::read(&mut reader, &file, &declared, has_data);
    let dynamics = required(&mut reader, &file, &keys::DYNAMICS, "dynamics")
        .and_then(|table| dynamics::read(&mut reader, &table, &declared, noise.as_ref(), has_data));
    let ensemble = optional(&mut reader, &file, &keys::ENSEMBLE, "ensemble")
        .and_then(|table| ensemble::read(&mut reader, &table, dynamics.as_ref()));
    let measure = optional(&mut reader, &file, &keys::MEASURE, "measure")
        .and_then(|table| measure::read(&mut reader, &table, &declared));
    let (loss, regularization) = loss?;
    Some(Experiment {
        name: name?,
        parameters: parameters?,
        data: data?,
        loss,
        regularization,
        noise: noise?,
        dynamics: dynamics?,
        ensemble: ensemble?,
        measure: measure?,
        source: source.clone(),
    })
}

/// The name, or the stem of the file's name where that can be one.
fn name(reader: &mut Reader<'_>, file: &Table<'_>) -> Option<String> {
    let Some(field) = file.get("name") else {
        let stem = Path::new(reader.source.file_name())
            .file_stem()
            .and_then(|stem| stem.to_str());
        let stem = stem.filter(|stem| fault_of_name(stem).is_none());
        return Some(stem.unwrap_or("experiment").to_owned());
    };
    let Value::Text(text) = &field.node.value else {
        return reader.wrong_type(&field);
    };
    match fault_of_name(text) {
        Some(fault) => reader.refuse(&field, fault),
        None => Some(text.clone()),
    }
}

/// Why a text cannot name a folder on every system.
fn fault_of_name(text: &str) -> Option<&'static str> {
    /// Common file systems allow 255 bytes; the rest is left for what is added to the name.
    const LONGEST: usize = 100;
    if text.trim().is_empty() {
        Some("this is empty text")
    } else if text.len() > LONGEST {
        Some("this is longer than 100 bytes")
    } else if text.starts_with(['.', ' ']) || text.ends_with(['.', ' ']) {
        Some("this begins or ends with a dot or a blank")
    } else if text.contains(|c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c)) {
        Some(r#"this has one of / \ : * ? " < > | or a control character"#)
    } else {
        None
    }
}

/// A section that must be there.
fn required<'t>(
    reader: &mut Reader<'_>,
    file: &Table<'t>,
    section: &'static Section,
    name: &'static str,
) -> Option<Table<'t>> {
    if file.get(name).is_some() {
        return optional(reader, file, section, name);
    }
    missing(reader, file, name)
}

/// Says that a section is missing, at the end of the file, where it could stand.
fn missing<T>(reader: &mut Reader<'_>, file: &Table<'_>, name: &str) -> Option<T> {
    if file.misspells(name) {
        return None;
    }
    let message = format!("the file has no section [{name}]");
    let help = example(FILE.key(name).example);
    reader.report(
        file.span.clone(),
        message,
        format!("[{name}] is missing"),
        help,
    )
}

/// A section that may be left out: it then has no keys.
fn optional<'t>(
    reader: &mut Reader<'_>,
    file: &Table<'t>,
    section: &'static Section,
    name: &'static str,
) -> Option<Table<'t>> {
    let prefix = section.prefix.to_owned();
    let Some(field) = file.get(name) else {
        return Some(Table {
            section,
            prefix,
            entries: &[],
            span: file.span.clone(),
        });
    };
    let Some(entries) = field.entries() else {
        return reader.not_a_section(&field);
    };
    let table = Table {
        section,
        prefix,
        entries,
        span: field.key_span,
    };
    reader.check_keys(&table);
    Some(table)
}
