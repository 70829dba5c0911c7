//! C9: Langevin dynamics as a model of SGD.

use super::c09_data;
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::{linear, polynomial};
use crate::program::lecture::runner::Runner;
use crate::program::lecture::separable::{along, stationary};
use crate::report::number::plain;
use crate::report::{Plot, PlotAxis, Series};
use crate::run::Computed;
use crate::theory::Gibbs1d;

const WORDS: &str = "SGD can be modeled by dΦ = −g dt + ε√dt, ε ∼ N(0, ηΣ): the stationary \
    distributions at equal η converge to each other as η → 0";

pub(super) const CLAIM: Claim = Claim {
    id: "C9",
    title: "Langevin dynamics models SGD",
    investigate,
};

/// Stationary distributions of SGD and Langevin dynamics at one learning rate.
#[derive(Debug, Clone, Copy)]
struct Pair {
    eta: f64,
    /// E L under SGD divided by the exact E L under Langevin dynamics, minus 1.
    excess: Estimate,
    /// Kolmogorov–Smirnov distance between SGD and Langevin dynamics.
    distance: Estimate,
    /// Mean loss of simulated Langevin dynamics, and its exact value at the time step used.
    langevin: (Estimate, f64),
}

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let sgd = runner.run("c09-sgd.toml", &[])?;
    let langevin = runner.run("c09-langevin.toml", &[])?;
    let pairs = (0..sgd.problem.points.len())
        .map(|i| pair(&sgd, &langevin, i))
        .collect::<Result<Vec<Pair>, LectureError>>()?;
    let limit = limit(&pairs);
    let on_data = c09_data::compare(runner)?;
    let series = on_data.series();
    let note = format!(
        "Noise of ±1 on a loss that is not quadratic, compared with the exact stationary \
            distribution of Langevin dynamics in continuous time and extrapolated to η → 0 by a \
            cubic. At η = {} the mean loss of SGD differs by {:.1} %. Simulated Langevin dynamics \
            is compared with its exact distribution at its time step.",
        plain(pairs[0].eta),
        100.0 * pairs[0].excess.mean
    );
    Ok(Finding {
        statements: vec![
            statement(
                WORDS,
                &criteria(&pairs, limit),
                ("relative difference of the mean losses, η → 0", limit, 0.0),
                &note,
            ),
            on_data.statement,
        ],
        picture: Some((
            picture(&pairs, series),
            "Distance between the stationary distributions of SGD and Langevin dynamics at equal \
                η: relative difference of the mean losses and Kolmogorov–Smirnov distance, for a \
                loss in one dimension with noise ±1 and for linear regression on data. All vanish \
                in proportion to η, down to the statistical resolution of the ensembles."
                .into(),
        )),
        table: Some(on_data.table),
    })
}

fn pair(sgd: &Computed, langevin: &Computed, i: usize) -> Result<Pair, LectureError> {
    let point = &sgd.results.summary.points[i];
    let (loss, _) = along(&sgd.problem, 0);
    let gibbs = Gibbs1d::langevin(&loss, point.eta, 0.0)?;
    let distance = point.gibbs.as_ref().and_then(|gibbs| gibbs.ks_distance);
    let chains = (sgd.results.summary.chains - point.diverged) as f64;
    let exact = stationary(&langevin.problem, i, 0)?.expectation(&loss);
    Ok(Pair {
        eta: point.eta,
        excess: point.loss.scaled(1.0 / gibbs.mean_loss()).shifted(-1.0),
        distance: Estimate::new(distance.unwrap_or(f64::NAN), 0.5 / chains.sqrt()),
        langevin: (langevin.results.summary.points[i].loss, exact),
    })
}

/// Relative difference of the mean losses as η → 0.
fn limit(pairs: &[Pair]) -> Estimate {
    let points: Vec<(f64, Estimate)> = pairs.iter().map(|p| (p.eta, p.excess)).collect();
    let fit = polynomial(&points, 3);
    fit.map_or(Estimate::new(f64::NAN, f64::INFINITY), |all| all[0])
}

/// Parabola through zero fitted to the relative differences, evaluated at each η.
fn vanishing(pairs: &[Pair]) -> Vec<(f64, f64)> {
    let rows: Vec<_> = pairs
        .iter()
        .map(|p| (vec![p.eta, p.eta * p.eta], p.excess))
        .collect();
    let Some(fit) = linear(&rows) else {
        return Vec::new();
    };
    let at = |eta: f64| fit[0].mean * eta + fit[1].mean * eta * eta;
    pairs.iter().map(|p| (p.eta, at(p.eta))).collect()
}

/// Bias at η = 0 of a cubic fit: a quartic term with coefficient of order ten, times the product of
/// the four smallest η, 2e-5.
const TRUNCATION: f64 = 2e-4;

fn criteria(pairs: &[Pair], limit: Estimate) -> Criteria {
    let mut criteria = Criteria::default();
    // If the distributions did not converge, at least half of the difference at the greatest η
    // would remain.
    let greatest = pairs
        .first()
        .map_or(f64::NAN, |pair| pair.excess.mean.abs());
    criteria.near(
        "the limit of the relative difference of the losses",
        limit,
        0.0,
        [TRUNCATION, 0.5 * greatest],
    );
    for pair in pairs {
        let what = format!("the loss of Langevin dynamics at η = {}", plain(pair.eta));
        criteria.equal(what, pair.langevin.0, pair.langevin.1);
    }
    criteria
}

fn picture(pairs: &[Pair], on_data: Vec<Series>) -> String {
    let points = |of: fn(&Pair) -> Estimate| -> Vec<(f64, Estimate)> {
        pairs.iter().map(|p| (p.eta, of(p))).collect()
    };
    let size = |p: &Pair| Estimate::new(p.excess.mean.abs(), p.excess.se);
    let mut series = vec![
        Series::dots("x²/2 + x⁴/4: difference of the losses", 0, points(size)),
        Series::dashes("fit that vanishes with η", 1, vanishing(pairs)),
        Series::dots("x²/2 + x⁴/4: KS distance", 2, points(|p| p.distance)),
    ];
    series.extend(on_data);
    let plot = Plot {
        title: "SGD and Langevin dynamics converge to each other as η → 0".into(),
        subtitles: vec![
            "relative difference of mean losses, Kolmogorov–Smirnov distance; bars: 95 % interval"
                .into(),
        ],
        x: PlotAxis::log("learning rate η"),
        y: PlotAxis::log("distance of the stationary distributions"),
        series,
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn the_difference_must_vanish_with_eta() {
        let verdict = |offset: f64, se: f64| {
            let pairs = [0.2, 0.15, 0.1, 0.05, 0.025].map(|eta| Pair {
                eta,
                excess: Estimate::new(offset + 0.5 * eta, se),
                distance: Estimate::new(0.1 * eta, se),
                langevin: (Estimate::new(1.0, 1e-3), 1.001),
            });
            criteria(&pairs, limit(&pairs)).outcome().verdict
        };
        assert_eq!(verdict(0.0, 1e-3), Verdict::Holds);
        assert_eq!(verdict(0.05, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 0.1), Verdict::Undecided);
    }
}
