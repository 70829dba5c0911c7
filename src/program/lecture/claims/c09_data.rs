//! C9 on data: SGD on linear regression beside Langevin dynamics with the covariance of the examples' gradients.

use crate::diagnose::ks_distance;
use crate::measure::Estimate;
use crate::program::lecture::LectureError;
use crate::program::lecture::claim::statement;
use crate::program::lecture::fit::polynomial;
use crate::program::lecture::judge::Judge;
use crate::program::lecture::laboratory::Laboratory;
use crate::report::number::{plain, significant};
use crate::report::{Series, Statement, Table};
use crate::run::Computed;
use statrs::distribution::{ContinuousCDF, Normal};

const WORDS: &str = "The same on data: SGD with B = 1 on linear regression beside Langevin dynamics with Σ of the examples' \
                     gradients at Φ*";

/// One learning rate.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    eta: f64,
    /// (E L − L*) under SGD over that under Langevin dynamics, less 1; both measured.
    excess: Estimate,
    /// The same from exact second moments.
    exact: f64,
    /// Variance of each parameter under SGD over that under Langevin dynamics, less 1.
    variances: Vec<Estimate>,
    /// Kolmogorov–Smirnov distance of each parameter under SGD from the normal law of Langevin dynamics.
    distances: Vec<Estimate>,
}

/// What was found on data.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) statement: Statement,
    pub(super) table: Table,
    pairs: Vec<Pair>,
}

/// Runs both.
///
/// # Errors
/// A run fails.
pub(super) fn found(laboratory: &mut Laboratory<'_>) -> Result<Found, LectureError> {
    let sgd = laboratory.run("c09-data-sgd.toml", &[])?;
    let langevin = laboratory.run("c09-data-langevin.toml", &[])?;
    let pairs: Vec<Pair> = (0..sgd.problem.points.len())
        .filter_map(|i| pair(&sgd, &langevin, i))
        .collect();
    let limit = limit(&pairs, |pair| pair.excess);
    let note = "Both measured; differences of the loss above its minimum and of each parameter's variance, extrapolated to \
                η → 0 by a cubic; at each η against the exact second moments of both. The Kolmogorov–Smirnov distances of \
                the table are from the normal law that Langevin dynamics has here.";
    Ok(Found {
        statement: statement(
            WORDS,
            &judged(&pairs, limit),
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
        let law = Normal::new(theory.mean?, theory.variance?.sqrt()).ok()?;
        let requests = sgd.problem.task.histograms.iter();
        let mut fine = requests.zip(&sgd.records[i].histograms);
        let (_, histogram) = fine.find(|(request, _)| request.outputs == [output(k)])?;
        let edges = histogram.axes[0].edges();
        let cdf: Vec<f64> = edges.iter().map(|&x| law.cdf(x)).collect();
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

/// A relative difference at η → 0.
fn limit(pairs: &[Pair], of: impl Fn(&Pair) -> Estimate) -> Estimate {
    let points: Vec<(f64, Estimate)> = pairs.iter().map(|p| (p.eta, of(p))).collect();
    let fit = polynomial(&points, 3);
    fit.map_or(Estimate::new(f64::NAN, f64::INFINITY), |all| all[0])
}

/// What a quartic term leaves at η = 0. The differences are a geometric series in η over the limit of stability, 0.33: a
/// coefficient of 0.33⁻⁴ = 80, times the product of the four smallest η, 1.3e-6.
const LEFT_OUT: f64 = 1e-4;

fn judged(pairs: &[Pair], loss: Estimate) -> Judge {
    let mut judge = Judge::default();
    // If the laws did not come together, half of the difference at the greatest η would be left or more.
    let half = 0.5 * pairs.first().map_or(f64::NAN, |p| p.excess.mean.abs());
    judge.near(
        "the limit of the losses' difference",
        loss,
        0.0,
        [LEFT_OUT, half],
    );
    let parameters = pairs.first().map_or(0, |pair| pair.variances.len());
    for k in 0..parameters {
        let variance = limit(pairs, |pair| pair.variances[k]);
        let what = format!("the limit of the difference of variance {}", k + 1);
        judge.near(what, variance, 0.0, [LEFT_OUT, half]);
    }
    for pair in pairs {
        let what = format!("the losses' difference at η = {}", plain(pair.eta));
        judge.near(what, pair.excess, pair.exact, [0.0, half]);
    }
    judge
}

fn table(pairs: &[Pair], names: &[String]) -> Table {
    let mut header = vec![
        "η".to_owned(),
        "loss, relative".to_owned(),
        "exactly".to_owned(),
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

impl Found {
    /// Differences and distances against η.
    pub(super) fn series(&self) -> Vec<Series> {
        let size = |p: &Pair| (p.eta, Estimate::new(p.excess.mean.abs(), p.excess.se));
        let farthest = |p: &Pair| {
            let all = p.distances.iter().copied();
            let most = all.max_by(|a, b| a.mean.total_cmp(&b.mean));
            Some((p.eta, most?))
        };
        let exact = self.pairs.iter().map(|p| (p.eta, p.exact));
        let losses = self.pairs.iter().map(size).collect();
        let distances = self.pairs.iter().filter_map(farthest).collect();
        vec![
            Series::dots(
                "regression: difference of the losses above L(Φ*)",
                4,
                losses,
            ),
            Series::dashes("exactly", 5, exact),
            Series::dots(
                "regression: distance of the farthest parameter",
                3,
                distances,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn losses_and_variances_must_come_together() {
        let verdict = |loss: f64, variance: f64, se: f64| {
            let pairs = [0.16, 0.08, 0.04, 0.02, 0.01].map(|eta| Pair {
                eta,
                excess: Estimate::new(loss + 3.0 * eta, se),
                exact: loss + 3.0 * eta,
                variances: vec![Estimate::new(variance + 2.0 * eta, se)],
                distances: Vec::new(),
            });
            let limit = limit(&pairs, |pair| pair.excess);
            judged(&pairs, limit).ruling().verdict
        };
        assert_eq!(verdict(0.0, 0.0, 1e-3), Verdict::Holds);
        assert_eq!(verdict(0.05, 0.0, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 0.05, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 0.0, 0.2), Verdict::Undecided);
    }
}
