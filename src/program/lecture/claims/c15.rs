//! C15: two temperatures.

use super::product::Pair;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;

const WORDS: &str = "Independent x and y with σ_x ≠ σ_y have p(x, y) = exp(−β_x L(x) − β_y \
    L(y))/Z: two temperatures, which is not a Gibbs distribution";

pub(super) const CLAIM: Claim = Claim {
    id: "C15",
    title: "two temperatures",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let pair = Pair::measure(runner, "c15-two-temperatures.toml")?;
    let (ratio, exact) = pair.ratio();
    let figure = ("T_y / T_x", ratio, exact);
    let svg = pair.picture(
        "Two temperatures: not a Gibbs distribution",
        "product at ½ησ_x² and ½ησ_y²",
    )?;
    let caption = "Joint distribution of two parameters whose gradients have noise of different \
        standard deviations. It is the product of two Gibbs distributions at two temperatures, and \
        not a Gibbs distribution at any single temperature.";
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &pair.criteria(false),
            figure,
            &pair.describe(),
        )],
        picture: svg.map(|svg| (svg, caption.into())),
        table: None,
    })
}
