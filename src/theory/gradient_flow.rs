//! Gradient flow dΦ/dt = −g(Φ), integrated to high accuracy.

use super::error::TheoryError;
use ivp::prelude::{FirstOrderSystem, Ivp, Method};
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Relative tolerance of the local error of a step.
const RELATIVE: f64 = 1e-12;

/// Maximum number of steps between two times.
const MAX_STEPS: usize = 1_000_000;

struct Flow<G>(G);

impl<G: Fn(&[f64]) -> Vec<f64>> FirstOrderSystem for Flow<G> {
    fn derivative(&self, _time: f64, at: &[f64], velocity: &mut [f64]) {
        for (v, g) in velocity.iter_mut().zip((self.0)(at)) {
            *v = -g;
        }
    }
}

/// Φ(t) at each of the ascending `times`, for dΦ/dt = −gradient(Φ) from `start` at time 0.
///
/// Dormand–Prince of order 8 (DOP853) with adaptive steps and a relative local error of 1e-12; the global error is of that
/// order if the flow contracts. The method is explicit: about t·λ/6 steps with 12 gradients each, for a largest curvature λ.
///
/// # Errors
/// The flow reaches infinity, is not finite, or needs more than a million steps between two times.
pub fn gradient_flow(
    gradient: impl Fn(&[f64]) -> Vec<f64>,
    start: &[f64],
    times: &[f64],
) -> Result<Vec<Vec<f64>>, TheoryError> {
    let flow = Flow(gradient);
    let (mut now, mut at) = (0.0, start.to_vec());
    let mut path = Vec::with_capacity(times.len());
    for &time in times {
        let failed = |reason: String| TheoryError::Flow { time, reason };
        if time > now {
            let solution = Ivp::first_order(&flow, now, time, &at)
                .method(Method::DOP853)
                .rtol(RELATIVE)
                .atol(RELATIVE * 1e-3)
                .max_steps(MAX_STEPS)
                .solve()
                .map_err(|error| failed(error.to_string()))?;
            if !solution.status.is_success() {
                return Err(failed(format!("{:?}", solution.status)));
            }
            at = solution.y.last().expect("a solution holds its end").clone();
            now = time;
        }
        if !at.iter().all(|x| x.is_finite()) {
            return Err(failed("it is not finite".into()));
        }
        path.push(at.clone());
    }
    Ok(path)
}

/// Gradient flow on ½xᵀHx, x(t) = exp(−Ht) x(0), by the eigenvectors of the symmetric d × d matrix H.
#[must_use]
pub fn quadratic_flow(hessian: &DMatrix<f64>, start: &[f64], time: f64) -> Vec<f64> {
    let SymmetricEigen {
        eigenvectors,
        eigenvalues,
    } = hessian.clone().symmetric_eigen();
    let mut modes = eigenvectors.transpose() * DVector::from_column_slice(start);
    modes.zip_apply(&eigenvalues, |x, rate| *x *= (-rate * time).exp());
    (eigenvectors * modes).as_slice().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadratic_agrees_with_the_matrix_exponential() {
        let h = DMatrix::from_row_slice(3, 3, &[20.0, 1.0, 0.5, 1.0, 2.0, -0.3, 0.5, -0.3, 0.1]);
        let start = [1.0, -2.0, 3.0];
        let gradient = |x: &[f64]| (&h * DVector::from_column_slice(x)).as_slice().to_vec();
        let times = [0.0, 0.05, 1.0, 1.0, 7.0];
        let path = gradient_flow(gradient, &start, &times).unwrap();
        for (at, &time) in path.iter().zip(&times) {
            for (x, exact) in at.iter().zip(quadratic_flow(&h, &start, time)) {
                // Local errors of 1e-12 of states of order 1, over at most a few hundred steps that mostly contract.
                assert!((x - exact).abs() < 1e-10, "{time}: {x} {exact}");
            }
        }
    }

    #[test]
    fn double_well_agrees_with_separation_of_variables() {
        // dx/dt = x − x³ has x(t) = x₀/√(x₀² + (1 − x₀²)e^{−2t}).
        let path = gradient_flow(|x| vec![x[0].powi(3) - x[0]], &[0.1], &[0.5, 2.0, 5.0]).unwrap();
        for (at, t) in path.iter().zip([0.5_f64, 2.0, 5.0]) {
            let exact = 0.1 / (0.01 + 0.99 * (-2.0 * t).exp()).sqrt();
            // The flow from 0.1 expands by at most 10 before it contracts.
            assert!((at[0] - exact).abs() < 1e-10);
        }
    }

    #[test]
    fn escape_in_finite_time_is_an_error() {
        // L = −x³/3 from 1 reaches infinity at t = 1.
        assert!(matches!(
            gradient_flow(|x| vec![-x[0] * x[0]], &[1.0], &[2.0]),
            Err(TheoryError::Flow { time, .. }) if time == 2.0
        ));
    }
}
