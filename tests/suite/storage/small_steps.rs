//! Steps that f32 rounds away near 1: integers and double precision give the exact variance on both engines.

use super::records;
use crate::support::{problem, run_on, stored};
use crate::truth::verdict::{Comparisons, ensure, parameter};
use etascope::engine::Cpu;
use etascope::spec::Precision;

/// Learning rate at which rounding to f32 inflates the variance near 1. The spacing of f32, 2⁻²³ above 1 and 2⁻²⁴ below, is about the
/// noise of a step. Rounding adds ulp²/12 on either side: (2⁻⁴⁶ + 2⁻⁴⁸)/24η² = 7.4 %.
pub(super) const ETA: f64 = 1e-7;

const CHAINS: u32 = 65_536;

/// SGD on h(x − 1)²/2 with σ = 1.
pub(super) fn quadratic(curvature: f64, start: &str, steps: u32, optimizer: &str) -> String {
    format!(
        "[parameters]\nx = {{ start = {start} }}\n[loss]\nformula = \"{} * (x - 1)^2\"\n\
         [dynamics]\nkind = \"sgd\"\neta = {ETA}\noptimizer = {optimizer}\n\
         [ensemble]\nchains = {CHAINS}\nduration = {{ steps = {steps} }}\nseed = 41\n[measure]\ntrace = 1\n",
        0.5 * curvature
    )
}

/// Variance of x′ = x − ηh(x − 1) + ηz after `steps` steps from the variance `start`.
fn variance(curvature: f64, start: f64, steps: u32) -> f64 {
    let q = 1.0 - ETA * curvature;
    let stationary = ETA * ETA / (1.0 - q * q);
    stationary + (start - stationary) * q.powf(2.0 * f64::from(steps))
}

/// Asserts a mean of 1 and the exact variance, within 2 % or 3.6 standard errors of 65,536 chains. The same run in f32 is off by more.
fn assert_exact(text: &str, exact: f64) {
    for storage in [Precision::Compensated, Precision::F64] {
        let fine = stored(text, storage);
        for (engine, records) in records(&fine) {
            let x = parameter(&fine, &records[0], 0);
            let mut all = Comparisons::default();
            // Programs read integers rounded to floats, which adds at most ulp²/12 = 1.2e-15.
            all.add_within("variance", x.variance_estimate(), exact, 1.2e-15);
            all.add("mean", x.mean_estimate(), 1.0);
            all.verdict()
                .and(ensure((x.variance() / exact - 1.0).abs() < 0.02, || {
                    format!("variance {} instead of {exact}", x.variance())
                }))
                .unwrap_or_else(|why| panic!("{storage:?}, {engine}: {why}"));
        }
    }
    let floats = problem(text);
    let records = run_on(&floats, &mut Cpu::<f32>::new(floats.task.clone()));
    let inflation = parameter(&floats, &records[0], 0).variance() / exact - 1.0;
    assert!(inflation > 0.02, "f32 is off by {inflation} only");
}

/// Curvature 1: from the minimum, ηh · steps = 5e-4, where the variance grows as η² · steps.
#[test]
fn a_quadratic_of_unit_curvature_spreads_as_computed() {
    assert_exact(
        &quadratic(1.0, "1.0", 5_000, "\"sgd\""),
        variance(1.0, 0.0, 5_000),
    );
}

/// Curvature 10⁴: from half of the stationary variance through 8 relaxation times 1/2ηh = 500 steps.
#[test]
fn the_stationary_variance_is_right() {
    let steps = 4_000;
    let stationary = variance(1e4, 0.0, u32::MAX);
    let start = format!("\"normal(1, {:e})\"", (0.5 * stationary).sqrt());
    let exact = variance(1e4, 0.5 * stationary, steps);
    assert!((exact / stationary - 1.0).abs() < 2e-4, "it has relaxed");
    assert_exact(&quadratic(1e4, &start, steps, "\"sgd\""), exact);
}
