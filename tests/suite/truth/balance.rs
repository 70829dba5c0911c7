//! Detailed balance of linear chains: circulation and entropy production have closed forms at every step size.

use super::lyapunov;
use super::verdict::{Comparisons, Verdict, ensure, holds_everywhere};
use crate::support::computed;
use etascope::compile::Problem;
use etascope::report::Point;
use etascope::run::PointRecord;
use etascope::theory::quadratic_covariance;
use nalgebra::DMatrix;

/// A linear chain x′ = x − δ R H x + noise of covariance η δ R Σ R.
struct Chain {
    h: DMatrix<f64>,
    noise: DMatrix<f64>,
    rates: Vec<f64>,
    eta: f64,
    dt: f64,
}

impl Chain {
    fn covariance(&self) -> DMatrix<f64> {
        quadratic_covariance(&self.h, &self.noise, &self.rates, self.eta, self.dt)
            .expect("a stable chain")
    }

    fn rates(&self) -> DMatrix<f64> {
        DMatrix::from_diagonal(&nalgebra::DVector::from_column_slice(&self.rates))
    }

    /// E[x_k F_l − x_l F_k] with F = −R H x.
    fn circulation(&self, k: usize, l: usize) -> f64 {
        let pull = self.covariance() * &self.h * self.rates();
        pull[(l, k)] - pull[(k, l)]
    }

    /// (2/η) tr Σ⁻¹HVH − tr RH − (δ/η) tr Σ⁻¹HRHVH.
    fn entropy_production(&self) -> f64 {
        self.of_continuous_time() - self.share_of_the_step()
    }

    /// (2/η) tr Σ⁻¹HVH − tr RH: the value of continuous time for this V.
    fn of_continuous_time(&self) -> f64 {
        let inverse = self
            .noise
            .clone()
            .try_inverse()
            .expect("noise in every direction");
        let force = &self.h * self.covariance() * &self.h;
        2.0 / self.eta * (inverse * force).trace() - (self.rates() * &self.h).trace()
    }

    /// (δ/η) tr Σ⁻¹HRHVH.
    fn share_of_the_step(&self) -> f64 {
        let inverse = self
            .noise
            .clone()
            .try_inverse()
            .expect("noise in every direction");
        let force = &self.h * self.covariance() * &self.h;
        self.dt / self.eta * (inverse * &self.h * self.rates() * force).trace()
    }

    /// Entropy production by definition: KL divergence of the distribution of (x, x′) from that of (x′, x), per time.
    fn divergence(&self) -> f64 {
        let d = self.h.nrows();
        let v = self.covariance();
        let step = DMatrix::identity(d, d) - self.rates() * &self.h * self.dt;
        let later = step * &v;
        let joint = |upper: &DMatrix<f64>| {
            let mut joint = DMatrix::zeros(2 * d, 2 * d);
            joint.view_mut((0, 0), (d, d)).copy_from(&v);
            joint.view_mut((d, d), (d, d)).copy_from(&v);
            joint.view_mut((0, d), (d, d)).copy_from(upper);
            joint.view_mut((d, 0), (d, d)).copy_from(&upper.transpose());
            joint
        };
        let (forward, backward) = (joint(&later.transpose()), joint(&later));
        let inverse = backward.try_inverse().expect("noise in every direction");
        // The determinants are equal.
        0.5 * ((inverse * forward).trace() - 2.0 * d as f64) / self.dt
    }
}

fn circulating() -> Chain {
    Chain {
        h: DMatrix::from_row_slice(2, 2, &[1.0, 0.4, 0.4, 2.0]),
        noise: DMatrix::from_row_slice(2, 2, &[3.0, 0.8, 0.8, 0.5]),
        rates: vec![1.0, 0.5],
        eta: 0.3,
        dt: 0.3,
    }
}

fn in_three() -> Chain {
    Chain {
        h: lyapunov::hessian(3),
        noise: lyapunov::noise(3),
        rates: lyapunov::RATES.to_vec(),
        eta: 0.3,
        dt: 0.1,
    }
}

#[test]
fn entropy_production_is_the_divergence_of_reversed_time() {
    for chain in [circulating(), in_three()] {
        let (formula, exact) = (chain.entropy_production(), chain.divergence());
        // Matrices of condition below 100 in f64; the divergence loses the digits of 2d.
        assert!((formula / exact - 1.0).abs() < 1e-9, "{formula} {exact}");
        assert!(exact > 0.01, "far from balance: {exact}");
        // The formula of continuous time is more than 10 % too large.
        assert!(chain.of_continuous_time() > 1.1 * exact);
    }
}

/// Compares every circulation and the entropy production with their exact values.
fn compare(chain: &Chain, problem: &Problem, records: &[PointRecord]) -> Verdict {
    let (balance, last) = (&problem.outputs.balance, records[0].last());
    let circulation = balance.circulation.clone().ok_or("no circulation")?;
    let d = chain.rates.len();
    let pairs = (0..d).flat_map(|k| (k + 1..d).map(move |l| (k, l)));
    let mut all = Comparisons::default();
    for ((k, l), output) in pairs.zip(circulation.quantities) {
        let measured = last[output].mean_estimate();
        all.add(
            format!("circulation {k}, {l}"),
            measured,
            chain.circulation(k, l),
        );
    }
    let output = balance.entropy_production.ok_or("no entropy production")?;
    let measured = last[output].mean_estimate();
    all.add("entropy production", measured, chain.entropy_production());
    all.verdict()?;
    // The exact values must be far from zero for the comparison to have power.
    ensure(measured.z_against(0.0) > 6.0, || format!("{measured:?}"))
}

fn text(chain: &Chain, kind: &str, formula: &str, more: &str) -> String {
    format!(
        "[parameters]\nx = {{ start = \"normal(0, 0.4)\" }}\ny = {{ start = \"normal(0, 0.3)\" }}\n\
         [loss]\nformula = \"{formula}\"\n\
         [dynamics]\nkind = \"{kind}\"\neta = {}\n{more}\n\
         [ensemble]\nchains = 131_072\nduration = {{ steps = 150 }}\nseed = 71\n[measure]\ntrace = 2\n",
        chain.eta,
    )
}

const COUPLED: &str = "0.5 * x^2 + 0.4 * x * y + y^2";

fn circulating_text() -> String {
    // (1 − 0.3·0.78)^300 of the initial deviation remains.
    text(
        &circulating(),
        "sgd",
        COUPLED,
        "rates = { x = 1.0, y = 0.5 }\n[noise]\ncovariance = [[3.0, 0.8], [0.8, 0.5]]",
    )
}

#[test]
fn mismatched_noise_makes_sgd_circulate() {
    let chain = circulating();
    holds_everywhere(&circulating_text(), |problem, records| {
        compare(&chain, problem, records)
    });
    let point = point(&circulating_text());
    let balance = point.detailed_balance.as_ref().expect("two parameters");
    assert!(balance.circulation_p < 1e-6, "{balance:?}");
    assert!(balance.entropy_production_p.expect("constant noise") < 1e-6);
    for name in ["no circulation", "no entropy production"] {
        let test = point
            .tests
            .iter()
            .find(|test| test.name == name)
            .expect(name);
        assert!(test.holm < 1e-6 && test.p <= test.holm, "{test:?}");
    }
}

#[test]
fn langevin_circulates_in_three_dimensions() {
    holds_everywhere(&lyapunov::langevin(), |problem, records| {
        compare(&in_three(), problem, records)
    });
    let point = point(&lyapunov::langevin());
    let balance = point.detailed_balance.expect("three parameters");
    assert!(
        balance.circulation.len() == 3 && balance.circulation_p < 1e-6,
        "{balance:?}"
    );
}

/// The only point of an experiment run on the CPU.
fn point(text: &str) -> Point {
    let mut points = computed(text).results.summary.points;
    points.pop().expect("one learning rate")
}

/// p-values of circulation, entropy production and equal temperatures.
fn p_values(text: &str) -> [f64; 3] {
    let point = point(text);
    assert!(point.converged, "{}", point.verdict);
    let balance = point.detailed_balance.expect("several parameters");
    let gibbs = point.gibbs.expect("noise");
    [
        balance.circulation_p,
        balance.entropy_production_p.expect("constant noise"),
        gibbs.equal_temperature_p.expect("several parameters"),
    ]
}

/// p-value below which a true hypothesis is rejected: false-alarm rate 1e-3, with fixed seeds.
const STANDS: f64 = 1e-3;

#[test]
fn isotropic_noise_keeps_detailed_balance_at_a_large_step() {
    // Quadratic: all three are zero exactly. The temperatures x ∂L/∂x themselves differ by a tenth at this step.
    let chain = circulating();
    let text = text(&chain, "sgd", COUPLED, "[noise]\nsigma = 1.5");
    let p = p_values(&text);
    assert!(p.iter().all(|&p| p > STANDS), "{p:?}");
    let point = point(&text);
    let temperature = |name| point.parameters.get(name).expect("a parameter").temperature;
    let difference = temperature("y").minus(temperature("x"));
    assert!(difference.z_against(0.0) > 6.0, "{difference:?}");
}

#[test]
fn isotropic_noise_keeps_detailed_balance_of_any_loss() {
    // Not quadratic: the remaining bias is of second order, (½ δ L″)² ≈ (0.005 · 5)² of a rate of about 5.
    let chain = Chain {
        eta: 0.2,
        ..circulating()
    };
    let loss = "(x^2 - 1)^2 / 4 + x * y / 2 + y^4 / 4 + y^2 / 2";
    let mut text = text(&chain, "langevin", loss, "dt = 0.01\n[noise]\nsigma = 1.0");
    text = text
        .replace("steps = 150", "steps = 4000")
        .replace("131_072", "32_768");
    let p = p_values(&text);
    assert!(p.iter().all(|&p| p > STANDS), "{p:?}");
}

#[test]
fn separable_parameters_at_two_temperatures_are_in_balance() {
    let chain = circulating();
    let loss = "0.5 * x^2 + y^2";
    let separable = text(&chain, "sgd", loss, "[noise]\nsigma = { x = 1.0, y = 2.0 }");
    let [circulation, entropy, equal] = p_values(&separable);
    assert!(
        circulation > STANDS && entropy > STANDS,
        "{circulation} {entropy}"
    );
    assert!(equal < 1e-12, "not Gibbs: {equal}");
    // Coupled parameters at different temperatures exchange heat: V is not a function of H.
    let [circulation, entropy, equal] = p_values(&separable.replace(loss, COUPLED));
    assert!(circulation < 1e-6 && entropy < 1e-6 && equal < 1e-6);
}

#[test]
fn entropy_production_needs_a_second_derivative_and_noise() {
    let chain = circulating();
    let kinked = text(
        &chain,
        "sgd",
        "abs(x) + 0.4 * x * y + y^2 + x^2",
        "[noise]\nsigma = 1.0",
    );
    let silent = text(
        &chain,
        "sgd",
        COUPLED,
        "[noise]\nsigma = { x = 1.0, y = 0.0 }",
    );
    let state = text(&chain, "sgd", COUPLED, "[noise]\nsigma = \"1 + 0.1 * x^2\"");
    for text in [kinked, silent, state] {
        let balance = point(&text).detailed_balance.expect("two parameters");
        assert!(balance.entropy_production.is_none() && balance.circulation_p.is_finite());
    }
    let flow = text(&chain, "gradient-flow", COUPLED, "");
    assert!(point(&flow).detailed_balance.is_none());
}
