//! `[dynamics]`: update rule, learning rates and their schedule.

use super::{
    super::document::Value,
    keys::{ETA_IN_LIST, ETA_RANGE, RATE_OF_PARAMETER, SCHEDULE_STEP},
    optimizer,
    parameters::{Declared, per_entry},
    reader::{Field, Reader, Table},
};
use crate::spec::{
    Dynamics, Kind, Noise, NoiseScale, ParameterScale, ParameterShape, Rates, ScheduleStep, Spanned,
};

/// Every kind with its name.
fn kinds() -> Vec<(&'static str, Kind)> {
    Kind::ALL.map(|kind| (kind.name(), kind)).to_vec()
}

/// The kind without reporting anything, for the defaults of other sections; `None` where it is not clear.
pub(super) fn kind_of(file: &Table<'_>) -> Option<Kind> {
    let entries = file.get("dynamics")?.entries()?;
    let Some(entry) = entries.iter().find(|entry| entry.key == "kind") else {
        return Some(Kind::Sgd);
    };
    match &entry.node.value {
        Value::Text(text) => Kind::ALL.into_iter().find(|kind| kind.name() == text),
        _ => None,
    }
}

/// Reads the `[dynamics]` section. Rates that follow from σ are checked against `noise`, but not
/// with data.
pub(super) fn read(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    declared: &Declared,
    noise: Option<&Noise>,
    has_data: bool,
) -> Option<Dynamics> {
    let kind = match table.get("kind") {
        Some(field) => reader
            .choice(&field, &kinds())
            .map(|kind| Spanned::new(kind, field.node.span.clone())),
        None => Some(Spanned::new(Kind::Sgd, table.span.clone())),
    };
    let eta = reader
        .required(table, "eta")
        .and_then(|field| learning_rates(reader, &field));
    let rates = match table.get("rates") {
        Some(field) => rates(reader, &field, declared, noise.filter(|_| !has_data))
            .map(|rates| Spanned::new(rates, field.node.span.clone())),
        None => Some(Spanned::new(Rates::Uniform, table.span.clone())),
    };
    let schedule = table
        .get("schedule")
        .map_or(Some(Vec::new()), |field| schedule(reader, &field));
    let dt = match table.get("dt") {
        Some(field) => time_step(reader, &field, kind.as_ref().map(|kind| kind.value)).map(Some),
        None => Some(None),
    };
    let known = kind.as_ref().map(|kind| kind.value);
    let batch = optimizer::batch(reader, table, known, has_data);
    let sampling = optimizer::sampling(reader, table, known, has_data);
    let optimizer = optimizer::optimizer(reader, table, known);
    Some(Dynamics {
        kind: kind?,
        eta: eta?,
        rates: rates?,
        schedule: schedule?,
        dt: dt?,
        batch: batch?,
        sampling: sampling?,
        optimizer: optimizer?,
    })
}

/// A number, a list, or a range.
fn learning_rates(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Vec<Spanned<f64>>> {
    match &field.node.value {
        Value::Table(_) => range(reader, field),
        Value::Array(items) if !items.is_empty() => {
            let rates: Vec<Option<Spanned<f64>>> = items
                .iter()
                .map(|item| {
                    rate(
                        reader,
                        &Field {
                            key: &ETA_IN_LIST,
                            ..field.item(item)
                        },
                    )
                })
                .collect();
            rates.into_iter().collect()
        }
        _ => Some(vec![rate(reader, field)?]),
    }
}

fn rate(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Spanned<f64>> {
    Some(Spanned::new(
        reader.positive(field)?,
        field.node.span.clone(),
    ))
}

/// `{ from, to, points, spacing }`, both ends included.
fn range(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Vec<Spanned<f64>>> {
    let table = reader.table(field, &ETA_RANGE)?;
    let from = reader
        .required(&table, "from")
        .and_then(|field| reader.positive(&field));
    let to_field = reader.required(&table, "to");
    let to = to_field.as_ref().and_then(|field| reader.number(field));
    let points = reader
        .required(&table, "points")
        .and_then(|field| reader.whole(&field, 2..=10_000));
    let log = match table.get("spacing") {
        Some(field) => reader.choice(&field, &[("log", true), ("linear", false)])?,
        None => true,
    };
    let (from, to, points) = (from?, to?, points?);
    if from >= to {
        return reader.refuse(
            &to_field?,
            &format!("not greater than `from`, which is {from:?}"),
        );
    }
    let last = points - 1;
    let rate_at = |index: u64| {
        #[allow(clippy::cast_precision_loss, reason = "at most 10 000 points")]
        let fraction = index as f64 / last as f64;
        match index {
            // Said exactly by the user, and so kept exactly.
            0 => from,
            _ if index == last => to,
            _ if log => from * (to / from).powf(fraction),
            _ => from + (to - from) * fraction,
        }
    };
    Some(
        (0..points)
            .map(|index| Spanned::new(rate_at(index), field.node.span.clone()))
            .collect(),
    )
}

/// Rates by name or for parameters; names need a constant `noise`, if one is given.
fn rates(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    declared: &Declared,
    noise: Option<&Noise>,
) -> Option<Rates> {
    if field.entries().is_some() {
        return rates_per_parameter(reader, field, declared);
    }
    let rates = match reader.choice(
        field,
        &[("uniform", 0), ("rmsprop", 1), ("inverse-variance", 2)],
    )? {
        0 => return Some(Rates::Uniform),
        1 => Rates::InverseDeviation,
        _ => Rates::InverseVariance,
    };
    // A noise that could not be read has been reported already, and that of data is always constant.
    if noise.is_some_and(|noise| !constant_and_positive(&noise.scale)) {
        return reader.report(
            field.node.span.clone(),
            "rates from the noise need a constant, positive noise scale for every entry".to_owned(),
            "no such scale in [noise]".to_owned(),
            "give `sigma` as positive numbers, or give `rates` as numbers: rates = { x = 1.0, y = 0.2 }".to_owned(),
        );
    }
    Some(rates)
}

fn constant_and_positive(scale: &NoiseScale) -> bool {
    match scale {
        NoiseScale::None | NoiseScale::Formula(_) => false,
        NoiseScale::Constant(sigma) => sigma.value > 0.0,
        NoiseScale::PerParameter(scales) => scales.iter().all(|scale| match scale {
            ParameterScale::Constant(sigma) => *sigma > 0.0,
            ParameterScale::Values(sigmas) => sigmas.iter().all(|sigma| *sigma > 0.0),
            ParameterScale::Formula(_) => false,
        }),
        NoiseScale::Covariance(rows) => rows
            .value
            .iter()
            .enumerate()
            .all(|(index, row)| row[index] > 0.0),
    }
}

/// `{ x = 1.0, w = [1.0, 0.5] }`; 1 for a parameter that is not named.
fn rates_per_parameter(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    declared: &Declared,
) -> Option<Rates> {
    let rates = declared.values(
        reader,
        field,
        &RATE_OF_PARAMETER,
        |shape| shape.map(|shape| vec![1.0; shape.len()]),
        parameter_rates,
    )?;
    rates
        .into_iter()
        .collect::<Option<_>>()
        .map(Rates::PerParameter)
}

/// The rate of each entry of a parameter.
fn parameter_rates(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    shape: Option<ParameterShape>,
) -> Option<Vec<f64>> {
    match &field.node.value {
        Value::Array(_) => per_entry(
            reader,
            field,
            shape,
            |rate| rate > 0.0,
            "is not greater than 0",
        ),
        _ => reader
            .positive(field)
            .map(|rate| vec![rate; shape.map_or(1, ParameterShape::len)]),
    }
}

fn schedule(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Vec<ScheduleStep>> {
    let Some(items) = field.items() else {
        return reader.wrong_type(field);
    };
    let mut after = 0.0;
    let steps: Vec<Option<ScheduleStep>> = items
        .iter()
        .map(|item| schedule_step(reader, &field.item(item), &mut after))
        .collect();
    steps.into_iter().collect()
}

/// One change; `after` is the time of the one before it, and then that of this one.
fn schedule_step(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    after: &mut f64,
) -> Option<ScheduleStep> {
    let table = reader.table(field, &SCHEDULE_STEP)?;
    let at = reader
        .required(&table, "at")
        .and_then(|field| schedule_time(reader, &field, after));
    let factor = reader
        .required(&table, "factor")
        .and_then(|field| reader.positive(&field));
    Some(ScheduleStep {
        at: at?,
        factor: factor?,
    })
}

fn schedule_time(reader: &mut Reader<'_>, field: &Field<'_>, after: &mut f64) -> Option<f64> {
    let at = reader.number(field)?;
    if at <= 0.0 || at >= 1.0 {
        return reader.refuse(field, "not between 0 and 1");
    }
    if at <= *after {
        return reader.report(
            field.node.span.clone(),
            "the steps of the schedule must be in order of time".to_owned(),
            format!("not greater than {after:?}, which stands before it"),
            "sort the steps by `at`".to_owned(),
        );
    }
    *after = at;
    Some(at)
}

fn time_step(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    kind: Option<Kind>,
) -> Option<Spanned<f64>> {
    let dt = reader.positive(field)?;
    if kind.is_some_and(|kind| !kind.abilities().has_time_step) {
        return reader.report(
            field.key_span.clone(),
            "`dynamics.dt` is for \"langevin\" and \"gradient-flow\" only".to_owned(),
            "the time step of \"sgd\" is `eta` itself".to_owned(),
            "remove `dt`, or choose kind = \"langevin\"".to_owned(),
        );
    }
    Some(Spanned::new(dt, field.node.span.clone()))
}
