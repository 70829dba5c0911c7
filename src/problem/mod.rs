//! Experiment, loss and dynamics resolved into one immutable value: what is run and what it is compared with.

mod balance;
mod data_sets;
mod example_model;
mod full;
mod model;
mod observing;
mod point;
mod quadratic;
mod rates;
mod scope;
mod stepping;

pub use balance::{Balance, Together};
pub use example_model::ExampleModel;
pub use full::{DataSets, OverData};
pub use model::Model;
pub use observing::{Fdr, MEASURED, Outputs};
pub use point::Point;

use crate::dynamics::{self, Kind, Law, Optimizer, Rule, Scale, Start};
use crate::engine::{Coefficients, HistogramRequest, Order, Storage, Task};
use crate::experiment::{
    self, BurnIn, DynamicsKind, Experiment, ExperimentError, NoiseKind, RunLength,
};
use crate::plan::{Layout, Timeline};
use crate::random::{self, NoiseLayout, NormalTransform, Purpose, Stream};
use crate::theory;
use full::FullLoss;
use observing::Observing;
use stepping::Stepping;

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
    /// When what happens; only the start where points have an aim.
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
        Self::stored(experiment, Storage::Float)
    }

    /// Resolves an experiment whose chains are held in a way of their own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn stored(experiment: Experiment, storage: Storage) -> Result<Self, ExperimentError> {
        let sets = data_sets::load(&experiment)?;
        Self::over(experiment, sets, storage)
    }

    /// As [`Self::stored`] with other random numbers, but with the same examples held out.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn reseeded(
        mut experiment: Experiment,
        seed: u64,
        storage: Storage,
    ) -> Result<Self, ExperimentError> {
        let sets = data_sets::load(&experiment)?;
        experiment.ensemble.seed = seed;
        Self::over(experiment, sets, storage)
    }

    /// Resolves an experiment whose data set is already in memory.
    ///
    /// # Errors
    /// As [`Self::new`], and a noise or rates that need an optimum where none was found.
    pub fn over(
        experiment: Experiment,
        sets: Option<DataSets>,
        storage: Storage,
    ) -> Result<Self, ExperimentError> {
        let start = beginning(&experiment);
        let full = match sets {
            None => FullLoss::formula(),
            Some(sets) => FullLoss::over(&experiment, sets, &start.candidates())?,
        };
        let rates = rates::rates(&experiment, full.data())?;
        let scale = rates::scale(&experiment, full.data())?;
        let rule = Rule {
            kind: kind(experiment.dynamics.kind.value),
            optimizer: optimizer(&experiment),
            scale: scale.as_ref(),
            rates: &rates,
        };
        let stepping = stepping::stepping(&experiment, &full, &rule, storage)?;
        let model = model::model(&experiment, &full, scale.clone(), start.centre.clone())?;
        let optimum = optimum(&full, &model);
        let reference = optimum
            .as_ref()
            .map(|optimum| optimum.parameters.as_slice());
        let observing = observing::observing(&experiment, &full, &rule, reference)?;
        let surveys = full.surveys(&experiment)?;
        let points = point::points(&experiment);
        let coefficients = coefficients(&points, &rule);
        let (histograms, requests) = histograms(&experiment, &observing);
        let noise = noise(&experiment);
        let (addresses, purpose) = addresses(noise, &stepping);
        let seed = experiment.ensemble.seed;
        let task = Task {
            parameters: experiment.dimension(),
            state: stepping.state,
            storage,
            step: stepping.program,
            batch: stepping.batch,
            observe: observing.program,
            surveys,
            first_parameter: observing.outputs.parameters.start,
            checked: observing.outputs.checked(),
            draws: stepping.draws,
            noise,
            addresses,
            stream: Stream::new(seed, purpose),
            start: start.start,
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
        if self.task.order() == Some(Order::Shuffle) {
            return None;
        }
        match optimizer(&self.experiment) {
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
            let share = observing::share(&self.experiment, data.sets.training.count());
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
    if model.start.len() > full::OPTIMUM_LIMIT {
        return None;
    }
    // From a stationary point that is no minimum, such as the top between two wells, a small push leads on.
    let pushed: Vec<f64> = model.start.iter().map(|x| x + 0.1).collect();
    [&model.start, &pushed].into_iter().find_map(|start| {
        let found = theory::find_optimum(|x| model.loss(x), |x| model.gradient(x), start).ok()?;
        found.is_strict_minimum().then_some(found)
    })
}

fn kind(kind: DynamicsKind) -> Kind {
    match kind {
        DynamicsKind::Sgd => Kind::Sgd,
        DynamicsKind::Langevin => Kind::Langevin,
        DynamicsKind::GradientFlow => Kind::GradientFlow,
    }
}

/// The update rule that the experiment names.
fn optimizer(experiment: &Experiment) -> Optimizer {
    match experiment.dynamics.optimizer.value {
        experiment::Optimizer::Sgd => Optimizer::Sgd,
        experiment::Optimizer::Momentum { beta, nesterov } => {
            Optimizer::Momentum { beta, nesterov }
        }
        experiment::Optimizer::RmsProp { beta2, epsilon } => Optimizer::RmsProp { beta2, epsilon },
        experiment::Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
        } => Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
        },
    }
}

/// Where the random numbers of a step lie: draws of noise, words of picks, or epochs.
fn addresses(noise: random::NoiseKind, stepping: &Stepping) -> (NoiseLayout, Purpose) {
    match &stepping.batch {
        Some(batch) if batch.order == Order::WithReplacement => {
            (NoiseLayout::of_words(batch.size), Purpose::Pick)
        }
        // An epoch's order is addressed by the epoch, and no step shares anything with the next.
        Some(batch) if batch.order == Order::Shuffle => {
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
    if points.iter().any(|point| point.aim.is_some()) {
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
    start: Start,
    /// The centre of their law.
    centre: Vec<f64>,
}

impl Beginning {
    /// Where the search for an optimum may begin: at the centre, and, should that be a saddle, where chains are.
    fn candidates(&self) -> Vec<Vec<f64>> {
        let size = self.centre.len();
        let chain = |number| (0..size).map(|k| self.start.value(k, number)).collect();
        vec![self.centre.clone(), chain(0), chain(1), chain(2)]
    }
}

fn beginning(experiment: &Experiment) -> Beginning {
    let ensemble = &experiment.ensemble;
    let together = ensemble
        .superchains
        .map_or(1, |count| ensemble.chains / count);
    let laws = laws(experiment);
    let centre = (laws.iter())
        .map(|law| match *law {
            Law::Value(value) => value,
            Law::Normal { mean, .. } => mean,
            Law::Uniform { from, to } => 0.5 * (from + to),
        })
        .collect();
    Beginning {
        start: Start::new(laws, together, ensemble.seed),
        centre,
    }
}

fn noise(experiment: &Experiment) -> random::NoiseKind {
    match experiment.noise.kind {
        NoiseKind::Gaussian => random::NoiseKind::Gaussian(match experiment.noise.normal {
            None => NormalTransform::default(),
            Some(experiment::NormalTransform::Integer) => NormalTransform::Integer,
            Some(experiment::NormalTransform::BoxMuller) => NormalTransform::BoxMuller,
            Some(experiment::NormalTransform::BoxMuller16) => NormalTransform::BoxMuller16,
        }),
        NoiseKind::ThreePoint => random::NoiseKind::ThreePoint,
        NoiseKind::TwoPoint => random::NoiseKind::TwoPoint,
    }
}

fn laws(experiment: &Experiment) -> Vec<Law> {
    (experiment.parameters.iter())
        .flat_map(|parameter| match &parameter.start {
            experiment::Start::Values(values) => {
                values.iter().map(|&value| Law::Value(value)).collect()
            }
            &experiment::Start::Normal { mean, sd } => {
                vec![Law::Normal { mean, sd }; parameter.shape.len()]
            }
            &experiment::Start::Uniform { from, to } => {
                vec![Law::Uniform { from, to }; parameter.shape.len()]
            }
        })
        .collect()
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
