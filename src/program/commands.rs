//! What each command does, and what its failure means.

use crate::engine::EngineError;
use crate::program::bench::{self, BenchError};
use crate::program::cli::{
    BenchArgs, CompareArgs, CoverageArgs, LectureArgs, NewArgs, RunArgs, ValidateArgs,
};
use crate::program::coverage::{self, CoverageError};
use crate::program::lecture::{self, LectureError};
use crate::program::output;
use crate::program::output::{CoverageVerdict, DeviceRow, StageRow};
use crate::program::progress;
use crate::program::validate::{self, Check};
use crate::report::{self};
use crate::report::{Distances, Results};
use crate::run::{self, Error, Options};
use crate::spec::Experiment;
use crate::toml;
use anyhow::Context;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Work that was done without the wanted outcome: exit code 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CheckFailed(String);

/// Input that is wrong: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongInput(String);

/// `etascope run`
///
/// # Errors
/// See [`Error`]; and where every chain diverged, after the result was written and printed.
pub fn run(arguments: &RunArgs) -> anyhow::Result<()> {
    let (results, folder) = run_file(arguments)?;
    let summary = &results.summary;
    output::print_result(summary, arguments.json)?;
    if !arguments.json {
        say(&format!(
            "\nResults in {}; open {}",
            folder.display(),
            folder.join("report.html").display()
        ))?;
    }
    if summary
        .points
        .iter()
        .all(|point| point.diverged == summary.chains)
    {
        let failure =
            "every chain diverged, so nothing was measured; a smaller learning rate may help";
        return Err(CheckFailed(failure.to_owned()).into());
    }
    Ok(())
}

/// Runs an experiment file and writes its result folder.
///
/// # Errors
/// See [`Error`]; nothing is left behind in the folder then.
pub fn run_file(arguments: &RunArgs) -> Result<(Results, PathBuf), Error> {
    let experiment = Experiment::from_file_with(&arguments.file, &arguments.overrides())?;
    let default = || PathBuf::from("results").join(&experiment.name);
    let folder = arguments.out.clone().unwrap_or_else(default);
    report::check_folder(&folder, arguments.force)?;
    let results = experiment.run(&with_progress(arguments.options(), arguments.quiet))?;
    results.write(&folder, arguments.force)?;
    Ok((results, folder))
}

fn with_progress(options: Options, quiet: bool) -> Options {
    if quiet {
        options
    } else {
        options.on_progress(progress::display())
    }
}

/// Runs two experiment files with the same parameters and writes a folder with their differences.
///
/// # Errors
/// See [`Error`]; nothing is left behind in the folder then.
pub fn compare_files(arguments: &CompareArgs) -> Result<(Distances, PathBuf), Error> {
    let overrides = arguments.overrides();
    let first = Experiment::from_file_with(&arguments.first, &overrides)?;
    let second = Experiment::from_file_with(&arguments.second, &overrides)?;
    let default =
        || PathBuf::from("results").join(format!("{}-versus-{}", first.name, second.name));
    let folder = arguments.out.clone().unwrap_or_else(default);
    report::check_folder(&folder, arguments.force)?;
    let options = with_progress(arguments.options(), arguments.quiet);
    let distances = run::compare([first, second], &options)?;
    report::write_distances(&folder, &distances, arguments.force)?;
    Ok((distances, folder))
}

/// `etascope compare`
///
/// # Errors
/// See [`Error`]. A difference is a result and no failure.
pub fn compare(arguments: &CompareArgs) -> anyhow::Result<()> {
    let (distances, folder) = compare_files(arguments)?;
    output::print_distances(&distances, arguments.json)?;
    if !arguments.json {
        say(&format!("\nResults in {}", folder.display()))?;
    }
    Ok(())
}

/// `etascope lecture`
///
/// # Errors
/// See [`LectureError`]. A claim that is contradicted is a result and no failure.
pub fn lecture(arguments: &LectureArgs) -> anyhow::Result<()> {
    let (chapters, folder) = lecture::lecture(arguments, &announcing(arguments.quiet))?;
    output::print_verdicts(&chapters)?;
    say(&format!(
        "\nVerdicts in {}; open {}",
        folder.display(),
        folder.join("lecture.html").display()
    ))?;
    Ok(())
}

/// `etascope coverage`
///
/// # Errors
/// See [`CoverageError`]; and where a share leaves its bounds, after the table was written and printed.
pub fn coverage(arguments: &CoverageArgs) -> anyhow::Result<()> {
    let (rows, file) = coverage::coverage(arguments, &announcing(arguments.quiet))?;
    output::print_coverage(&rows)?;
    say(&format!("\nTable in {}", file.display()))?;
    let failed = (rows.iter())
        .filter(|row| row.verdict == CoverageVerdict::Fails)
        .count();
    if failed > 0 {
        return Err(CheckFailed(format!(
            "{failed} of {} shares left their bounds",
            rows.len()
        ))
        .into());
    }
    Ok(())
}

/// Tells on standard error what comes next.
fn announcing(quiet: bool) -> impl Fn(&str) {
    move |what| {
        if !quiet {
            // A closed standard error must not end the run.
            let _ = writeln!(std::io::stderr(), "{what}");
        }
    }
}

/// `etascope bench`
///
/// # Errors
/// See [`BenchError`].
pub fn bench(arguments: &BenchArgs) -> anyhow::Result<()> {
    let (found, files) = bench::bench(arguments, &announcing(arguments.quiet))?;
    output::print_benchmarks(&found)?;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    say(&format!("\nResults in {}", names.join(", ")))?;
    Ok(())
}

/// One line on standard output. Unlike `println!` it does not panic where the reader has left.
fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// `etascope devices`
///
/// # Errors
/// There is no adapter at all, or standard output is closed.
pub fn devices() -> anyhow::Result<()> {
    let rows = device_rows();
    output::print_devices(&rows)?;
    if rows.iter().all(|row| row.kind == "processor") {
        return Err(CheckFailed("no GPU adapter was found; runs use the CPU".to_owned()).into());
    }
    Ok(())
}

fn device_rows() -> Vec<DeviceRow> {
    #[allow(unused_mut, reason = "only the feature \"gpu\" adds rows")]
    let mut rows: Vec<DeviceRow> = Vec::new();
    #[cfg(feature = "gpu")]
    rows.extend(
        crate::engine::gpu::adapters(None)
            .into_iter()
            .map(|adapter| DeviceRow {
                name: adapter.name,
                backend: adapter.backend.to_lowercase(),
                driver: adapter.driver,
                kind: adapter.kind,
                // A run without options prefers the CPU engine to a software rasteriser.
                chosen: adapter.chosen && !adapter.software,
                why: if adapter.software {
                    "a software rasteriser runs on the processor, where the CPU backend is faster"
                        .to_owned()
                } else {
                    adapter.why
                },
                software: adapter.software,
                limits: adapter.limits,
            }),
    );
    let gpu = rows.iter().any(|row| row.chosen);
    rows.push(DeviceRow {
        name: format!("{} threads", rayon::current_num_threads()),
        backend: "cpu".to_owned(),
        driver: format!("{:?} vectors", crate::engine::SimdLevel::best()).to_lowercase(),
        kind: "processor".to_owned(),
        software: false,
        chosen: !gpu,
        why: if gpu {
            "a GPU comes first"
        } else {
            "there is no GPU but software, which is slower than this"
        }
        .to_owned(),
        limits: Vec::new(),
    });
    rows
}

/// `etascope validate`
///
/// # Errors
/// A stage does not hold, or the device fails.
pub fn validate(arguments: &ValidateArgs) -> anyhow::Result<()> {
    let rows: Vec<StageRow> = all_stages(arguments.adapter.as_deref())?
        .into_iter()
        .map(stage_row)
        .collect();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        output::print_stages(&rows)?;
    }
    let failed = rows.iter().filter(|row| !row.passed).count();
    if failed > 0 {
        return Err(CheckFailed(format!("{failed} of {} checks did not hold", rows.len())).into());
    }
    Ok(())
}

/// The CPU's stages, then those of the adapter; without any adapter the CPU alone is checked, and that is said.
#[cfg(feature = "gpu")]
fn all_stages(adapter: Option<&str>) -> anyhow::Result<Vec<Check>> {
    use crate::engine::gpu;
    let device = match gpu::open(adapter) {
        Ok(device) => Some(device),
        Err(error @ EngineError::NoAdapter { .. }) if adapter.is_none() => {
            eprintln!("{error}; checking the CPU alone");
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut stages = validate::cpu()?;
    if let Some(device) = device {
        eprintln!("GPU: {}, {}", device.report.name, device.report.driver);
        stages.extend(validate::gpu(&device, None)?);
    }
    Ok(stages)
}

#[cfg(not(feature = "gpu"))]
fn all_stages(_: Option<&str>) -> anyhow::Result<Vec<Check>> {
    Ok(validate::cpu()?)
}

fn stage_row(check: Check) -> StageRow {
    StageRow {
        stage: format!("{}, {}", check.stage.name(), check.backend),
        what: check.what,
        deviation: check.deviation,
        bound: check.bound,
        passed: check.passed,
        note: check.note,
    }
}

/// `etascope new`
///
/// # Errors
/// The name cannot be a file's, or the file exists.
pub fn new(arguments: &NewArgs) -> anyhow::Result<()> {
    let name = arguments
        .name
        .strip_suffix(".toml")
        .unwrap_or(&arguments.name);
    let path = format!("{name}.toml");
    let stem = Path::new(name)
        .file_name()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let text = toml::starter(stem);
    // A name with a line end in it, for one, would break the comments of the file.
    let fits =
        !name.ends_with(['/', '\\']) && !stem.is_empty() && toml::parse(&path, &text, &[]).is_ok();
    if !fits {
        return Err(WrongInput(format!(
            "{:?} is no name for a file; try: etascope new double-well",
            arguments.name
        ))
        .into());
    }
    let mut file = match std::fs::File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(WrongInput(format!("{path} exists already; choose another name")).into());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {path}")),
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {path}"))?;
    say(&format!("wrote {path}; run it with: etascope run {path}"))?;
    Ok(())
}

/// Prints an error with all its causes to standard error.
pub fn print_error(error: &anyhow::Error) {
    let text = match error.downcast_ref::<Error>() {
        Some(Error::Experiment(problems)) => {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            problems.render(std::io::stderr().is_terminal() && !no_color)
        }
        _ => format!("error: {error:#}"),
    };
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// 2 where the input is wrong, else 1.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let input = error.downcast_ref::<WrongInput>().is_some()
        || error.downcast_ref::<Error>().is_some_and(Error::is_input)
        || error
            .downcast_ref::<LectureError>()
            .is_some_and(LectureError::is_input)
        || error
            .downcast_ref::<CoverageError>()
            .is_some_and(CoverageError::is_input)
        || error
            .downcast_ref::<BenchError>()
            .is_some_and(BenchError::is_input)
        || matches!(
            error.downcast_ref::<EngineError>(),
            Some(EngineError::NoAdapter { .. })
        );
    if input { 2 } else { 1 }
}
