//! `etascope bench` times the steps of chains on every backend and adapter, compared with the time
//! of their random numbers alone, with hand-written kernels and with other programs.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod by_hand;
mod check;
mod cost;
#[cfg(feature = "gpu")]
mod gpu_kernel;
mod peers;
mod scaling;
mod startup;
mod target;
mod throughput;
mod timing;
mod workload;

use crate::engine::EngineError;
use crate::plan::TileError;
use crate::program::cli::BenchArgs;
use crate::report::{self, Benchmarks, ReportError, number};
use crate::spec::ExperimentError;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use target::Target;
use timing::Effort;

/// Reasons why `etascope bench` fails.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// An engine gives a wrong result. Its time would be meaningless.
    #[error(
        "{workload} on {target}: states differ from the hand-written step by {deviation:e}; \
            rounding allows {allowed:e}, and chains moved by {moved:e}; nothing was timed"
    )]
    Wrong {
        /// Name of the workload.
        workload: &'static str,
        /// Name of the target.
        target: String,
        /// Largest difference from the hand-written steps.
        deviation: f64,
        /// Largest difference that rounding explains.
        allowed: f64,
        /// Largest distance that a chain moved.
        moved: f64,
    },
    /// A hand-written kernel gives another result than the engine.
    #[error("{what} on {target}: the engine and the hand-written kernel differ; nothing was timed")]
    Differs {
        /// Compared computation.
        what: &'static str,
        /// Name of the target.
        target: String,
    },
    /// A workload does not fit into memory.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An embedded experiment is invalid.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// `--only` matches no name.
    #[error("no measurement has {wanted:?} in its name; the names are\n  {}", names.join("\n  "))]
    NoMatch {
        /// Text from the command line.
        wanted: String,
        /// Names of everything that can be timed.
        names: Vec<&'static str>,
    },
    /// `--adapter` needs the feature `gpu`.
    #[error(
        "this program was built without GPU support; leave out --adapter, or build with the \
            feature \"gpu\""
    )]
    NoGpuSupport,
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The program could not start itself to time its start-up.
    #[error("cannot measure the start-up time: {reason}")]
    Startup {
        /// Reason of the failure.
        reason: String,
    },
    /// The scripts of the peers failed.
    #[error("cannot run the peers: {0}; see benches/peers/README.md for their requirements")]
    Peers(String),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl BenchError {
    /// Returns true if the user's input is wrong (exit code 2) and false for a failure of the
    /// program or the system (exit code 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::NoGpuSupport | Self::NoMatch { .. } | Self::Peers(_) => true,
            Self::Engine(error) => matches!(error, EngineError::NoAdapter { .. }),
            Self::Report(error) => error.is_input(),
            _ => false,
        }
    }
}

/// Selection of workloads or axes.
#[derive(Debug, Clone, Copy)]
struct Selection<'a> {
    /// True for `--quick`: fewer chains, shorter runs.
    quick: bool,
    /// Exact name or part of a name.
    only: Option<&'a str>,
    /// True when `only` is an exact name.
    is_name: bool,
}

impl<'a> Selection<'a> {
    /// Reads the selection from the arguments. It must match at least one of `names`.
    fn new(
        arguments: &'a BenchArgs,
        names: impl Iterator<Item = &'static str>,
    ) -> Result<Self, BenchError> {
        let names: Vec<&'static str> = names.collect();
        let only = arguments.only.as_deref();
        let choice = Self {
            quick: arguments.quick,
            only,
            is_name: only.is_some_and(|wanted| names.contains(&wanted)),
        };
        match only {
            Some(wanted) if !names.iter().any(|name| choice.contains(name)) => {
                Err(BenchError::NoMatch {
                    wanted: wanted.to_owned(),
                    names,
                })
            }
            _ => Ok(choice),
        }
    }

    fn contains(self, name: &str) -> bool {
        match self.only {
            Some(wanted) if self.is_name => name == wanted,
            Some(wanted) => name.contains(wanted),
            None => true,
        }
    }
}

/// Times the selected workloads, or the scaling of costs with `--scaling`, and writes tables and
/// pictures. Calls `announce` before each measurement.
///
/// # Errors
/// See [`BenchError`]. No file is written.
pub fn bench(
    arguments: &BenchArgs,
    announce: &dyn Fn(&str),
) -> Result<(Benchmarks, Vec<PathBuf>), BenchError> {
    let choice = if arguments.scaling {
        Selection::new(arguments, scaling::names())?
    } else {
        Selection::new(arguments, throughput::names())?
    };
    if arguments.peers.is_some() {
        Selection::new(arguments, peers::names())?;
    }
    let folder = arguments
        .output
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("results"));
    report::check_benchmarks(&folder, arguments.scaling, arguments.output.force)?;
    let started = Instant::now();
    let targets = Target::all(arguments.adapter.as_deref())?;
    let effort = Effort {
        turns: if arguments.quick { 3 } else { 7 },
        duration: Duration::from_millis(if arguments.quick { 20 } else { 150 }),
    };
    let mut found = Benchmarks::default();
    if arguments.scaling {
        // An axis has many values, and their costs need less precision.
        let effort = Effort {
            turns: effort.turns.min(5),
            ..effort
        };
        found.scaling = scaling::measure(&targets, choice, effort, announce)?;
    } else {
        if let Some(python) = &arguments.peers {
            found.peers = peers::measure(python, &targets, choice, effort, announce)?;
        }
        if choice.only.is_none() {
            found.startup = startup::measure(&targets, effort.turns, announce)?;
        }
        found.throughput = throughput::measure(&targets, choice, effort, announce)?;
    }
    found.circumstances = provenance(arguments, effort, started.elapsed());
    let files = report::write_benchmarks(&folder, &found, arguments.output.force)?;
    Ok((found, files))
}

/// Program, processor, effort and load, for the report.
fn provenance(
    arguments: &BenchArgs,
    effort: Effort,
    took: Duration,
) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("program", format!("etascope {}", env!("CARGO_PKG_VERSION"))),
        ("processor", processor()),
        (
            "repeats",
            format!(
                "{} of about {} ms each, in turns; medians and quartiles{}",
                effort.turns,
                effort.duration.as_millis(),
                if arguments.quick { " (--quick)" } else { "" }
            ),
        ),
    ];
    all.extend(arguments.only.clone().map(|only| ("only", only)));
    all.extend(load().map(|load| ("load", load)));
    all.push(("took", number::duration(took.as_secs_f64())));
    all
}

/// Model name of the processor, if the system provides it.
fn processor() -> String {
    let threads = rayon::current_num_threads();
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    format!("{name}, {threads} threads")
}

/// Average number of runnable threads over the last minutes, including those of this program.
fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let mut averages = text.split_whitespace();
    Some(format!(
        "{} over 1 minute, {} over 15 minutes at the end",
        averages.next()?,
        averages.nth(1)?
    ))
}
