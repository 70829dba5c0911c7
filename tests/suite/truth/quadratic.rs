//! The loss ½hx²: all moments are known exactly at every step, stable or not.

use super::verdict::{
    Comparisons, Verdict, engines, ensure, holds_everywhere, kurtosis, parameter,
};
use crate::support::{problem, run_everywhere, run_on};
use etascope::compile::Problem;
use etascope::engine::Cpu;
use etascope::measure::Estimate;
use etascope::run::PointRecord;

/// Exact mean and variance of x after each step of x′ = (1 − h·dt)x + √(η·dt)σz, by the recursion itself.
fn recursion(h: f64, sigma: f64, eta_dt: &[(f64, f64)], start: (f64, f64)) -> Vec<(f64, f64)> {
    let mut now = start;
    let mut all = vec![now];
    for &(eta, dt) in eta_dt {
        let q = 1.0 - h * dt;
        now = (q * now.0, q * q * now.1 + eta * dt * sigma * sigma);
        all.push(now);
    }
    all
}

/// Mean and variance of x at every measurement of a point.
fn compare_trace(
    all: &mut Comparisons,
    problem: &Problem,
    record: &PointRecord,
    exact: &[(f64, f64)],
) {
    for (step, moments) in &record.trace {
        let x = &moments[problem.outputs.parameters.start];
        let (mean, variance) = exact[*step as usize];
        // A common start is exact up to rounding to f32. Later the rounding is far below the standard error.
        let rounding = 1e-6 * (mean.abs() + variance);
        all.add_within(
            format!("mean at step {step}"),
            x.mean_estimate(),
            mean,
            rounding,
        );
        all.add_within(
            format!("variance at step {step}"),
            x.variance_estimate(),
            variance,
            rounding,
        );
    }
}

const CURVATURE: f64 = 2.0;
const SIGMA: f64 = 1.5;
/// ηh = 0.1, 0.5, 1, 1.5, 1.9.
const STABLE: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// SGD at every kind of stable learning rate, one ensemble.
pub(crate) fn sgd() -> String {
    format!(
        "[parameters]\nx = 3.0\n[loss]\nformula = \"x^2\"\n[noise]\nsigma = {SIGMA:?}\n\
         [dynamics]\nkind = \"sgd\"\neta = {STABLE:?}\n\
         [ensemble]\nchains = 131_072\nduration = {{ steps = 200 }}\nseed = 11\n[measure]\ntrace = 20\n"
    )
}

/// Var = ησ²/(h(2 − ηh)), the loss ½h·Var, and mean and variance at every measurement before.
pub(crate) fn sgd_verdict(problem: &Problem, records: &[PointRecord]) -> Verdict {
    let mut all = Comparisons::default();
    for (record, eta) in records.iter().zip(STABLE) {
        compare_trace(
            &mut all,
            problem,
            record,
            &recursion(CURVATURE, SIGMA, &[(eta, eta); 200], (3.0, 0.0)),
        );
        // After 200 steps less than 0.9^400 of the initial deviation remains.
        let variance = eta * SIGMA * SIGMA / (CURVATURE * (2.0 - eta * CURVATURE));
        let last = record.last();
        let loss = last[problem.outputs.loss].mean_estimate();
        all.add(
            format!("loss at eta {eta}"),
            loss,
            0.5 * CURVATURE * variance,
        );
        all.add(
            format!("kurtosis at eta {eta}"),
            kurtosis(parameter(problem, record, 0)),
            0.0,
        );
        let balance = last[problem
            .outputs
            .fdr
            .expect("plain steps have the relation")
            .difference]
            .mean_estimate();
        all.add(
            format!("fluctuation-dissipation at eta {eta}"),
            balance,
            0.0,
        );
        ensure(record.divergence.count == 0, || {
            format!("{} chains left at eta {eta}", record.divergence.count)
        })?;
    }
    ensure(records.len() == STABLE.len(), || {
        format!("{} points", records.len())
    })?;
    all.verdict()
}

#[test]
fn sgd_has_its_discrete_variance_at_every_stable_rate() {
    holds_everywhere(&sgd(), sgd_verdict);
}

/// An Ornstein–Uhlenbeck process by Euler–Maruyama, with enough chains to detect 1 % of the noise. The measuring times are
/// not multiples of the four steps of a noise block.
pub(crate) fn ornstein_uhlenbeck() -> String {
    "[parameters]\nx = -1.0\n[loss]\nformula = \"0.75 * x^2\"\n[noise]\nsigma = 0.8\n\
     [dynamics]\nkind = \"langevin\"\neta = 0.4\ndt = 0.1\n\
     [ensemble]\nchains = 524_288\nduration = { steps = 100 }\nseed = 12\n[measure]\ntrace = 7\n"
        .to_owned()
}

/// Mean and variance over time.
pub(crate) fn ornstein_uhlenbeck_verdict(problem: &Problem, records: &[PointRecord]) -> Verdict {
    let mut all = Comparisons::default();
    compare_trace(
        &mut all,
        problem,
        &records[0],
        &recursion(1.5, 0.8, &[(0.4, 0.1); 100], (-1.0, 0.0)),
    );
    all.verdict()
}

#[test]
fn ornstein_uhlenbeck_has_its_variance_over_time() {
    holds_everywhere(&ornstein_uhlenbeck(), |problem, records| {
        ornstein_uhlenbeck_verdict(problem, records)?;
        // Power: the test rejects the continuous-time variance, which is 7.5 % smaller at this step.
        let continuous = 0.4 * 0.64 / 3.0 * (1.0 - (-3.0_f64 * 10.0).exp());
        let z = parameter(problem, &records[0], 0)
            .variance_estimate()
            .z_against(continuous);
        ensure(z > 20.0, || {
            format!("the continuous-time variance is only {z} standard errors away")
        })
    });
}

#[test]
fn continuous_time_is_reached_at_small_steps() {
    // The relative bias of the variance, h·dt/2 = 0.00075, is below a fifth of its standard error.
    let text = "[parameters]\nx = 0.0\n[loss]\nformula = \"0.75 * x^2\"\n[noise]\nsigma = 0.8\n\
                [dynamics]\nkind = \"langevin\"\neta = 0.4\ndt = 0.001\n\
                [ensemble]\nchains = 131_072\nduration = { time = 0.5 }\nseed = 13\n[measure]\ntrace = 5\n";
    holds_everywhere(text, |problem, records| {
        let mut all = Comparisons::default();
        for (step, moments) in &records[0].trace[1..] {
            let time = *step as f64 * 1e-3;
            let variance = 0.4 * 0.64 / 3.0 * -(-3.0 * time).exp_m1();
            let x = moments[problem.outputs.parameters.start].variance_estimate();
            // Discretization: the sum Σ q²ⁿ replaces an integral, with a relative error of at most h·dt.
            all.add_within(
                format!("variance at time {time}"),
                x,
                variance,
                1.5e-3 * variance,
            );
        }
        all.verdict()
    });
}

/// SGD with a learning rate that decreases twice.
pub(crate) fn schedule() -> String {
    "[parameters]\nx = 1.0\n[loss]\nformula = \"0.5 * x^2\"\n\
     [dynamics]\nkind = \"sgd\"\neta = 0.8\nschedule = [{ at = 0.25, factor = 0.5 }, { at = 0.6, factor = 0.25 }]\n\
     [ensemble]\nchains = 131_072\nduration = { steps = 200 }\nseed = 14\n[measure]\ntrace = 20\n"
        .to_owned()
}

/// Mean and variance at every measurement, and the plateau η/(2(2 − η)) of the loss at the end of each phase.
pub(crate) fn schedule_verdict(problem: &Problem, records: &[PointRecord]) -> Verdict {
    let etas: Vec<(f64, f64)> = (0..200)
        .map(|step| match step {
            0..50 => (0.8, 0.8),
            50..120 => (0.4, 0.4),
            _ => (0.1, 0.1),
        })
        .collect();
    let exact = recursion(1.0, 1.0, &etas, (1.0, 0.0));
    let mut all = Comparisons::default();
    compare_trace(&mut all, problem, &records[0], &exact);
    for (step, eta) in [(50, 0.8), (120, 0.4), (200, 0.1)] {
        let plateau: f64 = eta / (2.0 - eta);
        // Remaining excess variance of the phase before: 0.2^100, 0.6^140 and 0.9^160 = 5e-8 of it.
        assert!(
            (exact[step].1 / plateau - 1.0).abs() < 1e-6,
            "each phase lasts until its plateau"
        );
        let measured = records[0].trace.iter().find(|(at, _)| *at == step as u64);
        let (_, moments) = measured.ok_or_else(|| format!("no measurement at step {step}"))?;
        let loss = moments[problem.outputs.loss].mean_estimate();
        all.add(format!("plateau of eta {eta}"), loss, 0.5 * plateau);
    }
    all.verdict()
}

#[test]
fn each_phase_of_a_schedule_has_its_variance() {
    holds_everywhere(&schedule(), schedule_verdict);
}

#[test]
fn diverged_chains_are_not_averaged() {
    // Without noise |x| = 1.1ⁿ first exceeds 10⁶ at n = 145 (1.1^144 = 0.913e6, 1.1^145 = 1.0045e6). Both values are far
    // from the bound compared with rounding, 145 · 6e-8. The other sweep point does not diverge.
    let text = "[parameters]\nx = 1.0\n[loss]\nformula = \"0.5 * x^2\"\n[noise]\nsigma = 0.0\n\
                [dynamics]\nkind = \"sgd\"\neta = [0.5, 2.1]\n\
                [ensemble]\nchains = 100_000\nduration = { steps = 400 }\nbound = 1e6\n[measure]\ntrace = 4\n";
    holds_everywhere(text, |problem, records| {
        let (stable, unstable) = (&records[0], &records[1]);
        ensure(stable.divergence.count == 0, || {
            "a stable chain left".to_owned()
        })?;
        ensure(parameter(problem, stable, 0).count == 100_000, || {
            "a stable chain is missing".to_owned()
        })?;
        let left = unstable.divergence;
        ensure(
            left.count == 100_000 && left.first_step == Some(145),
            || format!("{left:?}"),
        )?;
        let counts: Vec<u64> = unstable
            .trace
            .iter()
            .map(|(_, moments)| moments[0].count)
            .collect();
        ensure(counts == [100_000, 100_000, 0, 0, 0], || {
            format!("averaged over {counts:?}")
        })
    });
}

#[test]
fn noisy_divergence_is_reported_too() {
    // |x| grows as 1.1ⁿ times a normal of standard deviation 4.6: by step 1000 the bound 1e18 is passed by all but
    // those whose factor is below 1e18/1.1^1000 = 4e-24, a probability of 1e-24 each.
    let text = "[parameters]\nx = 1.0\n[loss]\nformula = \"0.5 * x^2\"\n\
                [dynamics]\nkind = \"sgd\"\neta = 2.1\n\
                [ensemble]\nchains = 100_000\nduration = { steps = 1000 }\nseed = 15\n[measure]\ntrace = 2\n";
    for (engine, records) in run_everywhere(&problem(text)) {
        let record = &records[0];
        assert_eq!(
            record.divergence.count, 100_000,
            "{engine}: every chain is reported"
        );
        // The greatest of 1e5 normals is 4.4 ± 0.2: 4.6 times that passes 1e18 at n = 403; 395 needs a normal of 9.6, and
        // at 412 one of 1.9 is enough.
        let first = record.divergence.first_step.expect("chains have left");
        assert!((395..=412).contains(&first), "{engine}: first at {first}");
        assert_eq!(record.last()[0].count, 0, "{engine}: none is averaged");
        assert!(
            record.last()[0].mean_estimate().mean.is_nan(),
            "{engine}: there is no mean"
        );
    }
}

/// Three points of a sweep, of which two share their learning rate.
pub(crate) fn sweep() -> String {
    "[parameters]\nx = 0.0\n[loss]\nformula = \"0.5 * x^2\"\n\
     [dynamics]\nkind = \"sgd\"\neta = [0.5, 0.5, 1.0]\n\
     [ensemble]\nchains = 100_000\nduration = { steps = 20 }\nseed = 16\n[measure]\ntrace = 1\n"
        .to_owned()
}

/// The states of [`sweep`]'s chains are uncorrelated: within a point at many distances, and between the same chain of
/// different points.
pub(crate) fn independence_verdict(states: &[f64]) -> Verdict {
    const N: usize = 100_000;
    ensure(states.len() == 3 * N, || format!("{} states", states.len()))?;
    let points: Vec<&[f64]> = states.chunks(N).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    // Correlations of independent chains are 0 ± 1/√N.
    let correlation = |a: &[f64], b: &[f64]| {
        let r = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        Estimate::new(r, (a.len() as f64).powf(-0.5))
    };
    let mut all = Comparisons::default();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        all.add(
            format!("points {a} and {b}"),
            correlation(points[a], points[b]),
            0.0,
        );
    }
    for lag in [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 16_384] {
        let (front, back) = (&points[0][lag..], &points[0][..N - lag]);
        all.add(format!("chains {lag} apart"), correlation(front, back), 0.0);
    }
    all.verdict()
}

#[test]
fn chains_and_points_of_a_sweep_share_no_noise() {
    let problem = problem(&sweep());
    for (name, mut engine) in engines(&problem) {
        run_on(&problem, engine.as_mut());
        let states = engine
            .states()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        independence_verdict(&states).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

/// Gradient steps below the spacing of floats are not lost. Near x = 1, at η = 2·10⁻⁶ and ηh = 10⁻³, the gradient step is a
/// third of an ulp. Rounded by itself it would vanish and the variance would be 6 % too large (11 standard errors). It is
/// rounded together with the noise of 17 ulp instead, with an error of at most (ulp/ησ)²/12 = 3e-4 of the variance. The run
/// starts at half the variance and lasts 8 relaxation times. GPU compilers may do either; there the program warns (tested
/// in `cli`).
#[test]
fn gradient_steps_below_the_spacing_of_floats_are_not_lost_on_the_cpu() {
    let (eta, h): (f64, f64) = (2e-6, 500.0);
    let exact = eta / (h * (2.0 - eta * h));
    let problem = problem(&format!(
        "[parameters]\nx = \"normal(1, {:e})\"\n[loss]\nformula = \"{} * (x - 1)^2\"\n[dynamics]\nkind = \"sgd\"\neta = {eta}\n\
         [ensemble]\nchains = 65_536\nduration = {{ steps = 4000 }}\nseed = 23\n[measure]\ntrace = 1\n",
        (0.5 * exact).sqrt(),
        0.5 * h,
    ));
    let records = run_on(&problem, &mut Cpu::<f32>::new(problem.task.clone()));
    let mut all = Comparisons::default();
    let x = parameter(&problem, &records[0], 0);
    // 3e-4 for rounding, ½ e⁻⁸ = 2e-4 for the start.
    all.add_within("variance", x.variance_estimate(), exact, 5e-4 * exact);
    all.verdict().unwrap_or_else(|why| panic!("{why}"));
}
