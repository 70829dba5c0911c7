//! Linear equations and largest eigenvalues of linear maps given as functions (Krylov methods).

use nalgebra::{DMatrix, DVector};

/// Maximum dimension of the Krylov space; the maps here converge in tens of directions.
const MAX_DIRECTIONS: usize = 400;

/// Relative norm of a vector, after projection off the basis, that counts as zero.
const EXHAUSTED: f64 = 1e-14;

/// Solution x of A x = b by GMRES without restarts, to a residual of 1e-15 · ‖b‖ or as far as rounding allows.
///
/// `None` if the residual stays above 1e-9 · ‖b‖: A is singular or nearly so. Source: Y. Saad, M. H. Schultz, "GMRES: a
/// generalized minimal residual algorithm for solving nonsymmetric linear systems", SIAM J. Sci. Stat. Comput. 7 (1986).
pub(super) fn solve(
    map: impl Fn(&DVector<f64>) -> DVector<f64>,
    right: &DVector<f64>,
) -> Option<DVector<f64>> {
    let mut solution = DVector::zeros(right.len());
    // Iterative refinement: each pass solves for the residual of the one before.
    for _ in 0..3 {
        let residual = right - map(&solution);
        if residual.norm() <= 1e-15 * right.norm() {
            break;
        }
        solution += one_pass(&map, &residual)?;
    }
    let residual = (right - map(&solution)).norm();
    (residual <= 1e-9 * right.norm()).then_some(solution)
}

/// One run of GMRES from zero.
fn one_pass(
    map: &impl Fn(&DVector<f64>) -> DVector<f64>,
    right: &DVector<f64>,
) -> Option<DVector<f64>> {
    let size = right.norm();
    let mut basis = vec![right / size];
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let most = MAX_DIRECTIONS.min(right.len());
    loop {
        let mut next = map(&basis[basis.len() - 1]);
        let whole = next.norm();
        let mut column = orthogonalize(&mut next, &basis);
        let rest = next.norm();
        column.push(rest);
        columns.push(column);
        let k = columns.len();
        let ended = rest <= EXHAUSTED * whole || k == most;
        // The least-squares problem is cheap but not free, so the residual is checked every ten directions.
        if ended || k.is_multiple_of(10) {
            let (weights, residual) = least_squares(&columns, size)?;
            if ended || residual <= 1e-13 * size {
                let mut sum = DVector::zeros(right.len());
                basis
                    .iter()
                    .zip(weights.iter())
                    .for_each(|(v, w)| sum.axpy(*w, v, 1.0));
                return sum.iter().all(|x: &f64| x.is_finite()).then_some(sum);
            }
        }
        basis.push(next / rest);
    }
}

/// Projects `vector` off the basis, twice because of rounding, and returns the coefficients.
fn orthogonalize(vector: &mut DVector<f64>, basis: &[DVector<f64>]) -> Vec<f64> {
    let mut coefficients = vec![0.0; basis.len()];
    for _ in 0..2 {
        for (coefficient, v) in coefficients.iter_mut().zip(basis) {
            let part = v.dot(vector);
            vector.axpy(-part, v, 1.0);
            *coefficient += part;
        }
    }
    coefficients
}

/// Weights of the basis with the smallest residual, and that residual.
fn least_squares(columns: &[Vec<f64>], size: f64) -> Option<(DVector<f64>, f64)> {
    let k = columns.len();
    let hessenberg = DMatrix::from_fn(k + 1, k, |i, j| columns[j].get(i).copied().unwrap_or(0.0));
    let mut right = DVector::zeros(k + 1);
    right[0] = size;
    let qr = hessenberg.qr();
    let mut rotated = right;
    qr.q_tr_mul(&mut rotated);
    let residual = rotated[k].abs();
    let weights = qr
        .r()
        .view((0, 0), (k, k))
        .solve_upper_triangular(&rotated.rows(0, k))?;
    Some((weights, residual))
}

/// Largest eigenvalue of a symmetric map, by the Lanczos method; relative error about 1e-13.
///
/// The eigenvector must not be orthogonal to `start`.
pub(super) fn largest_eigenvalue(
    map: impl Fn(&DVector<f64>) -> DVector<f64>,
    start: &DVector<f64>,
) -> f64 {
    let mut basis = vec![start.normalize()];
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let most = MAX_DIRECTIONS.min(start.len());
    loop {
        let mut next = map(&basis[basis.len() - 1]);
        let whole = next.norm();
        let coefficients = orthogonalize(&mut next, &basis);
        diagonal.push(coefficients[coefficients.len() - 1]);
        let rest = next.norm();
        let k = diagonal.len();
        let ended = rest <= EXHAUSTED * whole || k == most;
        if ended || k.is_multiple_of(10) {
            let (value, last) = top_of_tridiagonal(&diagonal, &beside);
            // `rest * last` is the residual of the eigenvector; the error of the eigenvalue is quadratic in it.
            if ended || rest * last <= 1e-7 * value.abs() {
                return value;
            }
        }
        beside.push(rest);
        basis.push(next / rest);
    }
}

/// Largest eigenvalue of a symmetric tridiagonal matrix, and the magnitude of its eigenvector's last component.
fn top_of_tridiagonal(diagonal: &[f64], beside: &[f64]) -> (f64, f64) {
    let k = diagonal.len();
    let matrix = DMatrix::from_fn(k, k, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    let eigen = matrix.symmetric_eigen();
    let top = eigen.eigenvalues.imax();
    (
        eigen.eigenvalues[top],
        eigen.eigenvectors[(k - 1, top)].abs(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize) -> DMatrix<f64> {
        DMatrix::from_fn(n, n, |i, j| {
            let near = 1.0 / (1.0 + i.abs_diff(j) as f64);
            if i == j {
                2.0 + (i as f64).sqrt()
            } else {
                near * ((i + 2 * j) as f64).sin()
            }
        })
    }

    #[test]
    fn agrees_with_elimination() {
        let a = matrix(90);
        let right = DVector::from_fn(90, |i, _| (i as f64).cos());
        let direct = a.clone().lu().solve(&right).unwrap();
        let found = solve(|x| &a * x, &right).unwrap();
        // The condition number is about 100.
        assert!((found - &direct).amax() < 1e-13 * direct.amax());
    }

    #[test]
    fn a_singular_map_is_refused() {
        let right = DVector::from_vec(vec![1.0, 1.0, 1.0]);
        assert!(solve(|x| DVector::from_vec(vec![x[0], 2.0 * x[1], 0.0]), &right).is_none());
    }

    #[test]
    fn largest_eigenvalue_agrees_with_the_whole_spectrum() {
        for n in [1, 2, 3, 120] {
            let a = matrix(n);
            let a = &a + a.transpose();
            let all = a.clone().symmetric_eigen().eigenvalues.max();
            let found = largest_eigenvalue(|x| &a * x, &DVector::from_element(n, 1.0));
            assert!((found / all - 1.0).abs() < 1e-12, "{n} {found} {all}");
        }
    }
}
