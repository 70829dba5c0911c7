//! Weighted least squares, power laws and extrapolations. Errors of the results follow from those
//! of the data.

use crate::measure::Estimate;
use nalgebra::{DMatrix, DVector};

/// Fits the coefficients of a linear model y = Σ_j c_j f_j to independent estimates. Each of `rows`
/// holds the f_j and y.
///
/// Returns `None` if there are fewer rows than coefficients, if an error is not positive and
/// finite, or if the model is singular.
pub(super) fn linear(rows: &[(Vec<f64>, Estimate)]) -> Option<Vec<Estimate>> {
    let terms = rows.first()?.0.len();
    let usable =
        |(_, y): &(Vec<f64>, Estimate)| y.mean.is_finite() && y.se > 0.0 && y.se.is_finite();
    if rows.len() < terms || !rows.iter().all(usable) {
        return None;
    }
    let design = DMatrix::from_fn(rows.len(), terms, |i, j| rows[i].0[j] / rows[i].1.se);
    let data = DVector::from_iterator(rows.len(), rows.iter().map(|(_, y)| y.mean / y.se));
    // Columns are scaled to equal norm, so that powers of small numbers do not make the matrix look
    // singular.
    let scales: Vec<f64> = design.column_iter().map(|column| column.norm()).collect();
    let scaled = DMatrix::from_fn(rows.len(), terms, |i, j| design[(i, j)] / scales[j]);
    let covariance = (scaled.transpose() * &scaled).cholesky()?.inverse();
    let solution = &covariance * scaled.transpose() * data;
    let coefficients = (0..terms)
        .map(|j| Estimate::new(solution[j], covariance[(j, j)].sqrt()).scaled(1.0 / scales[j]));
    Some(coefficients.collect())
}

/// Polynomial of `degree` through weighted points: y at x = 0, then the coefficients of x, x², ….
pub(super) fn polynomial(points: &[(f64, Estimate)], degree: i32) -> Option<Vec<Estimate>> {
    let row = |&(x, y): &(f64, Estimate)| ((0..=degree).map(|k| x.powi(k)).collect(), y);
    linear(&points.iter().map(row).collect::<Vec<_>>())
}

/// Exponent p of y = A x^p (1 + c x + …) as x → 0, with `corrections` correction terms.
///
/// This is the slope in a log-log plot after the effect of finite x is removed. All x and y must be
/// positive.
pub(super) fn exponent(points: &[(f64, Estimate)], corrections: i32) -> Option<Estimate> {
    let row = |&(x, y): &(f64, Estimate)| {
        let mut terms = vec![1.0, x.ln()];
        terms.extend((1..=corrections).map(|k| x.powi(k)));
        (terms, Estimate::new(y.mean.ln(), y.se / y.mean))
    };
    let positive = points.iter().all(|(x, y)| *x > 0.0 && y.mean > 0.0);
    let rows: Vec<_> = points.iter().map(row).collect();
    linear(&rows).filter(|_| positive).map(|all| all[1])
}

/// Exponent p of an error A x^p (1 + c x + d x² + …) from exact values at successively halved x.
///
/// Local slopes are extrapolated twice (Richardson). The reported error is the change made by the
/// last extrapolation.
pub(super) fn exponent_of_halvings(errors: &[(f64, f64)]) -> Option<Estimate> {
    let halved = errors
        .windows(2)
        .all(|pair| (pair[0].0 / pair[1].0 - 2.0).abs() < 1e-9);
    let slopes: Vec<f64> = errors
        .windows(2)
        .map(|pair| (pair[0].1 / pair[1].1).log2())
        .collect();
    if !halved || slopes.len() < 3 || !slopes.iter().all(|slope| slope.is_finite()) {
        return None;
    }
    let improved = |all: &[f64], power: i32| -> Vec<f64> {
        let weight = 2_f64.powi(power);
        all.windows(2)
            .map(|pair| (weight * pair[1] - pair[0]) / (weight - 1.0))
            .collect()
    };
    let once = improved(&slopes, 1);
    let twice = improved(&once, 2);
    let (first, second) = (once.last()?, twice.last()?);
    Some(Estimate::new(*second, (second - first).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_by_hand() {
        // y = 1 and 3 with errors 1 at x = 0 and 1: intercept 1 ± 1, slope 2 ± √2.
        let points = [
            (0.0, Estimate::new(1.0, 1.0)),
            (1.0, Estimate::new(3.0, 1.0)),
        ];
        let line = polynomial(&points, 1).unwrap();
        assert!((line[0].mean - 1.0).abs() < 1e-14 && (line[0].se - 1.0).abs() < 1e-14);
        assert!((line[1].mean - 2.0).abs() < 1e-14 && (line[1].se - 2_f64.sqrt()).abs() < 1e-14);
        assert!(
            polynomial(&points, 2).is_none(),
            "three unknowns, two equations"
        );
        assert!(
            polynomial(&[(0.0, Estimate::exact(1.0)); 3], 1).is_none(),
            "no errors"
        );
    }

    #[test]
    fn the_exponent_of_a_power_law_with_corrections() {
        let power_law = |x: f64| 3.0 * x.sqrt() * (0.4 * x).exp();
        let points: Vec<(f64, Estimate)> = (1..8)
            .map(|k| 0.5_f64.powi(k))
            .map(|x| (x, Estimate::new(power_law(x), 1e-3 * power_law(x))))
            .collect();
        let p = exponent(&points, 1).unwrap();
        // The model is exact here, so only rounding is left.
        assert!(
            (p.mean - 0.5).abs() < 1e-12 && p.se > 0.0 && p.se < 1e-3,
            "{p:?}"
        );
        assert!((exponent(&points, 0).unwrap().mean - 0.5).abs() > 0.01);
        assert!(exponent(&[(1.0, Estimate::new(-1.0, 0.1)); 3], 0).is_none());
    }

    #[test]
    fn halvings_are_extrapolated() {
        let errors: Vec<(f64, f64)> = (0..6)
            .map(|k| 0.1 * 0.5_f64.powi(k))
            .map(|x| (x, 2.0 * x * (1.0 + x - 3.0 * x * x)))
            .collect();
        let p = exponent_of_halvings(&errors).unwrap();
        // Cubic terms of the slope at x = 0.003 are about 1e-7. The last extrapolation changes it
        // by order x².
        assert!((p.mean - 1.0).abs() < 1e-5 && p.se < 1e-2, "{p:?}");
        assert!(exponent_of_halvings(&errors[..3]).is_none());
        assert!(exponent_of_halvings(&[(1.0, 1.0), (0.4, 0.4), (0.2, 0.2), (0.1, 0.1)]).is_none());
    }
}
