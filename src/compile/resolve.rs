//! From an experiment to a [`Problem`]: the order in which formulas, rates, programs and plans are made.

use super::full_loss::FullLoss;
use super::histograms::histograms;
use super::layout::{addresses, layout, timeline};
use super::point::{self, Point};
use super::problem::Problem;
use super::scope::Scope;
use super::{data_passes, observe, rates, step};
use crate::dynamics::{self, Rule, Starts};
use crate::engine::{Task, Uniforms};
use crate::loss::{NodeId, Program};
use crate::objective::{self, DataSets, Model, OPTIMUM_LIMIT};
use crate::random::Stream;
use crate::spec::{Experiment, ExperimentError, Precision};
use crate::theory;

impl Problem {
    /// Compiles an experiment for single precision.
    ///
    /// # Errors
    /// A formula that does not parse, has a wrong shape or names what does not exist; a data set that cannot be read.
    pub fn new(experiment: Experiment) -> Result<Self, ExperimentError> {
        Self::with_precision(experiment, Precision::F32)
    }

    /// Compiles an experiment for a precision.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_precision(
        experiment: Experiment,
        precision: Precision,
    ) -> Result<Self, ExperimentError> {
        let sets = objective::load(&experiment)?;
        Self::over(experiment, sets, precision)
    }

    /// Compiles an experiment with another seed, but with the same examples held out.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn reseeded(
        mut experiment: Experiment,
        seed: u64,
        precision: Precision,
    ) -> Result<Self, ExperimentError> {
        let sets = objective::load(&experiment)?;
        experiment.ensemble.seed = seed;
        Self::over(experiment, sets, precision)
    }

    /// Compiles an experiment whose data set is already in memory.
    ///
    /// # Errors
    /// As [`Self::new`], and a noise or rates that need an optimum where none was found.
    pub fn over(
        experiment: Experiment,
        sets: Option<DataSets>,
        precision: Precision,
    ) -> Result<Self, ExperimentError> {
        let starts = starts(&experiment);
        let full = match sets {
            None => FullLoss::formula(),
            Some(sets) => FullLoss::over(&experiment, sets, &candidates(&starts))?,
        };
        let rates = rates::rates(&experiment, full.data())?;
        let scale = rates::scale(&experiment, full.data())?;
        let rule = Rule {
            kind: experiment.dynamics.kind.value,
            optimizer: experiment.dynamics.optimizer.value,
            scale: scale.as_ref(),
            rates: &rates,
        };
        let step = step::compile(&experiment, &full, &rule, precision)?;
        let model = model(&experiment, &full, starts.center())?;
        let optimum = optimum(&full, &model);
        let reference = (optimum.as_ref()).map(|optimum| optimum.parameters.as_slice());
        let observing = observe::compile(&experiment, &full, &rule, reference)?;
        let data_passes = data_passes::data_passes(&full, &experiment)?;
        let points = point::points(&experiment);
        let (histograms, requests) = histograms(&experiment, &observing);
        let noise = experiment.noise.kind;
        let (addresses, purpose) = addresses(noise, &step);
        let task = Task {
            parameters: experiment.dimension(),
            state: step.state,
            precision,
            step: step.program,
            batch: step.batch,
            observe: observing.program,
            data_passes,
            first_parameter: observing.outputs.parameters.start,
            checked: observing.outputs.checked(),
            draws: step.draws,
            noise,
            addresses,
            stream: Stream::new(experiment.ensemble.seed, purpose),
            start: starts,
            bound: experiment.ensemble.bound,
            layout: layout(&experiment, points.len()),
            common_noise: experiment.ensemble.common_noise,
            uniforms: uniforms(&points, &rule),
            histograms: requests,
        };
        let measurements = (experiment.measure.trace)
            .unwrap_or_else(|| point::affordable_measurements(&task, &points));
        Ok(Self {
            names: experiment.flat_names(),
            task,
            measurements,
            timeline: timeline(&experiment, &points, measurements),
            points,
            outputs: observing.outputs,
            histograms,
            model,
            scale,
            optimum,
            rates,
            data: full.into_data(),
            experiment,
        })
    }
}

/// The starts of all chains.
fn starts(experiment: &Experiment) -> Starts {
    let ensemble = &experiment.ensemble;
    let chains_per_start = (ensemble.superchains).map_or(1, |count| ensemble.chains / count);
    let parameters = (experiment.parameters.iter())
        .map(|parameter| (parameter.start.clone(), parameter.shape.len()))
        .collect();
    Starts::new(parameters, chains_per_start, ensemble.seed)
}

/// Points from which to search for an optimum: the mean of the start and, because that may be a saddle, the starts of
/// three chains.
fn candidates(starts: &Starts) -> Vec<Vec<f64>> {
    let center = starts.center();
    let size = center.len();
    let chain = |number| (0..size).map(|k| starts.value(k, number)).collect();
    vec![center, chain(0), chain(1), chain(2)]
}

/// Most parameters for which separability is looked into: each costs a small compilation.
const SEPARABLE_LIMIT: usize = 64;

/// The loss as a function in f64.
fn model(
    experiment: &Experiment,
    full: &FullLoss,
    start: Vec<f64>,
) -> Result<Model, ExperimentError> {
    if let Some(data) = full.data() {
        return Ok(Model::examples(data.examples.clone(), start));
    }
    let mut scope = Scope::of_parameters(experiment, &[]);
    let loss = scope.loss()?;
    let gradient = scope.gradient(loss)?;
    let flat = scope.flatten(&gradient);
    let separable = is_separable(&scope, &flat);
    let nodes = [vec![loss], flat].concat();
    let program = Program::compile(&scope.graph, &nodes);
    Ok(Model::formula(program, separable, start))
}

/// Returns true when entry k of the gradient reads parameter k alone, for every k.
fn is_separable(scope: &Scope<'_>, gradient: &[NodeId]) -> bool {
    gradient.len() <= SEPARABLE_LIMIT
        && gradient.iter().enumerate().all(|(k, &g)| {
            let alone = Program::compile(&scope.graph, &[g]);
            (0..gradient.len()).all(|slot| slot == k || !alone.input_is_used(slot))
        })
}

/// A strict local minimum near the start, where Newton's method finds one.
fn optimum(full: &FullLoss, model: &Model) -> Option<theory::Optimum> {
    if let Some(data) = full.data() {
        return data.optimum.as_ref().map(|found| found.minimum.clone());
    }
    if model.start.len() > OPTIMUM_LIMIT {
        return None;
    }
    // A small push leads away from a stationary point that is no minimum, such as the top between two wells.
    let pushed: Vec<f64> = model.start.iter().map(|x| x + 0.1).collect();
    [&model.start, &pushed].into_iter().find_map(|start| {
        let found = theory::find_optimum(|x| model.loss(x), |x| model.gradient(x), start).ok()?;
        found.is_strict_minimum().then_some(found)
    })
}

/// Uniform inputs of the programs for every point and every phase of the schedule.
fn uniforms(points: &[Point], rule: &Rule<'_>) -> Vec<Vec<Uniforms>> {
    (points.iter())
        .map(|point| {
            (point.phases.iter())
                .map(|phase| Uniforms {
                    step: dynamics::coefficients(rule, phase.eta, phase.dt),
                    observe: observe::uniforms(rule.kind, *phase),
                })
                .collect()
        })
        .collect()
}
