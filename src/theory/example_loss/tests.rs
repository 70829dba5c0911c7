use super::*;
use crate::theory::tests::fixture::{Family, Regression, TanhNet, normals};
use crate::theory::tests::reference::slope_at_zero;
use crate::theory::{Momentum, QuadraticExamples, discrete_lyapunov, hessian, quadratic_loss};

fn gradient(loss: &dyn ExampleLoss, at: &[f64]) -> f64 {
    full(loss, at).gradient.norm()
}

#[test]
fn means_of_two_examples_by_hand() {
    // (x − 1)²/2 and (x + 1)²/2 at x = 3: losses 2 and 8, gradients 2 and 4.
    let pair = Regression::new(1, vec![1.0, 1.0], vec![1.0, -1.0], Family::Linear, 0.0);
    let point = full(&pair, &[3.0]);
    // Small whole numbers: no rounding.
    assert_eq!(
        (point.loss, point.gradient[0], point.second_moment[(0, 0)]),
        (5.0, 3.0, 10.0)
    );
    let optimum = find_data_optimum(&pair, &[7.0]).unwrap();
    // Rounding of the differences near 7.
    assert!(optimum.minimum.parameters[0].abs() < 1e-14 && optimum.is_strict_minimum());
    assert!((optimum.second_moment[(0, 0)] - 1.0).abs() < 1e-13);
    assert!((optimum.minimum.loss - 0.5).abs() < 1e-15);
    assert!(matches!(
        find_data_optimum(&pair, &[0.0, 0.0]),
        Err(TheoryError::WrongLength {
            got: 2,
            want: 1,
            ..
        })
    ));
}

#[test]
fn second_moment_is_symmetric_and_matches_the_definition() {
    let loss = Regression::random(700, 5, Family::Logistic, 0.01, 3);
    let at = [0.3, -0.2, 0.5, 0.0, 1.0];
    let point = full(&loss, &at);
    let mut sum = DMatrix::zeros(5, 5);
    loss.visit(&at, &mut |_, g| {
        let g = DVector::from_column_slice(g);
        sum += &g * g.transpose() / 700.0;
    });
    // 700 terms summed in two orders.
    assert!((&point.second_moment - &sum).amax() < 1e-14 * sum.amax());
    assert_eq!(point.second_moment, point.second_moment.transpose());
}

/// Every family, from zero and from a random start, with columns on scales from 0.1 to 10.
#[test]
fn regressions_from_zero_and_from_a_random_start() {
    for (family, regularization) in [
        (Family::Linear, 0.0),
        (Family::Logistic, 0.0),
        (Family::Logistic, 1e-3),
        (Family::Softmax { classes: 4 }, 1e-3),
        (Family::Poisson, 0.0),
    ] {
        let loss = Regression::random(2000, 10, family, regularization, 11);
        let d = loss.dimension();
        let from_zero = find_data_optimum(&loss, &vec![0.0; d]).unwrap();
        assert!(from_zero.is_strict_minimum(), "{family:?}");
        // Gradients of order 10 summed over 2000 examples: 1e-16 · 10 · √2000, with a margin of ten.
        assert!(
            gradient(&loss, &from_zero.minimum.parameters) < 5e-13,
            "{family:?}"
        );
        let start: Vec<f64> = normals(5).take(d).map(|z| 0.5 * z).collect();
        let from_random = find_data_optimum(&loss, &start).unwrap();
        let apart = DVector::from_vec(from_zero.minimum.parameters)
            - DVector::from_vec(from_random.minimum.parameters);
        // A convex loss has one minimum. The bound is the one above over the smallest curvature.
        let least = from_random.minimum.curvatures[0];
        assert!(
            apart.norm() < 1e-12 / least,
            "{family:?} {} {least}",
            apart.norm()
        );
    }
}

#[test]
fn the_largest_sizes_in_few_passes() {
    for family in [Family::Linear, Family::Logistic, Family::Poisson] {
        let loss = Regression::random(20_000, 64, family, 0.0, 17);
        let optimum = find_data_optimum(&loss, &[0.0; 64]).unwrap();
        assert!(optimum.is_strict_minimum(), "{family:?}");
        assert!(
            optimum.minimum.gradient_norm < 5e-12,
            "{family:?} {}",
            optimum.minimum.gradient_norm
        );
        // Each Hessian takes 4d = 256 passes. The search needs two and may use four.
        assert!(loss.passes() < 1200, "{family:?}: {} passes", loss.passes());
    }
}

#[test]
fn separable_classes_have_no_minimum() {
    let separable = Regression::new(
        1,
        vec![1.0, 2.0, -1.0],
        vec![1.0, 1.0, 0.0],
        Family::Logistic,
        0.0,
    );
    assert!(find_data_optimum(&separable, &[0.0]).is_err());
}

#[test]
fn small_networks_reach_a_strict_minimum() {
    let mut strict = 0;
    for seed in 0..10 {
        let net = TanhNet::random(200, 2, 3, seed);
        let start: Vec<f64> = normals(100 + seed)
            .take(net.dimension())
            .map(|z| 0.7 * z)
            .collect();
        let optimum = find_data_optimum(&net, &start).unwrap();
        let minimum = &optimum.minimum;
        assert!(
            minimum.gradient_norm < 1e-12,
            "{seed} {}",
            minimum.gradient_norm
        );
        let direct = hessian(
            &|at| full(&net, at).gradient.as_slice().to_vec(),
            &minimum.parameters,
        );
        // Documented accuracy of the differences.
        assert!((&direct - &minimum.hessian).amax() < 1e-9 * direct.amax());
        strict += usize::from(optimum.is_strict_minimum());
    }
    assert_eq!(strict, 10);
}

/// Converged loss L* + ½ tr(HS) of the local model: a quadratic loss with the gradient noise C/B of the minimum.
fn local_converged_loss(optimum: &DataOptimum, eta: f64, rates: &[f64], batch: usize) -> f64 {
    let (hessian, noise) = (
        &optimum.minimum.hessian,
        &optimum.second_moment / batch as f64,
    );
    let covariance = discrete_lyapunov(hessian, &noise, rates, eta, Momentum::NONE).unwrap();
    optimum.minimum.loss + quadratic_loss(hessian, &covariance)
}

#[test]
fn the_local_model_is_exact_to_first_order() {
    let loss = Regression::random(60, 3, Family::Linear, 0.2, 21);
    let optimum = find_data_optimum(&loss, &[0.0; 3]).unwrap();
    let exact = QuadraticExamples::new(&loss).unwrap();
    let rates = [1.0, 2.0, 0.05];
    let error = |eta: f64| {
        let local = local_converged_loss(&optimum, eta, &rates, 2);
        let stationary = exact.stationary(eta, &rates, 2, Momentum::NONE).unwrap();
        (local - stationary.loss) / eta
    };
    // The terms in η² differ, because the true noise grows with the spread: the error over η is of first order.
    let limit = exact.mean_square_limit(&rates, 2).unwrap();
    let ratio = error(1e-2 * limit) / error(5e-3 * limit);
    // 2 + O(1 %) of the limit.
    assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
    let slope = slope_at_zero(&optimum.second_moment, &rates, 2);
    let small = local_converged_loss(&optimum, 1e-5 * limit, &rates, 2);
    // 1e-5 of the limit, and rounding of L*.
    assert!(((small - optimum.minimum.loss) / (1e-5 * limit * slope) - 1.0).abs() < 1e-4);
}
