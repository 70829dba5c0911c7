//! Comparisons with exact values. All tolerances of the truth tests are decided here.

use crate::support::{device, problem, run_everywhere};
use etascope::compile::Problem;
use etascope::engine::{Cpu, Engine, gpu::Gpu};
use etascope::measure::{Estimate, Moments};
use etascope::run::PointRecord;
use statrs::distribution::{ContinuousCDF, Normal};

/// Result of a check; the error says what failed.
pub(crate) type Verdict = Result<(), String>;

/// Probability that a normal misses its mean by more than 4 standard deviations: the false-alarm rate of a whole check.
const ALARM: f64 = 6.334e-5;

/// Standard errors allowed in each of `count` comparisons, such that all of them together have the false-alarm rate of one
/// comparison at 4 standard errors (Bonferroni, valid for correlated comparisons).
pub(crate) fn limit(count: usize) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("a standard normal exists");
    -normal.inverse_cdf(ALARM / (2.0 * count as f64))
}

/// Comparisons of measurements with exact values.
#[derive(Default)]
pub(crate) struct Comparisons(Vec<Comparison>);

struct Comparison {
    what: String,
    measured: Estimate,
    exact: f64,
    /// Largest error of the exact value itself.
    term: f64,
}

impl Comparisons {
    /// Requires `measured` to equal `exact` up to chance.
    pub(crate) fn add(&mut self, what: impl Into<String>, measured: Estimate, exact: f64) {
        self.add_within(what, measured, exact, 0.0);
    }

    /// Requires `measured` to equal `exact` up to chance and a deterministic difference of at most `term`.
    pub(crate) fn add_within(
        &mut self,
        what: impl Into<String>,
        measured: Estimate,
        exact: f64,
        term: f64,
    ) {
        self.0.push(Comparison {
            what: what.into(),
            measured,
            exact,
            term,
        });
    }

    /// Success if all comparisons hold, else the worst failure.
    pub(crate) fn verdict(&self) -> Verdict {
        assert!(
            !self.0.is_empty(),
            "a check without comparisons cannot fail"
        );
        let limit = limit(self.0.len());
        let excess = |c: &Comparison| {
            let miss = (c.measured.mean - c.exact).abs() - c.term;
            // A NaN standard error always fails; a zero standard error allows no deviation.
            if !miss.is_finite() || !c.measured.se.is_finite() {
                f64::INFINITY
            } else if miss <= 0.0 {
                0.0
            } else {
                miss / c.measured.se
            }
        };
        let worst = self
            .0
            .iter()
            .max_by(|a, b| excess(a).total_cmp(&excess(b)))
            .expect("not empty");
        if excess(worst) <= limit {
            return Ok(());
        }
        Err(format!(
            "{}: {} ± {} instead of {} (term {}): {:.1} standard errors, {limit:.2} allowed",
            worst.what,
            worst.measured.mean,
            worst.measured.se,
            worst.exact,
            worst.term,
            excess(worst),
        ))
    }
}

/// Fails unless `condition` holds.
pub(crate) fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(otherwise()) }
}

/// Runs an experiment on every engine; each must satisfy the check.
pub(crate) fn holds_everywhere(text: &str, check: impl Fn(&Problem, &[PointRecord]) -> Verdict) {
    let problem = problem(text);
    for (engine, records) in run_everywhere(&problem) {
        if let Err(why) = check(&problem, &records) {
            panic!("{engine}: {why}");
        }
    }
}

/// Every engine, loaded with the problem's task, for checks of single chains.
pub(crate) fn engines(problem: &Problem) -> Vec<(&'static str, Box<dyn Engine>)> {
    let task = || problem.task.clone();
    let gpu = Gpu::new(task(), device()).unwrap_or_else(|error| panic!("{error}"));
    vec![
        ("cpu f32", Box::new(Cpu::<f32>::new(task()))),
        ("cpu f64", Box::new(Cpu::<f64>::new(task()))),
        ("gpu", Box::new(gpu)),
    ]
}

/// The moments of flattened parameter `k` at the end.
pub(crate) fn parameter<'a>(problem: &Problem, record: &'a PointRecord, k: usize) -> &'a Moments {
    &record.last()[problem.outputs.parameters.start + k]
}

/// Excess kurtosis with the standard error √(24/N) of normal samples; distributions with lighter tails have a smaller one.
pub(crate) fn kurtosis(moments: &Moments) -> Estimate {
    Estimate::new(
        moments.excess_kurtosis(),
        (24.0 / moments.count as f64).sqrt(),
    )
}

#[test]
fn limits_widen_with_the_number_of_comparisons() {
    // Quantiles of the normal: tables give Φ⁻¹(1 − 6.334e-5/2) = 4.000 and Φ⁻¹(1 − 6.334e-7/2) = 4.980.
    assert!(
        (limit(1) - 4.0).abs() < 1e-3 && (limit(100) - 4.980).abs() < 2e-3,
        "{} {}",
        limit(1),
        limit(100)
    );
}

#[test]
fn comparisons_reject_wrong_values() {
    let verdict = |mean: f64, se: f64, term: f64| {
        let mut all = Comparisons::default();
        all.add("right", Estimate::new(1.0, 0.1), 1.0);
        all.add_within("tried", Estimate::new(mean, se), 2.0, term);
        all.verdict()
    };
    assert!(verdict(2.39, 0.1, 0.0).is_ok(), "3.9 standard errors");
    assert!(
        verdict(2.45, 0.1, 0.0).is_err(),
        "4.5 standard errors, of two comparisons"
    );
    assert!(verdict(2.45, 0.1, 0.1).is_ok(), "with a known difference");
    assert!(
        verdict(2.45, f64::INFINITY, 0.0).is_err(),
        "an unknown error is no excuse"
    );
    assert!(verdict(f64::NAN, 0.1, 0.0).is_err(), "not a number");
    assert!(
        verdict(2.0, 0.0, 0.0).is_ok() && verdict(2.1, 0.0, 0.0).is_err(),
        "without error only equality"
    );
}
