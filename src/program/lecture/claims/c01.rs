//! C1: gradient flow and Euler steps.

use super::flow::flow_at;
use crate::compile::Problem;
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::exponent_of_halvings;
use crate::program::lecture::runner::Runner;
use crate::report::{Plot, PlotAxis, Series};
use crate::run::Computed;
use crate::theory;

const WORDS: &str = "Steps ΔΦ = −g Δt approximate gradient flow dΦ/dt = −g: at a fixed time the \
    distance from the flow is proportional to Δt";

pub(super) const CLAIM: Claim = Claim {
    id: "C1",
    title: "gradient flow and Euler steps",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let curved = runner.run_f64("c01-euler.toml", &[])?;
    let quadratic = runner.run_f64("c01-quadratic.toml", &[])?;
    let time = curved.results.summary.points[0].time;
    let curved_errors = errors(&curved, &flow_at(&curved.problem, time)?);
    let quadratic_errors = errors(&quadratic, &exponential(&quadratic.problem, 1.0));
    let exponents = [&curved_errors, &quadratic_errors].map(|errors| measured(errors));
    let note = "Deterministic, in f64. The exponent is extrapolated to Δt → 0 (Richardson); its ± \
        is the change made by the last extrapolation. Reference solutions: an adaptive integrator \
        of order 8, and exp(−Ht)Φ₀.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(exponents),
            ("exponent of Δt", exponents[0], 1.0),
            note,
        )],
        picture: Some((
            picture(&curved_errors, &quadratic_errors, exponents),
            "Distance of Euler steps from gradient flow at a fixed time, for a loss that is not \
                quadratic and for a quadratic loss. Both follow lines of slope 1."
                .into(),
        )),
        table: None,
    })
}

/// Gradient flow exp(−Ht)Φ₀ on the quadratic loss of the problem.
fn exponential(problem: &Problem, time: f64) -> Vec<f64> {
    let gradient = |at: &[f64]| problem.model.gradient(at);
    let hessian = theory::hessian(&gradient, &problem.model.start);
    theory::quadratic_flow(&hessian, &problem.model.start, time)
}

/// Pairs of Δt and the final distance from the flow.
fn errors(computed: &Computed, flow: &[f64]) -> Vec<(f64, f64)> {
    let points = &computed.results.summary.points;
    points
        .iter()
        .map(|point| {
            let squares = point.parameters.iter().zip(flow);
            let sum: f64 = squares.map(|((_, p), flow)| (p.mean - flow).powi(2)).sum();
            (point.dt, sum.sqrt())
        })
        .collect()
}

fn measured(errors: &[(f64, f64)]) -> Estimate {
    exponent_of_halvings(errors).unwrap_or(Estimate::new(f64::NAN, f64::INFINITY))
}

fn criteria(exponents: [Estimate; 2]) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.equal(
        "the exponent for the loss that is not quadratic",
        exponents[0],
        1.0,
    );
    criteria.equal("the exponent for the quadratic loss", exponents[1], 1.0);
    criteria
}

fn picture(curved: &[(f64, f64)], quadratic: &[(f64, f64)], exponents: [Estimate; 2]) -> String {
    let line = |errors: &[(f64, f64)]| -> Vec<(f64, f64)> {
        let (dt, least) = *errors.last().expect("the experiment has time steps");
        errors.iter().map(|(x, _)| (*x, least * x / dt)).collect()
    };
    let dots = |errors: &[(f64, f64)]| -> Vec<(f64, Estimate)> {
        errors
            .iter()
            .map(|&(x, y)| (x, Estimate::exact(y)))
            .collect()
    };
    let plot = Plot {
        title: "Euler steps approach gradient flow in proportion to Δt".into(),
        subtitles: vec![format!(
            "exponents {:.5} and {:.5} (theory 1)",
            exponents[0].mean, exponents[1].mean
        )],
        x: PlotAxis::log("time step Δt"),
        y: PlotAxis::log("distance from the flow"),
        series: vec![
            Series::dashes("slope 1", 1, line(curved)),
            Series::dashes("", 1, line(quadratic)),
            Series::dots("(x² − 1)²/4 + (y − x)²/2 at time 2", 0, dots(curved)),
            Series::dots("quadratic loss at time 1", 2, dots(quadratic)),
        ],
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    fn verdict(power: f64) -> Verdict {
        let errors: Vec<(f64, f64)> = (0..6)
            .map(|k| 0.2 * 0.5_f64.powi(k))
            .map(|x| (x, x.powf(power) * (1.0 + x)))
            .collect();
        criteria([measured(&errors); 2]).outcome().verdict
    }

    #[test]
    fn first_order_holds_and_second_order_contradicts() {
        assert_eq!(verdict(1.0), Verdict::Holds);
        assert_eq!(verdict(2.0), Verdict::Contradicted);
        assert_eq!(verdict(f64::NAN), Verdict::Undecided);
    }
}
