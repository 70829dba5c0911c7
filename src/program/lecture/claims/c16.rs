//! C16: individual learning rates.

use super::product::Pair;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;

const WORDS: &str =
    "With rates η_x and η_y, p(x, y) = exp(−L(x)/(αη_xσ_x²) − L(y)/(αη_yσ_y²))/Z with α = ½";

pub(super) const CLAIM: Claim = Claim {
    id: "C16",
    title: "individual learning rates",
    investigate,
};

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let pair = Pair::measure(runner, "c16-rates.toml")?;
    let (ratio, exact) = pair.ratio();
    let figure = ("T_y / T_x", ratio, exact);
    let svg = pair.picture(
        "Individual learning rates set the temperatures",
        "product at ½η_xσ_x² and ½η_yσ_y²",
    )?;
    let caption = "Joint distribution with learning rates 2η for x and η/4 for y. The temperature \
        is proportional to η_kσ_k², so the parameter with the smaller noise has the higher \
        temperature here.";
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
