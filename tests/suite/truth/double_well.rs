//! The double well: the exact distribution of the discrete chain, its escape rate, and the temperature of claim C13.

use super::verdict::{Comparisons, Verdict, ensure, parameter};
use crate::support::{device, problem, run_on};
use etascope::compile::Problem;
use etascope::diagnose::{chi_square_fit, kolmogorov_p, ks_distance};
use etascope::engine::{Cpu, gpu::Gpu};
use etascope::measure::Estimate;
use etascope::run::PointRecord;
use etascope::theory::{DiscreteStationary1d, Gibbs1d, fit_alpha};

fn loss(x: f64) -> f64 {
    (x * x - 1.0).powi(2) / 4.0
}

/// Exact distribution of the discrete chain at learning rate `eta`, time step `dt` and unit noise.
fn exact(eta: f64, dt: f64) -> DiscreteStationary1d {
    DiscreteStationary1d::new(loss, |x| x * x * x - x, 0.3, dt, eta)
        .expect("the double well has a stationary distribution")
}

/// Runs the check on the CPU in both precisions with a million chains, and on the GPU with fewer, because software
/// rasterizers are slow.
fn holds(text: impl Fn(u64) -> String, check: impl Fn(&Problem, &[PointRecord]) -> Verdict) {
    let big = problem(&text(1_000_000));
    let small = problem(&text(400_000));
    let gpu = Gpu::new(small.task.clone(), device()).unwrap_or_else(|error| panic!("{error}"));
    let runs: [(&str, &Problem, Box<dyn etascope::engine::Engine>); 3] = [
        ("cpu f32", &big, Box::new(Cpu::<f32>::new(big.task.clone()))),
        ("cpu f64", &big, Box::new(Cpu::<f64>::new(big.task.clone()))),
        ("gpu", &small, Box::new(gpu)),
    ];
    for (engine, problem, mut device) in runs {
        if let Err(why) = check(problem, &run_on(problem, device.as_mut())) {
            panic!("{engine}: {why}");
        }
    }
}

/// Langevin dynamics at T = ¼, the height of the barrier. A symmetric start excites only even modes, which relax within
/// time 1; e^{−10} of them remains.
pub(crate) fn stationary(chains: u64) -> String {
    format!(
        "[parameters]\nx = \"normal(0, 0.8)\"\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n\
         [dynamics]\nkind = \"langevin\"\neta = 0.5\ndt = 0.1\n\
         [ensemble]\nchains = {chains}\nduration = {{ time = 15.0 }}\nseed = 81\n\
         [measure]\ntrace = 1\nhistogram = [{{ of = \"x\", from = -2.25, to = 2.25, bins = 100 }}]\n"
    )
}

/// χ² of 100 bins and moments against the exact distribution of the discrete chain.
pub(crate) fn stationary_verdict(problem: &Problem, records: &[PointRecord]) -> Verdict {
    let exact = exact(0.5, 0.1);
    let histogram = &records[0].histograms[0];
    let fit = chi_square_fit(histogram, &exact.cdf(&histogram.axes[0].edges()));
    // False-alarm rate 1e-3.
    ensure(fit.p > 1e-3, || format!("{fit:?}"))?;
    ensure(fit.degrees >= 80, || {
        format!("only {} degrees of freedom", fit.degrees)
    })?;
    let last = records[0].last();
    let mut all = Comparisons::default();
    let x = parameter(problem, &records[0], 0);
    all.add("mean", x.mean_estimate(), 0.0);
    all.add(
        "variance",
        x.variance_estimate(),
        exact.expectation(|x| x * x),
    );
    all.add(
        "loss",
        last[problem.outputs.loss].mean_estimate(),
        exact.expectation(loss),
    );
    let virial = exact.expectation(|x| x * (x * x * x - x));
    all.add(
        "temperature",
        last[problem.outputs.virial.start].mean_estimate(),
        virial,
    );
    all.add(
        "fluctuation-dissipation",
        last[problem
            .outputs
            .fdr
            .expect("plain steps have the relation")
            .difference]
            .mean_estimate(),
        0.0,
    );
    all.verdict()
}

#[test]
fn the_histogram_is_that_of_the_discrete_chain() {
    holds(stationary, |problem, records| {
        stationary_verdict(problem, records)?;
        // Power: the test rejects the Gibbs density, the distribution of continuous time, at dt = 0.1.
        let histogram = &records[0].histograms[0];
        let gibbs = Gibbs1d::langevin(loss, 0.5, 0.3).map_err(|error| error.to_string())?;
        let fit = chi_square_fit(histogram, &gibbs.cdf(&histogram.axes[0].edges()));
        ensure(fit.p < 1e-9, || {
            format!("the Gibbs density fits too: {fit:?}")
        })
    });
}

#[test]
fn the_escape_rate_is_the_second_eigenvalue() {
    // All chains start in the right well; E x decays as e^{−λt} once the faster odd modes (rates above 2) have died.
    let text = |chains: u64| {
        format!(
            "[parameters]\nx = 1.0\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n\
             [dynamics]\nkind = \"langevin\"\neta = 0.3\ndt = 0.1\n\
             [ensemble]\nchains = {chains}\nduration = {{ time = 24.0 }}\nseed = 82\n[measure]\ntrace = 4\n"
        )
    };
    let rate = exact(0.3, 0.1)
        .relaxation_rate()
        .expect("the slowest mode is odd and alone");
    holds(text, |problem, records| {
        let trace = &records[0].trace;
        let mean = |k: usize| trace[k].1[problem.outputs.parameters.start].mean_estimate();
        ensure(trace[1].0 == 60 && trace[4].0 == 240, || {
            "measured at t = 6 and 24".to_owned()
        })?;
        let (early, late) = (mean(1), mean(4));
        // A chain right of the barrier at t = 6 is more likely to be there at t = 24. The two means are therefore
        // positively correlated, and ignoring that only overestimates the error of the difference of their logarithms.
        let se = (early.se / early.mean).hypot(late.se / late.mean) / 18.0;
        let mut all = Comparisons::default();
        all.add(
            "escape rate",
            Estimate::new((early.mean / late.mean).ln() / 18.0, se),
            rate,
        );
        all.verdict()
    });
}

/// Langevin dynamics at a small time step, near the temperature of continuous time.
pub(crate) fn gibbs(chains: u64) -> String {
    format!(
        "[parameters]\nx = \"normal(0, 0.8)\"\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n\
         [dynamics]\nkind = \"langevin\"\neta = 0.5\ndt = 0.025\n\
         [ensemble]\nchains = {chains}\nduration = {{ time = 12.0 }}\nseed = 83\n[measure]\ntrace = 1\n"
    )
}

/// Checks α = `expected` within 4 standard errors, after subtracting the known shift by the time step.
pub(crate) fn alpha_verdict(problem: &Problem, records: &[PointRecord], expected: f64) -> Verdict {
    let measured = alpha(problem, records)?;
    let discrete = fit_alpha(
        Estimate::exact(exact(0.5, 0.025).expectation(loss)),
        loss,
        0.5,
        0.3,
    );
    let shift = discrete.map_err(|error| error.to_string())?.mean - 0.5;
    // First order in the time step: ½ dt times curvatures of order 2.
    ensure(shift.abs() < 0.025, || {
        format!("the time step shifts alpha by {shift}")
    })?;
    let mut all = Comparisons::default();
    all.add("alpha", measured, expected + shift);
    all.verdict()
}

fn alpha(problem: &Problem, records: &[PointRecord]) -> Result<Estimate, String> {
    let mean = records[0].last()[problem.outputs.loss].mean_estimate();
    fit_alpha(mean, loss, 0.5, 0.3).map_err(|error| error.to_string())
}

#[test]
fn alpha_is_one_half_and_not_one_tenth() {
    holds(gibbs, |problem, records| {
        alpha_verdict(problem, records, 0.5)?;
        let measured = alpha(problem, records)?;
        let z = measured.z_against(0.1);
        ensure(z > 200.0, || {
            format!("1/10 is only {z} standard errors away")
        })?;
        // The virial temperature agrees: E xL′ = ½ησ² + ½dt E L′², exactly.
        let exact = exact(0.5, 0.025);
        let mut all = Comparisons::default();
        let virial = records[0].last()[problem.outputs.virial.start].mean_estimate();
        all.add(
            "temperature",
            virial,
            0.25 + 0.0125 * exact.expectation(|x| (x * x * x - x).powi(2)),
        );
        all.verdict()
    });
}

#[test]
fn the_density_is_gibbs_up_to_the_time_step() {
    holds(gibbs, |_, records| {
        // The histogram for the fit comes after the histogram that is shown.
        let histogram = records[0].histograms.last().ok_or("no histogram")?;
        let edges = histogram.axes[0].edges();
        let gibbs = Gibbs1d::langevin(loss, 0.5, 0.3)
            .map_err(|error| error.to_string())?
            .cdf(&edges);
        let discrete = exact(0.5, 0.025).cdf(&edges);
        let shift = gibbs
            .iter()
            .zip(&discrete)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        let n = histogram.numbers() as f64;
        let (from_gibbs, from_discrete) = (
            ks_distance(histogram, &gibbs),
            ks_distance(histogram, &discrete),
        );
        // False-alarm rate 1e-3 against the exact distribution. Against Gibbs, the rest beside the known difference is chance.
        ensure(from_discrete.p > 1e-3, || {
            format!("from the discrete distribution: {from_discrete:?}")
        })?;
        let chance = kolmogorov_p(from_gibbs.distance - shift, n);
        ensure(chance > 1e-3, || {
            format!("from Gibbs: {from_gibbs:?}, of which {shift} is due to the time step")
        })?;
        ensure(shift < 5e-3, || {
            format!("the time step moves the distribution by {shift}")
        })
    });
}
