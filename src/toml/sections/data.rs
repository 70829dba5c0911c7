//! `[data]`: which columns of which file are examples, and what is done to them.

use super::{
    super::document::{Entry, Node, Value},
    keys::{COLUMNS_OF_NAME, DATA},
    optional,
    parameters::Declared,
    reader::{Field, Reader, Table, listed, nearest},
};
use crate::spec::{Data, DataName, ExampleStorage, Spanned, Standardize};

/// Returns true when the file has a data section, valid or not: keys that need data are then allowed.
pub(super) fn is_meant(file: &Table<'_>) -> bool {
    file.get("data").is_some() || file.misspells("data")
}

/// Reads the section, which may be left out.
#[allow(
    clippy::option_option,
    reason = "the outer `None` has reported a problem, the inner one is a file without data"
)]
pub(super) fn read(
    reader: &mut Reader<'_>,
    file: &Table<'_>,
    declared: &Declared,
) -> Option<Option<Data>> {
    if file.get("data").is_none() {
        return Some(None);
    }
    let table = optional(reader, file, &DATA, "data")?;
    let path = reader
        .required(&table, "file")
        .and_then(|field| text(reader, &field));
    let names = reader
        .required(&table, "columns")
        .and_then(|field| columns(reader, &field, declared, &observables(file)));
    // Keys that refer to columns can be checked only when the columns are known.
    let names = names.as_deref();
    let standardize = match table.get("standardize") {
        Some(field) => standardize(reader, &field, names),
        None => Some(Standardize::No),
    };
    let categorical = match table.get("categorical") {
        Some(field) => categorical(reader, &field, names),
        None => Some(Vec::new()),
    };
    let validation = match table.get("validation") {
        Some(field) => fraction(reader, &field),
        None => Some(0.0),
    };
    let storage = match table.get("storage") {
        Some(field) => reader.choice(
            &field,
            &[("f32", ExampleStorage::F32), ("f16", ExampleStorage::F16)],
        ),
        None => Some(ExampleStorage::F32),
    };
    Some(Some(Data {
        file: path?,
        columns: names?.to_vec(),
        standardize: standardize?,
        categorical: categorical?,
        validation: validation?,
        storage: storage?,
    }))
}

/// The entries of `measure.observables`, without reporting anything.
fn observables<'t>(file: &Table<'t>) -> Vec<&'t str> {
    let measure = file.get("measure").and_then(|field| field.entries());
    let observables = measure
        .unwrap_or_default()
        .iter()
        .find(|entry| entry.key == "observables");
    match observables.map(|entry| &entry.node.value) {
        Some(Value::Table(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// Text that is not blank.
fn text(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Spanned<String>> {
    match &field.node.value {
        Value::Text(text) if !text.trim().is_empty() => {
            Some(Spanned::new(text.clone(), field.node.span.clone()))
        }
        _ => reader.wrong_type(field),
    }
}

/// A list of such texts.
fn texts(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    items: &[Node],
) -> Option<Vec<Spanned<String>>> {
    let texts: Vec<Option<Spanned<String>>> = items
        .iter()
        .map(|item| text(reader, &field.item(item)))
        .collect();
    texts.into_iter().collect()
}

/// `{ u = ["age", "bmi"], y = "target" }`, at least one name.
fn columns(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    declared: &Declared,
    observables: &[&str],
) -> Option<Vec<DataName>> {
    let Some(entries) = field.entries() else {
        return reader.wrong_type(field);
    };
    if entries.is_empty() {
        return reader.refuse(field, "no name at all");
    }
    let names: Vec<Option<DataName>> = entries
        .iter()
        .map(|entry| name(reader, field, entry, declared, observables))
        .collect();
    names.into_iter().collect()
}

fn name(
    reader: &mut Reader<'_>,
    columns: &Field<'_>,
    entry: &Entry,
    declared: &Declared,
    observables: &[&str],
) -> Option<DataName> {
    let named = reader.name(entry, "columns");
    let taken = if declared.names().contains(&entry.key.as_str()) {
        Some("a parameter")
    } else if observables.contains(&entry.key.as_str()) {
        Some("an observable")
    } else {
        None
    };
    if let Some(other) = taken {
        reader.report::<()>(
            entry.key_span.clone(),
            format!("`{}` names columns and {other}", entry.key),
            "this name is taken".to_owned(),
            "take another name: formulas could not tell the two apart".to_owned(),
        );
    }
    let field = Field {
        path: format!("{}.{}", columns.path, entry.key),
        key: &COLUMNS_OF_NAME,
        key_span: entry.key_span.clone(),
        node: &entry.node,
    };
    let own = match &entry.node.value {
        Value::Array(items) if !items.is_empty() => texts(reader, &field, items),
        _ => text(reader, &field).map(|column| vec![column]),
    };
    named?;
    let own = own?;
    if taken.is_some() {
        return None;
    }
    Some(DataName {
        name: Spanned::new(entry.key.clone(), entry.key_span.clone()),
        columns: own,
        is_list: field.items().is_some(),
    })
}

/// `true`, `false` or a list of names.
fn standardize(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    names: Option<&[DataName]>,
) -> Option<Standardize> {
    match &field.node.value {
        Value::Boolean(true) => Some(Standardize::All),
        Value::Boolean(false) => Some(Standardize::No),
        Value::Array(items) => {
            let listed = texts(reader, field, items)?;
            let known: Vec<&str> = names?.iter().map(|name| name.name.value.as_str()).collect();
            all_known(
                reader,
                &field.path,
                &listed,
                &known,
                "a name of `data.columns`",
            )?;
            Some(Standardize::Names(listed))
        }
        _ => reader.wrong_type(field),
    }
}

/// A list of columns, each of which some name stands for.
fn categorical(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    names: Option<&[DataName]>,
) -> Option<Vec<Spanned<String>>> {
    let Some(items) = field.items() else {
        return reader.wrong_type(field);
    };
    let listed = texts(reader, field, items)?;
    let known: Vec<&str> = names?
        .iter()
        .flat_map(|name| &name.columns)
        .map(|column| column.value.as_str())
        .collect();
    all_known(
        reader,
        &field.path,
        &listed,
        &known,
        "a column in `data.columns`",
    )?;
    Some(listed)
}

/// Checks that every item of a list is known. `what` names the known items in messages.
fn all_known(
    reader: &mut Reader<'_>,
    path: &str,
    written: &[Spanned<String>],
    known: &[&str],
    what: &str,
) -> Option<()> {
    let mut sound = Some(());
    for one in written {
        if known.contains(&one.value.as_str()) {
            continue;
        }
        let label = match nearest(&one.value, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("not {what}"),
        };
        sound = reader.report(
            one.span.clone(),
            format!("`{path}` lists `{}`, which is not {what}", one.value),
            label,
            format!("there are {}", listed(known)),
        );
    }
    sound
}

fn fraction(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<f64> {
    let fraction = reader.not_negative(field)?;
    if fraction < 1.0 {
        // Without the sign of a negative zero.
        Some(fraction.abs())
    } else {
        reader.refuse(field, "not less than 1")
    }
}
