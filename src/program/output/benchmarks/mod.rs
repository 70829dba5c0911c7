//! Tables and pictures of `etascope bench`.

mod picture;
mod table;

use crate::report::ReportError;
use crate::report::folder::write_file;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Median and quartiles over repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// First quartile.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub high: f64,
}

impl Spread {
    /// Computes median and quartiles of the values.
    ///
    /// # Panics
    /// `values` is empty.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = (values.len() - 1) as f64;
        Self {
            low: values[(0.25 * last).floor() as usize],
            median: values[(0.5 * last).round() as usize],
            high: values[(0.75 * last).ceil() as usize],
        }
    }
}

/// Device of a measurement: an adapter or the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLabel {
    /// Backend: "cpu" or "gpu".
    pub backend: String,
    /// Name of the adapter, or threads and vector instructions of the processor.
    pub adapter: String,
    /// Driver of the adapter.
    pub driver: String,
    /// True when the adapter is a software rasterizer, whose speed says nothing about a GPU.
    pub software: bool,
}

impl fmt::Display for TargetLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            backend, adapter, ..
        } = self;
        let kind = if self.software {
            " (software rasterizer)"
        } else {
            ""
        };
        write!(f, "{backend}: {adapter}{kind}")
    }
}

/// Speed of one workload on one target.
#[derive(Debug, Clone, PartialEq)]
pub struct ThroughputRow {
    /// Name of the workload.
    pub workload: String,
    /// Target of the measurement.
    pub target: TargetLabel,
    /// Number of parameters of a chain; 0 if the workload only generates random numbers.
    pub parameters: usize,
    /// Number of examples of the data set, if there is one.
    pub examples: Option<u32>,
    /// Number of chains.
    pub chains: u64,
    /// Steps of each chain in one repeat.
    pub steps: u64,
    /// Number of timed repeats.
    pub repeats: usize,
    /// Chain-steps per second.
    pub rate: Spread,
    /// Kind of the random numbers: "normals, integer", "picks".
    pub draws: String,
    /// Random numbers per step of a chain.
    pub draws_per_step: u32,
    /// Arithmetic operations of one step of one chain, without those of the random number generator.
    pub operations: u64,
    /// Bytes that one step of one chain reads and writes.
    pub bytes: u64,
    /// Upper limit of the rate: chain-steps per second if a step only generated its random numbers.
    pub limit: Option<Spread>,
    /// Ratio of `rate` to `limit`, paired by repeat.
    pub share_of_limit: Option<Spread>,
    /// Chain-steps per second of a hand-written kernel, if there is one.
    pub by_hand: Option<Spread>,
    /// Ratio of `rate` to `by_hand`, paired by repeat.
    pub share_of_hand: Option<Spread>,
}

/// Start-up times on one target.
#[derive(Debug, Clone, PartialEq)]
pub struct StartupRow {
    /// Target of the measurement.
    pub target: TargetLabel,
    /// Time from the command to the end of the first steps, in seconds.
    pub first_step: Spread,
    /// Part of `first_step` that opens the device and compiles the shader of the steps, in seconds.
    pub compile: Option<Spread>,
    /// Time of one measurement of 65,536 chains, including the transfer of its sums, in seconds.
    pub read_back: Spread,
}

/// Cost per unit of work at one value of a growing quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingRow {
    /// Name of the growing quantity: "chains".
    pub axis: String,
    /// Target of the measurement.
    pub target: TargetLabel,
    /// Value of the growing quantity.
    pub value: u64,
    /// Unit of work: "chain-step".
    pub unit: String,
    /// Seconds per unit of work.
    pub cost: Spread,
    /// Ratio of the cost to that at the greatest value, paired by repeat.
    pub relative: Spread,
}

/// Speed of another program on the same chains.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerRow {
    /// Name of this program's workload.
    pub workload: String,
    /// Target on which this program ran.
    pub target: TargetLabel,
    /// Chain-steps per second of this program, from the initial states to the final ones.
    pub rate: Spread,
    /// Name of the other program and of the variant that was timed: "program, variant".
    pub peer: String,
    /// Version of the other program.
    pub version: String,
    /// Device on which the other program ran.
    pub device: String,
    /// Chain-steps per second of the other program.
    pub peer_rate: Spread,
    /// Ratio of this program's rate to the other's, paired by repeat.
    pub ratio: Spread,
}

/// All measurements of a benchmark run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Benchmarks {
    /// Device, date and settings, as labels and values.
    pub provenance: Vec<(&'static str, String)>,
    /// Speed of every workload on every target.
    pub throughput: Vec<ThroughputRow>,
    /// Start-up times of every target.
    pub startup: Vec<StartupRow>,
    /// Comparisons with other programs.
    pub peers: Vec<PeerRow>,
    /// Costs against growing quantities.
    pub scaling: Vec<ScalingRow>,
}

/// Files whose presence marks a folder as a result: without and with `scaling`.
const TABLES: [&str; 2] = ["bench.csv", "bench-scaling.csv"];

/// Returns the error with which [`write_benchmarks`] would refuse the folder, to be called before a long
/// run. `scaling` selects the table that the run will write.
///
/// # Errors
/// The table exists and `force` is not set.
pub fn check_benchmarks(folder: &Path, scaling: bool, force: bool) -> Result<(), ReportError> {
    let table = folder.join(TABLES[usize::from(scaling)]);
    if table.exists() && !force {
        return Err(ReportError::Exists(table));
    }
    Ok(())
}

/// Writes tables and pictures into the folder, each file atomically, and returns their paths.
///
/// # Errors
/// Those of [`check_benchmarks`], and those of the file system.
pub fn write_benchmarks(
    folder: &Path,
    found: &Benchmarks,
    force: bool,
) -> Result<Vec<PathBuf>, ReportError> {
    let scaling = !found.scaling.is_empty();
    check_benchmarks(folder, scaling, force)?;
    fs::create_dir_all(folder).map_err(|source| ReportError::Io {
        action: "create",
        path: folder.into(),
        source,
    })?;
    let files = if scaling {
        vec![
            (TABLES[1], table::scaling(&found.scaling)),
            ("bench-scaling.svg", picture::scaling(found)),
        ]
    } else {
        let mut files = vec![
            (TABLES[0], table::throughput(&found.throughput)),
            ("bench-startup.csv", table::startup(&found.startup)),
        ];
        if !found.peers.is_empty() {
            files.push(("bench-peers.csv", table::peers(&found.peers)));
        }
        files.push(("bench.md", table::markdown(found)));
        files.push(("bench.svg", picture::throughput(found)));
        files
    };
    let write = |(name, text): &(&str, String)| {
        let path = folder.join(name);
        write_file(&path, text)?;
        Ok(path)
    };
    files.iter().map(write).collect()
}

/// Writes the tables to standard output in aligned columns.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_benchmarks(found: &Benchmarks) -> io::Result<()> {
    write!(io::stdout(), "{}", table::plain(found))
}

#[cfg(test)]
mod tests;
