//! Experiment, loss and dynamics resolved into one immutable value: what is run and what it is compared with.

mod model;
mod point;

pub use model::{Model, Outputs};
pub use point::Point;

use crate::dynamics::{self, Kind, Law, Scale, Start};
use crate::engine::{Coefficients, HistogramRequest, Task};
use crate::experiment::{
    self, DynamicsKind, Experiment, ExperimentError, NoiseKind, NoiseScale, ParameterScale, Rates,
};
use crate::plan::{Layout, Timeline};
use crate::random::{self, NoiseLayout, NormalTransform, Purpose, Stream};

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
    /// When what happens.
    pub timeline: Timeline,
    /// The points of the sweep.
    pub points: Vec<Point>,
    /// Which output of `task.observe` is what.
    pub outputs: Outputs,
    /// Histograms, in the order of `task.histograms`.
    pub histograms: Vec<HistogramPlan>,
    /// The loss as mathematics.
    pub model: Model,
    /// r_k of each flattened parameter.
    pub rates: Vec<f64>,
}

/// Bins of the histograms from which quantiles and distances come: an error of a 4096th of the range at most.
const FINE_BINS: u32 = 4096;

/// Parameters that get such a histogram at most.
const FINE_PARAMETERS: usize = 16;

impl Problem {
    /// Resolves an experiment.
    ///
    /// # Errors
    /// A formula that does not parse, has a wrong shape or names what does not exist.
    pub fn new(experiment: Experiment) -> Result<Self, ExperimentError> {
        let kind = kind(experiment.dynamics.kind.value);
        let rates = rates(&experiment);
        let built = model::build(&experiment, kind, &rates)?;
        let points = point::points(&experiment);
        let steps: Vec<u64> = points.iter().map(|point| point.steps).collect();
        let changes: Vec<f64> = experiment
            .dynamics
            .schedule
            .iter()
            .map(|change| change.at)
            .collect();
        let burned: Vec<f64> = (points.iter())
            .map(|point| point.burn_in as f64 / point.steps as f64)
            .filter(|&fraction| fraction > 0.0)
            .take(1)
            .collect();
        let timeline = Timeline::new(&steps, experiment.measure.trace, &burned, &changes);

        let noise = noise(&experiment);
        let scale = built.scale.as_ref();
        let coefficients = (points.iter())
            .map(|point| {
                (point.phases.iter())
                    .map(|&(eta, delta)| Coefficients {
                        step: dynamics::coefficients(kind, eta, delta, scale, &rates),
                        observe: vec![delta, eta],
                    })
                    .collect()
            })
            .collect();
        let ensemble = &experiment.ensemble;
        let seed = ensemble.seed;
        let together = ensemble
            .superchains
            .map_or(1, |count| ensemble.chains / count);
        let (histograms, requests) = histograms(&experiment, &built);
        let task = Task {
            parameters: built.names.len(),
            step: built.step,
            observe: built.observe,
            first_parameter: built.outputs.parameters.start,
            checked: built.outputs.virial.end,
            draws: built.draws,
            noise,
            addresses: NoiseLayout::new(noise, built.draws.max(1)),
            stream: Stream::new(seed, Purpose::Noise),
            start: Start::new(laws(&experiment), together, seed),
            bound: ensemble.bound,
            layout: Layout::new(ensemble.chains, points.len()),
            coefficients,
            histograms: requests,
        };
        Ok(Self {
            names: built.names,
            task,
            timeline,
            points,
            outputs: built.outputs,
            histograms,
            model: built.model,
            rates,
            experiment,
        })
    }

    /// Standard deviation of the gradient noise of each flattened parameter, where it does not depend on the state.
    pub fn sigma(&self) -> Option<Vec<f64>> {
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

fn kind(kind: DynamicsKind) -> Kind {
    match kind {
        DynamicsKind::Sgd => Kind::Sgd,
        DynamicsKind::Langevin => Kind::Langevin,
        DynamicsKind::GradientFlow => Kind::GradientFlow,
    }
}

fn noise(experiment: &Experiment) -> random::NoiseKind {
    match experiment.noise.kind {
        NoiseKind::Gaussian => random::NoiseKind::Gaussian(match experiment.noise.normal {
            None => NormalTransform::default(),
            Some(experiment::NormalTransform::Integer) => NormalTransform::Integer,
            Some(experiment::NormalTransform::BoxMuller) => NormalTransform::BoxMuller,
        }),
        NoiseKind::ThreePoint => random::NoiseKind::ThreePoint,
        NoiseKind::TwoPoint => random::NoiseKind::TwoPoint,
    }
}

/// σ_k of every flattened parameter where all are numbers.
fn constant_sigma(experiment: &Experiment) -> Option<Vec<f64>> {
    match &experiment.noise.scale {
        NoiseScale::Constant(sigma) => Some(vec![sigma.value; experiment.dimension()]),
        NoiseScale::PerParameter(scales) => (experiment.parameters.iter().zip(scales))
            .map(|(parameter, scale)| match scale {
                ParameterScale::Constant(sigma) => Some(vec![*sigma; parameter.shape.len()]),
                ParameterScale::Values(values) => Some(values.clone()),
                ParameterScale::Formula(_) => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat()),
        NoiseScale::None | NoiseScale::Formula(_) | NoiseScale::Covariance(_) => None,
    }
}

fn rates(experiment: &Experiment) -> Vec<f64> {
    let sigma = || {
        constant_sigma(experiment)
            .expect("the experiment room checked that σ is constant for these rates")
    };
    match &experiment.dynamics.rates.value {
        Rates::Uniform => vec![1.0; experiment.dimension()],
        Rates::InverseDeviation => sigma().iter().map(|s| 1.0 / s).collect(),
        Rates::InverseVariance => sigma().iter().map(|s| 1.0 / (s * s)).collect(),
        Rates::PerParameter(rates) => rates.concat(),
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
    built: &model::Built,
) -> (Vec<HistogramPlan>, Vec<HistogramRequest>) {
    let asked = (experiment
        .measure
        .histograms
        .iter()
        .zip(&built.histogram_outputs))
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
    let fine = (built.names.iter().zip(built.outputs.parameters.clone()))
        .take(FINE_PARAMETERS)
        .map(|(name, output)| {
            let plan = HistogramPlan {
                axes: vec![name.clone()],
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
