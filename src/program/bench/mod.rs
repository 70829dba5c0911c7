//! `etascope bench`: how fast chains step, on every backend and adapter, beside what their random numbers alone would take,
//! beside kernels written by hand, and beside other programs.

mod by_hand;
mod check;
mod cost;
#[cfg(target_arch = "x86_64")]
mod intrinsics;
#[cfg(feature = "gpu")]
mod on_device;
mod peers;
mod place;
mod scaling;
mod startup;
mod throughput;
mod timing;
mod workload;

use crate::engine::EngineError;
use crate::plan::TileError;
use crate::program::cli::BenchArgs;
use crate::report::{self, Benchmarks, ReportError, number};
use crate::spec::ExperimentError;
use place::Place;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use timing::Effort;

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// An engine gives a wrong answer, whose time would say nothing.
    #[error(
        "{workload} on {place}: chains are off by {deviation:e} where rounding allows {allowed:e} and they moved by {moved:e}; nothing was timed"
    )]
    Wrong {
        /// What was to be timed.
        workload: &'static str,
        /// Where.
        place: String,
        /// The largest difference from the steps written by hand.
        deviation: f64,
        /// The largest that rounding explains.
        allowed: f64,
        /// The furthest that a chain went.
        moved: f64,
    },
    /// A hand-written kernel gives another answer than the engine.
    #[error("{what} on {place} and by hand differ; nothing was timed")]
    Differs {
        /// What was to be timed.
        what: &'static str,
        /// Where.
        place: String,
    },
    /// A workload does not fit.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An experiment of this room is wrong.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// `--only` leaves nothing.
    #[error("nothing that is timed has {wanted:?} in its name; there are\n  {}", names.join("\n  "))]
    NothingOf {
        /// What names were to contain.
        wanted: String,
        /// All names.
        names: Vec<&'static str>,
    },
    /// `--adapter` without the feature.
    #[error(
        "this program was built without GPU support; leave out --adapter, or build with the feature \"gpu\""
    )]
    NoGpuSupport,
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// The program cannot be run by itself, for its start-up.
    #[error("cannot see how long this program takes to start: {reason}")]
    Startup {
        /// Why not.
        reason: String,
    },
    /// The peers' scripts do not run.
    #[error("the peers do not run: {0}; benches/peers/README.md says what they need")]
    Peers(String),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl BenchError {
    /// Whether the user's input is at fault: exit code 2 and not 1.
    pub fn is_input(&self) -> bool {
        match self {
            Self::NoGpuSupport | Self::NothingOf { .. } | Self::Peers(_) => true,
            Self::Engine(error) => matches!(error, EngineError::NoAdapter { .. }),
            Self::Report(error) => error.is_input(),
            _ => false,
        }
    }
}

/// What is to be timed.
#[derive(Debug, Clone, Copy)]
struct Choice<'a> {
    /// Less of everything.
    quick: bool,
    /// A name, or what names contain.
    only: Option<&'a str>,
    /// Whether it is a name.
    is_name: bool,
}

impl<'a> Choice<'a> {
    /// What the arguments choose of these names, which is not nothing.
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
            Some(wanted) if !names.iter().any(|name| choice.has(name)) => {
                Err(BenchError::NothingOf {
                    wanted: wanted.to_owned(),
                    names,
                })
            }
            _ => Ok(choice),
        }
    }

    fn has(self, name: &str) -> bool {
        match self.only {
            Some(wanted) if self.is_name => name == wanted,
            Some(wanted) => name.contains(wanted),
            None => true,
        }
    }
}

/// Times everything, or with `--scaling` how costs grow, and writes tables and pictures. `announce` is told what is timed next.
///
/// # Errors
/// See [`BenchError`]; nothing is written then.
pub fn bench(
    arguments: &BenchArgs,
    announce: &dyn Fn(&str),
) -> Result<(Benchmarks, Vec<PathBuf>), BenchError> {
    let choice = if arguments.scaling {
        Choice::new(arguments, scaling::names())?
    } else {
        Choice::new(arguments, throughput::names())?
    };
    if arguments.peers.is_some() {
        Choice::new(arguments, peers::names())?;
    }
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("results"));
    report::check_benchmarks(&folder, arguments.scaling, arguments.force)?;
    let started = Instant::now();
    let places = Place::all(arguments.adapter.as_deref())?;
    let effort = Effort {
        turns: if arguments.quick { 3 } else { 7 },
        target: Duration::from_millis(if arguments.quick { 20 } else { 150 }),
    };
    let mut found = Benchmarks::default();
    if arguments.scaling {
        // An axis has many values, and their costs are compared and not told apart to the last percent.
        let effort = Effort {
            turns: effort.turns.min(5),
            ..effort
        };
        found.scaling = scaling::measure(&places, choice, effort, announce)?;
    } else {
        if let Some(python) = &arguments.peers {
            found.peers = peers::measure(python, &places, choice, effort, announce)?;
        }
        if choice.only.is_none() {
            found.startup = startup::measure(&places, effort.turns, announce)?;
        }
        found.throughput = throughput::measure(&places, choice, effort, announce)?;
    }
    found.circumstances = circumstances(arguments, effort, started.elapsed());
    let files = report::write_benchmarks(&folder, &found, arguments.force)?;
    Ok((found, files))
}

/// Where, when and how all was measured.
fn circumstances(
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
                "{} of about {} ms each, by turns; medians and quartiles{}",
                effort.turns,
                effort.target.as_millis(),
                if arguments.quick { " (--quick)" } else { "" }
            ),
        ),
    ];
    all.extend(arguments.only.clone().map(|only| ("only", only)));
    all.extend(load().map(|load| ("load", load)));
    all.push(("took", number::duration(took.as_secs_f64())));
    all
}

/// The processor by its own name, where the system tells it.
fn processor() -> String {
    let threads = rayon::current_num_threads();
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    format!("{name}, {threads} threads")
}

/// How many threads wanted to run, this program's among them, on average over the last minutes.
fn load() -> Option<String> {
    let told = std::fs::read_to_string("/proc/loadavg").ok()?;
    let mut averages = told.split_whitespace();
    Some(format!(
        "{} over 1 minute, {} over 15 at the end",
        averages.next()?,
        averages.nth(1)?
    ))
}
