//! `etascope lecture`: D. McAllester's lecture *Gradient Flow and Langevin Dynamics* (TTIC 31230, Winter 2020), claim by
//! claim. Each claim is one or more experiments of `examples/lecture/`, a verdict with its interval, and a picture.

mod claim;
mod claims;
mod fit;
mod judge;
mod laboratory;
mod rules;
mod separable;

use crate::program::cli::LectureArgs;
use crate::report::{self, Chapter, Figure, ReportError, Statement};
use crate::run;
use crate::theory::TheoryError;
use claim::Claim;
use laboratory::Laboratory;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

/// Why the lecture could not be held.
#[derive(Debug, thiserror::Error)]
pub enum LectureError {
    /// `--only` names a claim that does not exist.
    #[error("there is no claim {wanted:?}; the claims are C1 to C{last}")]
    UnknownClaim {
        /// What was asked for.
        wanted: String,
        /// The number of the last claim.
        last: usize,
    },
    /// The data sets of the experiments cannot be written where temporary files go.
    #[error("cannot write the data sets to the folder for temporary files")]
    Data(#[source] io::Error),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// An exact value does not exist.
    #[error(transparent)]
    Theory(#[from] TheoryError),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl LectureError {
    /// Whether the user's input is at fault: exit code 2 and not 1.
    pub fn is_input(&self) -> bool {
        match self {
            Self::UnknownClaim { .. } => true,
            // The experiments are part of the program: what is wrong with them is no fault of the user's.
            Self::Run(run::Error::Experiment(_)) => false,
            Self::Run(error) => error.is_input(),
            Self::Report(error) => error.is_input(),
            Self::Data(_) | Self::Theory(_) => false,
        }
    }
}

/// Runs the experiments of all claims, or of those asked for, and writes verdicts and pictures. `announce` is told each
/// claim before its experiments run.
///
/// # Errors
/// See [`LectureError`]; nothing is left behind in the folder then.
pub fn lecture(
    arguments: &LectureArgs,
    announce: &dyn Fn(&str),
) -> Result<(Vec<Chapter>, PathBuf), LectureError> {
    let chosen = chosen(&arguments.only)?;
    let default = || PathBuf::from("results").join("lecture");
    let folder = arguments.out.clone().unwrap_or_else(default);
    report::check_folder(&folder, arguments.force)?;
    let started = Instant::now();
    let mut laboratory = Laboratory::new(arguments)?;
    let mut chapters = Vec::new();
    for claim in chosen {
        announce(&format!("{}: {}", claim.id, claim.title));
        chapters.push(chapter(claim, &mut laboratory)?);
    }
    let circumstances = laboratory.circumstances(started.elapsed().as_secs_f64());
    report::write_verdicts(&folder, &chapters, &circumstances, arguments.force)?;
    Ok((chapters, folder))
}

/// The claims of these numbers in the lecture's order; all where there are none.
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

fn chapter(claim: &Claim, laboratory: &mut Laboratory<'_>) -> Result<Chapter, LectureError> {
    let finding = (claim.investigate)(laboratory)?;
    let statements = finding.statements.into_iter().map(|statement| Statement {
        claim: claim.id.to_owned(),
        ..statement
    });
    Ok(Chapter {
        claim: claim.id.to_owned(),
        title: claim.title.to_owned(),
        statements: statements.collect(),
        figure: finding.picture.map(|(svg, caption)| Figure {
            file: format!("{}.svg", claim.id.to_lowercase()),
            svg,
            caption,
        }),
        table: finding.table,
        experiments: laboratory.take_used(),
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
