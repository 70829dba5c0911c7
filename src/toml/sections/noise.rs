//! `[noise]`: size and distribution of what is added to the gradient.

use super::{
    super::document::Value,
    covariance,
    dynamics::kind_of,
    keys::{NOISE, SIGMA_OF_PARAMETER},
    optional,
    parameters::{Declared, per_entry},
    reader::{Field, Reader, Table},
};
use crate::spec::{
    Kind, Noise, NoiseKind, NoiseScale, NormalTransform, ParameterScale, ParameterShape, Spanned,
};

/// Reads the section; without it σ is 1, or there is no noise of its own in gradient flow and beside data.
pub(super) fn read(
    reader: &mut Reader<'_>,
    file: &Table<'_>,
    declared: &Declared,
    has_data: bool,
) -> Option<Noise> {
    let table = &optional(reader, file, &NOISE, "noise")?;
    let dynamics = kind_of(file);
    if let Some(field) = file
        .get("noise")
        .filter(|_| has_data && dynamics.is_some_and(Kind::takes_batches))
    {
        return reader.report(
            field.key_span,
            "\"sgd\" on data takes no [noise]".to_owned(),
            "its noise is that of the batches".to_owned(),
            "remove [noise]: `dynamics.batch` sets the size; or choose kind = \"langevin\""
                .to_owned(),
        );
    }
    let is_own =
        !has_data && (dynamics.is_none_or(Kind::is_stochastic) || !table.entries.is_empty());
    let scale = scale(reader, table, declared, is_own);
    let kind = match table.get("kind") {
        Some(field) => reader.choice(&field, &NoiseKind::NAMES),
        None => Some(NoiseKind::Gaussian(NormalTransform::default())),
    };
    let transform = match table.get("normal") {
        Some(field) => Some(reader.choice(&field, &NormalTransform::NAMES)?),
        None => None,
    };
    let kind = match (kind?, transform) {
        (NoiseKind::Gaussian(_), Some(transform)) => NoiseKind::Gaussian(transform),
        (kind, _) => kind,
    };
    Some(Noise {
        scale: scale?,
        kind,
    })
}

/// The size of the noise; where nothing is said of it, 1 for noise of its own.
fn scale(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    declared: &Declared,
    is_own: bool,
) -> Option<NoiseScale> {
    match (table.get("sigma"), table.get("covariance")) {
        (Some(_), Some(field)) => reader.report(
            field.key_span,
            "[noise] has both `sigma` and `covariance`".to_owned(),
            "one of the two is too many".to_owned(),
            "the diagonal of `covariance` holds the squares of `sigma`; keep the one you mean"
                .to_owned(),
        ),
        (None, Some(field)) => covariance::read(reader, &field, declared.dimension())
            .map(|rows| NoiseScale::Covariance(Spanned::new(rows, field.node.span.clone()))),
        (Some(field), None) => sigma(reader, &field, declared),
        (None, None) if !is_own => Some(NoiseScale::None),
        (None, None) => Some(NoiseScale::Constant(Spanned::new(1.0, table.span.clone()))),
    }
}

fn sigma(reader: &mut Reader<'_>, field: &Field<'_>, declared: &Declared) -> Option<NoiseScale> {
    match &field.node.value {
        Value::Text(_) => reader.formula(field).map(NoiseScale::Formula),
        Value::Table(_) => per_parameter(reader, field, declared).map(NoiseScale::PerParameter),
        _ => {
            let sigma = reader.not_negative(field)?;
            Some(NoiseScale::Constant(Spanned::new(
                sigma,
                field.node.span.clone(),
            )))
        }
    }
}

/// `{ x = 1.0, y = 3.0 }`: a scale for every parameter, in the order of the parameters.
fn per_parameter(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    declared: &Declared,
) -> Option<Vec<ParameterScale>> {
    let scales = declared.values(
        reader,
        field,
        &SIGMA_OF_PARAMETER,
        |_| None,
        parameter_scale,
    )?;
    if let Some(position) = scales.iter().position(Option::is_none) {
        let name = &declared.parameters[position].0;
        return reader.report(
            field.node.span.clone(),
            format!("`{}` has no value for the parameter `{name}`", field.path),
            format!("`{name}` is missing"),
            format!("write one for each parameter, for example {name} = 1.0 (0 for no noise)"),
        );
    }
    scales.into_iter().collect()
}

fn parameter_scale(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    shape: Option<ParameterShape>,
) -> Option<ParameterScale> {
    match &field.node.value {
        Value::Text(_) => reader.formula(field).map(ParameterScale::Formula),
        Value::Array(_) => per_entry(reader, field, shape, |sigma| sigma >= 0.0, "is negative")
            .map(ParameterScale::Values),
        _ => reader.not_negative(field).map(ParameterScale::Constant),
    }
}
