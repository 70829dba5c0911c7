//! C14: isotropic noise gives a Gibbs distribution in any dimension.

use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::{Line, Plot, PlotAxis, Series};
use crate::run::Computed;
use crate::theory::{hessian, quadratic_covariance, quadratic_loss};
use nalgebra::DMatrix;

const WORDS: &str = "If the covariance of the gradient noise is isotropic, the stationary \
    distribution is a Gibbs distribution in any dimension: all parameters have the same \
    temperature";

pub(super) const CLAIM: Claim = Claim {
    id: "C14",
    title: "isotropic noise gives a Gibbs distribution",
    investigate,
};

const DIMENSIONS: [usize; 5] = [2, 8, 16, 32, 64];

/// Ensemble in one dimension d.
#[derive(Debug, Clone)]
struct Ensemble {
    dimension: usize,
    temperatures: Vec<Estimate>,
    /// Exact temperature at this time step, equal for all parameters by symmetry.
    exact: f64,
    /// p-value of the test of equal temperatures.
    p: f64,
}

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let mut ensembles = Vec::new();
    for dimension in DIMENSIONS {
        let shape = format!("{{ shape = [{dimension}], start = \"normal(0, 0.2)\" }}");
        let computed = runner.run("c14-gibbs.toml", &[("parameters.w", shape)])?;
        ensembles.push(ensemble(&computed, dimension)?);
    }
    let largest = ensembles.last().expect("there are dimensions");
    let note = "The quadratic loss couples all parameters. Temperatures E[w_k ∂L/∂w_k] are \
        compared with the exact covariance at this time step; in continuous time they are ½ησ² = \
        0.05.";
    let mean = mean(&largest.temperatures);
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(&ensembles),
            ("mean temperature at d = 64", mean, largest.exact),
            note,
        )],
        picture: Some((
            picture(&ensembles),
            "Temperature of every parameter for five dimensions d. All are ½ησ² up to the effect \
                of the time step, which is known exactly."
                .into(),
        )),
        table: None,
    })
}

fn ensemble(computed: &Computed, dimension: usize) -> Result<Ensemble, LectureError> {
    let (problem, point) = (&computed.problem, &computed.results.summary.points[0]);
    let gradient = |at: &[f64]| problem.model.gradient(at);
    let curvature = hessian(&gradient, &problem.model.start);
    let noise = DMatrix::identity(dimension, dimension);
    let covariance = quadratic_covariance(&curvature, &noise, &problem.rates, point.eta, point.dt)?;
    let p = point
        .gibbs
        .as_ref()
        .and_then(|gibbs| gibbs.equal_temperature_p);
    Ok(Ensemble {
        dimension,
        temperatures: point
            .parameters
            .iter()
            .map(|(_, p)| p.temperature)
            .collect(),
        exact: 2.0 * quadratic_loss(&curvature, &covariance) / dimension as f64,
        p: p.unwrap_or(f64::NAN),
    })
}

/// Mean of estimates from the same chains. Their errors are averaged, which is exact for full
/// correlation.
fn mean(estimates: &[Estimate]) -> Estimate {
    let n = estimates.len() as f64;
    let sum = |of: fn(&Estimate) -> f64| estimates.iter().map(of).sum::<f64>() / n;
    Estimate::new(sum(|e| e.mean), sum(|e| e.se))
}

fn criteria(ensembles: &[Ensemble]) -> Criteria {
    let mut criteria = Criteria::default();
    for ensemble in ensembles {
        let d = ensemble.dimension;
        for (k, temperature) in ensemble.temperatures.iter().enumerate() {
            criteria.equal(
                format!("the temperature of w[{k}] at d = {d}"),
                *temperature,
                ensemble.exact,
            );
        }
        criteria.not_rejected(
            format!("the test of equal temperatures at d = {d}"),
            ensemble.p,
        );
    }
    criteria
}

fn picture(ensembles: &[Ensemble]) -> String {
    let series = ensembles.iter().enumerate().map(|(i, ensemble)| {
        let d = ensemble.dimension as f64;
        // Spreads the parameters around their dimension.
        let position = |k: usize| d * (1.0 + 0.35 * ((k as f64 + 0.5) / d - 0.5));
        let points = ensemble.temperatures.iter().enumerate();
        let points = points.map(|(k, t)| (position(k), *t)).collect();
        let label = format!("d = {}", ensemble.dimension);
        Series::dots(label, [0, 2, 3, 4, 5][i % 5], points)
    });
    let exact = ensembles.iter().map(|e| (e.dimension as f64, e.exact));
    let exact = Series::dashes("exact at this time step", 6, exact);
    let plot = Plot {
        title: "One temperature for all parameters".into(),
        subtitles: vec!["each dot is a parameter with its 95 % interval; η = 0.1, Σ = I".into()],
        // Leaves space for the label on the right.
        x: PlotAxis::log("dimension d").including([120.0]),
        y: PlotAxis::linear("temperature E[w ∂L/∂w]"),
        series: series.chain([exact]).collect(),
        lines: vec![Line {
            at: 0.05,
            label: "½ησ²".into(),
            upright: false,
        }],
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn one_parameter_that_is_hotter_contradicts() {
        let verdict = |last: f64, se: f64, p: f64| {
            let ensemble = Ensemble {
                dimension: 2,
                temperatures: vec![Estimate::new(0.05, se), Estimate::new(last, se)],
                exact: 0.05,
                p,
            };
            criteria(&[ensemble]).outcome().verdict
        };
        assert_eq!(verdict(0.0503, 2e-4, 0.2), Verdict::Holds);
        assert_eq!(verdict(0.06, 2e-4, 0.2), Verdict::Contradicted);
        assert_eq!(verdict(0.0503, 2e-4, 1e-9), Verdict::Contradicted);
        assert_eq!(verdict(0.05, 1e-2, 0.2), Verdict::Undecided);
    }
}
