use super::*;
use crate::theory::tests::fixture::{Bowls, Family, Regression, TanhNet, linear_examples, normals};

const NONE: Momentum = Momentum::NONE;
const KINDS: [Momentum; 3] = [
    NONE,
    Momentum {
        beta: 0.8,
        nesterov: false,
    },
    Momentum {
        beta: 0.8,
        nesterov: true,
    },
];

/// (x − 1)²/2 and (x + 1)²/2.
fn pair() -> Regression {
    Regression::new(1, vec![1.0, 1.0], vec![1.0, -1.0], Family::Linear, 0.0)
}

/// One column of the Gauss–Hermite points 0 (four of six) and ±√3, which have the moments E a² = 1 and E a⁴ = 3 of a
/// normal feature; residuals ±s.
fn gaussian_features(s: f64) -> Regression {
    let root = 3.0_f64.sqrt();
    let once = [0.0, 0.0, 0.0, 0.0, root, -root];
    let features = [once, once].concat();
    let targets = (0..12).map(|i| if i < 6 { s } else { -s }).collect();
    Regression::new(1, features, targets, Family::Linear, 0.0)
}

fn diagonal(x: &[f64]) -> DMatrix<f64> {
    DMatrix::from_diagonal(&DVector::from_column_slice(x))
}

/// Every batch of B examples with replacement, as one example with the mean Hessian and gradient.
fn batches(
    examples: &[(DMatrix<f64>, DVector<f64>)],
    batch: usize,
) -> Vec<(DMatrix<f64>, DVector<f64>)> {
    let mut sums = examples.to_vec();
    for _ in 1..batch {
        sums = sums
            .iter()
            .flat_map(|(h, g)| examples.iter().map(move |(k, f)| (h + k, g + f)))
            .collect();
    }
    let b = batch as f64;
    sums.into_iter().map(|(h, g)| (h / b, g / b)).collect()
}

/// Mean of A ⊗ … ⊗ A with `power` factors A = I − ηD^½HD^½.
fn kronecker(
    examples: &[(DMatrix<f64>, DVector<f64>)],
    eta: f64,
    rates: &[f64],
    power: usize,
) -> DMatrix<f64> {
    let root = diagonal(&rates.iter().map(|r| r.sqrt()).collect::<Vec<_>>());
    let d = rates.len();
    let size = d.pow(power as u32);
    let mut mean = DMatrix::zeros(size, size);
    for (h, _) in examples {
        let a = DMatrix::identity(d, d) - &root * h * &root * eta;
        let all = (1..power).fold(a.clone(), |product, _| product.kronecker(&a));
        mean += all / examples.len() as f64;
    }
    mean
}

/// Spectral radius of a symmetric matrix.
fn radius(matrix: &DMatrix<f64>) -> f64 {
    matrix.symmetric_eigenvalues().amax()
}

#[test]
fn bernoulli_convolution() {
    let model = QuadraticExamples::new(&pair()).unwrap();
    assert!(model.optimum()[0].abs() < 1e-15 && (model.least_loss() - 0.5).abs() < 1e-15);
    for (eta, batch) in [(0.5, 1), (1.5, 1), (1e-6, 1), (0.3, 4), (1.998, 1)] {
        let stationary = model.stationary(eta, &[1.0], batch, NONE).unwrap();
        let v = stationary.covariance[(0, 0)] * batch as f64;
        // V = η/(2 − η), L − L* = V/2; rounding, magnified by 1/(2 − η) near the limit.
        let tolerance = 2e-15 / (2.0 - eta);
        assert!(
            (v * (2.0 - eta) / eta - 1.0).abs() < tolerance,
            "{eta} {batch} {v}"
        );
        assert!((stationary.excess_loss / stationary.covariance[(0, 0)] - 0.5).abs() < 1e-15);
        assert!((stationary.loss - 0.5 - stationary.excess_loss).abs() < 1e-15);
    }
    assert!((model.mean_square_limit(&[1.0], 1).unwrap() - 2.0).abs() < 1e-14);
    assert!((model.mean_square_limit(&[0.25], 7).unwrap() - 8.0).abs() < 1e-13);
}

#[test]
fn normal_features_in_one_dimension() {
    let s = 0.7;
    let model = QuadraticExamples::new(&gaussian_features(s)).unwrap();
    for eta in [1e-3, 0.1, 0.4, 0.6] {
        let v = model.stationary(eta, &[1.0], 1, NONE).unwrap().covariance[(0, 0)];
        // V = ηs²/(2 − 3η); √3² is 3 up to rounding.
        assert!(
            (v * (2.0 - 3.0 * eta) / (eta * s * s) - 1.0).abs() < 3e-14,
            "{eta}"
        );
    }
    // E(1 − ηa²)² = 1 at η = 2/3, for batches of B at 2/(1 + 2/B).
    for batch in [1, 2, 8] {
        let limit = model.mean_square_limit(&[1.0], batch).unwrap();
        assert!((limit * (1.0 + 2.0 / batch as f64) / 2.0 - 1.0).abs() < 1e-13);
        assert!(model.stationary(limit * 0.999, &[1.0], batch, NONE).is_ok());
        let Err(TheoryError::Unstable { multiplier }) =
            model.stationary(limit * 1.001, &[1.0], batch, NONE)
        else {
            panic!("beyond the limit")
        };
        // 1 − 2η + η²(1 + 2/B) at 1.001 of its root: 1.002001 − … = 1 + 2η·0.001.
        let exact = 1.0 + 2.0 * limit * 1.001 * 0.001;
        assert!(
            (multiplier - exact).abs() < 1e-12,
            "{batch} {multiplier} {exact}"
        );
    }
}

#[test]
fn a_regression_by_brute_force() {
    let rates = [1.0, 3.0, 0.02];
    for regularization in [0.0, 0.3] {
        let loss = Regression::random(12, 3, Family::Linear, regularization, 2);
        let model = QuadraticExamples::new(&loss).unwrap();
        let examples = linear_examples(&loss, model.optimum());
        for batch in [1, 2, 3] {
            let eta = 0.8 * model.mean_square_limit(&rates, batch).unwrap();
            let draws = batches(&examples, batch);
            let root = diagonal(&rates.map(f64::sqrt));
            // In coordinates D^{−½}Δ: vec M = (1 − E A ⊗ A)⁻¹ vec(η² D^½ C D^½).
            let mut noise = DMatrix::zeros(3, 3);
            for (_, g) in &draws {
                let g = &root * g * eta;
                noise += &g * g.transpose() / draws.len() as f64;
            }
            let matrix = DMatrix::identity(9, 9) - kronecker(&draws, eta, &rates, 2);
            let solved = matrix
                .lu()
                .solve(&DVector::from_column_slice(noise.as_slice()))
                .unwrap();
            let moment = &root * DMatrix::from_column_slice(3, 3, solved.as_slice()) * &root;
            let stationary = model.stationary(eta, &rates, batch, NONE).unwrap();
            // The condition number is about 1e3: 1/0.2 from the distance to the limit, and the spread of the curvatures.
            let error = (&stationary.covariance - &moment).amax() / moment.amax();
            assert!(error < 1e-12, "{regularization} {batch} {error}");
            let excess = 0.5 * (model.hessian() * &moment).trace();
            assert!((stationary.excess_loss / excess - 1.0).abs() < 1e-12);
            // The identity L(η) − L* = (η/4) E ĝᵀDĝ is exact.
            assert!((stationary.quarter_gradient / excess - 1.0).abs() < 1e-12);
            assert!(
                (stationary.temperatures.iter().sum::<f64>() / (2.0 * excess) - 1.0).abs() < 1e-12
            );
        }
    }
}

#[test]
fn limits_by_brute_force() {
    let rates = [1.0, 3.0, 0.02];
    let regression = Regression::random(12, 3, Family::Linear, 0.3, 2);
    let bowls = Bowls::random(12, 3, 9);
    for loss in [&regression as &dyn ExampleLoss, &bowls] {
        let model = QuadraticExamples::new(loss).unwrap();
        let examples = linear_examples(loss, model.optimum());
        for batch in [1, 2] {
            let limit = model.mean_square_limit(&rates, batch).unwrap();
            let draws = batches(&examples, batch);
            let at = |eta: f64| radius(&kronecker(&draws, eta, &rates, 2));
            // The eigenvalue is simple, so a relative error of 1e-12 in the limit changes it as little.
            assert!((at(limit) - 1.0).abs() < 1e-10, "{batch} {}", at(limit));
            assert!(model.stationary(0.999 * limit, &rates, batch, NONE).is_ok());
            let beyond = model.stationary(1.001 * limit, &rates, batch, NONE);
            let Err(TheoryError::Unstable { multiplier }) = beyond else {
                panic!("beyond the limit")
            };
            assert!(multiplier >= 1.0);
            // The error message needs a few digits only.
            let growth = model.growth(1.5 * limit, &rates, batch, NONE);
            assert!((growth / at(1.5 * limit) - 1.0).abs() < 1e-3, "{growth}");
        }
    }
}

/// E z and E zzᵀ of z = (Δ, v), by a sum over all examples in every step.
fn enumerated(
    examples: &[(DMatrix<f64>, DVector<f64>)],
    mut mean: DVector<f64>,
    mut second: DMatrix<f64>,
    eta: f64,
    rates: &[f64],
    kind: Momentum,
    steps: usize,
) -> (DVector<f64>, DMatrix<f64>) {
    let d = rates.len();
    let step = |h: &DMatrix<f64>, g: &DVector<f64>| {
        // From the definition, column by column: v′ = βv + ĝ, Φ′ = Φ − ηD v′ or Φ − ηD(βv′ + ĝ).
        let once = |z: &DVector<f64>, g: &DVector<f64>| {
            let (x, v) = (z.rows(0, d), z.rows(d, d));
            let gradient = h * x + g;
            let velocity = v * kind.beta + &gradient;
            let move_by = if kind.nesterov {
                &velocity * kind.beta + gradient
            } else {
                velocity.clone()
            };
            let x = DVector::from_fn(d, |k, _| x[k] - eta * rates[k] * move_by[k]);
            DVector::from_iterator(2 * d, x.iter().chain(velocity.iter()).copied())
        };
        let constant = once(&DVector::zeros(2 * d), g);
        let linear = DMatrix::from_columns(
            &(0..2 * d)
                .map(|k| {
                    once(
                        &DVector::from_fn(2 * d, |i, _| f64::from(i == k)),
                        &DVector::zeros(d),
                    )
                })
                .collect::<Vec<_>>(),
        );
        (linear, constant)
    };
    let maps: Vec<_> = examples.iter().map(|(h, g)| step(h, g)).collect();
    let n = examples.len() as f64;
    for _ in 0..steps {
        let (mut next_mean, mut next) = (mean.clone() * 0.0, second.clone() * 0.0);
        for (a, b) in &maps {
            let moved = a * &mean;
            let cross = &moved * b.transpose();
            next +=
                (a * &second * a.transpose() + &cross + cross.transpose() + b * b.transpose()) / n;
            next_mean += (moved + b) / n;
        }
        (mean, second) = (next_mean, next);
    }
    (mean, second)
}

#[test]
fn momentum_and_transients_by_brute_force() {
    let rates = [1.0, 0.4];
    let bowls = Bowls::random(6, 2, 4);
    let regression = Regression::random(6, 2, Family::Linear, 0.05, 8);
    for loss in [&bowls as &dyn ExampleLoss, &regression] {
        let model = QuadraticExamples::new(loss).unwrap();
        let examples = linear_examples(loss, model.optimum());
        let start = [model.optimum()[0] + 0.7, model.optimum()[1] - 1.3];
        let spread = DMatrix::from_row_slice(2, 2, &[0.3, 0.1, 0.1, 0.2]);
        for (kind, batch) in KINDS.into_iter().flat_map(|kind| [(kind, 1), (kind, 2)]) {
            let draws = batches(&examples, batch);
            // The factor 1 − β reduces the noise of momentum to that of plain SGD: well within the limit.
            let eta = 0.2 * (1.0 - kind.beta) * model.mean_square_limit(&rates, batch).unwrap();
            let offset = DVector::from_vec(vec![0.7, -1.3, 0.0, 0.0]);
            let mut second = &offset * offset.transpose();
            let mut corner = second.view_mut((0, 0), (2, 2));
            corner += &spread;
            for steps in [0, 1, 2, 9] {
                let (mean, second) = enumerated(
                    &draws,
                    offset.clone(),
                    second.clone(),
                    eta,
                    &rates,
                    kind,
                    steps,
                );
                let found = model
                    .after(steps as u64, &start, &spread, eta, &rates, batch, kind)
                    .unwrap();
                for k in 0..2 {
                    // A few rounding errors per step of numbers of order 1.
                    assert!(
                        (found.mean[k] - model.optimum()[k] - mean[k]).abs() < 1e-13,
                        "{kind:?} {steps}"
                    );
                }
                let position = second.view((0, 0), (2, 2)).into_owned();
                let centered = &position - mean.rows(0, 2) * mean.rows(0, 2).transpose();
                assert!(
                    (&found.covariance - centered).amax() < 1e-12,
                    "{kind:?} {steps}"
                );
                let loss = model.least_loss() + 0.5 * (model.hessian() * position).trace();
                assert!((found.loss - loss).abs() < 1e-12);
            }
            let (_, settled) = enumerated(&draws, offset, second, eta, &rates, kind, 4000);
            let stationary = model.stationary(eta, &rates, batch, kind).unwrap();
            let error = (&stationary.covariance - settled.view((0, 0), (2, 2))).amax()
                / stationary.covariance.amax();
            // Converged; the rounding errors of a few hundred steps remain.
            assert!(error < 1e-12, "{kind:?} {batch} {error}");
        }
    }
}

#[test]
fn the_stability_limit_with_momentum_is_where_moments_grow() {
    let model = QuadraticExamples::new(&gaussian_features(1.0)).unwrap();
    for kind in KINDS {
        let stable = |eta: f64| model.stationary(eta, &[1.0], 1, kind).is_ok();
        let (mut low, mut high) = (1e-3, 5.0);
        assert!(stable(low) && !stable(high));
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if stable(middle) {
                low = middle
            } else {
                high = middle
            }
        }
        // At the limit the second moments neither grow nor shrink; 300 steps of iteration resolve 1e-6.
        let growth = model.growth(low, &[1.0], 1, kind);
        assert!((growth - 1.0).abs() < 1e-6, "{kind:?} {low} {growth}");
    }
}

#[test]
fn a_simulation_agrees() {
    // Plain SGD written out: 4,000 chains of 300 steps from the optimum.
    let loss = Regression::random(30, 2, Family::Linear, 0.0, 5);
    let model = QuadraticExamples::new(&loss).unwrap();
    let examples = linear_examples(&loss, model.optimum());
    let rates = [1.0, 10.0];
    let eta = 0.3 * model.mean_square_limit(&rates, 1).unwrap();
    let (chains, mut uniform) = (4000, normals(77));
    let mut losses = Vec::new();
    for _ in 0..chains {
        let mut at = DVector::<f64>::zeros(2);
        for _ in 0..300 {
            let z: f64 = uniform.next().unwrap();
            // The sixth digits of a normal are uniform.
            let (h, g) = &examples[(z.abs() * 1e6) as usize % 30];
            let gradient = h * &at + g;
            at -= DVector::from_fn(2, |k, _| eta * rates[k] * gradient[k]);
        }
        losses.push(0.5 * at.dot(&(model.hessian() * &at)));
    }
    let mean = losses.iter().sum::<f64>() / f64::from(chains);
    let variance = losses.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(chains);
    let z = (mean - model.stationary(eta, &rates, 1, NONE).unwrap().excess_loss)
        / (variance / f64::from(chains)).sqrt();
    // Five standard errors: false alarm below 1e-6 once, and the seed is fixed.
    assert!(z.abs() < 5.0, "{z}");
}

#[test]
fn the_slope_theorem_is_the_limit() {
    let loss = Regression::random(50, 3, Family::Linear, 0.1, 1);
    let model = QuadraticExamples::new(&loss).unwrap();
    let rates = [1.0, 0.5, 0.02];
    let slope = crate::theory::tests::reference::slope_at_zero(model.second_moment(), &rates, 2);
    let eta = 1e-6;
    let stationary = model.stationary(eta, &rates, 2, NONE).unwrap();
    // First correction of order η‖H‖, a few 1e-6.
    assert!((stationary.excess_loss / eta / slope - 1.0).abs() < 5e-5);
}

#[test]
fn losses_that_are_not_quadratic_are_refused() {
    let logistic = Regression::random(50, 2, Family::Logistic, 0.1, 1);
    let net = TanhNet::random(20, 2, 2, 1);
    for loss in [&logistic as &dyn ExampleLoss, &net] {
        let found = QuadraticExamples::new(loss);
        assert!(matches!(found, Err(TheoryError::NotQuadratic { deviation }) if deviation > 1e-3));
    }
    /// Two examples x²/2 ± |x|³/9, which are not quadratic although their mean is.
    struct Opposite;
    impl ExampleLoss for Opposite {
        fn dimension(&self) -> usize {
            1
        }
        fn examples(&self) -> usize {
            2
        }
        fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64])) {
            let (x, bend) = (at[0], at[0] * at[0].abs() / 3.0);
            visit(0.5 * x * x + bend * x / 3.0, &[x + bend]);
            visit(0.5 * x * x - bend * x / 3.0, &[x - bend]);
        }
    }
    assert!(matches!(
        QuadraticExamples::new(&Opposite),
        Err(TheoryError::NotQuadratic { .. })
    ));
    let collinear = Regression::new(
        2,
        vec![1.0, 1.0, 2.0, 2.0],
        vec![1.0, 0.0],
        Family::Linear,
        0.0,
    );
    assert!(matches!(
        QuadraticExamples::new(&collinear),
        Err(TheoryError::NoUniqueMinimum { .. })
    ));
    let large = Regression::random(2, 65, Family::Linear, 1.0, 0);
    assert!(matches!(
        QuadraticExamples::new(&large),
        Err(TheoryError::TooLarge { .. })
    ));
    let model = QuadraticExamples::new(&pair()).unwrap();
    assert!(model.stationary(0.1, &[1.0, 1.0], 1, NONE).is_err());
    assert!(model.stationary(-0.1, &[1.0], 1, NONE).is_err());
    assert!(model.stationary(0.1, &[1.0], 0, NONE).is_err());
    assert!(model.stationary(0.1, &[0.0], 1, NONE).is_err());
}

#[test]
fn targets_far_from_zero_keep_their_digits() {
    // Residuals of 1 on targets of 1e8: 1e-8 of the residual is what f64 holds.
    let far = Regression::new(
        1,
        vec![1.0, 1.0],
        vec![1e8 + 1.0, 1e8 - 1.0],
        Family::Linear,
        0.0,
    );
    let model = QuadraticExamples::new(&far).unwrap();
    assert!(
        (model.optimum()[0] - 1e8).abs() < 1e-7
            && (model.second_moment()[(0, 0)] - 1.0).abs() < 1e-7
    );
    assert!(
        (model.stationary(0.5, &[1.0], 1, NONE).unwrap().covariance[(0, 0)] - 1.0 / 3.0).abs()
            < 1e-7
    );
}

/// Features whose moments up to E a⁸ are those of a normal to about 1e-3: the five Gauss–Hermite points in proportion to
/// their weights.
fn fine_gaussian() -> Regression {
    let root = 10.0_f64.sqrt();
    // Points ±√(5 ∓ √10) and 0, with weights (7 ± 2√10)/60 and 8/15.
    let points = [(5.0 - root).sqrt(), (5.0 + root).sqrt()];
    let weights = [(7.0 + 2.0 * root) / 60.0, (7.0 - 2.0 * root) / 60.0];
    let mut features = vec![0.0; (8.0_f64 / 15.0 * 20_000.0).round() as usize];
    for (point, weight) in points.into_iter().zip(weights) {
        let count = (weight * 20_000.0).round() as usize;
        features.extend((0..2 * count).map(|i| if i < count { point } else { -point }));
    }
    let targets = (0..features.len())
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    Regression::new(1, features, targets, Family::Linear, 0.0)
}

#[test]
fn fourth_moment_of_normal_features() {
    let model = QuadraticExamples::new(&fine_gaussian()).unwrap();
    let exists = |eta: f64, batch| model.fourth_moment_exists(eta, &[1.0], batch).unwrap();
    // E(1 − ηa²)⁴ = 1 − 4η + 18η² − 60η³ + 105η⁴ is 1 at η = 0.38346, where the Kesten exponent is 4 (8.3 at η = 0.2 and
    // 3.81 at 0.4).
    let root = 0.383_46;
    let cubic = |x: f64| -4.0 + 18.0 * x - 60.0 * x * x + 105.0 * x * x * x;
    assert!(cubic(root).abs() < 1e-3, "{}", cubic(root));
    // Rounding the weights changes the moments by a relative 1e-3.
    assert!(
        exists(0.2, 1) && exists(root * 0.997, 1) && !exists(root * 1.003, 1) && !exists(0.4, 1)
    );
    assert!(!exists(0.6, 1), "a variance without a fourth moment");
    assert!(exists(0.6, 64), "a large batch has light tails");
    assert!(!exists(0.7, 1), "not even a variance");
}

#[test]
fn fourth_moment_by_brute_force() {
    let rates = [1.0, 0.3];
    let bowls = Bowls::random(4, 2, 12);
    let regression = Regression::random(4, 2, Family::Linear, 0.0, 3);
    let ridge = Regression::random(4, 2, Family::Linear, 0.4, 3);
    for loss in [&bowls as &dyn ExampleLoss, &regression, &ridge] {
        let model = QuadraticExamples::new(loss).unwrap();
        let examples = linear_examples(loss, model.optimum());
        for batch in [1, 2, 3, 4] {
            let draws = batches(&examples, batch);
            let limit = model.mean_square_limit(&rates, batch).unwrap();
            // On all tensors, not only the symmetric ones; by Hölder's inequality the spectral radius is the same.
            let grows = |eta: f64| radius(&kronecker(&draws, eta, &rates, 4)) >= 1.0;
            let (mut low, mut high) = (0.01 * limit, limit);
            assert!(!grows(low), "{batch}");
            for _ in 0..16 {
                let middle = 0.5 * (low + high);
                if grows(middle) {
                    high = middle
                } else {
                    low = middle
                }
            }
            let exists = |eta| model.fourth_moment_exists(eta, &rates, batch).unwrap();
            assert!(exists(low * 0.999), "{batch} {low} of {limit}");
            assert!(!exists(high * 1.001), "{batch} {high} of {limit}");
        }
    }
}

#[test]
fn fourth_moment_in_many_dimensions_is_unknown_or_bounded() {
    let loss = Regression::random(100, 14, Family::Linear, 0.0, 6);
    let model = QuadraticExamples::new(&loss).unwrap();
    let limit = model.mean_square_limit(&[1.0; 14], 1).unwrap();
    let exists = |share: f64| model.fourth_moment_exists(share * limit, &[1.0; 14], 1);
    assert_eq!(
        (exists(0.01), exists(0.9), exists(1.01)),
        (Some(true), None, Some(false))
    );
}

#[test]
fn rank_one_and_general_fourth_moments_agree() {
    let loss = Regression::random(40, 4, Family::Linear, 0.0, 3);
    let model = QuadraticExamples::new(&loss).unwrap();
    let [one, all] = FourthMoments::both_ways(4, &model.packed_hessians);
    for (a, b) in one.iter().zip(&all) {
        // The entries are products of eight rounded numbers.
        assert!((a - b).amax() < 1e-12 * a.amax());
    }
}
