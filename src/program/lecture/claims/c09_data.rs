//! C9 on data: SGD on linear regression compared with Langevin dynamics that has the covariance of
//! the examples' gradients.

use crate::diagnose::ks_distance;
use crate::measure::Estimate;
use crate::program::lecture::claim::statement;
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::polynomial;
use crate::program::lecture::runner::Runner;
use crate::program::output::{Statement, Table};
use crate::report::Series;
use crate::report::number::{plain, significant};
use crate::run::Computed;
use statrs::distribution::{ContinuousCDF, Normal};

const WORDS: &str = "The same holds on data: SGD with B = 1 on linear regression, and Langevin \
    dynamics with the covariance Σ of the examples' gradients at Φ*";

/// Stationary distributions of SGD and Langevin dynamics at one learning rate.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    eta: f64,
    /// Measured excess loss E L − L(Φ*) of SGD divided by that of Langevin dynamics, minus 1.
    excess: Estimate,
    /// Exact value of `excess` from second moments.
    exact: f64,
    /// Variance of each parameter under SGD divided by that under Langevin dynamics, minus 1.
    variances: Vec<Estimate>,
    /// Kolmogorov–Smirnov distance of each parameter under SGD from the normal distribution of
    /// Langevin dynamics.
    distances: Vec<Estimate>,
}

/// Statement, table and measurements on data.
#[derive(Debug)]
pub(super) struct OnData {
    pub(super) statement: Statement,
    pub(super) table: Table,
    pairs: Vec<Pair>,
}

/// Runs both experiments and compares them.
///
/// # Errors
/// A run fails.
pub(super) fn compare(runner: &mut Runner<'_>) -> Result<OnData, LectureError> {
    let sgd = runner.run("c09-data-sgd.toml", &[])?;
    let langevin = runner.run("c09-data-langevin.toml", &[])?;
    let pairs: Vec<Pair> = (0..sgd.problem.points.len())
        .filter_map(|i| pair(&sgd, &langevin, i))
        .collect();
    let limit = limit(&pairs, |pair| pair.excess);
    let note = "Both are measured. Relative differences of the excess loss and of each parameter's \
        variance are extrapolated to η → 0 by a cubic, and the excess loss is compared with exact \
        second moments at each η. The Kolmogorov–Smirnov distances in the table are from the \
        normal distribution of Langevin dynamics.";
    Ok(OnData {
        statement: statement(
            WORDS,
            &criteria(&pairs, limit),
            (
                "relative difference of the excess losses, η → 0",
                limit,
                0.0,
            ),
            note,
        ),
        table: table(&pairs, &sgd.problem.names),
        pairs,
    })
}

fn pair(sgd: &Computed, langevin: &Computed, i: usize) -> Option<Pair> {
    let optimum = sgd.results.summary.optimum.as_ref()?.loss;
    let (a, b) = (
        &sgd.results.summary.points[i],
        &langevin.results.summary.points[i],
    );
    let theory = b.theory.as_ref()?;
    let above = |loss: Estimate| loss.shifted(-optimum);
    let variances = (a.parameters.iter().zip(b.parameters.iter()))
        .map(|((_, a), (_, b))| a.variance.divided_by(b.variance).shifted(-1.0))
        .collect();
    let output = |k: usize| sgd.problem.outputs.parameters.start + k;
    let noise = 0.5 / (sgd.results.summary.chains as f64).sqrt();
    let distance = |(k, (_, theory)): (usize, (&String, &crate::report::ParameterTheory))| {
        let normal = Normal::new(theory.mean?, theory.variance?.sqrt()).ok()?;
        let requests = sgd.problem.task.histograms.iter();
        let mut fine = requests.zip(&sgd.records[i].histograms);
        let (_, histogram) = fine.find(|(request, _)| request.outputs == [output(k)])?;
        let edges = histogram.axes[0].edges();
        let cdf: Vec<f64> = edges.iter().map(|&x| normal.cdf(x)).collect();
        Some(Estimate::new(ks_distance(histogram, &cdf).distance, noise))
    };
    Some(Pair {
        eta: a.eta,
        excess: above(a.loss).divided_by(above(b.loss)).shifted(-1.0),
        exact: (a.theory.as_ref()?.loss? - optimum) / (theory.loss? - optimum) - 1.0,
        variances,
        distances: (theory.parameters.iter().enumerate())
            .filter_map(distance)
            .collect(),
    })
}

/// Value of a relative difference as η → 0.
fn limit(pairs: &[Pair], of: impl Fn(&Pair) -> Estimate) -> Estimate {
    let points: Vec<(f64, Estimate)> = pairs.iter().map(|p| (p.eta, of(p))).collect();
    let fit = polynomial(&points, 3);
    fit.map_or(Estimate::new(f64::NAN, f64::INFINITY), |all| all[0])
}

/// Bias at η = 0 of a cubic fit. The differences are a geometric series in η over the stability
/// limit 0.33, so the quartic term has the coefficient 0.33⁻⁴ = 80, times the product of the four
/// smallest η, 1.3e-6.
const TRUNCATION: f64 = 1e-4;

fn criteria(pairs: &[Pair], loss: Estimate) -> Criteria {
    let mut criteria = Criteria::default();
    // If the distributions did not converge, at least half of the difference at the greatest η
    // would remain.
    let half = 0.5 * pairs.first().map_or(f64::NAN, |p| p.excess.mean.abs());
    criteria.near(
        "the limit of the relative difference of the excess losses",
        loss,
        0.0,
        [TRUNCATION, half],
    );
    let parameters = pairs.first().map_or(0, |pair| pair.variances.len());
    for k in 0..parameters {
        let variance = limit(pairs, |pair| pair.variances[k]);
        let what = format!("the limit of the relative difference of variance {}", k + 1);
        criteria.near(what, variance, 0.0, [TRUNCATION, half]);
    }
    for pair in pairs {
        let what = format!(
            "the relative difference of the excess losses at η = {}",
            plain(pair.eta)
        );
        criteria.near(what, pair.excess, pair.exact, [0.0, half]);
    }
    criteria
}

fn table(pairs: &[Pair], names: &[String]) -> Table {
    let mut header = vec![
        "η".to_owned(),
        "relative difference of excess losses".to_owned(),
        "exact".to_owned(),
    ];
    header.extend(names.iter().map(|name| format!("KS distance of {name}")));
    let rows = pairs.iter().map(|pair| {
        let mut row = vec![
            plain(pair.eta),
            crate::report::number::plus_minus(pair.excess),
            significant(pair.exact, 3),
        ];
        row.extend(pair.distances.iter().map(|d| significant(d.mean, 2)));
        row
    });
    Table {
        rows: rows.collect(),
        header,
    }
}

impl OnData {
    /// Plot series of differences and distances against η.
    pub(super) fn series(&self) -> Vec<Series> {
        let size = |p: &Pair| (p.eta, Estimate::new(p.excess.mean.abs(), p.excess.se));
        let largest = |p: &Pair| {
            let all = p.distances.iter().copied();
            let most = all.max_by(|a, b| a.mean.total_cmp(&b.mean));
            Some((p.eta, most?))
        };
        let exact = self.pairs.iter().map(|p| (p.eta, p.exact));
        let losses = self.pairs.iter().map(size).collect();
        let distances = self.pairs.iter().filter_map(largest).collect();
        vec![
            Series::dots("regression: difference of the excess losses", 4, losses),
            Series::dashes("exact", 5, exact),
            Series::dots(
                "regression: largest KS distance of a parameter",
                3,
                distances,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn losses_and_variances_must_converge_to_each_other() {
        let verdict = |loss: f64, variance: f64, se: f64| {
            let pairs = [0.16, 0.08, 0.04, 0.02, 0.01].map(|eta| Pair {
                eta,
                excess: Estimate::new(loss + 3.0 * eta, se),
                exact: loss + 3.0 * eta,
                variances: vec![Estimate::new(variance + 2.0 * eta, se)],
                distances: Vec::new(),
            });
            let limit = limit(&pairs, |pair| pair.excess);
            criteria(&pairs, limit).outcome().verdict
        };
        assert_eq!(verdict(0.0, 0.0, 1e-3), Verdict::Holds);
        assert_eq!(verdict(0.05, 0.0, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 0.05, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 0.0, 0.2), Verdict::Undecided);
    }
}
