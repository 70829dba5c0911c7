//! Rates and noise: given in the experiment, or found at the optimum of a loss over data.

use super::data_passes::OverData;
use super::scope::{Scope, square_root};
use crate::dynamics::Scale;
use crate::spec::{Experiment, ExperimentError, Kind, NoiseScale, ParameterScale, Rates};
use crate::theory::DataOptimum;

/// σ_k of every flattened parameter where all are numbers.
pub(super) fn constant_sigma(experiment: &Experiment) -> Option<Vec<f64>> {
    match &experiment.noise.scale {
        NoiseScale::Constant(sigma) => Some(vec![sigma.value; experiment.dimension()]),
        NoiseScale::PerParameter(scales) => (experiment.parameters.iter().zip(scales))
            .map(|(parameter, scale)| match scale {
                ParameterScale::Constant(sigma) => Some(vec![*sigma; parameter.shape.len()]),
                ParameterScale::Values(values) => Some(values.clone()),
                ParameterScale::Formula(_) => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat()),
        NoiseScale::None | NoiseScale::Formula(_) | NoiseScale::Covariance(_) => None,
    }
}

/// r_k of every flattened parameter.
pub(super) fn rates(
    experiment: &Experiment,
    data: Option<&OverData>,
) -> Result<Vec<f64>, ExperimentError> {
    let power = match &experiment.dynamics.rates.value {
        Rates::Uniform => return Ok(vec![1.0; experiment.dimension()]),
        Rates::PerParameter(rates) => return Ok(rates.concat()),
        Rates::InverseDeviation => 1,
        Rates::InverseVariance => 2,
    };
    let sigma = match data {
        None => constant_sigma(experiment)
            .expect("the experiment room checked that σ is constant for these rates"),
        Some(data) => {
            let span = experiment.dynamics.rates.span.clone();
            let second = &optimum(experiment, data, span, "these rates")?.second_moment;
            second
                .diagonal()
                .iter()
                .map(|square| square.sqrt())
                .collect()
        }
    };
    Ok(sigma.iter().map(|s| 1.0 / s.powi(power)).collect())
}

/// The noise that is added to the gradient.
pub(super) fn scale(
    experiment: &Experiment,
    data: Option<&OverData>,
) -> Result<Option<Scale>, ExperimentError> {
    let kind = &experiment.dynamics.kind;
    if let Some(data) = data
        && experiment.noise.scale == NoiseScale::None
        && kind.value == Kind::Langevin
    {
        let second = &optimum(experiment, data, kind.span.clone(), "this noise")?.second_moment;
        let batch = experiment.dynamics.batch.value as f64;
        let rows: Vec<Vec<f64>> = (second.row_iter())
            .map(|row| row.iter().map(|c| c / batch).collect())
            .collect();
        return Ok(Some(Scale::Factor(square_root(&rows))));
    }
    Scope::of_parameters(experiment, &[]).scale()
}

/// The optimum, where something needs it.
fn optimum<'a>(
    experiment: &Experiment,
    data: &'a OverData,
    span: std::ops::Range<usize>,
    what: &str,
) -> Result<&'a DataOptimum, ExperimentError> {
    data.optimum.as_ref().ok_or_else(|| {
        ExperimentError::at(
            &experiment.source,
            span,
            &format!("{what} need the variance of the examples' gradients at an optimum, and none was found"),
            "Newton's method found no strict minimum of the loss",
            Some("start near a minimum, add `regularization`, or give the numbers: rates = { x = 1.0 }, or [noise]"),
        )
    })
}
