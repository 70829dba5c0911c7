//! C18: RMSProp.

use super::product::Pair;
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::rules::{Rule, step_ratio, table};
use crate::program::lecture::runner::Runner;
use crate::program::output::{Statement, Table};

const FIXED: &str = "RMSProp sets η_x = η′/σ_x, which does not give a Gibbs distribution: \
    temperatures are proportional to σ";
const ADAPTIVE: &str =
    "RMSProp with running averages has the same temperatures as the fixed learning rates η′/σ_k";
const BETTER: &str =
    "Empirically RMSProp seems better than the more theoretically motivated learning rates η′/σ_k²";

pub(super) const CLAIM: Claim = Claim {
    id: "C18",
    title: "RMSProp",
    investigate,
};

/// Rules that are compared, with their experiments. The verdict compares the first two.
const RULES: [(&str, &str); 4] = [
    ("η′/σ_k", "c18-data-inverse-standard-deviation.toml"),
    ("η′/σ_k²", "c18-data-inverse-variance.toml"),
    ("one η", "c18-data-uniform.toml"),
    ("RMSProp", "c18-data-rmsprop.toml"),
];

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let fixed = Pair::measure(runner, "c18-rmsprop-rates.toml")?;
    let (ratio, exact) = fixed.ratio();
    let figure = ("T_y / T_x for σ_y = 2 σ_x", ratio, exact);
    let svg = fixed.picture(
        "Learning rates η′/σ_k do not give a Gibbs distribution",
        "product at ½η_xσ_x² and ½η_yσ_y²",
    )?;
    let caption = "Joint distribution with RMSProp's learning rates η′/σ_k, kept constant. The \
        temperatures are proportional to σ_k, so this is not a Gibbs distribution.";
    let mut statements = vec![
        statement(FIXED, &fixed.criteria(false), figure, &fixed.describe()),
        adaptive(runner)?,
    ];
    let mut tables = Vec::new();
    for scaling in &SCALINGS {
        let (better, table) = compared(runner, scaling)?;
        statements.push(better);
        tables.push(table);
    }
    Ok(Finding {
        statements,
        picture: svg.map(|svg| (svg, caption.into())),
        table: Table::below(tables),
    })
}

/// Relative deviation of the adaptive rule from fixed rates. The running mean of ĝ² is σ² + E g²
/// with E g² = h T, which changes the temperature by the share h T/σ², 0.5 % here. The fluctuations
/// of the running mean, with relative variance 1 − β₂ = 0.001, and the time step, ½ η h/σ = 0.5 %,
/// add as much.
const ADAPTIVE_TERM: f64 = 0.02;

fn adaptive(runner: &mut Runner<'_>) -> Result<Statement, LectureError> {
    let computed = runner.run("c18-adaptive.toml", &[])?;
    let point = &computed.results.summary.points[0];
    let eta = point.eta;
    let measured: Vec<Estimate> = point
        .parameters
        .iter()
        .map(|(_, p)| p.temperature)
        .collect();
    let [x, y] = [measured[0], measured[1]];
    let note = "Temperatures are compared with ½η′σ_k. The share of the mean gradient in ĝ², the \
        fluctuations of its running mean and the time step may change them by up to 2 % in total.";
    let figure = ("T_y / T_x for σ_y = 2 σ_x", y.divided_by(x), 2.0);
    Ok(statement(
        ADAPTIVE,
        &adaptive_criteria([x, y], eta),
        figure,
        note,
    ))
}

fn adaptive_criteria(temperatures: [Estimate; 2], eta: f64) -> Criteria {
    let mut criteria = Criteria::default();
    for ((name, sigma), measured) in [("x", 1.0), ("y", 2.0)].iter().zip(temperatures) {
        let exact = 0.5 * eta * sigma;
        let what = format!("the temperature of {name}");
        criteria.near(what, measured, exact, [ADAPTIVE_TERM * exact, 0.2 * exact]);
    }
    criteria
}

/// Scaling of the columns of the regression.
struct Scaling {
    words: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

const SCALINGS: [Scaling; 2] = [
    Scaling {
        words: "standardized columns",
        settings: &[],
    },
    Scaling {
        words: "columns in unequal units",
        settings: &[
            (
                "loss.formula",
                "\"0.5 * (w[0] * u[0] + 3 * w[1] * u[1] + w[2] * u[2] / 3 + b - y)^2\"",
            ),
            ("dynamics.eta", "{ from = 0.001, to = 0.032, points = 8 }"),
            ("ensemble.chains", "4096"),
            ("ensemble.duration.time", "300.0"),
            ("measure.trace", "1000"),
        ],
    },
];

fn compared(
    runner: &mut Runner<'_>,
    scaling: &Scaling,
) -> Result<(Statement, Table), LectureError> {
    let own = scaling.settings.iter();
    let settings: Vec<(&str, String)> = own.map(|(key, value)| (*key, (*value).into())).collect();
    let mut rules = Vec::new();
    for (name, file) in RULES {
        let computed = runner.run(file, &settings)?;
        rules.push(Rule::new(name, &computed.results));
    }
    let ratio = step_ratio(&rules[0], &rules[1]);
    let note = "Linear regression with one example per step: steps until 95 % of the decrease from \
        the initial to the converged loss, at learning rates that converge to the same loss. This \
        is one data set and one loss; the table compares all rules.";
    let figure = (
        "steps with η′/σ_k² / steps with η′/σ_k at equal L(η)",
        ratio,
        1.0,
    );
    let words = format!("{BETTER} ({})", scaling.words);
    let statement = statement(&words, &better_criteria(ratio), figure, note);
    Ok((statement, table(scaling.words, &rules)))
}

fn better_criteria(ratio: Estimate) -> Criteria {
    let mut criteria = Criteria::default();
    let what = "the ratio of steps with η′/σ_k² to steps with η′/σ_k";
    criteria.above(what, ratio, 1.0);
    criteria
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn fewer_steps_must_exceed_the_spread_over_levels() {
        let verdict = |mean, se| better_criteria(Estimate::new(mean, se)).outcome().verdict;
        assert_eq!(verdict(1.5, 0.1), Verdict::Holds);
        assert_eq!(verdict(0.5, 0.1), Verdict::Contradicted);
        assert_eq!(verdict(1.1, 0.1), Verdict::Undecided);
    }

    #[test]
    fn adaptive_temperatures_must_grow_with_sigma() {
        let verdict = |x: f64, y: f64, se: f64| {
            let temperatures = [Estimate::new(x, se), Estimate::new(y, se)];
            adaptive_criteria(temperatures, 0.01).outcome().verdict
        };
        assert_eq!(verdict(0.00505, 0.0101, 2e-5), Verdict::Holds);
        assert_eq!(verdict(0.005, 0.005, 2e-5), Verdict::Contradicted);
        assert_eq!(verdict(0.005, 0.01, 1e-3), Verdict::Undecided);
    }
}
