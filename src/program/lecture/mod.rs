//! `etascope lecture` tests each claim of D. McAllester's lecture *Gradient Flow and Langevin
//! Dynamics* (TTIC 31230, Winter 2020) against measurements. Each claim has one or more experiments
//! in `examples/lecture/`, verdicts with intervals, and a picture.

mod claim;
mod claims;
mod criteria;
mod error;
mod fit;
mod rules;
mod runner;
mod separable;

use crate::program::cli::LectureArgs;
use crate::program::output;
use crate::program::output::{Figure, Section, Statement};
use crate::report::{self};
use claim::Claim;
pub use error::LectureError;
use runner::Runner;
use std::path::PathBuf;
use std::time::Instant;

/// Runs the experiments of the chosen claims and writes verdicts and pictures. Calls `announce`
/// before each claim.
///
/// # Errors
/// See [`LectureError`]. The output folder is left unchanged.
pub fn lecture(
    arguments: &LectureArgs,
    announce: &dyn Fn(&str),
) -> Result<(Vec<Section>, PathBuf), LectureError> {
    let chosen = chosen(&arguments.only)?;
    let default = || PathBuf::from("results").join("lecture");
    let folder = arguments.output.out.clone().unwrap_or_else(default);
    report::check_folder(&folder, arguments.output.force)?;
    let started = Instant::now();
    let mut runner = Runner::new(arguments)?;
    let mut sections = Vec::new();
    for claim in chosen {
        announce(&format!("{}: {}", claim.id, claim.title));
        sections.push(section(claim, &mut runner)?);
    }
    let provenance = runner.provenance(started.elapsed().as_secs_f64());
    output::write_verdicts(&folder, &sections, &provenance, arguments.output.force)?;
    Ok((sections, folder))
}

/// Claims with the given numbers in the lecture's order. All claims if `only` is empty.
fn chosen(only: &[String]) -> Result<Vec<&'static Claim>, LectureError> {
    for wanted in only {
        let known = claims::ALL
            .iter()
            .any(|claim| claim.id.eq_ignore_ascii_case(wanted.trim()));
        if !known {
            return Err(LectureError::UnknownClaim {
                wanted: wanted.clone(),
                last: claims::ALL.len(),
            });
        }
    }
    let wanted = |claim: &&Claim| {
        let mut only = only.iter();
        only.len() == 0 || only.any(|wanted| claim.id.eq_ignore_ascii_case(wanted.trim()))
    };
    Ok(claims::ALL.iter().filter(wanted).collect())
}

fn section(claim: &Claim, runner: &mut Runner<'_>) -> Result<Section, LectureError> {
    let finding = (claim.investigate)(runner)?;
    let statements = finding.statements.into_iter().map(|statement| Statement {
        claim: claim.id.to_owned(),
        ..statement
    });
    Ok(Section {
        claim: claim.id.to_owned(),
        title: claim.title.to_owned(),
        statements: statements.collect(),
        figure: finding.picture.map(|(svg, caption)| Figure {
            file: format!("{}.svg", claim.id.to_lowercase()),
            svg,
            caption,
        }),
        table: finding.table,
        experiments: runner.take_experiments(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_numbered_in_order_and_chosen_by_number() {
        for (i, claim) in claims::ALL.iter().enumerate() {
            assert_eq!(claim.id, format!("C{}", i + 1));
        }
        let ids = |only: &[&str]| -> Vec<&str> {
            let only: Vec<String> = only.iter().map(|&id| id.into()).collect();
            chosen(&only)
                .unwrap()
                .iter()
                .map(|claim| claim.id)
                .collect()
        };
        assert_eq!(ids(&[]).len(), 18);
        assert_eq!(ids(&["c13", " C6"]), ["C6", "C13"]);
        let error = chosen(&["C19".into()]).unwrap_err();
        assert!(error.is_input() && error.to_string().contains("C1 to C18"));
    }
}
