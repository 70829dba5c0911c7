//! Linear regression by SGD: the exact second moment at any stable learning rate.

use super::error::TheoryError;
use super::linear::quadratic_loss;
use nalgebra::{DMatrix, DVector};

/// Largest dimension: the second moment then has 2,080 unknowns, a few seconds.
const MAX_DIMENSION: usize = 64;

/// Least squares with the loss ½(aᵢᵀΦ − yᵢ)² of each example, at its optimum.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearRegression {
    features: DMatrix<f64>,
    residuals: DVector<f64>,
    /// The minimum Φ*, length d.
    pub optimum: DVector<f64>,
    /// The Hessian H = E aaᵀ.
    pub hessian: DMatrix<f64>,
    /// The second moment C = E gᵢgᵢᵀ of the examples' gradients gᵢ = (aᵢᵀΦ* − yᵢ)aᵢ at the optimum.
    pub noise: DMatrix<f64>,
}

impl LinearRegression {
    /// From features (n examples × d) and n targets; a column of ones stands for an intercept.
    ///
    /// # Errors
    /// The Hessian is singular, or d exceeds 64.
    pub fn new(features: DMatrix<f64>, targets: &DVector<f64>) -> Result<Self, TheoryError> {
        let d = features.ncols();
        if d > MAX_DIMENSION {
            return Err(TheoryError::TooLarge {
                what: "a regression's dimension",
                size: d,
                limit: MAX_DIMENSION,
            });
        }
        let n = features.nrows() as f64;
        // Singular values rather than normal equations: half the digits would go there.
        let svd = features.clone().svd(true, true);
        let cutoff = 1e-12 * svd.singular_values.max();
        let singular = svd.singular_values.min() <= cutoff || features.nrows() < d;
        let optimum = svd.solve(targets, cutoff).ok().filter(|_| !singular);
        let optimum = optimum.ok_or(TheoryError::NotConverged {
            what: "least squares with a singular Hessian",
        })?;
        let residuals = &features * &optimum - targets;
        let hessian = features.transpose() * &features / n;
        let weighted =
            DMatrix::from_fn(features.nrows(), d, |i, k| features[(i, k)] * residuals[i]);
        let noise = weighted.transpose() * weighted / n;
        Ok(Self {
            features,
            residuals,
            optimum,
            hessian,
            noise,
        })
    }

    /// The least loss L* = ½ E r².
    #[must_use]
    pub fn least_loss(&self) -> f64 {
        0.5 * self.residuals.norm_squared() / self.residuals.len() as f64
    }

    /// The theorem's slope of the converged loss at η = 0: `¼ Σ_k r_k E gᵢₖ² / B`.
    #[must_use]
    pub fn slope_at_zero(&self, rates: &[f64], batch: usize) -> f64 {
        let trace: f64 = rates
            .iter()
            .enumerate()
            .map(|(k, r)| r * self.noise[(k, k)])
            .sum();
        0.25 * trace / batch as f64
    }

    /// The stationary covariance M of Φ under SGD with batches of B drawn with replacement and rates r.
    ///
    /// With D = diag(r) and A the random step I − ηD·(mean of aaᵀ over the batch), the exact equation `M = E[A M Aᵀ] + (η²/B) D C D`, where
    /// `E[A M Aᵀ] = M − ηDHM − ηMHD + η²D((1/B) E[aᵀMa·aaᵀ] + (1 − 1/B) HMH)D`, solved directly in its d(d + 1)/2
    /// unknowns: n(d²/2)² + (d²/2)³/3 operations.
    ///
    /// # Errors
    /// The map on second moments does not contract: the chain diverges in mean square.
    pub fn covariance(
        &self,
        eta: f64,
        rates: &[f64],
        batch: usize,
    ) -> Result<DMatrix<f64>, TheoryError> {
        let d = self.hessian.nrows();
        let b = batch as f64;
        let rate = DMatrix::from_diagonal(&DVector::from_column_slice(rates));
        let pairs: Vec<(usize, usize)> = (0..d).flat_map(|i| (i..d).map(move |j| (i, j))).collect();
        let fourth = self.fourth_moment(&pairs);
        // Everything divided by η, so that small learning rates keep their digits.
        let mut system = DMatrix::zeros(pairs.len(), pairs.len());
        for (column, &(i, j)) in pairs.iter().enumerate() {
            let mut unit = DMatrix::zeros(d, d);
            (unit[(i, j)], unit[(j, i)]) = (1.0, 1.0);
            let drift = &rate * &self.hessian * &unit;
            let spread = &self.hessian * &unit * &self.hessian * (1.0 - 1.0 / b);
            let multiplicity = if i == j { 1.0 } else { 2.0 };
            for (row, &(k, l)) in pairs.iter().enumerate() {
                let quadratic = spread[(k, l)] + multiplicity * fourth[(row, column)] / b;
                system[(row, column)] =
                    drift[(k, l)] + drift[(l, k)] - eta * rates[k] * rates[l] * quadratic;
            }
        }
        let decomposed = system.lu();
        let solve = |source: &DMatrix<f64>| {
            let right =
                DVector::from_iterator(pairs.len(), pairs.iter().map(|&(i, j)| source[(i, j)]));
            let solution = decomposed.solve(&right)?;
            let at = |i: usize, j: usize| {
                pairs
                    .binary_search(&(i.min(j), i.max(j)))
                    .expect("every pair is listed")
            };
            Some(DMatrix::from_fn(d, d, |i, j| solution[at(i, j)]))
        };
        // The map keeps the cone of covariances, so it contracts exactly where a full-rank source has a positive answer.
        let contracts = solve(&DMatrix::identity(d, d)).is_some_and(|x| x.cholesky().is_some());
        let kick = &rate * &self.noise * &rate * (eta / b);
        match solve(&kick) {
            Some(covariance) if contracts => Ok(covariance),
            _ => Err(TheoryError::Unstable {
                multiplier: self.multiplier(eta, rates, batch),
            }),
        }
    }

    /// The converged loss L(η) = L* + ½ tr(HM), exactly.
    ///
    /// # Errors
    /// As [`Self::covariance`].
    pub fn converged_loss(
        &self,
        eta: f64,
        rates: &[f64],
        batch: usize,
    ) -> Result<f64, TheoryError> {
        Ok(self.least_loss() + quadratic_loss(&self.hessian, &self.covariance(eta, rates, batch)?))
    }

    /// `E a_k a_l a_i a_j` by pairs (k, l) and (i, j).
    fn fourth_moment(&self, pairs: &[(usize, usize)]) -> DMatrix<f64> {
        let n = self.features.nrows();
        let products = DMatrix::from_fn(n, pairs.len(), |e, p| {
            self.features[(e, pairs[p].0)] * self.features[(e, pairs[p].1)]
        });
        products.transpose() * &products / n as f64
    }

    /// Spectral radius of the map on second moments, by power iteration on the cone; for the message of an error.
    fn multiplier(&self, eta: f64, rates: &[f64], batch: usize) -> f64 {
        let b = batch as f64;
        let rate = DMatrix::from_diagonal(&DVector::from_column_slice(rates));
        let n = self.features.nrows() as f64;
        let mut moment = DMatrix::identity(rates.len(), rates.len());
        let mut multiplier = 0.0;
        for _ in 0..200 {
            let projected = &self.features * &moment;
            let weight = projected.component_mul(&self.features).column_sum();
            let weighted = DMatrix::from_fn(self.features.nrows(), rates.len(), |e, k| {
                weight[e] * self.features[(e, k)]
            });
            let single = self.features.transpose() * weighted / n;
            let pair = &self.hessian * &moment * &self.hessian;
            let drift = &rate * &self.hessian * &moment;
            let next = &moment - (&drift + drift.transpose()) * eta
                + &rate * (single / b + pair * (1.0 - 1.0 / b)) * &rate * (eta * eta);
            multiplier = next.norm() / moment.norm();
            moment = &next / next.norm();
        }
        multiplier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> LinearRegression {
        let wave =
            |k: usize, i: usize| (1.7 * k as f64 + 0.9 * (i * i) as f64).sin() * (1.0 + k as f64);
        let features = DMatrix::from_fn(40, 3, |i, k| if k == 0 { 1.0 } else { wave(k, i) });
        let targets = DVector::from_fn(40, |i, _| (0.3 * i as f64).cos() + wave(5, i) * 0.1);
        LinearRegression::new(features, &targets).unwrap()
    }

    #[test]
    fn iterating_the_definition_gives_the_same() {
        let model = example();
        let (eta, rates) = (0.12, [1.0, 0.4, 0.7]);
        let d = DMatrix::from_diagonal(&DVector::from_column_slice(&rates));
        let mut m = DMatrix::<f64>::zeros(3, 3);
        for _ in 0..4000 {
            // Batch 1, by the definition: the average over examples of the step's action.
            let mut next = &d * &model.noise * &d * (eta * eta);
            for i in 0..40 {
                let a = model.features.row(i).transpose();
                let step = DMatrix::identity(3, 3) - &d * &a * a.transpose() * eta;
                next += &step * &m * step.transpose() / 40.0;
            }
            m = next;
        }
        let solved = model.covariance(eta, &rates, 1).unwrap();
        // The iteration has converged (0.9^4000) and both carry only rounding.
        assert!((&solved - &m).amax() < 1e-12 * m.amax(), "{solved} {m}");
    }

    #[test]
    fn two_examples_one_parameter() {
        // (x ∓ 1)²/2: V = η/(2 − η) (Bernoulli convolution); batch of B: variance of the noise divided by B.
        let model = LinearRegression::new(
            DMatrix::from_element(2, 1, 1.0),
            &DVector::from_vec(vec![1.0, -1.0]),
        )
        .unwrap();
        for (eta, batch) in [(0.5, 1), (1.5, 1), (1e-6, 1), (0.3, 4)] {
            let v = model.covariance(eta, &[1.0], batch).unwrap()[(0, 0)];
            assert!(
                (v * batch as f64 * (2.0 - eta) / eta - 1.0).abs() < 1e-14,
                "one division: {eta} {batch}"
            );
        }
        assert!(model.covariance(2.01, &[1.0], 1).is_err());
        assert!(
            (model.slope_at_zero(&[1.0], 1) - 0.25).abs() < 1e-15
                && (model.least_loss() - 0.5).abs() < 1e-15
        );
    }

    #[test]
    fn the_slope_theorem_is_the_limit() {
        let model = example();
        let eta = 1e-6;
        let slope =
            (model.converged_loss(eta, &[1.0, 0.5, 2.0], 2).unwrap() - model.least_loss()) / eta;
        // First correction of order η‖H‖ ≈ 1e-5, and rounding of L* over η: 1e-10.
        assert!((slope / model.slope_at_zero(&[1.0, 0.5, 2.0], 2) - 1.0).abs() < 5e-5);
    }

    #[test]
    fn the_mean_square_limit_is_found() {
        // One parameter, a² ∈ {1, 9}: η < 2E[a²]/E[a⁴] = 10/41, stricter than 2/E[a²] = 0.4.
        let features = DMatrix::from_column_slice(4, 1, &[1.0, 3.0, 1.0, 3.0]);
        let model = LinearRegression::new(features, &DVector::from_vec(vec![1.0, 1.0, -1.0, -1.0]))
            .unwrap();
        assert!(model.covariance(10.0 / 41.0 - 1e-6, &[1.0], 1).is_ok());
        let Err(TheoryError::Unstable { multiplier }) = model.covariance(0.3, &[1.0], 1) else {
            panic!("0.3 > 10/41")
        };
        // E(1 − ηa²)² = 1 − 2η·5 + η²·41.
        assert!((multiplier - (1.0 - 3.0 + 0.09 * 41.0)).abs() < 1e-12);
    }

    #[test]
    fn a_singular_problem_is_refused() {
        let twin = DMatrix::from_fn(10, 2, |i, _| i as f64);
        assert!(LinearRegression::new(twin, &DVector::from_element(10, 1.0)).is_err());
    }
}
