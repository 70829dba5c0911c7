//! Criteria of a statement and the verdict that follows from them. All tolerances are decided here.

use crate::measure::Estimate;
use crate::program::output::Verdict;
use crate::report::number;
use statrs::distribution::{ContinuousCDF, Normal};

/// False-alarm rate of a statement: the probability that a normal variable is more than 4 standard
/// deviations from its mean.
const ALARM: f64 = 6.334e-5;

/// Default share of an exact value that a measurement must be able to detect as a difference.
const DETECTABLE: f64 = 0.2;

/// Comparisons that together decide one statement.
#[derive(Debug, Default)]
pub(super) struct Criteria {
    comparisons: Vec<Comparison>,
}

#[derive(Debug)]
struct Comparison {
    what: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// A measurement equals an exact value, which itself may be off by up to `tolerance`. The
    /// measurement must be able to detect a difference of `detectable`.
    Equal {
        measured: Estimate,
        exact: f64,
        tolerance: f64,
        detectable: f64,
    },
    /// A measured number is greater than a bound.
    Above { measured: Estimate, bound: f64 },
    /// A p-value that is uniform if the statement is true.
    NotRejected(f64),
    /// A p-value that is tiny if the statement is true. Otherwise the measurement was too coarse.
    Rejected(f64),
}

/// Verdict with the reason for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub verdict: Verdict,
    pub reason: String,
}

impl Criteria {
    /// Requires `measured` to equal `exact` up to chance, and to be able to detect a difference of
    /// a fifth.
    pub(super) fn equal(&mut self, what: impl Into<String>, measured: Estimate, exact: f64) {
        self.near(what, measured, exact, [0.0, DETECTABLE * exact.abs()]);
    }

    /// Requires `measured` to equal `exact` up to chance and a known deviation of at most
    /// `tolerance`, and to be able to detect a difference of `detectable`.
    pub(super) fn near(
        &mut self,
        what: impl Into<String>,
        measured: Estimate,
        exact: f64,
        [tolerance, detectable]: [f64; 2],
    ) {
        self.comparisons.push(Comparison {
            what: what.into(),
            test: Test::Equal {
                measured,
                exact,
                tolerance,
                detectable,
            },
        });
    }

    /// Requires `measured` to exceed `bound` by more than chance explains. The statement is
    /// contradicted if `measured` is below `bound` by as much.
    pub(super) fn above(&mut self, what: impl Into<String>, measured: Estimate, bound: f64) {
        self.comparisons.push(Comparison {
            what: what.into(),
            test: Test::Above { measured, bound },
        });
    }

    /// Requires that a test does not reject its hypothesis, which the statement implies.
    pub(super) fn not_rejected(&mut self, what: impl Into<String>, p: f64) {
        self.comparisons.push(Comparison {
            what: what.into(),
            test: Test::NotRejected(p),
        });
    }

    /// Requires that a test rejects its hypothesis, which the statement excludes.
    pub(super) fn rejected(&mut self, what: impl Into<String>, p: f64) {
        self.comparisons.push(Comparison {
            what: what.into(),
            test: Test::Rejected(p),
        });
    }

    /// Contradicted if any comparison deviates too far, else undecided if any could not have
    /// detected a difference, else it holds.
    ///
    /// The limit applies the Bonferroni correction, so that all comparisons together give a false
    /// alarm once in 16 000 times even if they depend on each other.
    pub(super) fn outcome(&self) -> Outcome {
        let limit = limit(self.comparisons.len());
        let alarm = ALARM / self.comparisons.len().max(1) as f64;
        let results: Vec<(Verdict, f64, &Comparison)> = self
            .comparisons
            .iter()
            .map(|comparison| {
                let (verdict, deviation) = comparison.verdict(limit, alarm);
                (verdict, deviation, comparison)
            })
            .collect();
        let worst = |wanted: Verdict| {
            let all = results.iter().filter(|(verdict, ..)| *verdict == wanted);
            all.max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let decisive = [Verdict::Contradicted, Verdict::Undecided, Verdict::Holds];
        let Some(&(verdict, deviation, comparison)) = decisive.into_iter().find_map(worst) else {
            return Outcome {
                verdict: Verdict::Undecided,
                reason: "Nothing was compared.".into(),
            };
        };
        let reason = match (verdict, self.comparisons.len()) {
            (Verdict::Undecided, _) => {
                format!(
                    "Not precise enough to decide: {}.",
                    comparison.describe(limit)
                )
            }
            (Verdict::Holds, n) if n > 1 => format!(
                "{n} comparisons agree within the limit of {limit:.1} SE; the largest deviation is \
                 {deviation:.1} SE, for {}.",
                comparison.what
            ),
            _ => format!("{}.", comparison.describe(limit)),
        };
        Outcome { verdict, reason }
    }
}

impl Comparison {
    /// Verdict of this comparison alone, and its deviation in standard errors.
    fn verdict(&self, limit: f64, alarm: f64) -> (Verdict, f64) {
        match self.test {
            Test::Equal {
                measured,
                exact,
                tolerance,
                detectable,
            } => {
                let beyond = (measured.mean - exact).abs() - tolerance;
                if beyond.is_nan() || !measured.se.is_finite() {
                    return (Verdict::Undecided, f64::INFINITY);
                }
                let deviation = if beyond <= 0.0 {
                    0.0
                } else {
                    beyond / measured.se
                };
                if deviation > limit {
                    (Verdict::Contradicted, deviation)
                } else if limit * measured.se + tolerance > detectable {
                    (Verdict::Undecided, deviation)
                } else {
                    (Verdict::Holds, deviation)
                }
            }
            Test::Above { measured, bound } => {
                let z = measured.z_against(bound);
                if z > limit {
                    (Verdict::Holds, 0.0)
                } else if z < -limit {
                    (Verdict::Contradicted, -z)
                } else {
                    (Verdict::Undecided, f64::INFINITY)
                }
            }
            Test::NotRejected(p) if p.is_nan() => (Verdict::Undecided, f64::INFINITY),
            Test::NotRejected(p) if p < alarm => (Verdict::Contradicted, f64::INFINITY),
            Test::NotRejected(_) => (Verdict::Holds, 0.0),
            Test::Rejected(p) if p < alarm => (Verdict::Holds, 0.0),
            Test::Rejected(_) => (Verdict::Undecided, f64::INFINITY),
        }
    }

    /// Sentence with the measured and the expected value, and the limit that applies.
    fn describe(&self, limit: f64) -> String {
        let what = &self.what;
        let compared = |measured: Estimate, relation: &str, expected: f64| {
            format!(
                "{what} is {}, {relation} {}: {} (limit: {limit:.1} SE)",
                number::plus_minus(measured),
                number::plain(expected),
                number::standard_errors(measured.z_against(expected))
            )
        };
        match self.test {
            Test::Equal {
                measured, exact, ..
            } => compared(measured, "expected", exact),
            Test::Above { measured, bound } => compared(measured, "bound", bound),
            Test::NotRejected(p) | Test::Rejected(p) => {
                format!("{what}: p {}", number::p_relation(p))
            }
        }
    }
}

/// Largest deviation in standard errors that each of `count` comparisons may have. All together
/// give a false alarm as rarely as one comparison at 4 standard errors.
pub(super) fn limit(count: usize) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("a standard normal exists");
    -normal.inverse_cdf(ALARM / (2.0 * count.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(comparisons: &[(f64, f64, f64)]) -> Verdict {
        let mut criteria = Criteria::default();
        for &(mean, se, exact) in comparisons {
            criteria.equal("it", Estimate::new(mean, se), exact);
        }
        criteria.outcome().verdict
    }

    #[test]
    fn verdicts_follow_from_errors() {
        // The limit is 4.00 standard errors for one comparison and 4.16 for two.
        assert_eq!(outcome(&[(1.039, 0.01, 1.0)]), Verdict::Holds);
        assert_eq!(outcome(&[(1.041, 0.01, 1.0)]), Verdict::Contradicted);
        assert_eq!(
            outcome(&[(1.041, 0.01, 1.0), (2.0, 0.01, 2.0)]),
            Verdict::Holds
        );
        // 4 · 0.06 > 0.2: a difference of a fifth could not be detected.
        assert_eq!(outcome(&[(1.0, 0.06, 1.0)]), Verdict::Undecided);
        assert_eq!(
            outcome(&[(1.0, 0.06, 1.0), (9.0, 0.1, 1.0)]),
            Verdict::Contradicted
        );
        for strange in [
            (f64::NAN, 0.01, 1.0),
            (1.0, f64::INFINITY, 1.0),
            (1.0, f64::NAN, 1.0),
        ] {
            assert_eq!(outcome(&[strange]), Verdict::Undecided, "{strange:?}");
        }
        assert_eq!(outcome(&[]), Verdict::Undecided, "nothing says nothing");
        assert_eq!(
            outcome(&[(1.0, 0.0, 1.0)]),
            Verdict::Holds,
            "exact equality"
        );
        assert_eq!(
            outcome(&[(1.1, 0.0, 1.0)]),
            Verdict::Contradicted,
            "without error"
        );
    }

    #[test]
    fn hypothesis_tests_must_give_the_required_result() {
        let verdict = |accept: f64, reject: f64| {
            let mut criteria = Criteria::default();
            criteria.not_rejected("a", accept);
            criteria.rejected("b", reject);
            criteria.outcome().verdict
        };
        // Two comparisons share the alarm rate: 3.2e-5 each.
        assert_eq!(verdict(4e-5, 3e-5), Verdict::Holds);
        assert_eq!(verdict(3e-5, 3e-5), Verdict::Contradicted);
        assert_eq!(verdict(0.5, 4e-5), Verdict::Undecided);
        assert_eq!(verdict(f64::NAN, 0.0), Verdict::Undecided);
    }

    #[test]
    fn a_known_deviation_is_allowed_but_costs_power() {
        let verdict = |tolerance: f64| {
            let mut criteria = Criteria::default();
            criteria.near("it", Estimate::new(1.05, 0.01), 1.0, [tolerance, 0.1]);
            criteria.outcome().verdict
        };
        assert_eq!(verdict(0.0), Verdict::Contradicted);
        assert_eq!(verdict(0.02), Verdict::Holds);
        assert_eq!(verdict(0.09), Verdict::Undecided);
    }

    #[test]
    fn a_bound_must_be_exceeded_significantly() {
        let verdict = |mean: f64| {
            let mut criteria = Criteria::default();
            criteria.above("it", Estimate::new(mean, 0.1), 1.0);
            criteria.outcome().verdict
        };
        assert_eq!(verdict(1.41), Verdict::Holds);
        assert_eq!(verdict(0.59), Verdict::Contradicted);
        assert_eq!(verdict(1.3), Verdict::Undecided);
        assert_eq!(verdict(f64::NAN), Verdict::Undecided);
    }

    #[test]
    fn limits_grow_with_the_number_of_comparisons() {
        // Quantiles of the normal: Φ⁻¹(1 − 6.334e-5/2) = 4.000 and Φ⁻¹(1 − 6.334e-7/2) = 4.980.
        assert!((limit(1) - 4.0).abs() < 1e-3 && (limit(100) - 4.980).abs() < 2e-3);
    }
}
