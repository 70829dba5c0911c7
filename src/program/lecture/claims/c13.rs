//! C13: the stationary distribution in one dimension, and its α.

use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement, undecided};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::program::lecture::separable::gibbs_density;
use crate::report::number::{p_relation, plus_minus, significant};
use crate::report::{AlphaMark, alpha};
use crate::run::Computed;

const FORM: &str = "In one dimension p(x) = exp(−L(x)/(α η σ²))/Z, a Gibbs distribution";
const VALUE: &str = "In p(x) = exp(−L(x)/(α η σ²))/Z the constant is α ≈ 1/10";

pub(super) const CLAIM: Claim = Claim {
    id: "C13",
    title: "the stationary distribution in one dimension",
    investigate,
};

/// α according to the lecture.
const LECTURE: f64 = 0.1;
/// α according to the Fokker–Planck equation.
const THEORY: f64 = 0.5;

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let computed = runner.run("c13-gibbs.toml", &[])?;
    let point = &computed.results.summary.points[0];
    let gibbs = point.gibbs.as_ref();
    let fitted = gibbs.and_then(|gibbs| gibbs.alpha);
    let (Some(fitted), Some(discrete)) = (fitted, point.discretized) else {
        return Ok(Finding {
            statements: vec![undecided(FORM, "α could not be fitted.".into())],
            ..Finding::default()
        });
    };
    let form = format!(
        "Compared with the exact distribution of the chain at this time step, which has α = {}; \
            the Kolmogorov–Smirnov test against it has p {}. In continuous time the Fokker–Planck \
            equation of dx = −L′dt + √η σ dW gives α = ½.",
        significant(discrete.alpha, 5),
        p_relation(discrete.ks_p)
    );
    let value = format!(
        "The fitted α is {} standard errors from 1/10. The lecture's own stochastic differential \
            equation gives α = ½.",
        significant(fitted.z_against(LECTURE), 3)
    );
    Ok(Finding {
        statements: vec![
            statement(
                FORM,
                &form_criteria(fitted, discrete.alpha, discrete.ks_p),
                ("fitted α", fitted, discrete.alpha),
                &form,
            ),
            statement(
                VALUE,
                &value_criteria(fitted),
                ("fitted α", fitted, LECTURE),
                &value,
            ),
        ],
        picture: picture(&computed, fitted)?,
        table: None,
    })
}

fn form_criteria(fitted: Estimate, discrete: f64, ks_p: f64) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.equal("α", fitted, discrete);
    criteria.not_rejected(
        "the Kolmogorov–Smirnov test against the exact distribution",
        ks_p,
    );
    criteria
}

/// Reads "≈" generously: any α from 0 to 1/5.
fn value_criteria(fitted: Estimate) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.near("α", fitted, LECTURE, [LECTURE, 2.0 * LECTURE]);
    criteria
}

fn picture(
    computed: &Computed,
    fitted: Estimate,
) -> Result<Option<(String, String)>, LectureError> {
    let Some(histogram) = computed.results.histograms.first() else {
        return Ok(None);
    };
    let problem = &computed.problem;
    let eta = problem.points[0].eta;
    let mark = |value: f64, label: &str| -> Result<AlphaMark, LectureError> {
        Ok(AlphaMark {
            alpha: value,
            label: label.into(),
            density: gibbs_density(problem, histogram, value * eta)?,
        })
    };
    let marks = [
        mark(THEORY, "theory, α = ½")?,
        mark(LECTURE, "lecture, α = 1/10")?,
    ];
    let subtitle = format!(
        "Langevin dynamics in (x² − 1)²/4, η = 0.1: fitted α = {}",
        plus_minus(fitted)
    );
    let svg = alpha(
        "The stationary distribution in one dimension".into(),
        vec![subtitle],
        histogram,
        fitted,
        &marks,
    );
    let caption = "Histogram of the chains with the Gibbs densities for α = ½ and α = 1/10; below \
        it the fitted α with its 95 % interval. The chains follow the density with α = ½.";
    Ok(Some((svg, caption.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn a_half_is_not_a_tenth() {
        let alpha = Estimate::new(0.501, 0.001);
        assert_eq!(
            value_criteria(alpha).outcome().verdict,
            Verdict::Contradicted
        );
        assert_eq!(
            value_criteria(Estimate::new(0.12, 0.01)).outcome().verdict,
            Verdict::Holds
        );
        assert_eq!(
            value_criteria(Estimate::new(0.5, 0.1)).outcome().verdict,
            Verdict::Undecided
        );
        assert_eq!(
            form_criteria(alpha, 0.502, 0.3).outcome().verdict,
            Verdict::Holds
        );
        assert_eq!(
            form_criteria(alpha, 0.51, 0.3).outcome().verdict,
            Verdict::Contradicted
        );
        assert_eq!(
            form_criteria(alpha, 0.502, 1e-9).outcome().verdict,
            Verdict::Contradicted
        );
    }
}
