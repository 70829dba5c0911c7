//! `[loss]`: the formula, and what is added to it once.

use super::{
    keys::LOSS,
    reader::{Reader, Table},
    required,
};
use crate::spec::Formula;

/// Reads the section: the formula and the regularization, which only data can have.
pub(super) fn read(
    reader: &mut Reader<'_>,
    file: &Table<'_>,
    has_data: bool,
) -> Option<(Formula, Option<Formula>)> {
    let table = required(reader, file, &LOSS, "loss")?;
    let formula = reader
        .required(&table, "formula")
        .and_then(|field| reader.formula(&field));
    let regularization = match table.get("regularization") {
        Some(field) if !has_data => reader.report(
            field.key_span,
            "`loss.regularization` needs the section [data]".to_owned(),
            "without examples there is one formula".to_owned(),
            "add it to `formula`".to_owned(),
        ),
        Some(field) => reader.formula(&field).map(Some),
        None => Some(None),
    };
    Some((formula?, regularization?))
}
