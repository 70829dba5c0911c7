//! Rates and scale of the noise: given in the experiment, or found at the optimum of a loss over data.

use super::scope::Scope;
use crate::dynamics::{DataNoise, Scale};
use crate::objective::OverData;
use crate::spec::{Experiment, ExperimentError, NoiseScale, ParameterScale, Rates};
use crate::theory::DataOptimum;
use nalgebra::DMatrix;

/// σ_k of every flattened parameter; `None` where one depends on the state.
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
///
/// # Errors
/// The rates need an optimum and none was found.
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
            .expect("the reader of experiment files checks that σ is constant for these rates"),
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

/// The scale of the noise that is added to the gradient; `None` where steps add none.
///
/// # Errors
/// A formula of the noise is wrong, or the noise needs an optimum and none was found.
pub(super) fn scale(
    experiment: &Experiment,
    data: Option<&OverData>,
) -> Result<Option<Scale>, ExperimentError> {
    let kind = &experiment.dynamics.kind;
    if let Some(data) = data
        && experiment.noise.scale == NoiseScale::None
        && kind.value.abilities().data_noise == DataNoise::CovarianceAtOptimum
    {
        let second = &optimum(experiment, data, kind.span.clone(), "this noise")?.second_moment;
        let batch = experiment.dynamics.batch.value as f64;
        let rows: Vec<Vec<f64>> = (second.row_iter())
            .map(|row| row.iter().map(|c| c / batch).collect())
            .collect();
        return Ok(Some(Scale::Factor(square_root(&rows))));
    }
    if let Some(sigma) = constant_sigma(experiment) {
        return Ok(Some(Scale::Constant(sigma)));
    }
    match &experiment.noise.scale {
        NoiseScale::None | NoiseScale::Constant(_) => Ok(None),
        NoiseScale::Covariance(rows) => Ok(Some(Scale::Factor(square_root(&rows.value)))),
        NoiseScale::Formula(_) | NoiseScale::PerParameter(_) => {
            let scale = Scale::StateDependent;
            // Reports what is wrong with a formula of the noise before anything else is compiled.
            Scope::of_parameters(experiment, &[]).sigma(Some(&scale))?;
            Ok(Some(scale))
        }
    }
}

/// The optimum, for rates or noise that need it; `what` names them in the error.
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

/// The symmetric square root F of a positive semidefinite matrix, F Fᵀ = Σ. Unlike Cholesky's factor it exists where Σ
/// is singular, and it is diagonal where Σ is.
fn square_root(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let size = rows.len();
    let matrix = DMatrix::from_fn(size, size, |i, j| rows[i][j]);
    let diagonal = (0..size).all(|i| (0..size).all(|j| i == j || rows[i][j] == 0.0));
    let root = if diagonal {
        matrix.map(|value| value.max(0.0).sqrt())
    } else {
        let eigen = matrix.symmetric_eigen();
        let values = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
        &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose()
    };
    (0..size)
        .map(|i| (0..size).map(|j| root[(i, j)]).collect())
        .collect()
}
