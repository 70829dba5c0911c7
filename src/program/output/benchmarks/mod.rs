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
    /// Of these values, of which there is one at least.
    ///
    /// # Panics
    /// There is none.
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

/// Where something was timed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLabel {
    /// "cpu" or "gpu".
    pub backend: String,
    /// The adapter, or threads and vector instructions of the processor.
    pub adapter: String,
    /// The adapter's driver.
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

/// One workload at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct ThroughputRow {
    /// Its name.
    pub workload: String,
    /// Where.
    pub target: TargetLabel,
    /// Parameters of a chain; 0 where only random numbers are made.
    pub parameters: usize,
    /// Examples of its data set.
    pub examples: Option<u32>,
    /// Chains that were advanced.
    pub chains: u64,
    /// Steps of each in one repeat.
    pub steps: u64,
    /// Number of timed repeats.
    pub repeats: usize,
    /// Chain-steps per second.
    pub rate: Spread,
    /// Kind of random numbers: "normals, integer", "picks".
    pub draws: String,
    /// Random numbers in each step.
    pub draws_per_step: u32,
    /// Arithmetic operations of one step of one chain, the generator's left out.
    pub operations: u64,
    /// Bytes that one step of one chain takes in and gives out.
    pub bytes: u64,
    /// Chain-steps per second if random numbers were all there is to a step.
    pub limit: Option<Spread>,
    /// The rate over that, paired.
    pub share_of_limit: Option<Spread>,
    /// Chain-steps per second of a kernel written by hand.
    pub by_hand: Option<Spread>,
    /// The rate over that, paired.
    pub share_of_hand: Option<Spread>,
}

/// From the command to the first step at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct StartupRow {
    /// Where.
    pub target: TargetLabel,
    /// From the command to the end of the first steps, s.
    pub first_step: Spread,
    /// Of these, opening the device and compiling the shader of the steps, s.
    pub compile: Option<Spread>,
    /// One measurement of 65,536 chains, with reading its sums back, s.
    pub read_back: Spread,
}

/// Cost of a unit at one value of a growing quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingRow {
    /// The growing quantity: "chains".
    pub axis: String,
    /// Where.
    pub target: TargetLabel,
    /// Value of the growing quantity.
    pub value: u64,
    /// The unit of the cost: "chain-step".
    pub unit: String,
    /// Seconds for each of these.
    pub cost: Spread,
    /// The cost over that of the greatest value, paired.
    pub relative: Spread,
}

/// Another program on the same chains.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerRow {
    /// This program's workload.
    pub workload: String,
    /// Where it ran.
    pub target: TargetLabel,
    /// Its chain-steps per second, from the start of the chains to their states at the end.
    pub rate: Spread,
    /// The other program and the way in which it does this.
    pub peer: String,
    /// Its version.
    pub version: String,
    /// Where it ran.
    pub device: String,
    /// Its chain-steps per second.
    pub peer_rate: Spread,
    /// This program's rate over the peer's, paired.
    pub ratio: Spread,
}

/// All that was timed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Benchmarks {
    /// Where, when and how, as label and value.
    pub provenance: Vec<(&'static str, String)>,
    /// Every workload at every place.
    pub throughput: Vec<ThroughputRow>,
    /// From the command to the first step.
    pub startup: Vec<StartupRow>,
    /// Other programs.
    pub peers: Vec<PeerRow>,
    /// Growth of costs.
    pub scaling: Vec<ScalingRow>,
}

/// The tables by which a result is known.
const TABLES: [&str; 2] = ["bench.csv", "bench-scaling.csv"];

/// Tests, before a long run, whether [`write_benchmarks`] would refuse the folder; `scaling` says which table is to come.
///
/// # Errors
/// The table is there already and `force` is not set.
pub fn check_benchmarks(folder: &Path, scaling: bool, force: bool) -> Result<(), ReportError> {
    let table = folder.join(TABLES[usize::from(scaling)]);
    if table.exists() && !force {
        return Err(ReportError::Exists(table));
    }
    Ok(())
}

/// Writes tables and pictures into the folder, each file whole or not at all, and returns their paths.
///
/// # Errors
/// As [`check_benchmarks`], and whatever the file system refuses.
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

/// Writes the tables to standard output, for people.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_benchmarks(found: &Benchmarks) -> io::Result<()> {
    write!(io::stdout(), "{}", table::plain(found))
}

#[cfg(test)]
mod tests;
