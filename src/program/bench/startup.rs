//! Time from the command to the first step, and time to read results back.

use super::error::BenchError;
use super::target::Target;
use super::timing::timed;
use super::workload::{DOUBLE_WELL, problem};
use crate::program::output::{Spread, StartupRow};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Sections that follow the double well in the timed experiment.
const RUN: &str = "[ensemble]\nchains = 65_536\nduration = { steps = 100 }\n[measure]\ntrace = 1\n";

/// Runs the double well as separate commands, as a user does, and reads from each summary the time
/// until its first steps were done.
pub(super) fn measure(
    targets: &[Target],
    turns: usize,
    announce: &dyn Fn(&str),
) -> Result<Vec<StartupRow>, BenchError> {
    let folder = tempfile::tempdir()?;
    let experiment = format!("{DOUBLE_WELL}{RUN}");
    std::fs::write(folder.path().join("start.toml"), &experiment)?;
    let targets = targets.iter().filter(|target| target.is_for_runs());
    let rows = targets.map(|target| {
        announce(&format!("start-up, {}", target.label()));
        let (mut first, mut compiling, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..turns {
            let ((), process) = timed(|| standard_output(folder.path(), &["--version"]).map(drop))?;
            let run = standard_output(folder.path(), &arguments(target))?;
            let summary: serde_json::Value = serde_json::from_slice(&run)
                .map_err(|error| failed(&format!("the summary cannot be read: {error}")))?;
            let seconds = |name: &str| summary[name].as_f64();
            let startup = seconds("startup_seconds")
                .ok_or_else(|| failed("the summary has no start-up time"))?;
            first.push(process.as_secs_f64() + startup);
            compiling.extend(seconds("compile_seconds"));
            back.push(read_back(target)?.as_secs_f64());
        }
        Ok(StartupRow {
            target: target.label(),
            first_step: Spread::of(first),
            compile: (!compiling.is_empty()).then(|| Spread::of(compiling)),
            read_back: Spread::of(back),
        })
    });
    rows.collect()
}

/// Time to reduce one measurement of 65,536 chains after everything is compiled.
fn read_back(target: &Target) -> Result<Duration, BenchError> {
    let problem = problem(DOUBLE_WELL, 65_536, &[], None)?;
    let mut loaded = target.engine(&problem.task)?;
    loaded.advance(100)?;
    loaded.engine.observe()?;
    timed(|| loaded.engine.observe()).map(|(_, taken)| Ok(taken))?
}

fn arguments(target: &Target) -> Vec<String> {
    let label = target.label();
    let mut all = vec!["run", "start.toml", "--quiet", "--json", "--force"];
    all.extend(["--backend", &label.backend]);
    if label.backend == "gpu" {
        all.extend(["--adapter", &label.adapter]);
    }
    all.into_iter().map(str::to_owned).collect()
}

/// Standard output of this program, run in `folder` with the given arguments; an error if it fails.
fn standard_output(
    folder: &Path,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> Result<Vec<u8>, BenchError> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(&String::from_utf8_lossy(&output.stderr)))
    }
}

fn failed(reason: &str) -> BenchError {
    BenchError::Startup {
        reason: reason.trim().to_owned(),
    }
}
