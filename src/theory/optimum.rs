//! A local minimum of the loss, to the last digits of f64.

use super::error::TheoryError;
use nalgebra::{DMatrix, DVector};

/// Step of the difference quotients of the gradient: error h⁴ of the five-point rule against rounding ε/h.
const DIFFERENCE: f64 = 1e-3;

const MAX_ITERATIONS: usize = 500;

/// Curvatures below this share of the largest count as flat.
const FLAT: f64 = 1e-9;

/// A local minimum of a loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// Where it is, length d.
    pub parameters: Vec<f64>,
    /// The loss there.
    pub loss: f64,
    /// Norm of the gradient there: rounding only.
    pub gradient_norm: f64,
    /// The Hessian there, d × d, by differences of the gradient: about 1e-10 relative.
    pub hessian: DMatrix<f64>,
    /// Its eigenvalues, ascending.
    pub curvatures: Vec<f64>,
}

impl Optimum {
    /// Whether every curvature is positive, and not just by rounding: the minimum is a point, not a valley.
    #[must_use]
    pub fn is_strict_minimum(&self) -> bool {
        let [Some(least), Some(most)] = [self.curvatures.first(), self.curvatures.last()] else {
            return false;
        };
        *least > FLAT * most
    }
}

/// The Hessian by the five-point difference rule on the gradient, symmetrised; 4d gradients.
#[must_use]
pub fn hessian(gradient: &impl Fn(&[f64]) -> Vec<f64>, at: &[f64]) -> DMatrix<f64> {
    let d = at.len();
    let mut all = DMatrix::zeros(d, d);
    let mut moved = at.to_vec();
    for k in 0..d {
        let h = DIFFERENCE * at[k].abs().max(1.0);
        let mut slope = |offset: f64| {
            moved[k] = at[k] + offset;
            let slope = DVector::from_vec(gradient(&moved));
            moved[k] = at[k];
            slope
        };
        let near = slope(h) - slope(-h);
        let far = slope(2.0 * h) - slope(-2.0 * h);
        all.set_column(k, &((near * 8.0 - far) / (12.0 * h)));
    }
    (&all + all.transpose()) * 0.5
}

/// The local minimum that Newton's method with a line search reaches from `start`.
///
/// Negative curvatures are reflected, so that it always descends; at a saddle (as the top between two wells) it leaves
/// along the most negative curvature, towards the lower side. Each iteration takes 4d gradients and one symmetric
/// eigenproblem, so d up to some hundreds.
///
/// # Errors
/// The loss is not finite at the start, or no minimum is reached: the loss has none, or has a kink there.
pub fn find_optimum(
    loss: impl Fn(&[f64]) -> f64,
    gradient: impl Fn(&[f64]) -> Vec<f64>,
    start: &[f64],
) -> Result<Optimum, TheoryError> {
    let mut at = DVector::from_column_slice(start);
    let mut value = loss(start);
    if !value.is_finite() {
        return Err(TheoryError::NoFiniteLoss {
            hint: start.first().copied().unwrap_or(0.0),
        });
    }
    for _ in 0..MAX_ITERATIONS {
        let slope = DVector::from_vec(gradient(at.as_slice()));
        let hessian = hessian(&gradient, at.as_slice());
        if !slope.iter().chain(hessian.iter()).all(|x| x.is_finite()) {
            break;
        }
        let eigen = hessian.clone().symmetric_eigen();
        let most = eigen.eigenvalues.amax();
        let step = newton_step(&slope, &eigen, 1.0 + at.norm());
        let still = step.norm() <= 1e-8 * (1.0 + at.norm());
        if still && eigen.eigenvalues.min() < -1e-6 * most {
            (at, value) = leave_saddle(&loss, &at, value, &eigen)?;
        } else if still {
            return Ok(polished(&loss, &gradient, &at + step));
        } else {
            match line_search(&loss, &at, value, &slope, &step) {
                Some(next) => (at, value) = next,
                None => break,
            }
        }
    }
    Err(TheoryError::NotConverged {
        what: "the search for a minimum of the loss",
    })
}

type Eigen = nalgebra::SymmetricEigen<f64, nalgebra::Dyn>;

/// −|H|⁻¹g with curvatures kept from zero, no longer than `reach`.
fn newton_step(slope: &DVector<f64>, eigen: &Eigen, reach: f64) -> DVector<f64> {
    let least = FLAT * eigen.eigenvalues.amax().max(f64::MIN_POSITIVE);
    let mut modes = eigen.eigenvectors.transpose() * slope;
    // A slope along a flat direction may be a part of the others', since differences tilt the eigenvectors by some
    // 1e-10: it must not drive the step. Once the others have vanished it is seen for what it is.
    let noise = 1e-9 * slope.norm();
    modes.zip_apply(&eigen.eigenvalues, |x, curvature| {
        *x = if x.abs() <= noise {
            0.0
        } else {
            -*x / curvature.abs().max(least)
        };
    });
    let step = &eigen.eigenvectors * modes;
    let length = step.norm();
    if length > reach {
        step * (reach / length)
    } else {
        step
    }
}

/// The first of the halved steps that lowers the loss enough (Armijo), give or take the rounding of the loss, which
/// near the minimum hides the descent.
fn line_search(
    loss: &impl Fn(&[f64]) -> f64,
    at: &DVector<f64>,
    value: f64,
    slope: &DVector<f64>,
    step: &DVector<f64>,
) -> Option<(DVector<f64>, f64)> {
    let descent = slope.dot(step);
    let rounding = 8.0 * f64::EPSILON * value.abs();
    let mut share = 1.0;
    for _ in 0..60 {
        let trial = at + step * share;
        let reached = loss(trial.as_slice());
        if reached <= value + 1e-4 * share * descent + rounding {
            return Some((trial, reached));
        }
        share *= 0.5;
    }
    None
}

fn leave_saddle(
    loss: &impl Fn(&[f64]) -> f64,
    at: &DVector<f64>,
    value: f64,
    eigen: &Eigen,
) -> Result<(DVector<f64>, f64), TheoryError> {
    let direction = eigen.eigenvectors.column(eigen.eigenvalues.imin());
    let mut length = 0.1 * (1.0 + at.norm());
    for _ in 0..30 {
        let reached = [1.0, -1.0].map(|side| {
            let trial = at + direction * (side * length);
            let reached = loss(trial.as_slice());
            (trial, reached)
        });
        let [plus, minus] = reached;
        // Of two equal sides the positive one, so that the answer does not depend on rounding.
        let lower = if minus.1 < plus.1 { minus } else { plus };
        if lower.1 < value {
            return Ok(lower);
        }
        length *= 0.5;
    }
    Err(TheoryError::NotConverged {
        what: "the way down from a saddle",
    })
}

/// A few undamped Newton steps while they still lower the gradient: the last digits, which the loss cannot see.
fn polished(
    loss: &impl Fn(&[f64]) -> f64,
    gradient: &impl Fn(&[f64]) -> Vec<f64>,
    mut at: DVector<f64>,
) -> Optimum {
    let norm = |at: &DVector<f64>| DVector::from_vec(gradient(at.as_slice())).norm();
    let mut gradient_norm = norm(&at);
    let hessian = hessian(gradient, at.as_slice());
    let eigen = hessian.clone().symmetric_eigen();
    for _ in 0..4 {
        let slope = DVector::from_vec(gradient(at.as_slice()));
        let next = &at + newton_step(&slope, &eigen, 1e-6 * (1.0 + at.norm()));
        let next_norm = norm(&next);
        if next_norm.is_nan() || next_norm >= gradient_norm {
            break;
        }
        (at, gradient_norm) = (next, next_norm);
    }
    let mut curvatures = eigen.eigenvalues.as_slice().to_vec();
    curvatures.sort_by(f64::total_cmp);
    let loss = loss(at.as_slice());
    Optimum {
        parameters: at.as_slice().to_vec(),
        loss,
        gradient_norm,
        hessian,
        curvatures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadratic_in_one_step() {
        let steep = |x: &[f64]| vec![2.0 * (x[0] - 100.0), 1e-3 * (x[1] + 7.0)];
        let bowl = |x: &[f64]| (x[0] - 100.0).powi(2) + 0.5e-3 * (x[1] + 7.0).powi(2) + 5.0;
        let optimum = find_optimum(bowl, steep, &[0.0, 0.0]).unwrap();
        // The gradient is exact near its root: a few ulp of 100 and of 7.
        assert!(
            (optimum.parameters[0] - 100.0).abs() < 1e-13
                && (optimum.parameters[1] + 7.0).abs() < 1e-12
        );
        assert!(optimum.is_strict_minimum() && (optimum.loss - 5.0).abs() < 1e-14);
        assert!(
            (optimum.curvatures[0] / 1e-3 - 1.0).abs() < 1e-8
                && (optimum.curvatures[1] / 2.0 - 1.0).abs() < 1e-9
        );
    }

    #[test]
    fn a_saddle_without_a_floor_is_an_error() {
        let gradient = |x: &[f64]| vec![2.0 * x[0], -2.0 * x[1]];
        assert!(find_optimum(|x| x[0] * x[0] - x[1] * x[1], gradient, &[1.0, 0.0]).is_err());
    }

    #[test]
    fn double_well_from_the_top_and_from_outside() {
        let loss = |x: &[f64]| (x[0] * x[0] - 1.0).powi(2) / 4.0;
        let gradient = |x: &[f64]| vec![x[0].powi(3) - x[0]];
        // From the top itself the positive side; elsewhere the side of the start.
        for (start, minimum) in [
            (0.0, 1.0),
            (-30.0, -1.0),
            (0.2, 1.0),
            (0.6, 1.0),
            (-0.7, -1.0),
        ] {
            let optimum = find_optimum(loss, gradient, &[start]).unwrap();
            // One ulp of the root, to rounding of x³ − x.
            assert!(
                (optimum.parameters[0] - minimum).abs() < 4e-16,
                "{start} {optimum:?}"
            );
            assert!((optimum.hessian[(0, 0)] - 2.0).abs() < 1e-9 && optimum.is_strict_minimum());
        }
    }

    #[test]
    fn rosenbrock() {
        let loss = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let gradient = |x: &[f64]| {
            let bend = x[1] - x[0] * x[0];
            vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend, 200.0 * bend]
        };
        let optimum = find_optimum(loss, gradient, &[-1.2, 1.0]).unwrap();
        // Rounding of the gradient 400·ε over the least curvature 0.4.
        assert!(
            optimum.parameters.iter().all(|x| (x - 1.0).abs() < 1e-12),
            "{optimum:?}"
        );
        // Hessian at (1, 1): [[802, −400], [−400, 200]].
        assert!(
            (optimum.hessian[(0, 0)] - 802.0).abs() < 1e-7
                && (optimum.hessian[(0, 1)] + 400.0).abs() < 1e-7
        );
    }

    #[test]
    fn a_valley_is_not_strict() {
        let loss = |x: &[f64]| (x[0] + x[1] - 1.0).powi(2);
        let gradient = |x: &[f64]| vec![2.0 * (x[0] + x[1] - 1.0); 2];
        let optimum = find_optimum(loss, gradient, &[3.0, 4.0]).unwrap();
        assert!(!optimum.is_strict_minimum() && optimum.loss < 1e-28);
        // It moved straight across the valley.
        assert!((optimum.parameters[1] - optimum.parameters[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_slope_without_end_is_an_error() {
        assert!(find_optimum(|x| x[0], |_| vec![1.0], &[0.0]).is_err());
        assert!(find_optimum(|_| f64::NAN, |_| vec![0.0], &[0.0]).is_err());
    }
}
