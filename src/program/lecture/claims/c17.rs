//! C17: learning rates η′/σ_k² restore the Gibbs distribution.

use super::c17_data;
use super::product::Pair;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;

const WORDS: &str = "Setting η_x = η′/σ_x² and η_y = η′/σ_y² gives the Gibbs distribution p(x, y) = exp(−L(x, \
        y)/(αη′))/Z";

pub(super) const CLAIM: Claim = Claim {
    id: "C17",
    title: "learning rates η′/σ_k² restore the Gibbs distribution",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let pair = Pair::measure(runner, "c17-inverse-variance.toml")?;
    let (ratio, exact) = pair.ratio();
    let figure = ("T_y / T_x", ratio, exact);
    let svg = pair.picture(
        "Learning rates η′/σ_k² restore the Gibbs distribution",
        "product at ½η_xσ_x² and ½η_yσ_y²",
    )?;
    let caption = "Joint distribution with learning rates in inverse proportion to the variance of \
        the noise. The product of the two Gibbs distributions equals the Gibbs distribution of the \
        whole loss.";
    let mut statements = vec![statement(
        WORDS,
        &pair.criteria(true),
        figure,
        &pair.describe(),
    )];
    statements.extend(c17_data::statements(runner)?);
    Ok(Finding {
        statements,
        picture: svg.map(|svg| (svg, caption.into())),
        table: None,
    })
}
