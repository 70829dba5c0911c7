//! A compiled experiment and the questions that it answers.

use super::histograms::HistogramPlan;
use super::observe;
use super::outputs::Outputs;
use super::point::Point;
use crate::dynamics::Scale;
use crate::engine::Task;
use crate::objective::{Model, OverData};
use crate::plan::Timeline;
use crate::spec::{BurnIn, Experiment, Sampling};
use crate::theory;

/// An experiment ready to run.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The experiment it came from.
    pub experiment: Experiment,
    /// Names of the flattened parameters: `x`, `w[3]`, `W[1,2]`.
    pub names: Vec<String>,
    /// The programs and numbers that engines are given.
    pub task: Task,
    /// Number of measurements, at equal distances: over the whole run, or from the end of burn-in where the run itself
    /// decides when burn-in ends.
    pub measurements: u32,
    /// Segments and checkpoints of all points; only the start where points have a stopping rule.
    pub timeline: Timeline,
    /// The points of the sweep.
    pub points: Vec<Point>,
    /// Positions of the measured quantities among the outputs of `task.observe`.
    pub outputs: Outputs,
    /// Histograms, in the order of `task.histograms`.
    pub histograms: Vec<HistogramPlan>,
    /// The loss as a function in f64.
    pub model: Model,
    /// The scale of the noise that steps add to the gradient; `None` where they add none.
    pub scale: Option<Scale>,
    /// A strict local minimum near the start, where one was found.
    pub optimum: Option<theory::Optimum>,
    /// r_k of each flattened parameter.
    pub rates: Vec<f64>,
    /// The data sets and what is known of the loss over them, where the loss is over data.
    pub data: Option<OverData>,
}

impl Problem {
    /// Returns true when groups of chains are followed: for averages over time, superchains, and learning rates that share
    /// their noise.
    pub fn follows_groups(&self) -> bool {
        self.experiment.ensemble.follows_groups()
    }

    /// Returns true when the run looks for several basins: where it has to know that it has settled, or compares
    /// superchains.
    pub fn looks_for_basins(&self) -> bool {
        let ensemble = &self.experiment.ensemble;
        ensemble.burn_in == BurnIn::Auto || ensemble.superchains.is_some()
    }

    /// Names of the parameters that are measured one by one.
    pub fn measured(&self) -> &[String] {
        &self.names[..self.outputs.parameters.len()]
    }

    /// Index of the fine histogram of a parameter, where it has one.
    pub fn fine_histogram(&self, parameter: usize) -> Option<usize> {
        let output = self.outputs.parameters.start + parameter;
        (self.histograms.iter().zip(&self.task.histograms))
            .position(|(plan, request)| !plan.shown && request.outputs == [output])
    }

    /// The factor by which the update rule multiplies the learning rate in the limit of small ones: 1 for plain steps,
    /// 1 / (1 − β) with momentum.
    ///
    /// `None` where it depends on the gradients, and for batches in the order of an epoch, whose noise cancels to first
    /// order.
    pub fn acceleration(&self) -> Option<f64> {
        if self.task.sampling() == Some(Sampling::Shuffle) {
            return None;
        }
        let momentum = self.experiment.dynamics.optimizer.value.rule().momentum()?;
        Some(momentum.acceleration())
    }

    /// The noise rate of point `index` in its last phase: η for SGD and Langevin dynamics.
    pub fn noise_rate(&self, index: usize) -> f64 {
        let phase = self.points[index].last();
        (self.experiment.dynamics.kind.value.abilities().noise_rate)(phase.eta, phase.dt)
    }

    /// Returns true when steps pick examples: then their noise is that of the data.
    pub fn noise_is_of_examples(&self) -> bool {
        self.task.picks()
    }

    /// Standard deviation of the gradient noise of each flattened parameter; `None` where it depends on the state. For a
    /// batch of examples it is that at the optimum.
    pub fn sigma(&self) -> Option<Vec<f64>> {
        if self.noise_is_of_examples() {
            let data = self.data.as_ref()?;
            let second = &data.optimum.as_ref()?.second_moment;
            let share = observe::variance_share(&self.experiment, data.sets.training.count());
            let variances = second.diagonal();
            return Some(variances.iter().map(|c| (c * share).sqrt()).collect());
        }
        match &self.scale {
            None => Some(vec![0.0; self.names.len()]),
            Some(Scale::Constant(sigma)) => Some(sigma.clone()),
            Some(Scale::Factor(rows)) => Some(
                rows.iter()
                    .map(|row| row.iter().map(|f| f * f).sum::<f64>().sqrt())
                    .collect(),
            ),
            Some(Scale::StateDependent) => None,
        }
    }

    /// Returns true when the noise of different parameters is independent.
    pub fn noise_is_independent(&self) -> bool {
        match &self.scale {
            Some(Scale::Factor(rows)) => (rows.iter().enumerate())
                .all(|(k, row)| row.iter().enumerate().all(|(j, &f)| j == k || f == 0.0)),
            _ => true,
        }
    }
}
