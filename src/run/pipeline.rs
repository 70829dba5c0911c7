//! From an experiment to its results: compile, choose a backend, run, summarize.

use super::case::Case;
use super::choose::{Chosen, choose};
use super::error::Error;
use super::execute::{Extras, execute_with};
use super::options::Options;
use super::progress::Meter;
use super::record::PointRecord;
use super::slope;
use super::tables;
use super::theory::{DataTheory, PointTheory};
use crate::compile::Problem;
use crate::random::{GENERATOR, STREAM_VERSION};
use crate::report::{self, Optimum, Results, Summary};
use crate::spec::Experiment;
use crate::theory;
use crate::toml;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Reading and running.
impl Experiment {
    /// Reads and checks an experiment from the text of an experiment file. A data file that it names is looked for in
    /// the current folder.
    ///
    /// # Errors
    /// [`Error::Experiment`] with every problem of the text.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        Ok(toml::parse("experiment.toml", text, &[])?)
    }

    /// Reads and checks an experiment file.
    ///
    /// # Errors
    /// [`Error::Experiment`] if the file cannot be read, or with every problem of its text.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_file_with(path, &[])
    }

    /// Reads an experiment file after setting some of its keys, as `etascope run --set KEY=VALUE` does:
    /// `("dynamics.eta", "[0.1, 0.2]")`.
    ///
    /// # Errors
    /// As [`Self::from_file`], and [`Error::Experiment`] for a setting that is wrong.
    pub fn from_file_with(
        path: impl AsRef<Path>,
        settings: &[(String, String)],
    ) -> Result<Self, Error> {
        Ok(toml::read(path.as_ref(), settings)?)
    }

    /// Runs every chain at every learning rate and returns what they show. Writes no file; see [`Results::write`].
    ///
    /// Equal experiments give equal bits on one backend, whatever the number of threads.
    ///
    /// # Errors
    /// [`Error::Experiment`] for a formula or data set that is wrong, [`Error::Choice`] if no backend fits, and
    /// [`Error::Engine`] if the backend fails.
    pub fn run(&self, options: &Options) -> Result<Results, Error> {
        Ok(compute(self.clone(), options)?.results)
    }
}

/// Writing.
impl Results {
    /// Writes the result folder: `summary.json`, tables, pictures and `report.html`. Returns the paths of the files.
    ///
    /// An earlier result is replaced as a whole if `force` is set. A failure at any moment leaves the old folder or the
    /// new one, never a mixture.
    ///
    /// # Errors
    /// [`Error::Report`] if the folder holds a result and `force` is not set, if it holds something that is not a
    /// result, or if the file system fails.
    pub fn write(&self, folder: impl AsRef<Path>, force: bool) -> Result<Vec<PathBuf>, Error> {
        Ok(report::write_folder(folder.as_ref(), self, force)?)
    }
}

/// An experiment that was run, with everything that was measured.
#[derive(Debug)]
pub struct Computed {
    /// The compiled experiment.
    pub problem: Problem,
    /// Measurements, one record per learning rate.
    pub records: Vec<PointRecord>,
    /// The report on them.
    pub results: Results,
}

/// Runs an experiment and writes no file.
///
/// # Errors
/// See [`Error`].
pub fn compute(experiment: Experiment, options: &Options) -> Result<Computed, Error> {
    let called = Instant::now();
    let problem = Problem::with_precision(experiment, options.precision)?;
    compute_problem(problem, options, 0, called)
}

/// Runs a compiled experiment for the call made at `called`. The final states of at most `keep` chains per learning
/// rate stay in its record.
pub(super) fn compute_problem(
    problem: Problem,
    options: &Options,
    keep: u64,
    called: Instant,
) -> Result<Computed, Error> {
    let mut chosen = choose(&problem, options)?;
    let adaptive = problem.experiment.ensemble.is_adaptive();
    let steps = (!adaptive).then(|| problem.timeline.total_steps());
    let work = steps.map(|steps| steps.saturating_mul(problem.task.layout.chains));
    let meter = Meter::start(options, work);
    let started = Instant::now();
    let startup = OnceLock::new();
    let advance = |steps| {
        startup.get_or_init(|| called.elapsed());
        meter.advance(steps);
    };
    let extras = Extras {
        keep,
        on_measure: options.on_measure.as_deref(),
    };
    let engine = chosen.engine.as_mut();
    let records = execute_with(&problem, engine, &chosen.tiles, &advance, &extras);
    let clock = Clock {
        seconds: started.elapsed().as_secs_f64(),
        startup: startup.get().map_or(0.0, Duration::as_secs_f64),
    };
    meter.finish();
    let records = records?;
    let results = results(&problem, &records, &chosen, clock);
    Ok(Computed {
        problem,
        records,
        results,
    })
}

/// Durations of a run, in seconds.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// From the start of the chains to the last measurement.
    seconds: f64,
    /// From the call until the first steps were done.
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
    Results {
        summary: summary(problem, records, &cases, chosen, clock),
        traces: tables::traces(problem, &cases),
        histograms: cases.iter().flat_map(Case::histograms).collect(),
        resolved_experiment: toml::to_toml(&problem.experiment),
    }
}

fn summary(
    problem: &Problem,
    records: &[PointRecord],
    cases: &[Case<'_>],
    chosen: &Chosen,
    clock: Clock,
) -> Summary {
    let (points, warnings): (Vec<_>, Vec<_>) = cases.iter().map(Case::report).unzip();
    let mut warnings = warnings.concat();
    warnings.dedup();
    let optimum = (problem.optimum.as_ref()).map(|found| named_optimum(problem, found));
    let steps: u64 = cases.iter().map(Case::steps).sum();
    let work = steps as f64 * problem.task.layout.chains as f64;
    let experiment = &problem.experiment;
    Summary {
        etascope: env!("CARGO_PKG_VERSION").to_owned(),
        name: experiment.name.clone(),
        dynamics: experiment.dynamics.kind.value.name().to_owned(),
        backend: chosen.backend.to_owned(),
        adapter: chosen.adapter.clone(),
        driver: chosen.driver.clone(),
        software_adapter: chosen.software,
        precision: chosen.precision.name().to_owned(),
        generator: GENERATOR.to_owned(),
        stream_version: STREAM_VERSION,
        normal: problem.task.noise.transform_name().to_owned(),
        seed: experiment.ensemble.seed,
        chains: experiment.ensemble.chains,
        wall_seconds: clock.seconds,
        chain_steps_per_second: work / clock.seconds,
        startup_seconds: clock.startup,
        compile_seconds: chosen.compile_seconds,
        warnings,
        differences: slope::differences(problem, &points, records),
        slope: slope::slope(problem, &points, optimum.as_ref(), records),
        points,
        optimum,
    }
}

fn named_optimum(problem: &Problem, found: &theory::Optimum) -> Optimum {
    Optimum {
        loss: found.loss,
        parameters: (problem.names.iter().cloned())
            .zip(found.parameters.iter().copied())
            .collect(),
    }
}
