//! Keys of `[dynamics]` about batches and optimizers: `batch`, `sampling`, `optimizer`.

use super::{
    super::document::Value,
    keys::{OPTIMIZER, hyperparameters},
    reader::{Field, Reader, Table},
};
use crate::dynamics::{DataNoise, FAMILIES, Family, Range};
use crate::spec::{Kind, Optimizer, Sampling, Spanned};

/// The number of examples in a batch.
pub(super) fn batch(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    kind: Option<Kind>,
    has_data: bool,
) -> Option<Spanned<u64>> {
    let Some(field) = table.get("batch") else {
        return Some(Spanned::new(1, table.span.clone()));
    };
    let size = reader.whole(&field, 1..=u64::from(u32::MAX))?;
    has_batches(reader, &field, kind, has_data)?;
    Some(Spanned::new(size, field.node.span.clone()))
}

/// The choice of the examples of a batch.
pub(super) fn sampling(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    kind: Option<Kind>,
    has_data: bool,
) -> Option<Sampling> {
    let Some(field) = table.get("sampling") else {
        return Some(Sampling::WithReplacement);
    };
    // Nearer in letters is "with-replacement", which is the contrary.
    if matches!(&field.node.value, Value::Text(text) if text == "without-replacement") {
        return reader.refuse(&field, "did you mean \"shuffle\"?");
    }
    let sampling = reader.choice(&field, &Sampling::NAMES)?;
    has_batches(reader, &field, kind, has_data)?;
    Some(sampling)
}

/// Refuses a key about batches where there are none.
fn has_batches(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    kind: Option<Kind>,
    has_data: bool,
) -> Option<()> {
    let name = field.key.name;
    if !has_data {
        return reader.report(
            field.key_span.clone(),
            format!("`{}` needs the section [data]", field.path),
            "there are no examples to pick from".to_owned(),
            format!("remove `{name}`: without data the noise is that of [noise]"),
        );
    }
    match kind {
        Some(kind) if !kind.takes_batches() => {
            // Noise with the covariance of a batch's gradient depends on the size of the batch.
            let sets_noise = kind.abilities().data_noise == DataNoise::CovarianceAtOptimum;
            if sets_noise && name == "batch" {
                return Some(());
            }
            reader.report(
                field.key_span.clone(),
                format!("`{}` is for \"sgd\" only", field.path),
                format!("\"{}\" takes the gradient of all examples", kind.name()),
                format!("remove `{name}`, or choose kind = \"sgd\""),
            )
        }
        _ => Some(()),
    }
}

/// A name, or a table with the name and the hyperparameters.
pub(super) fn optimizer(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    kind: Option<Kind>,
) -> Option<Spanned<Optimizer>> {
    let Some(field) = table.get("optimizer") else {
        return Some(Spanned::new(Optimizer::Sgd, table.span.clone()));
    };
    let entries = field.entries().unwrap_or_default();
    let named = |section| Table {
        section,
        prefix: OPTIMIZER.prefix.to_owned(),
        entries,
        span: field.node.span.clone(),
    };
    let names = FAMILIES.map(|family| (family.name, family));
    let family = if field.entries().is_some() {
        let table = named(&OPTIMIZER);
        if table.misspells("kind") {
            reader.check_keys(&table);
        }
        let kind = reader.required(&table, "kind")?;
        reader.choice(&kind, &names)?
    } else {
        reader.choice(&field, &names)?
    };
    let values = hyperparameter_values(reader, &named(hyperparameters(family)), family)?;
    let optimizer = (family.build)(&values);
    match kind {
        Some(kind) if !kind.abilities().takes_optimizer && optimizer != Optimizer::Sgd => reader
            .report(
                field.node.span.clone(),
                "`dynamics.optimizer` is for \"sgd\" only".to_owned(),
                format!("the kind is \"{}\"", kind.name()),
                "remove `optimizer`, or choose kind = \"sgd\"".to_owned(),
            ),
        _ => Some(Spanned::new(optimizer, field.node.span.clone())),
    }
}

/// Reads every hyperparameter, so that one run shows all problems.
fn hyperparameter_values(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    family: &Family,
) -> Option<Vec<f64>> {
    reader.check_keys(table);
    let values: Vec<Option<f64>> = (family.hyperparameters.iter())
        .map(|hyperparameter| {
            let Some(field) = table.get(hyperparameter.name) else {
                return Some(hyperparameter.default);
            };
            match hyperparameter.range {
                Range::Decay => decay(reader, &field),
                Range::Positive => reader.positive(&field),
                Range::Flag => reader.truth(&field).map(|truth| f64::from(u8::from(truth))),
            }
        })
        .collect();
    values.into_iter().collect()
}

/// The decay of a running average: 0 ≤ β < 1.
fn decay(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<f64> {
    let beta = reader.not_negative(field)?;
    if beta < 1.0 {
        // Without the sign of a negative zero.
        Some(beta.abs())
    } else {
        reader.refuse(field, "not less than 1")
    }
}
