//! What `[dynamics]` says of batches and of the use of their gradients: `batch`, `sampling`, `optimizer`.

use super::{
    super::document::Value,
    keys::{ADAM, MOMENTUM, OPTIMIZER, RMSPROP, SGD},
    reader::{Field, Reader, Table},
};
use crate::spec::{Kind, Optimizer, Sampling, Spanned};

/// The optimizers by name.
#[derive(Clone, Copy)]
enum Which {
    Sgd,
    Momentum,
    RmsProp,
    Adam,
}

const KINDS: [(&str, Which); 4] = [
    ("sgd", Which::Sgd),
    ("momentum", Which::Momentum),
    ("rmsprop", Which::RmsProp),
    ("adam", Which::Adam),
];

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

/// How its examples are picked.
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
        // The noise of a batch has a size in the Langevin equation too.
        Some(Kind::Langevin) if name == "batch" => Some(()),
        Some(kind @ (Kind::Langevin | Kind::GradientFlow)) => reader.report(
            field.key_span.clone(),
            format!("`{}` is for \"sgd\" only", field.path),
            format!("\"{}\" takes the gradient of all examples", kind.name()),
            format!("remove `{name}`, or choose kind = \"sgd\""),
        ),
        _ => Some(()),
    }
}

/// A name, or a table with the name and what belongs to it.
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
    let which = if field.entries().is_some() {
        let table = named(&OPTIMIZER);
        if table.misspells("kind") {
            reader.check_keys(&table);
        }
        let kind = reader.required(&table, "kind")?;
        reader.choice(&kind, &KINDS)?
    } else {
        reader.choice(&field, &KINDS)?
    };
    let optimizer = match which {
        Which::Sgd => {
            reader.check_keys(&named(&SGD));
            Optimizer::Sgd
        }
        Which::Momentum => momentum(reader, &named(&MOMENTUM))?,
        Which::RmsProp => rmsprop(reader, &named(&RMSPROP))?,
        Which::Adam => adam(reader, &named(&ADAM))?,
    };
    match kind {
        Some(kind @ (Kind::Langevin | Kind::GradientFlow)) if optimizer != Optimizer::Sgd => reader
            .report(
                field.node.span.clone(),
                "`dynamics.optimizer` is for \"sgd\" only".to_owned(),
                format!("the kind is \"{}\"", kind.name()),
                "remove `optimizer`, or choose kind = \"sgd\"".to_owned(),
            ),
        _ => Some(Spanned::new(optimizer, field.node.span.clone())),
    }
}

fn momentum(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Optimizer> {
    reader.check_keys(table);
    let beta = decay(reader, table, "beta", 0.9);
    let nesterov = match table.get("nesterov") {
        Some(field) => reader.truth(&field),
        None => Some(false),
    };
    Some(Optimizer::Momentum {
        beta: beta?,
        nesterov: nesterov?,
    })
}

fn rmsprop(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Optimizer> {
    reader.check_keys(table);
    let beta2 = decay(reader, table, "beta2", 0.99);
    let epsilon = epsilon(reader, table);
    Some(Optimizer::RmsProp {
        beta2: beta2?,
        epsilon: epsilon?,
    })
}

fn adam(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Optimizer> {
    reader.check_keys(table);
    let beta1 = decay(reader, table, "beta1", 0.9);
    let beta2 = decay(reader, table, "beta2", 0.999);
    let epsilon = epsilon(reader, table);
    Some(Optimizer::Adam {
        beta1: beta1?,
        beta2: beta2?,
        epsilon: epsilon?,
    })
}

/// The factor of a running average: 0 ≤ β < 1.
fn decay(reader: &mut Reader<'_>, table: &Table<'_>, name: &str, default: f64) -> Option<f64> {
    let Some(field) = table.get(name) else {
        return Some(default);
    };
    let beta = reader.not_negative(&field)?;
    if beta < 1.0 {
        // Without the sign of a negative zero.
        Some(beta.abs())
    } else {
        reader.refuse(&field, "not less than 1")
    }
}

fn epsilon(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<f64> {
    match table.get("epsilon") {
        Some(field) => reader.positive(&field),
        None => Some(1e-8),
    }
}
