//! Steps that f32 loses near 1: integers and double precision give the exact variance, on both engines.

use super::records;
use crate::support::{problem, run_on, stored};
use crate::truth::verdict::{Comparisons, ensure, parameter};
use etascope::engine::Cpu;
use etascope::spec::Precision;

/// η at which rounding to f32 inflates the variance near 1: the spacing, 2⁻²³ above 1 and 2⁻²⁴ below, is the noise of a
/// step. By ulp²/12 on either side that is (2⁻⁴⁶ + 2⁻⁴⁸)/24η² = 7.4 %.
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

/// Variance of x′ = x − ηh(x − 1) + ηz after so many steps from a variance.
fn variance(curvature: f64, start: f64, steps: u32) -> f64 {
    let q = 1.0 - ETA * curvature;
    let stationary = ETA * ETA / (1.0 - q * q);
    stationary + (start - stationary) * q.powf(2.0 * f64::from(steps))
}

/// The mean is 1, and the variance exact within chance, which with 65,536 chains is 0.55 %: 2 % at 3.6 standard errors. In
/// f32 the same run is off by more than that.
fn holds(text: &str, exact: f64) {
    for storage in [Precision::Compensated, Precision::F64] {
        let fine = stored(text, storage);
        for (engine, records) in records(&fine) {
            let x = parameter(&fine, &records[0], 0);
            let mut all = Comparisons::default();
            // Of integers floats are read, which adds ulp²/12 = 1.2e-15 at most.
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
fn a_quadratic_of_unit_scale_spreads_as_it_should() {
    holds(
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
    holds(&quadratic(1e4, &start, steps, "\"sgd\""), exact);
}
