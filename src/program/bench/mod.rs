//! `etascope bench` times the steps of chains on every backend and adapter, compared with the time
//! of their random numbers alone, with hand-written kernels and with other programs.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod by_hand;
mod check;
mod cost;
mod error;
#[cfg(feature = "gpu")]
mod gpu_kernel;
mod peers;
mod scaling;
mod selection;
mod startup;
mod target;
mod throughput;
mod timing;
mod workload;

use crate::program::cli::BenchArgs;
use crate::program::output;
use crate::program::output::Benchmarks;
use crate::report::number;
pub use error::BenchError;
use selection::Selection;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use target::Target;
use timing::Effort;

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
    output::check_benchmarks(&folder, arguments.scaling, arguments.output.force)?;
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
    found.provenance = provenance(arguments, effort, started.elapsed());
    let files = output::write_benchmarks(&folder, &found, arguments.output.force)?;
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
