//! C5: the converged loss as a function of η.

use super::sweep::{Sweep, sweeps};
use crate::measure::Estimate;
use crate::program::lecture::LectureError;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::fit::polynomial;
use crate::program::lecture::runner::Runner;
use crate::report::{Plot, PlotAxis, Series};

const WORDS: &str = "For each value of η we converge at a loss L(η), and L(η) → L(Φ*) as η → 0";

pub(super) const CLAIM: Claim = Claim {
    id: "C5",
    title: "the converged loss as a function of η",
    investigate,
};

/// Learning rates from which L(0) is extrapolated: the smallest.
const SMALLEST: usize = 8;

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let sweeps = sweeps(runner)?;
    let statements = sweeps.iter().map(|sweep| {
        let samples = samples(sweep);
        let limit = limit(&samples);
        let note = format!(
            "L(0) by a parabola through the smallest η, against the least loss that Newton's method finds; L(η) against its \
             exact value; and whether each ensemble stands still. {}",
            sweep.describe()
        );
        statement(
            &format!("{WORDS} (linear regression, {})", sweep.name),
            &criteria(&samples, limit, sweep.optimum),
            ("L(η) extrapolated to η → 0", limit, sweep.optimum),
            &note,
        )
    });
    Ok(Finding {
        statements: statements.collect(),
        picture: Some((
            picture(&sweeps),
            "The converged loss above that of the optimum, against the learning rate as a share of the one at which the \
             stationary covariance ends. It vanishes with η along a straight line, and grows without bound at the end; \
             the lines are exact, not fitted."
                .into(),
        )),
        table: None,
    })
}

/// One learning rate.
#[derive(Debug, Clone, Copy)]
struct Sample {
    eta: f64,
    loss: Estimate,
    /// What theory has, where it has anything.
    exact: Option<f64>,
    /// Of the fluctuation–dissipation relation, in standard errors.
    z: Option<f64>,
}

fn samples(sweep: &Sweep) -> Vec<Sample> {
    (sweep.summary().points.iter().zip(&sweep.trusted))
        .filter(|(_, trusted)| **trusted)
        .map(|(point, _)| Sample {
            eta: point.eta,
            loss: point.loss,
            exact: point.theory.as_ref().and_then(|theory| theory.loss),
            z: point
                .stationarity
                .as_ref()
                .map(|stationarity| stationarity.z),
        })
        .collect()
}

fn limit(samples: &[Sample]) -> Estimate {
    let points = samples.iter().take(SMALLEST);
    let points: Vec<(f64, Estimate)> = points.map(|s| (s.eta, s.loss)).collect();
    let fit = polynomial(&points, 2);
    fit.map_or(Estimate::new(f64::NAN, f64::INFINITY), |all| all[0])
}

fn criteria(samples: &[Sample], limit: Estimate, optimum: f64) -> Criteria {
    let mut criteria = Criteria::default();
    // The excess at the greatest η is the natural scale: an intercept that misses by a twentieth of it is no limit.
    let greatest = samples
        .last()
        .map_or(f64::NAN, |last| last.loss.mean - optimum);
    criteria.near("L(0)", limit, optimum, [0.0, 0.05 * greatest]);
    for sample in samples {
        let at = format!("at η = {:.4}", sample.eta);
        if let Some(z) = sample.z {
            // The error of z is 1 by definition, so that there is no difference that it must be able to tell.
            let z = Estimate::new(z, 1.0);
            criteria.near(
                format!("z of stationarity {at}"),
                z,
                0.0,
                [0.0, f64::INFINITY],
            );
        }
        if let Some(exact) = sample.exact {
            criteria.near(
                format!("L {at}"),
                sample.loss,
                exact,
                [0.0, 0.2 * (exact - optimum)],
            );
        }
    }
    criteria
}

fn picture(sweeps: &[Sweep]) -> String {
    let series = sweeps.iter().enumerate().flat_map(|(i, sweep)| {
        let exact = sweep.summary().points.iter().filter_map(|point| {
            let loss = point.theory.as_ref()?.loss?;
            Some((point.eta / sweep.limit, loss - sweep.optimum))
        });
        let measured = (sweep.excess().into_iter())
            .map(|(eta, excess)| (eta / sweep.limit, excess))
            .collect();
        [
            Series::dashes(format!("exact, {}", sweep.name), 2 * i + 1, exact),
            Series::dots(format!("measured, {}", sweep.name), 2 * i, measured),
        ]
    });
    let plot = Plot {
        title: "The converged loss against the learning rate".into(),
        subtitles: vec!["linear regression, B = 1; bars: 95 % interval".into()],
        x: PlotAxis::log("η as a share of the greatest stable one"),
        y: PlotAxis::log("L(η) − L(Φ*)"),
        series: series.collect(),
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    /// A sweep whose loss is 0.25 + 0.2 η + offset.
    fn verdict(offset: f64, se: f64, z: f64) -> Verdict {
        let etas = (1..=8).map(|k| 0.02 * f64::from(k));
        let points: Vec<Sample> = etas
            .map(|eta| Sample {
                eta,
                loss: Estimate::new(0.25 + 0.2 * eta + offset, se),
                exact: Some(0.25 + 0.2 * eta),
                z: Some(z),
            })
            .collect();
        criteria(&points, limit(&points), 0.25).outcome().verdict
    }

    #[test]
    fn the_limit_the_curve_and_stationarity_count() {
        assert_eq!(verdict(0.0, 1e-5, 1.0), Verdict::Holds);
        assert_eq!(verdict(1e-3, 1e-5, 1.0), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 1e-5, 9.0), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 1e-2, 1.0), Verdict::Undecided);
    }
}
