//! A sweep over η on a data set: where it ends, and how far standard errors can be trusted.

use crate::measure::Estimate;
use crate::program::lecture::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::Summary;
use crate::run::Computed;
use crate::theory::QuadraticExamples;
use std::rc::Rc;

/// A sweep of linear regression.
#[derive(Debug)]
pub(super) struct Sweep {
    /// In a few words, for labels.
    pub name: &'static str,
    pub computed: Rc<Computed>,
    /// The learning rate up to which a stationary covariance exists.
    pub limit: f64,
    /// The loss at the optimum.
    pub optimum: f64,
    /// For each learning rate whether standard errors of second moments can be trusted.
    pub trusted: Vec<bool>,
}

/// The sweeps that C5, C6 and C7 share.
const SWEEPS: [(&str, &str); 2] = [
    ("442 examples", "c05-converged-loss.toml"),
    ("20,190 examples, heavy tails", "c05-many-examples.toml"),
];

/// Runs both, or remembers them.
///
/// # Errors
/// A run fails, or its exact law cannot be computed.
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
        // Standard errors rest on the fourth moments, and are themselves well known if the eighth exist, which end at
        // about half the learning rate at which the fourth do: that is asked for in their place.
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

    /// How many learning rates are not judged, in a sentence.
    pub(super) fn describe(&self) -> String {
        let far = self.trusted.iter().filter(|trusted| !**trusted).count();
        let etas = self.summary().points.iter().map(|point| point.eta);
        let share = etas.fold(0.0, f64::max) / self.limit;
        format!(
            "Learning rates up to {:.0} % of {:.3}, where second moments end; at the greatest {far} the eighth moments do \
             not exist, so that errors are not known and nothing is judged.",
            100.0 * share,
            self.limit
        )
    }
}
