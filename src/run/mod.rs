//! The pipeline as one readable function: the only place that knows every room.

mod adaptive_run;
mod balance;
mod basins;
mod case;
mod choose;
mod distances;
mod execute;
mod fit;
mod groups;
mod keep;
mod monitor;
mod scheduler;
mod slope;
mod summarize;
mod tables;
mod theory;
mod verdict;
mod warnings;

pub use adaptive_run::Length;
pub use basins::Basin;
pub use choose::{ChoiceError, Chosen, choose};
pub use distances::{compare, compare_experiments};
pub use execute::{COVARIANCE_LIMIT, PointRecord, execute};

use self::theory::{DataTheory, PointTheory};
use crate::compile::Problem;
use crate::engine::EngineError;
use crate::program::cli::RunArgs;
use crate::random::{GENERATOR, STREAM_VERSION};
use crate::report::{self, Optimum, Progress, ProgressMode, ReportError, Results, Summary};
use crate::spec::{Experiment, ExperimentError};
use crate::toml;
use case::Case;
use execute::execute_keeping;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

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
    /// Two experiments cannot be compared.
    #[error("{0}")]
    Mismatch(String),
}

impl RunError {
    /// Whether the user's input is at fault: exit code 2 and not 1.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Experiment(_) | Self::Mismatch(_) => true,
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
    let experiment = toml::read(&arguments.file, &overrides(arguments))?;
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
    let commanded = Instant::now();
    let problem = Problem::with_precision(experiment, arguments.precision)?;
    compute_problem(problem, arguments, 0, commanded)
}

/// As [`compute`] after the command at `commanded`; the states of at most `keep` chains of each point stay in its record.
fn compute_problem(
    problem: Problem,
    arguments: &RunArgs,
    keep: u64,
    commanded: Instant,
) -> Result<Computed, RunError> {
    let mut chosen = choose(&problem, arguments)?;

    let adaptive = problem.experiment.ensemble.is_adaptive();
    let steps = (!adaptive).then(|| problem.timeline.total_steps());
    let work = steps.map(|steps| steps.saturating_mul(problem.task.layout.chains));
    let progress = Progress::new(ProgressMode::detect(arguments.quiet), work);
    let started = Instant::now();
    let startup = OnceLock::new();
    let advance = |steps| {
        startup.get_or_init(|| commanded.elapsed());
        progress.advance(steps);
    };
    let engine = chosen.engine.as_mut();
    let records = execute_keeping(&problem, engine, &chosen.tiles, &advance, keep);
    let seconds = started.elapsed().as_secs_f64();
    progress.finish();

    let records = records?;
    let clock = Clock {
        seconds,
        startup: startup.get().map_or(0.0, Duration::as_secs_f64),
    };
    let results = results(&problem, &records, &chosen, clock);
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

/// How long a run took, s.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// From the start of the chains to the last sums.
    seconds: f64,
    /// Until the first steps were done.
    startup: f64,
}

fn results(problem: &Problem, records: &[PointRecord], chosen: &Chosen, clock: Clock) -> Results {
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
    let optimum = (problem.optimum.as_ref()).map(|found| named_optimum(problem, found));
    let mut warnings = doubts.concat();
    warnings.dedup();
    let steps: u64 = cases.iter().map(Case::steps).sum();
    let work = steps as f64 * problem.task.layout.chains as f64;
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
        normal: problem.task.noise.transform_name().to_owned(),
        seed: problem.experiment.ensemble.seed,
        chains: problem.experiment.ensemble.chains,
        wall_seconds: clock.seconds,
        chain_steps_per_second: work / clock.seconds,
        startup_seconds: clock.startup,
        compile_seconds: chosen.compile_seconds,
        warnings,
        differences: slope::differences(problem, &points, records),
        slope: slope::slope(problem, &points, optimum.as_ref(), records),
        points,
        optimum,
    };
    Results {
        summary,
        traces: tables::traces(problem, &cases),
        histograms: cases.iter().flat_map(Case::histograms).collect(),
        resolved_experiment: toml::to_toml(&problem.experiment),
    }
}

fn named_optimum(problem: &Problem, found: &crate::theory::Optimum) -> Optimum {
    Optimum {
        loss: found.loss,
        parameters: (problem.names.iter().cloned())
            .zip(found.parameters.iter().copied())
            .collect(),
    }
}
