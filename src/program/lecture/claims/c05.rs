//! C5: the converged loss as a function of η.

use super::sweep::{Sweep, sweeps};
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::polynomial;
use crate::program::lecture::runner::Runner;
use crate::report::{Plot, PlotAxis, Series};

const WORDS: &str = "For each value of η SGD converges to a loss L(η), and L(η) → L(Φ*) as η → 0";

pub(super) const CLAIM: Claim = Claim {
    id: "C5",
    title: "the converged loss as a function of η",
    investigate,
};

/// Number of the smallest learning rates from which L(0) is extrapolated.
const SMALLEST: usize = 8;

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let sweeps = sweeps(runner)?;
    let statements = sweeps.iter().map(|sweep| {
        let samples = samples(sweep);
        let limit = limit(&samples);
        let note = format!(
            "L(0) is extrapolated by a parabola through the smallest η and compared with the \
                minimum that Newton's method finds. L(η) is compared with its exact value, and \
                each ensemble is tested for stationarity. {}",
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
            "Excess of the converged loss over the optimum against the learning rate, as a \
                fraction of the rate at which the stationary covariance ceases to exist. The \
                excess is proportional to η for small η and diverges at the limit. The lines are \
                exact, not fitted."
                .into(),
        )),
        table: None,
    })
}

/// Measurement at one learning rate.
#[derive(Debug, Clone, Copy)]
struct Sample {
    eta: f64,
    loss: Estimate,
    /// L(η) from exact second moments, if it exists.
    exact: Option<f64>,
    /// Deviation from the fluctuation–dissipation relation, in standard errors.
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
    // The excess loss at the greatest η sets the scale: an error of a twentieth of it in L(0) must
    // be detectable.
    let greatest = samples
        .last()
        .map_or(f64::NAN, |last| last.loss.mean - optimum);
    criteria.near("L(0)", limit, optimum, [0.0, 0.05 * greatest]);
    for sample in samples {
        let at = format!("at η = {:.4}", sample.eta);
        if let Some(z) = sample.z {
            // z has unit error by definition, so no smallest detectable difference applies.
            let z = Estimate::new(z, 1.0);
            criteria.near(
                format!("the z of the stationarity test {at}"),
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
        title: "Converged loss against learning rate".into(),
        subtitles: vec!["linear regression, B = 1; bars: 95 % interval".into()],
        x: PlotAxis::log("η as a fraction of the stability limit"),
        y: PlotAxis::log("L(η) − L(Φ*)"),
        series: series.collect(),
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    /// Sweep with loss 0.25 + 0.2 η + `offset`.
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
    fn limit_curve_and_stationarity_decide() {
        assert_eq!(verdict(0.0, 1e-5, 1.0), Verdict::Holds);
        assert_eq!(verdict(1e-3, 1e-5, 1.0), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 1e-5, 9.0), Verdict::Contradicted);
        assert_eq!(verdict(0.0, 1e-2, 1.0), Verdict::Undecided);
    }
}
