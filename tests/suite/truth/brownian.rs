//! A flat loss: without a gradient the chain is Brownian motion (claim C10).

use super::verdict::{Comparisons, Verdict, ensure, holds_everywhere};
use etascope::compile::Problem;
use etascope::measure::Estimate;
use etascope::run::PointRecord;

/// A flat loss in three dimensions.
pub(crate) fn flat(kind: &str, dt: &str) -> String {
    format!(
        "[parameters]\nw = [1.0, -2.0, 0.5]\n[loss]\nformula = \"0 * sum(w)\"\n[noise]\nsigma = 0.7\n\
         [dynamics]\nkind = \"{kind}\"\neta = 0.3\n{dt}\n\
         [ensemble]\nchains = 131_072\nduration = {{ steps = 100 }}\nseed = 31\n[measure]\ntrace = 10\n"
    )
}

/// Every coordinate has variance ησ²t at all times, without drift or correlation. Exact for the discrete chain too.
pub(crate) fn verdict(problem: &Problem, records: &[PointRecord], dt: f64) -> Verdict {
    let (eta, sigma2) = (0.3, 0.49);
    let mut all = Comparisons::default();
    for (step, moments) in &records[0].trace {
        for (k, start) in [1.0, -2.0, 0.5].into_iter().enumerate() {
            let x = &moments[problem.outputs.parameters.start + k];
            all.add(
                format!("w[{k}] after {step}: mean"),
                x.mean_estimate(),
                start,
            );
            let variance = eta * sigma2 * dt * *step as f64;
            all.add(
                format!("w[{k}] after {step}: variance"),
                x.variance_estimate(),
                variance,
            );
        }
    }
    let comoments = records[0].covariance.as_ref().ok_or("no covariance")?;
    let covariance = comoments.covariance();
    let expected = eta * sigma2 * dt * 100.0;
    let se = expected / (comoments.count as f64).sqrt();
    for (i, j) in [(0, 1), (0, 2), (1, 2)] {
        all.add(
            format!("covariance of {i} and {j}"),
            Estimate::new(covariance[(i, j)], se),
            0.0,
        );
    }
    ensure(records[0].trace.len() == 11, || {
        format!("{} measurements", records[0].trace.len())
    })?;
    all.verdict()
}

#[test]
fn langevin_is_brownian_motion_at_its_own_time_step() {
    holds_everywhere(&flat("langevin", "dt = 0.1"), |problem, records| {
        verdict(problem, records, 0.1)
    });
}

#[test]
fn sgd_is_brownian_motion_in_time_eta_times_steps() {
    holds_everywhere(&flat("sgd", ""), |problem, records| {
        verdict(problem, records, 0.3)
    });
}
