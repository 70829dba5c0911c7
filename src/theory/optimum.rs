//! Local minimum of the loss, to the last digits of f64.
//!
//! Quasi-Newton iteration (BFGS) from a Hessian by differences, which is computed again when the iteration stalls and at
//! the end. The crate argmin does not fit: the cost is in passes over the data, and its second-order methods need the
//! whole Hessian (4d passes) in every iteration; the search must leave saddles, and find the last digits where rounding
//! hides the descent of the loss; and argmin depends on an older nalgebra.

use super::error::TheoryError;
use nalgebra::{DMatrix, DVector};

/// Step h of the difference quotients; balances the error h⁴ of the five-point rule and the rounding error ε/h.
const DIFFERENCE: f64 = 1e-3;

const MAX_ITERATIONS: usize = 3000;

/// Iterations after which the Hessian is recomputed.
const RENEW: usize = 100;

/// Curvatures below this fraction of the largest count as flat.
const FLAT: f64 = 1e-9;

/// A local minimum of a loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// Parameters at the minimum, length d.
    pub parameters: Vec<f64>,
    /// Loss at the minimum.
    pub loss: f64,
    /// Norm of the gradient at the minimum, which is rounding error.
    pub gradient_norm: f64,
    /// Hessian at the minimum, d × d, by differences of the gradient; relative error about 1e-10.
    pub hessian: DMatrix<f64>,
    /// Eigenvalues of the Hessian, ascending.
    pub curvatures: Vec<f64>,
}

impl Optimum {
    /// True if every curvature is positive beyond rounding: the minimum is a point, not a valley.
    #[must_use]
    pub fn is_strict_minimum(&self) -> bool {
        let [Some(least), Some(most)] = [self.curvatures.first(), self.curvatures.last()] else {
            return false;
        };
        *least > FLAT * most
    }
}

/// Symmetrized Hessian (d × d) by the five-point difference rule on the gradient; costs 4d gradients.
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

/// The local minimum that a quasi-Newton descent reaches from `start`.
///
/// Negative curvatures are reflected, so that every step descends. A saddle (such as the top between two wells) is left
/// along the most negative curvature, towards the lower side. Cost: one or two gradients and one symmetric eigenproblem per
/// iteration, so d up to some hundreds; two to a few Hessians with 4d gradients each.
///
/// # Errors
/// The loss is not finite at the start, or no minimum is reached because the loss has none or has a kink there.
pub fn find_optimum(
    loss: impl Fn(&[f64]) -> f64,
    gradient: impl Fn(&[f64]) -> Vec<f64>,
    start: &[f64],
) -> Result<Optimum, TheoryError> {
    find_optimum_of(&|at| (loss(at), gradient(at)), start)
}

/// [`find_optimum`] for a function that returns the loss and its gradient.
pub(super) fn find_optimum_of(
    function: &impl Fn(&[f64]) -> (f64, Vec<f64>),
    start: &[f64],
) -> Result<Optimum, TheoryError> {
    let mut point = Iterate::of(function, DVector::from_column_slice(start));
    if !point.value.is_finite() {
        return Err(TheoryError::NoFiniteLoss {
            hint: start.first().copied().unwrap_or(0.0),
        });
    }
    let mut curvature = Curvature::at(function, &point);
    for _ in 0..MAX_ITERATIONS {
        if !point.is_finite() || !curvature.hessian.iter().all(|x| x.is_finite()) {
            break;
        }
        let eigen = curvature.hessian.clone().symmetric_eigen();
        let step = newton_step(&point.slope, &eigen, point.scale());
        let still = step.norm() <= 1e-8 * point.scale();
        if still && curvature.age == 0 {
            if eigen.eigenvalues.min() >= -1e-6 * eigen.eigenvalues.amax() {
                return Ok(polished(function, &point.at + step));
            }
            point = leave_saddle(function, &point, &eigen)?;
            curvature = Curvature::at(function, &point);
            continue;
        }
        let next = if still {
            None
        } else {
            line_search(function, &point, &step)
        };
        match next {
            Some(next) if curvature.age < RENEW => {
                curvature.update(&(&next.at - &point.at), &(&next.slope - &point.slope));
                point = next;
            }
            Some(next) => {
                curvature = Curvature::at(function, &next);
                point = next;
            }
            None if curvature.age > 0 => curvature = Curvature::at(function, &point),
            None => break,
        }
    }
    Err(TheoryError::NotConverged {
        what: "the search for a minimum of the loss",
    })
}

/// A point with its loss and gradient.
struct Iterate {
    at: DVector<f64>,
    value: f64,
    slope: DVector<f64>,
}

impl Iterate {
    fn of(function: &impl Fn(&[f64]) -> (f64, Vec<f64>), at: DVector<f64>) -> Self {
        let (value, slope) = function(at.as_slice());
        let slope = DVector::from_vec(slope);
        Self { at, value, slope }
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.iter().all(|x| x.is_finite())
    }

    /// Maximum length of a step, and the size that rounding errors are relative to.
    fn scale(&self) -> f64 {
        1.0 + self.at.norm()
    }
}

/// The Hessian, or its approximation by updates.
struct Curvature {
    hessian: DMatrix<f64>,
    /// Steps since it was computed.
    age: usize,
}

impl Curvature {
    fn at(function: &impl Fn(&[f64]) -> (f64, Vec<f64>), point: &Iterate) -> Self {
        Self {
            hessian: hessian(&|at| function(at).1, point.at.as_slice()),
            age: 0,
        }
    }

    /// BFGS update for a step and the change of the gradient along it; the first update also reflects negative curvatures.
    ///
    /// If the slope changes by less than a fifth of the expected amount (as across negative curvature), the change is mixed
    /// with the expected one. This damping of Powell (1978) keeps the matrix positive definite.
    fn update(&mut self, step: &DVector<f64>, change: &DVector<f64>) {
        if self.age == 0 {
            self.hessian = reflected(&self.hessian);
        }
        self.age += 1;
        let expected = &self.hessian * step;
        let (planned, seen) = (step.dot(&expected), step.dot(change));
        if !(planned > 0.0 && seen.is_finite()) {
            return;
        }
        let share = if seen < 0.2 * planned {
            0.8 * planned / (planned - seen)
        } else {
            1.0
        };
        let change = change * share + &expected * (1.0 - share);
        let seen = step.dot(&change);
        self.hessian.ger(-1.0 / planned, &expected, &expected, 1.0);
        self.hessian.ger(1.0 / seen, &change, &change, 1.0);
    }
}

/// |H|, with curvatures bounded away from zero.
fn reflected(hessian: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = hessian.clone().symmetric_eigen();
    let least = least_curvature(&eigen);
    let positive = eigen.eigenvalues.map(|x| x.abs().max(least));
    &eigen.eigenvectors * DMatrix::from_diagonal(&positive) * eigen.eigenvectors.transpose()
}

type Eigen = nalgebra::SymmetricEigen<f64, nalgebra::Dyn>;

/// Lower bound for the magnitude of curvatures.
fn least_curvature(eigen: &Eigen) -> f64 {
    FLAT * eigen.eigenvalues.amax().max(f64::MIN_POSITIVE)
}

/// −|H|⁻¹g with curvatures bounded away from zero, shortened to at most `reach`.
fn newton_step(slope: &DVector<f64>, eigen: &Eigen, reach: f64) -> DVector<f64> {
    let least = least_curvature(eigen);
    let mut modes = eigen.eigenvectors.transpose() * slope;
    // Errors of the differences tilt the eigenvectors by about 1e-10, so the slope along a flat direction may belong to
    // the other directions. It must not drive the step until the slopes along the others have vanished.
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

/// The first of successively halved steps that lowers the loss enough (Armijo's condition).
///
/// The condition allows for the rounding error of the loss, which hides the descent near the minimum.
fn line_search(
    function: &impl Fn(&[f64]) -> (f64, Vec<f64>),
    point: &Iterate,
    step: &DVector<f64>,
) -> Option<Iterate> {
    let descent = point.slope.dot(step);
    // The loss may be a mean over thousands of examples, with tens of rounding errors.
    let rounding = 64.0 * f64::EPSILON * point.value.abs();
    let mut share = 1.0;
    for _ in 0..60 {
        let trial = Iterate::of(function, &point.at + step * share);
        if trial.is_finite() && trial.value <= point.value + 1e-4 * share * descent + rounding {
            return Some(trial);
        }
        share *= 0.5;
    }
    None
}

/// A lower point on the axis of the most negative curvature.
fn leave_saddle(
    function: &impl Fn(&[f64]) -> (f64, Vec<f64>),
    point: &Iterate,
    eigen: &Eigen,
) -> Result<Iterate, TheoryError> {
    let direction = eigen.eigenvectors.column(eigen.eigenvalues.imin());
    let mut length = 0.1 * point.scale();
    for _ in 0..30 {
        let [plus, minus] =
            [1.0, -1.0].map(|side| Iterate::of(function, &point.at + direction * (side * length)));
        // The positive side wins a tie, so that the result does not depend on rounding.
        let lower = if minus.value < plus.value {
            minus
        } else {
            plus
        };
        if lower.value < point.value {
            return Ok(lower);
        }
        length *= 0.5;
    }
    Err(TheoryError::NotConverged {
        what: "the way down from a saddle",
    })
}

/// The optimum after up to four undamped Newton steps that lower the gradient; they find digits that the loss cannot show.
fn polished(function: &impl Fn(&[f64]) -> (f64, Vec<f64>), at: DVector<f64>) -> Optimum {
    let mut point = Iterate::of(function, at);
    let hessian = Curvature::at(function, &point).hessian;
    let eigen = hessian.clone().symmetric_eigen();
    for _ in 0..4 {
        let step = newton_step(&point.slope, &eigen, 1e-6 * point.scale());
        let next = Iterate::of(function, &point.at + step);
        if !next.is_finite() || next.slope.norm() >= point.slope.norm() {
            break;
        }
        point = next;
    }
    let mut curvatures = eigen.eigenvalues.as_slice().to_vec();
    curvatures.sort_by(f64::total_cmp);
    Optimum {
        parameters: point.at.as_slice().to_vec(),
        loss: point.value,
        gradient_norm: point.slope.norm(),
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
        // The top leads to the positive side, any other start to its own side.
        for (start, minimum) in [
            (0.0, 1.0),
            (-30.0, -1.0),
            (0.2, 1.0),
            (0.6, 1.0),
            (-0.7, -1.0),
        ] {
            let optimum = find_optimum(loss, gradient, &[start]).unwrap();
            // About one ulp of the root, from the rounding of x³ − x.
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
        // The rounding error 400·ε of the gradient over the smallest curvature 0.4.
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
        // The steps go straight across the valley.
        assert!((optimum.parameters[1] - optimum.parameters[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_slope_without_end_is_an_error() {
        assert!(find_optimum(|x| x[0], |_| vec![1.0], &[0.0]).is_err());
        assert!(find_optimum(|_| f64::NAN, |_| vec![0.0], &[0.0]).is_err());
    }
}
