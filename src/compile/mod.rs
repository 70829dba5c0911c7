//! Experiment, loss and dynamics resolved into one immutable value: what is run and what it is compared with.

mod balance;
mod data_passes;
mod data_sets;
mod model;
mod observe;
mod point;
mod polynomials;
mod rates;
mod scope;
mod step;

pub use crate::objective::ExampleModel;
pub use balance::{Balance, Together};
pub use data_passes::{DataSets, OverData};
pub use model::Model;
pub use observe::{Fdr, MEASURED, Outputs};
pub use point::Point;

use crate::dynamics::{self, Rule, Scale, Starts};
use crate::engine::{Coefficients, HistogramRequest, Task};
use crate::plan::{Layout, Timeline};
use crate::random::{NoiseLayout, Purpose, Stream};
use crate::spec::Precision;
use crate::spec::Sampling;
use crate::spec::{BurnIn, Experiment, ExperimentError, NoiseKind, Optimizer, RunLength};
use crate::theory;
use data_passes::FullLoss;
use observe::Observing;
use step::Stepping;

/// A histogram of the experiment: what its axes are called and where they lie.
#[derive(Debug, Clone)]
pub struct HistogramPlan {
    /// What each axis shows, as the user wrote it.
    pub axes: Vec<String>,
    /// The range that the user gave for each axis.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// Whether the user asked for it; the others serve quantiles and distances.
    pub shown: bool,
}

/// An experiment ready to run.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The experiment it came from.
    pub experiment: Experiment,
    /// Flattened parameters, named `x`, `w[3]`, `W[1,2]`.
    pub names: Vec<String>,
    /// What engines are given.
    pub task: Task,
    /// Measurements at equal distances on the way, or after burn-in where a run decides itself when that is over.
    pub measurements: u32,
    /// When what happens; only the start where points have an stopping_rule.
    pub timeline: Timeline,
    /// The points of the sweep.
    pub points: Vec<Point>,
    /// Which output of `task.observe` is what.
    pub outputs: Outputs,
    /// Histograms, in the order of `task.histograms`.
    pub histograms: Vec<HistogramPlan>,
    /// The loss as mathematics.
    pub model: Model,
    /// A strict local minimum near the start, where one was found.
    pub optimum: Option<theory::Optimum>,
    /// r_k of each flattened parameter.
    pub rates: Vec<f64>,
    /// What is known of the data set, where the loss is over one.
    pub data: Option<OverData>,
}

/// Bins of the histograms from which quantiles and distances come: an error of a 4096th of the range at most.
const FINE_BINS: u32 = 4096;

/// Parameters that get such a histogram at most.
const FINE_PARAMETERS: usize = 16;

impl Problem {
    /// Resolves an experiment.
    ///
    /// # Errors
    /// A formula that does not parse, has a wrong shape or names what does not exist; a data set that cannot be read.
    pub fn new(experiment: Experiment) -> Result<Self, ExperimentError> {
        Self::stored(experiment, Precision::F32)
    }

    /// Resolves an experiment whose chains are held in a way of their own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn stored(experiment: Experiment, precision: Precision) -> Result<Self, ExperimentError> {
        let sets = data_sets::load(&experiment)?;
        Self::over(experiment, sets, precision)
    }

    /// As [`Self::stored`] with other random numbers, but with the same examples held out.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn reseeded(
        mut experiment: Experiment,
        seed: u64,
        precision: Precision,
    ) -> Result<Self, ExperimentError> {
        let sets = data_sets::load(&experiment)?;
        experiment.ensemble.seed = seed;
        Self::over(experiment, sets, precision)
    }

    /// Resolves an experiment whose data set is already in memory.
    ///
    /// # Errors
    /// As [`Self::new`], and a noise or rates that need an optimum where none was found.
    pub fn over(
        experiment: Experiment,
        sets: Option<DataSets>,
        precision: Precision,
    ) -> Result<Self, ExperimentError> {
        let start = beginning(&experiment);
        let full = match sets {
            None => FullLoss::formula(),
            Some(sets) => FullLoss::over(&experiment, sets, &start.candidates())?,
        };
        let rates = rates::rates(&experiment, full.data())?;
        let scale = rates::scale(&experiment, full.data())?;
        let rule = Rule {
            kind: experiment.dynamics.kind.value,
            optimizer: experiment.dynamics.optimizer.value,
            scale: scale.as_ref(),
            rates: &rates,
        };
        let stepping = step::stepping(&experiment, &full, &rule, precision)?;
        let model = model::model(&experiment, &full, scale.clone(), start.center.clone())?;
        let optimum = optimum(&full, &model);
        let reference = optimum
            .as_ref()
            .map(|optimum| optimum.parameters.as_slice());
        let observing = observe::observing(&experiment, &full, &rule, reference)?;
        let data_passes = full.data_passes(&experiment)?;
        let points = point::points(&experiment);
        let coefficients = coefficients(&points, &rule);
        let (histograms, requests) = histograms(&experiment, &observing);
        let noise = experiment.noise.kind;
        let (addresses, purpose) = addresses(noise, &stepping);
        let seed = experiment.ensemble.seed;
        let task = Task {
            parameters: experiment.dimension(),
            state: stepping.state,
            precision,
            step: stepping.program,
            batch: stepping.batch,
            observe: observing.program,
            data_passes,
            first_parameter: observing.outputs.parameters.start,
            checked: observing.outputs.checked(),
            draws: stepping.draws,
            noise,
            addresses,
            stream: Stream::new(seed, purpose),
            start: start.starts,
            bound: experiment.ensemble.bound,
            layout: layout(&experiment, points.len()),
            common_noise: experiment.ensemble.common_noise,
            coefficients,
            histograms: requests,
        };
        let measurements = (experiment.measure.trace)
            .unwrap_or_else(|| point::affordable_measurements(&task, &points));
        Ok(Self {
            names: model::names(&experiment),
            task,
            measurements,
            timeline: timeline(&experiment, &points, measurements),
            points,
            outputs: observing.outputs,
            histograms,
            model,
            optimum,
            rates,
            data: full.into_data(),
            experiment,
        })
    }

    /// Whether groups of chains are followed: for averages over time, superchains, and learning rates that share their noise.
    pub fn follows_groups(&self) -> bool {
        wants_groups(&self.experiment)
    }

    /// Whether it is looked for several basins: where the run has to know that it has settled, or superchains are compared.
    pub fn looks_for_basins(&self) -> bool {
        let ensemble = &self.experiment.ensemble;
        ensemble.burn_in == BurnIn::Auto || ensemble.superchains.is_some()
    }

    /// Names of the parameters that are measured one by one.
    pub fn measured(&self) -> &[String] {
        &self.names[..self.outputs.parameters.len()]
    }

    /// Which histogram is the fine one of a parameter.
    pub fn fine_histogram(&self, parameter: usize) -> Option<usize> {
        let output = self.outputs.parameters.start + parameter;
        (self.histograms.iter().zip(&self.task.histograms))
            .position(|(plan, request)| !plan.shown && request.outputs == [output])
    }

    /// By what the update rule multiplies the learning rate in the limit of small ones: 1 for plain steps, 1 / (1 − β)
    /// with momentum; `None` where that depends on the gradients, and for batches in the order of an epoch, whose noise
    /// cancels to first order.
    pub fn acceleration(&self) -> Option<f64> {
        if self.task.sampling() == Some(Sampling::Shuffle) {
            return None;
        }
        match self.experiment.dynamics.optimizer.value {
            Optimizer::Sgd => Some(1.0),
            Optimizer::Momentum { beta, .. } => Some(1.0 / (1.0 - beta)),
            Optimizer::RmsProp { .. } | Optimizer::Adam { .. } => None,
        }
    }

    /// Whether steps pick examples: then their noise is that of the data.
    pub fn noise_is_of_examples(&self) -> bool {
        self.task.picks()
    }

    /// Standard deviation of the gradient noise of each flattened parameter, where it does not depend on the state; of a
    /// batch of examples, that at the optimum.
    pub fn sigma(&self) -> Option<Vec<f64>> {
        if self.noise_is_of_examples() {
            let data = self.data.as_ref()?;
            let second = &data.optimum.as_ref()?.second_moment;
            let share = observe::share(&self.experiment, data.sets.training.count());
            return Some(
                second
                    .diagonal()
                    .iter()
                    .map(|c| (c * share).sqrt())
                    .collect(),
            );
        }
        match &self.model.scale {
            None => Some(vec![0.0; self.names.len()]),
            Some(Scale::Constant(sigma)) => Some(sigma.clone()),
            Some(Scale::Factor(rows)) => Some(
                rows.iter()
                    .map(|row| row.iter().map(|f| f * f).sum::<f64>().sqrt())
                    .collect(),
            ),
            Some(Scale::State(_)) => None,
        }
    }

    /// Whether the noise of different parameters is independent.
    pub fn noise_is_independent(&self) -> bool {
        match &self.model.scale {
            Some(Scale::Factor(rows)) => (rows.iter().enumerate())
                .all(|(k, row)| row.iter().enumerate().all(|(j, &f)| j == k || f == 0.0)),
            _ => true,
        }
    }
}

/// A strict local minimum near the start, where Newton's method finds one.
fn optimum(full: &FullLoss, model: &Model) -> Option<theory::Optimum> {
    if let Some(data) = full.data() {
        return data.optimum.as_ref().map(|found| found.minimum.clone());
    }
    if model.start.len() > data_passes::OPTIMUM_LIMIT {
        return None;
    }
    // From a stationary point that is no minimum, such as the top between two wells, a small push leads on.
    let pushed: Vec<f64> = model.start.iter().map(|x| x + 0.1).collect();
    [&model.start, &pushed].into_iter().find_map(|start| {
        let found = theory::find_optimum(|x| model.loss(x), |x| model.gradient(x), start).ok()?;
        found.is_strict_minimum().then_some(found)
    })
}

/// Where the random numbers of a step lie: draws of noise, words of picks, or epochs.
fn addresses(noise: NoiseKind, stepping: &Stepping) -> (NoiseLayout, Purpose) {
    match &stepping.batch {
        Some(batch) if batch.sampling == Sampling::WithReplacement => {
            (NoiseLayout::of_words(batch.size), Purpose::Pick)
        }
        // An epoch's order is addressed by the epoch, and no step shares anything with the next.
        Some(batch) if batch.sampling == Sampling::Shuffle => {
            (NoiseLayout::of_words(4), Purpose::Shuffle)
        }
        _ => (
            NoiseLayout::new(noise, stepping.draws.max(1)),
            Purpose::Noise,
        ),
    }
}

/// Learning rates and amplitudes of every point in every stretch of the schedule.
fn coefficients(points: &[Point], rule: &Rule<'_>) -> Vec<Vec<Coefficients>> {
    (points.iter())
        .map(|point| {
            (point.phases.iter())
                .map(|&(eta, delta)| Coefficients {
                    step: dynamics::coefficients(rule, eta, delta),
                    observe: vec![delta, eta],
                })
                .collect()
        })
        .collect()
}

/// Blocks into which an ensemble is cut at least where they have to serve as independent groups.
const GROUPS: u64 = 64;

/// Chains of a superchain from which on blocks keep to it: fewer would leave many places empty.
const LEAST_SUPERCHAIN: u64 = 1024;

fn layout(experiment: &Experiment, points: usize) -> Layout {
    let ensemble = &experiment.ensemble;
    if !wants_groups(experiment) {
        return Layout::new(ensemble.chains, points);
    }
    let together = (ensemble.superchains).map_or(ensemble.chains, |count| ensemble.chains / count);
    let group = if together < LEAST_SUPERCHAIN {
        ensemble.chains
    } else {
        together
    };
    Layout::grouped(ensemble.chains, points, group, GROUPS)
}

/// Whether groups of chains are followed: for averages over time, superchains, and learning rates that share their noise.
fn wants_groups(experiment: &Experiment) -> bool {
    let ensemble = &experiment.ensemble;
    ensemble.is_adaptive()
        || ensemble.superchains.is_some()
        || ensemble.common_noise
        || ensemble.burn_in != BurnIn::Fixed(RunLength::Steps(0))
}

fn timeline(experiment: &Experiment, points: &[Point], measurements: u32) -> Timeline {
    if points.iter().any(|point| point.stopping_rule.is_some()) {
        return Timeline::start(points.len());
    }
    let steps: Vec<u64> = points.iter().map(|point| point.steps).collect();
    let schedule = &experiment.dynamics.schedule;
    let changes: Vec<f64> = schedule.iter().map(|change| change.at).collect();
    let burned: Vec<f64> = (points.iter())
        .map(|point| point.burn_in as f64 / point.steps as f64)
        .filter(|&fraction| fraction > 0.0)
        .take(1)
        .collect();
    Timeline::new(&steps, measurements, &burned, &changes)
}

/// Where chains begin.
struct Beginning {
    starts: Starts,
    /// The mean of the start.
    center: Vec<f64>,
}

impl Beginning {
    /// Where the search for an optimum may begin: at the centre, and, should that be a saddle, where chains are.
    fn candidates(&self) -> Vec<Vec<f64>> {
        let size = self.center.len();
        let chain = |number| (0..size).map(|k| self.starts.value(k, number)).collect();
        vec![self.center.clone(), chain(0), chain(1), chain(2)]
    }
}

fn beginning(experiment: &Experiment) -> Beginning {
    let ensemble = &experiment.ensemble;
    let chains_per_start = ensemble
        .superchains
        .map_or(1, |count| ensemble.chains / count);
    let parameters = (experiment.parameters.iter())
        .map(|parameter| (parameter.start.clone(), parameter.shape.len()))
        .collect();
    let starts = Starts::new(parameters, chains_per_start, ensemble.seed);
    Beginning {
        center: starts.center(),
        starts,
    }
}

/// The histograms that the user asked for, then fine ones of the first parameters.
fn histograms(
    experiment: &Experiment,
    observing: &Observing,
) -> (Vec<HistogramPlan>, Vec<HistogramRequest>) {
    let asked = (experiment
        .measure
        .histograms
        .iter()
        .zip(&observing.histograms))
    .map(|(histogram, outputs)| {
        let plan = HistogramPlan {
            axes: histogram
                .axes
                .iter()
                .map(|axis| axis.of.text.trim().to_owned())
                .collect(),
            ranges: histogram.axes.iter().map(|axis| axis.range).collect(),
            shown: true,
        };
        let request = HistogramRequest {
            outputs: outputs.clone(),
            bins: vec![histogram.bins; outputs.len()],
        };
        (plan, request)
    });
    let fine = (model::names(experiment)
        .into_iter()
        .zip(observing.outputs.parameters.clone()))
    .take(FINE_PARAMETERS)
    .map(|(name, output)| {
        let plan = HistogramPlan {
            axes: vec![name],
            ranges: vec![None],
            shown: false,
        };
        let request = HistogramRequest {
            outputs: vec![output],
            bins: vec![FINE_BINS],
        };
        (plan, request)
    });
    asked.chain(fine).unzip()
}
