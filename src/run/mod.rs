//! The pipeline as one readable function: the only place that knows every room.

mod choose;
mod compare;
mod data_theory;
mod execute;
mod slope;
mod summarize;

pub use choose::{ChoiceError, Chosen, choose};
pub use execute::{COVARIANCE_LIMIT, PointRecord, execute};

use crate::cli::RunArgs;
use crate::engine::EngineError;
use crate::experiment::{self, Experiment, ExperimentError};
use crate::problem::Problem;
use crate::random::{GENERATOR, NoiseKind, NormalTransform, STREAM_VERSION};
use crate::report::{self, Optimum, Progress, ProgressMode, ReportError, Results, Summary};
use crate::theory;
use compare::PointTheory;
use data_theory::DataTheory;
use std::path::PathBuf;
use std::time::Instant;
use summarize::Case;

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The experiment file is wrong.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// No engine can run it.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl RunError {
    /// Whether the user's input is at fault: exit code 2 and not 1.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Experiment(_) => true,
            Self::Choice(error) => {
                !matches!(error, ChoiceError::Engine(EngineError::Refused { .. }))
            }
            Self::Report(error) => !matches!(error, ReportError::Io { .. }),
            Self::Engine(_) => false,
        }
    }
}

/// Runs an experiment file and writes its result folder.
///
/// # Errors
/// See [`RunError`]; nothing is left behind in the folder then.
pub fn run(arguments: &RunArgs) -> Result<(Results, PathBuf), RunError> {
    let experiment = experiment::read(&arguments.file, &overrides(arguments))?;
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("results").join(&experiment.name));
    report::check_folder(&folder, arguments.force)?;
    let Computed { results, .. } = compute(experiment, arguments)?;
    report::write_folder(&folder, &results, arguments.force)?;
    Ok((results, folder))
}

/// An experiment that was run in this process, before anything is written.
#[derive(Debug)]
pub struct Computed {
    /// What was run.
    pub problem: Problem,
    /// What was measured, one record for each learning rate.
    pub records: Vec<PointRecord>,
    /// What is reported.
    pub results: Results,
}

/// Runs an experiment, with progress on standard error, and writes no file. Of the arguments only those count that say
/// where and how to run: the experiment is taken as it is.
///
/// # Errors
/// See [`RunError`].
pub fn compute(experiment: Experiment, arguments: &RunArgs) -> Result<Computed, RunError> {
    let problem = Problem::stored(experiment, choose::storage(arguments.precision))?;
    let mut chosen = choose(&problem, arguments)?;

    let work = problem
        .timeline
        .total_steps()
        .saturating_mul(problem.task.layout.chains);
    let progress = Progress::new(ProgressMode::detect(arguments.quiet), work);
    let started = Instant::now();
    let records = execute(&problem, chosen.engine.as_mut(), &chosen.tiles, &|steps| {
        progress.advance(steps);
    });
    let seconds = started.elapsed().as_secs_f64();
    progress.finish();

    let records = records?;
    let results = results(&problem, &records, &chosen, seconds);
    Ok(Computed {
        problem,
        records,
        results,
    })
}

/// The command line's own settings, after which nothing of the file is read twice.
fn overrides(arguments: &RunArgs) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = arguments
        .settings
        .iter()
        .map(|setting| (setting.key.clone(), setting.value.clone()))
        .collect();
    all.extend(
        arguments
            .seed
            .map(|seed| ("ensemble.seed".to_owned(), seed.to_string())),
    );
    all.extend(
        arguments
            .chains
            .map(|chains| ("ensemble.chains".to_owned(), chains.to_string())),
    );
    all
}

fn results(problem: &Problem, records: &[PointRecord], chosen: &Chosen, seconds: f64) -> Results {
    let data_theory = DataTheory::new(problem);
    let cases: Vec<Case<'_>> = (records.iter().enumerate())
        .map(|(index, record)| Case {
            problem,
            index,
            record,
            theory: PointTheory::new(problem, data_theory.as_ref(), index),
            precision: chosen.precision,
            on_gpu: chosen.backend == "gpu",
        })
        .collect();
    let (points, doubts): (Vec<_>, Vec<_>) = cases.iter().map(Case::report).unzip();
    let optimum = optimum(problem);
    let mut warnings = doubts.concat();
    warnings.dedup();
    let work = problem.timeline.total_steps() as f64 * problem.task.layout.chains as f64;
    let summary = Summary {
        etascope: env!("CARGO_PKG_VERSION").to_owned(),
        name: problem.experiment.name.clone(),
        dynamics: problem.experiment.dynamics.kind.value.name().to_owned(),
        backend: chosen.backend.to_owned(),
        adapter: chosen.adapter.clone(),
        driver: chosen.driver.clone(),
        software_adapter: chosen.software,
        precision: chosen.precision.name().to_owned(),
        generator: GENERATOR.to_owned(),
        stream_version: STREAM_VERSION,
        normal: match problem.task.noise {
            NoiseKind::Gaussian(NormalTransform::BoxMuller) => "box-muller".to_owned(),
            NoiseKind::Gaussian(NormalTransform::Integer) => "integer".to_owned(),
            NoiseKind::TwoPoint => "two-point".to_owned(),
            NoiseKind::ThreePoint => "three-point".to_owned(),
        },
        seed: problem.experiment.ensemble.seed,
        chains: problem.experiment.ensemble.chains,
        wall_seconds: seconds,
        chain_steps_per_second: work / seconds,
        warnings,
        slope: slope::slope(problem, &points, optimum.as_ref()),
        points,
        optimum,
    };
    Results {
        summary,
        traces: summarize::traces(problem, &cases),
        histograms: cases.iter().flat_map(Case::histograms).collect(),
        resolved_experiment: experiment::to_toml(&problem.experiment),
    }
}

/// Parameters up to which the optimum is searched for: the search takes the Hessian.
const OPTIMUM_LIMIT: usize = 64;

/// A local minimum near the start, where Newton's method finds one.
fn optimum(problem: &Problem) -> Option<Optimum> {
    if let Some(data) = &problem.data {
        let minimum = &data.optimum.as_ref()?.minimum;
        return Some(named_optimum(problem, minimum));
    }
    if problem.names.len() > OPTIMUM_LIMIT {
        return None;
    }
    let model = &problem.model;
    // From a stationary point that is no minimum, such as the top between two wells, a small push leads on.
    let pushed: Vec<f64> = model.start.iter().map(|x| x + 0.1).collect();
    [&model.start, &pushed].into_iter().find_map(|start| {
        let found = theory::find_optimum(|x| model.loss(x), |x| model.gradient(x), start).ok()?;
        found
            .is_strict_minimum()
            .then(|| named_optimum(problem, &found))
    })
}

fn named_optimum(problem: &Problem, found: &theory::Optimum) -> Optimum {
    Optimum {
        loss: found.loss,
        parameters: (problem.names.iter().cloned())
            .zip(found.parameters.iter().copied())
            .collect(),
    }
}
