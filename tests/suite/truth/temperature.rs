//! One temperature per parameter: claims C14 to C18.

use super::verdict::{Comparisons, Verdict, engines, ensure, holds_everywhere};
use crate::support::{problem, run_on};
use etascope::compile::Problem;
use etascope::diagnose::{chi_square_fit, equal_means, equal_means_paired};
use etascope::measure::{Comoments, Estimate};
use etascope::run::PointRecord;
use etascope::theory::DiscreteStationary1d;

/// p-value below which temperatures count as different.
const DIFFERENT: f64 = 1e-12;

/// p-value above which temperatures count as equal: false-alarm rate 1e-3.
const EQUAL: f64 = 1e-3;

#[test]
fn isotropic_noise_gives_equal_temperatures_in_any_dimension() {
    let (eta, dt) = (0.2, 0.1);
    for d in [2, 8, 64] {
        let curvature: Vec<f64> = (0..d).map(|k| 1.0 + k as f64 / d as f64).collect();
        let text = format!(
            "[parameters]\nw = {{ shape = [{d}], start = \"normal(0, 0.3)\" }}\n\
             [loss]\nformula = \"0.5 * dot({curvature:?}, w * w)\"\n\
             [dynamics]\nkind = \"langevin\"\neta = {eta}\ndt = {dt}\n\
             [ensemble]\nchains = 131_072\nduration = {{ steps = 75 }}\nseed = {}\n[measure]\ntrace = 1\nhistogram = []\n",
            90 + d
        );
        holds_everywhere(&text, |problem, records| {
            let virials = &records[0].last()[problem.outputs.virial.clone()];
            // 0.9^150 = 1e-7 of the initial deviation remains. A step of dt raises T_k by 1/(1 − ½dt·h_k).
            let corrected: Vec<Estimate> = (virials.iter().zip(&curvature))
                .map(|(moments, h)| moments.mean_estimate().scaled(1.0 - 0.5 * dt * h))
                .collect();
            let mut all = Comparisons::default();
            for (k, temperature) in corrected.iter().enumerate() {
                all.add(format!("temperature {k} of {d}"), *temperature, 0.5 * eta);
            }
            all.verdict()?;
            // The parameters are independent: separate losses, independent noise and starts.
            let test = equal_means(&corrected);
            ensure(test.p > EQUAL && test.degrees == d - 1, || {
                format!("{test:?}")
            })
        });
    }
}

#[test]
fn coupled_parameters_have_equal_temperatures_too() {
    // On any loss E x′² = E x² gives E[x_k g_k − ½dt g_k²] = ½ησ² exactly, for every k, at every time step.
    let gradients = [
        "x^3 + (x - y)",
        "4*y^3 + (y - x) + 0.5*(y - z)",
        "z + 0.5*(z - y)",
    ];
    let quantities: Vec<String> = ["x", "y", "z"]
        .iter()
        .zip(gradients)
        .map(|(name, g)| format!("t{name} = \"{name} * ({g}) - 0.05 * ({g})^2\""))
        .collect();
    let text = format!(
        "[parameters]\nx = 0.0\ny = 0.0\nz = 0.0\n\
         [loss]\nformula = \"x^4/4 + y^4 + z^2/2 + (x - y)^2/2 + (y - z)^2/4\"\n[noise]\nsigma = 1.2\n\
         [dynamics]\nkind = \"langevin\"\neta = 0.4\ndt = 0.1\n\
         [ensemble]\nchains = 131_072\nduration = {{ time = 20.0 }}\nseed = 84\n\
         [measure]\ntrace = 1\nobservables = {{ {} }}\n",
        quantities.join(", ")
    );
    let problem = problem(&text);
    for (name, mut engine) in engines(&problem) {
        let records = run_on(&problem, engine.as_mut());
        let last = records[0].last();
        let mut all = Comparisons::default();
        for k in problem.outputs.observables.clone() {
            all.add(
                format!("{name}: observable {k}"),
                last[k].mean_estimate(),
                0.5 * 0.4 * 1.44,
            );
        }
        all.verdict().unwrap_or_else(|why| panic!("{why}"));
        let values = engine.values().unwrap_or_else(|error| panic!("{error}"));
        let width = problem.task.observe.output_count();
        let columns: Vec<Vec<f64>> = (problem.outputs.observables.clone())
            .map(|k| values.chunks(width).map(|chain| chain[k]).collect())
            .collect();
        let test = equal_means_paired(&Comoments::from_columns(&columns));
        assert!(test.p > EQUAL, "{name}: {test:?}");
    }
}

/// Rates and noise of two parameters with separate losses (x² − 1)²/4 and 2y².
pub(crate) struct Pair {
    pub(crate) rates: &'static str,
    pub(crate) r: [f64; 2],
    pub(crate) sigma: [f64; 2],
}

const ETA: f64 = 0.4;
const DT: f64 = 0.1;

/// The experiment. Its observables are the temperatures minus the known contribution of the time step, as above.
pub(crate) fn product(pair: &Pair) -> String {
    let [rx, ry] = pair.r.map(|r| 0.5 * DT * r);
    let [sx, sy] = pair.sigma;
    format!(
        "[parameters]\nx = \"normal(0, 0.8)\"\ny = \"normal(0, 0.3)\"\n[loss]\nformula = \"(x^2 - 1)^2 / 4 + 2 * y^2\"\n\
         [noise]\nsigma = {{ x = {sx:?}, y = {sy:?} }}\n\
         [dynamics]\nkind = \"langevin\"\neta = {ETA}\ndt = {DT}\nrates = {}\n\
         [ensemble]\nchains = 131_072\nduration = {{ time = 25.0 }}\nseed = 85\n\
         [measure]\ntrace = 1\n\
         observables = {{ tx = \"x * (x^3 - x) - {rx:?} * (x^3 - x)^2\", ty = \"4 * y^2 - {ry:?} * 16 * y^2\" }}\n\
         histogram = [{{ of = \"x\", bins = 100 }}, {{ of = \"y\", bins = 100 }}]\n",
        pair.rates
    )
}

/// T_k = ½η_kσ_k² for each parameter, equal or not. The distribution is the product of the two distributions at these
/// temperatures.
pub(crate) fn product_verdict(problem: &Problem, records: &[PointRecord], pair: &Pair) -> Verdict {
    let temperatures: [f64; 2] =
        std::array::from_fn(|k| 0.5 * ETA * pair.r[k] * pair.sigma[k].powi(2));
    let last = records[0].last();
    let measured: Vec<Estimate> = last[problem.outputs.observables.clone()]
        .iter()
        .map(|m| m.mean_estimate())
        .collect();
    let mut all = Comparisons::default();
    for (k, name) in ["x", "y"].iter().enumerate() {
        all.add(
            format!("temperature of {name}"),
            measured[k],
            temperatures[k],
        );
    }
    let covariance = records[0].covariance.as_ref().ok_or("no covariance")?;
    let matrix = covariance.covariance();
    let se = (matrix[(0, 0)] * matrix[(1, 1)] / covariance.count as f64).sqrt();
    all.add(
        "covariance of x and y",
        Estimate::new(matrix[(0, 1)], se),
        0.0,
    );
    all.verdict()?;
    let test = equal_means(&measured);
    if (temperatures[0] - temperatures[1]).abs() < 1e-9 {
        ensure(test.p > EQUAL, || {
            format!("equal temperatures rejected: {test:?}")
        })?;
    } else {
        ensure(test.p < DIFFERENT, || {
            format!("different temperatures accepted: {test:?}")
        })?;
    }
    marginal(
        records,
        0,
        |x| (x * x - 1.0).powi(2) / 4.0,
        |x| x * x * x - x,
        pair,
    )?;
    marginal(records, 1, |y| 2.0 * y * y, |y| 4.0 * y, pair)
}

/// χ² of one parameter's histogram against the exact distribution of its own discrete chain.
fn marginal(
    records: &[PointRecord],
    k: usize,
    loss: impl Fn(f64) -> f64,
    gradient: impl Fn(f64) -> f64,
    pair: &Pair,
) -> Verdict {
    let (r, sigma) = (pair.r[k], pair.sigma[k]);
    let exact = DiscreteStationary1d::new(loss, gradient, 0.3, r * DT, ETA * r * sigma * sigma);
    let exact = exact.map_err(|error| error.to_string())?;
    let histogram = &records[0].histograms[k];
    let fit = chi_square_fit(histogram, &exact.cdf(&histogram.axes[0].edges()));
    // False-alarm rate 1e-3.
    ensure(fit.p > 1e-3 && fit.degrees > 30, || {
        format!("distribution of parameter {k}: {fit:?}")
    })
}

fn pair_holds(rates: &'static str, r: [f64; 2], sigma: [f64; 2]) {
    let pair = Pair { rates, r, sigma };
    holds_everywhere(&product(&pair), |problem, records| {
        product_verdict(problem, records, &pair)
    });
}

#[test]
fn unequal_noise_gives_two_temperatures() {
    pair_holds("\"uniform\"", [1.0, 1.0], [1.0, 2.0]);
}

#[test]
fn arbitrary_rates_give_the_temperatures_of_their_products() {
    pair_holds("{ x = 0.5, y = 0.2 }", [0.5, 0.2], [1.25, 3.0]);
}

#[test]
fn rates_by_inverse_variance_restore_one_temperature() {
    pair_holds("\"inverse-variance\"", [1.0, 0.25], [1.0, 2.0]);
    pair_holds("{ x = 1.5625, y = 0.25 }", [1.5625, 0.25], [0.8, 2.0]);
}

#[test]
fn rates_by_inverse_deviation_do_not_restore_one_temperature() {
    pair_holds("\"rmsprop\"", [1.0, 0.5], [1.0, 2.0]);
}
