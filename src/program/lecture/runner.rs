//! Runs embedded experiments in this process and keeps their results.

use super::error::LectureError;
use crate::compile::Problem;
use crate::program::catalogue::LECTURE;
use crate::program::cli::LectureArgs;
use crate::program::progress;
use crate::report::number::duration;
use crate::run::{self, Computed, Error, Meter, Options};
use crate::spec::Experiment;
use crate::spec::{Backend, Precision};
use crate::toml;
use std::collections::BTreeMap;
use std::rc::Rc;
use tempfile::TempDir;

/// Divisor of an experiment's chains with `--quick`.
const QUICK_DIVISOR: u64 = 4;

/// Fewest chains with `--quick`, if the experiment has as many.
const QUICK_MIN_CHAINS: u64 = 4096;

/// Settings of an experiment that differ from its file, in the form of `--set`.
pub(super) type Settings<'a> = &'a [(&'a str, String)];

/// Runs experiments and keeps the results, because several claims share an experiment.
#[derive(Debug)]
pub(super) struct Runner<'a> {
    arguments: &'a LectureArgs,
    /// Temporary folder with the data sets; deleted with the runner.
    folder: TempDir,
    done: BTreeMap<String, Rc<Computed>>,
    used: Vec<String>,
}

/// States of the chains of one tile at one measurement.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    /// Index of the measurement, from 0.
    pub measurement: usize,
    /// Time of the measurement.
    pub time: f64,
    /// Number of the first chain of the tile.
    pub first_chain: u64,
    /// States in the order `[chain][parameter]`; NaN for diverged chains.
    pub states: &'a [f64],
}

impl<'a> Runner<'a> {
    /// Writes all data sets to a temporary folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn new(arguments: &'a LectureArgs) -> Result<Self, LectureError> {
        let folder = TempDir::with_prefix("etascope-").map_err(LectureError::Data)?;
        LECTURE.unpack(folder.path()).map_err(LectureError::Data)?;
        Ok(Self {
            arguments,
            folder,
            done: BTreeMap::new(),
            used: Vec::new(),
        })
    }

    /// Results of an experiment in single precision. Runs it if it has not run before.
    ///
    /// # Errors
    /// The experiment cannot be read, or its run fails.
    pub(super) fn run(
        &mut self,
        file: &'static str,
        settings: Settings<'_>,
    ) -> Result<Rc<Computed>, LectureError> {
        self.run_with(file, settings, Precision::F32)
    }

    /// Results of an experiment in double precision on the CPU.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(super) fn run_f64(
        &mut self,
        file: &'static str,
        settings: Settings<'_>,
    ) -> Result<Rc<Computed>, LectureError> {
        self.run_with(file, settings, Precision::F64)
    }

    fn run_with(
        &mut self,
        file: &'static str,
        settings: Settings<'_>,
        precision: Precision,
    ) -> Result<Rc<Computed>, LectureError> {
        let name = run_name(file, settings);
        self.mark_used(&name);
        if let Some(computed) = self.done.get(&name) {
            return Ok(computed.clone());
        }
        let experiment = self.experiment(file, settings)?;
        let computed = run::compute(experiment, &self.options(precision))?;
        let computed = Rc::new(computed);
        self.done.insert(name, computed.clone());
        Ok(computed)
    }

    /// Runs an experiment with one learning rate and passes the states of all chains at every
    /// measurement to `observe`, tile by tile.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(super) fn snapshots(
        &mut self,
        file: &'static str,
        observe: &mut dyn FnMut(&Problem, &Snapshot<'_>),
    ) -> Result<Problem, LectureError> {
        self.mark_used(&run_name(file, &[]));
        let problem = Problem::new(self.experiment(file, &[])?).map_err(Error::from)?;
        let options = self.options(Precision::F32);
        let mut chosen = run::choose(&problem, &options).map_err(Error::from)?;
        let layout = problem.task.layout;
        let work = problem.timeline.total_steps() * layout.chains;
        let meter = Meter::start(&options, Some(work));
        for &tile in &chosen.tiles {
            let engine = chosen.engine.as_mut();
            engine.init_tile(tile).map_err(Error::from)?;
            let measured = problem
                .timeline
                .checkpoints
                .iter()
                .scan(0, |count, checkpoint| {
                    *count += usize::from(checkpoint.measured);
                    Some((*count, checkpoint))
                });
            for (count, checkpoint) in measured {
                engine
                    .step(checkpoint, &|steps| meter.advance(steps))
                    .map_err(Error::from)?;
                if checkpoint.measured {
                    let segment = checkpoint.segments[0];
                    let snapshot = Snapshot {
                        measurement: count - 1,
                        time: problem.points[0].time(segment.begin + segment.steps),
                        first_chain: layout.first_chain(tile.first_block),
                        states: &engine.states().map_err(Error::from)?,
                    };
                    observe(&problem, &snapshot);
                }
            }
        }
        meter.finish();
        Ok(problem)
    }

    /// Reads the experiment of a file. With `--quick` it has a quarter of its chains.
    fn experiment(
        &self,
        file: &'static str,
        settings: Settings<'_>,
    ) -> Result<Experiment, LectureError> {
        let mut settings: Vec<(String, String)> = settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        let path = LECTURE.path(self.folder.path(), file);
        let path = path.display().to_string();
        let parse = |settings: &[(String, String)]| {
            toml::parse(&path, LECTURE.text(file), settings).map_err(Error::from)
        };
        let experiment = parse(&settings)?;
        if !self.arguments.quick {
            return Ok(experiment);
        }
        let chains = experiment.ensemble.chains;
        let reduced = (chains / QUICK_DIVISOR).max(chains.min(QUICK_MIN_CHAINS));
        settings.push(("ensemble.chains".to_owned(), reduced.to_string()));
        Ok(parse(&settings)?)
    }

    /// Options of a run. Double precision runs on the CPU, because few adapters have it.
    fn options(&self, precision: Precision) -> Options {
        let options = match precision {
            Precision::F64 => Options::default().backend(Backend::Cpu),
            _ => self.arguments.backend.options(),
        };
        let options = options.precision(precision);
        if self.arguments.output.quiet {
            options
        } else {
            options.on_progress(progress::display())
        }
    }

    fn mark_used(&mut self, name: &str) {
        if !self.used.iter().any(|used| used == name) {
            self.used.push(name.to_owned());
        }
    }

    /// Experiments that were used since the last call.
    pub(super) fn take_experiments(&mut self) -> Vec<String> {
        std::mem::take(&mut self.used)
    }

    /// Program, device and duration of all runs, for the report.
    pub(super) fn provenance(&self, seconds: f64) -> Vec<(&'static str, String)> {
        let mut all = vec![("program", format!("etascope {}", env!("CARGO_PKG_VERSION")))];
        let mut devices: Vec<String> = self
            .done
            .values()
            .map(|computed| {
                let summary = &computed.results.summary;
                let adapter = summary.adapter.as_deref().unwrap_or("unknown");
                format!("{}, {adapter}, {}", summary.backend, summary.precision)
            })
            .collect();
        devices.sort();
        devices.dedup();
        all.push(("run on", devices.join("; ")));
        let chains = if self.arguments.quick {
            "a quarter of those in the experiment files (--quick), but at least 4096"
        } else {
            "as in the experiment files"
        };
        all.push(("chains", chains.to_owned()));
        all.push(("took", duration(seconds)));
        all.push((
            "verdicts",
            "\"contradicted\" if a measurement deviates by more than chance explains once in 16,000 \
             statements (4 standard errors, more if a statement has several comparisons); \
             \"undecided\" if a difference that matters could not have been detected"
                .to_owned(),
        ));
        all
    }
}

/// Name of a run in the report: `c14-gibbs.toml --set parameters.w=…`.
fn run_name(file: &str, settings: Settings<'_>) -> String {
    if settings.is_empty() {
        return file.to_owned();
    }
    let settings: Vec<String> = settings
        .iter()
        .map(|(key, value)| format!("--set {key}={value}"))
        .collect();
    format!("{file} {}", settings.join(" "))
}
