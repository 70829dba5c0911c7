//! Tests of a common temperature and of detailed balance, and Holm's correction over all tests of a sweep point.

use super::case::Case;
use crate::compile::JointTest;
use crate::diagnose::{from_differences, holm, zero_mean_p, zero_means};
use crate::measure::Moments;
use crate::report;

impl Case<'_> {
    /// p-value of the hypothesis that all parameters have one temperature.
    pub(super) fn equal_temperature_p(&self) -> Option<f64> {
        let temperatures = self.problem.outputs.balance.temperatures.as_ref()?;
        Some(self.zero_p(temperatures))
    }

    /// Tests of detailed balance, where the dynamics may have it.
    pub(super) fn detailed_balance(&self) -> Option<report::DetailedBalance> {
        let balance = &self.problem.outputs.balance;
        let circulation = balance.circulation.as_ref()?;
        let names = self.problem.measured();
        let pairs = (0..names.len()).flat_map(|k| (k + 1..names.len()).map(move |l| (k, l)));
        let entropy_production = (balance.entropy_production).map(|output| self.last(output));
        Some(report::DetailedBalance {
            circulation: pairs
                .zip(circulation.quantities.clone())
                .map(|((k, l), output)| {
                    let name = format!("{}, {}", names[k], names[l]);
                    (name, self.last(output).mean_estimate())
                })
                .collect(),
            circulation_p: self.zero_p(circulation),
            entropy_production: entropy_production.map(|rate| rate.mean_estimate()),
            entropy_production_p: entropy_production.as_ref().map(zero_mean_p),
        })
    }

    /// p-value of the hypothesis that all quantities have mean zero: by their covariance where it was measured, otherwise
    /// Bonferroni's.
    fn zero_p(&self, test: &JointTest) -> f64 {
        let moments = |outputs: std::ops::Range<usize>| -> Vec<Moments> {
            outputs.map(|output| self.last(output)).collect()
        };
        let quantities = moments(test.quantities.clone());
        if quantities.len() == 1 || !test.differences.is_empty() {
            let differences = moments(test.differences.clone());
            return zero_means(&from_differences(&quantities, &differences)).p;
        }
        let p: Vec<f64> = quantities.iter().map(zero_mean_p).collect();
        holm(&p).into_iter().fold(f64::NAN, f64::min)
    }
}

/// All tests of a sweep point, with p-values before and after Holm's correction for their number.
pub(super) fn tests(point: &report::Point) -> Vec<report::Test> {
    let mut all: Vec<(String, f64)> = Vec::new();
    let mut add = |name: &str, p: Option<f64>| {
        all.extend(p.filter(|p| !p.is_nan()).map(|p| (name.to_owned(), p)));
    };
    let gibbs = point.gibbs.as_ref();
    add("KS distance from Gibbs", gibbs.and_then(|g| g.ks_p));
    let exact = point.discretized.as_ref();
    add("KS distance from exact", exact.map(|exact| exact.ks_p));
    for fit in &point.goodness_of_fit {
        add(&format!("χ² of {}", fit.of), Some(fit.p));
    }
    add(
        "equal temperatures",
        gibbs.and_then(|g| g.equal_temperature_p),
    );
    let balance = point.detailed_balance.as_ref();
    add(
        "no circulation",
        balance.map(|balance| balance.circulation_p),
    );
    add(
        "no entropy production",
        balance.and_then(|balance| balance.entropy_production_p),
    );
    let corrected = holm(&all.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    (all.into_iter().zip(corrected))
        .map(|((name, p), holm)| report::Test { name, p, holm })
        .collect()
}
