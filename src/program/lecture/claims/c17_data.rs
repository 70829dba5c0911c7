//! C17 on data, where the noise of different parameters is correlated: temperatures are equal, but
//! the distribution is not Gibbs.

use crate::measure::Estimate;
use crate::program::lecture::claim::statement;
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::polynomial;
use crate::program::lecture::runner::Runner;
use crate::program::output::Statement;
use crate::report::Point;
use crate::report::number::plain;

const TEMPERATURES: &str = "On data (linear regression, B = 1) the learning rates η′/σ_k² give all \
    parameters the temperature ½η′ as η′ → 0";
const GIBBS: &str =
    "On data the learning rates η′/σ_k² give the Gibbs distribution exp(−2 L/η′)/Z as η′ → 0";

/// Measures both statements.
///
/// # Errors
/// A run fails.
pub(super) fn statements(runner: &mut Runner<'_>) -> Result<Vec<Statement>, LectureError> {
    let computed = runner.run("c17-data-inverse-variance.toml", &[])?;
    let points = &computed.results.summary.points;
    let hessian = (computed.problem.data.as_ref())
        .and_then(|data| data.optimum.as_ref())
        .map(|optimum| optimum.minimum.hessian.clone());
    let inverse = hessian.and_then(|hessian| hessian.try_inverse());
    let temperatures: Vec<Estimate> = (0..computed.problem.names.len())
        .map(|k| limit(points, |point| relative(point, k)))
        .collect();
    let worst = (temperatures.iter().copied())
        .max_by(|a, b| a.z_against(0.5).abs().total_cmp(&b.z_against(0.5).abs()))
        .unwrap_or(Estimate::new(f64::NAN, f64::INFINITY));
    let variances: Vec<(Estimate, f64)> = (0..computed.problem.names.len())
        .map(|k| {
            let gibbs = (inverse.as_ref()).map_or(f64::NAN, |inverse| 0.5 * inverse[(k, k)]);
            (limit(points, |point| variance(point, k)), gibbs)
        })
        .collect();
    let first = variances[0];
    Ok(vec![
        statement(
            TEMPERATURES,
            &temperatures_criteria(&temperatures),
            ("the temperature / η′ that deviates most from ½", worst, 0.5),
            "Extrapolated to η′ → 0 by a straight line.",
        ),
        statement(
            GIBBS,
            &variances_criteria(&variances, &computed.problem.names),
            ("variance of w[0] / η′", first.0, first.1),
            "Variances are compared with ½η′H⁻¹. The claim assumes independent noise, but the \
                noise of a batch is correlated, and no learning rates of single parameters (the \
                diagonal matrix D) can make DΣD a multiple of D.",
        ),
    ])
}

/// T_k / η′.
fn relative(point: &Point, k: usize) -> Estimate {
    let (_, parameter) = point
        .parameters
        .iter()
        .nth(k)
        .expect("one of the parameters");
    parameter.temperature.scaled(1.0 / point.eta)
}

/// Var Φ_k / η′.
fn variance(point: &Point, k: usize) -> Estimate {
    let (_, parameter) = point
        .parameters
        .iter()
        .nth(k)
        .expect("one of the parameters");
    parameter.variance.scaled(1.0 / point.eta)
}

fn limit(points: &[Point], of: impl Fn(&Point) -> Estimate) -> Estimate {
    let points: Vec<(f64, Estimate)> = points.iter().map(|point| (point.eta, of(point))).collect();
    let fit = polynomial(&points, 1);
    fit.map_or(Estimate::new(f64::NAN, f64::INFINITY), |all| all[0])
}

/// Bias of a straight line at η′ = 0. Temperatures and variances rise by 6 % up to η′ = 0.008; the
/// neglected quadratic term is of the order of the square of that rise.
const CURVATURE: f64 = 0.004;

fn temperatures_criteria(temperatures: &[Estimate]) -> Criteria {
    let mut criteria = Criteria::default();
    for (k, temperature) in temperatures.iter().enumerate() {
        let what = format!("the temperature of parameter {} / η′", k + 1);
        criteria.near(what, *temperature, 0.5, [CURVATURE, 0.25]);
    }
    criteria
}

fn variances_criteria(variances: &[(Estimate, f64)], names: &[String]) -> Criteria {
    let mut criteria = Criteria::default();
    for ((variance, gibbs), name) in variances.iter().zip(names) {
        let what = format!("the variance of {} / η′ (Gibbs: {})", name, plain(*gibbs));
        criteria.near(what, *variance, *gibbs, [CURVATURE * gibbs, 0.2 * gibbs]);
    }
    criteria
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn temperatures_and_variances_decide_separately() {
        let temperatures = |t: f64, se: f64| {
            let all = [Estimate::new(0.5, se), Estimate::new(t, se)];
            temperatures_criteria(&all).outcome().verdict
        };
        assert_eq!(temperatures(0.51, 0.01), Verdict::Holds);
        assert_eq!(temperatures(0.6, 0.01), Verdict::Contradicted);
        assert_eq!(temperatures(0.5, 0.1), Verdict::Undecided);
        let variance = |v: f64| {
            let names = ["w".to_owned()];
            let criteria = variances_criteria(&[(Estimate::new(v, 0.005), 0.7)], &names);
            criteria.outcome().verdict
        };
        assert_eq!(variance(0.7), Verdict::Holds);
        assert_eq!(variance(0.57), Verdict::Contradicted);
    }
}
