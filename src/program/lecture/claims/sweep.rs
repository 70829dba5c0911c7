//! Sweep over η on a data set, with its stability limit and the range of valid standard errors.

use crate::measure::Estimate;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::Summary;
use crate::run::Computed;
use crate::theory::QuadraticExamples;
use std::rc::Rc;

/// A sweep of linear regression.
#[derive(Debug)]
pub(super) struct Sweep {
    /// Label of the sweep.
    pub name: &'static str,
    pub computed: Rc<Computed>,
    /// Learning rate up to which a stationary covariance exists.
    pub limit: f64,
    /// Loss at the optimum.
    pub optimum: f64,
    /// True for each learning rate at which standard errors of second moments are valid.
    pub trusted: Vec<bool>,
}

/// Sweeps that C5, C6 and C7 share.
const SWEEPS: [(&str, &str); 2] = [
    ("442 examples", "c05-converged-loss.toml"),
    ("20,190 examples, heavy tails", "c05-many-examples.toml"),
];

/// Results of both sweeps.
///
/// # Errors
/// A run fails, or an exact value cannot be computed.
pub(super) fn sweeps(runner: &mut Runner<'_>) -> Result<Vec<Sweep>, LectureError> {
    (SWEEPS.iter())
        .map(|&(name, file)| Sweep::new(name, runner.run(file, &[])?))
        .collect()
}

impl Sweep {
    fn new(name: &'static str, computed: Rc<Computed>) -> Result<Self, LectureError> {
        let problem = &computed.problem;
        let data = problem.data.as_ref();
        let examples = &data.expect("the sweeps are over data").examples;
        let exact = QuadraticExamples::new(examples)?;
        let batch = problem.experiment.dynamics.batch.value as usize;
        // Standard errors of second moments need fourth moments, and are themselves accurate only
        // if eighth moments exist. Those end at about half the learning rate at which the fourth
        // moments end, so the fourth moment at 2η stands in for the eighth at η.
        let trusts = |eta: f64| exact.fourth_moment_exists(2.0 * eta, &problem.rates, batch);
        Ok(Self {
            name,
            limit: exact.mean_square_limit(&problem.rates, batch)?,
            optimum: exact.least_loss(),
            trusted: (problem.points.iter())
                .map(|point| trusts(point.eta) == Some(true))
                .collect(),
            computed,
        })
    }

    pub(super) fn summary(&self) -> &Summary {
        &self.computed.results.summary
    }

    /// L(η) − L(Φ*) at each learning rate.
    pub(super) fn excess(&self) -> Vec<(f64, Estimate)> {
        let points = self.summary().points.iter();
        points
            .map(|point| (point.eta, point.loss.shifted(-self.optimum)))
            .collect()
    }

    /// Sentence with the range of learning rates and the number that is excluded from the verdict.
    pub(super) fn describe(&self) -> String {
        let far = self.trusted.iter().filter(|trusted| !**trusted).count();
        let etas = self.summary().points.iter().map(|point| point.eta);
        let share = etas.fold(0.0, f64::max) / self.limit;
        format!(
            "Learning rates extend to {:.0} % of {:.3}, the limit up to which second moments exist. \
             The {far} largest are excluded: eighth moments do not exist there, so standard errors \
             are unreliable.",
            100.0 * share,
            self.limit
        )
    }
}
