//! The commands: each does its work, prints its result and names its failure.

use super::devices::device_rows;
use super::failure::Failure;
use super::{bench, coverage, explain, lecture, progress, validate};
use crate::program::cli::{
    BenchArgs, CompareArgs, CoverageArgs, LectureArgs, NewArgs, RunArgs, ValidateArgs,
};
use crate::program::output;
use crate::program::output::{CoverageVerdict, StageRow};
use crate::report::{self, Distances, Results};
use crate::run::{self, Error, Options};
use crate::spec::Experiment;
use crate::toml;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use validate::Check;

/// `etascope run`
///
/// # Errors
/// See [`Error`]; and [`Failure::Check`] if every chain diverged, after the result was written and printed.
pub fn run(arguments: &RunArgs) -> Result<(), Failure> {
    if arguments.explain {
        return Ok(say(explain::explain(arguments)?.trim_end())?);
    }
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
        return Err(Failure::Check(failure.to_owned()));
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
    let folder = arguments.output.out.clone().unwrap_or_else(default);
    report::check_folder(&folder, arguments.output.force)?;
    let results = experiment.run(&with_progress(arguments.options(), arguments.output.quiet))?;
    results.write(&folder, arguments.output.force)?;
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
    let overrides = arguments.experiment.overrides();
    let first = Experiment::from_file_with(&arguments.first, &overrides)?;
    let second = Experiment::from_file_with(&arguments.second, &overrides)?;
    let default =
        || PathBuf::from("results").join(format!("{}-versus-{}", first.name, second.name));
    let folder = arguments.output.out.clone().unwrap_or_else(default);
    report::check_folder(&folder, arguments.output.force)?;
    let options = with_progress(arguments.options(), arguments.output.quiet);
    let distances = run::compare([first, second], &options)?;
    report::write_distances(&folder, &distances, arguments.output.force)?;
    Ok((distances, folder))
}

/// `etascope compare`
///
/// # Errors
/// See [`Error`]. A difference is a result, not a failure.
pub fn compare(arguments: &CompareArgs) -> Result<(), Failure> {
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
/// See [`lecture::LectureError`]. A claim that is contradicted is a result, not a failure.
pub fn lecture(arguments: &LectureArgs) -> Result<(), Failure> {
    let (sections, folder) = lecture::lecture(arguments, &announcing(arguments.output.quiet))?;
    output::print_verdicts(&sections)?;
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
/// See [`coverage::CoverageError`]; and [`Failure::Check`] if a share is out of its bounds, after the table was written and
/// printed.
pub fn coverage(arguments: &CoverageArgs) -> Result<(), Failure> {
    let (rows, file) = coverage::coverage(arguments, &announcing(arguments.output.quiet))?;
    output::print_coverage(&rows)?;
    say(&format!("\nTable in {}", file.display()))?;
    let failed = (rows.iter())
        .filter(|row| row.verdict == CoverageVerdict::Fails)
        .count();
    if failed > 0 {
        let failure = format!("{failed} of {} shares are out of their bounds", rows.len());
        return Err(Failure::Check(failure));
    }
    Ok(())
}

/// Writes one line to standard error. A closed standard error must not end the run.
fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A function that announces on standard error the next piece of work.
fn announcing(quiet: bool) -> impl Fn(&str) {
    move |what| {
        if !quiet {
            note(what);
        }
    }
}

/// `etascope bench`
///
/// # Errors
/// See [`bench::BenchError`].
pub fn bench(arguments: &BenchArgs) -> Result<(), Failure> {
    let (found, files) = bench::bench(arguments, &announcing(arguments.output.quiet))?;
    output::print_benchmarks(&found)?;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    say(&format!("\nResults in {}", names.join(", ")))?;
    Ok(())
}

/// Writes one line to standard output. Unlike `println!` it does not panic if the reader has closed the pipe.
fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// `etascope devices`
///
/// # Errors
/// [`Failure::Check`] if there is no adapter at all.
pub fn devices() -> Result<(), Failure> {
    let rows = device_rows();
    output::print_devices(&rows)?;
    if rows.iter().all(|row| row.kind == "processor") {
        let failure = "no GPU adapter was found; runs use the CPU";
        return Err(Failure::Check(failure.to_owned()));
    }
    Ok(())
}

/// `etascope validate`
///
/// # Errors
/// [`Failure::Check`] if a check does not hold, [`Failure::Engine`] if the device fails.
pub fn validate(arguments: &ValidateArgs) -> Result<(), Failure> {
    let rows: Vec<StageRow> = all_stages(arguments.adapter.as_deref())?
        .into_iter()
        .map(stage_row)
        .collect();
    if arguments.json {
        let text = serde_json::to_string_pretty(&rows).map_err(io::Error::from)?;
        say(&text)?;
    } else {
        output::print_stages(&rows)?;
    }
    let failed = rows.iter().filter(|row| !row.passed).count();
    if failed > 0 {
        let failure = format!("{failed} of {} checks did not hold", rows.len());
        return Err(Failure::Check(failure));
    }
    Ok(())
}

/// The checks of the CPU, then those of the adapter. Without any adapter, a note says that only the CPU is checked.
#[cfg(feature = "gpu")]
fn all_stages(adapter: Option<&str>) -> Result<Vec<Check>, Failure> {
    use crate::engine::gpu;
    let device = match gpu::open(adapter) {
        Ok(device) => Some(device),
        Err(error @ crate::engine::EngineError::NoAdapter { .. }) if adapter.is_none() => {
            note(&format!("{error}; checking the CPU alone"));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut stages = validate::cpu()?;
    if let Some(device) = device {
        note(&format!(
            "GPU: {}, {}",
            device.report.name, device.report.driver
        ));
        stages.extend(validate::gpu(&device, None)?);
    }
    Ok(stages)
}

#[cfg(not(feature = "gpu"))]
fn all_stages(_: Option<&str>) -> Result<Vec<Check>, Failure> {
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
/// [`Failure::Input`] if the name cannot be that of a file, or the file exists.
pub fn new(arguments: &NewArgs) -> Result<(), Failure> {
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
    // Some names cannot stand in the file's comments, for example one with a line end.
    let fits =
        !name.ends_with(['/', '\\']) && !stem.is_empty() && toml::parse(&path, &text, &[]).is_ok();
    if !fits {
        return Err(Failure::Input(format!(
            "{:?} is no name for a file; try: etascope new double-well",
            arguments.name
        )));
    }
    let written =
        std::fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::Input(format!("{path} exists already; choose another name"))
        }
        _ => Failure::Write {
            path: path.clone(),
            source,
        },
    })?;
    say(&format!("wrote {path}; run it with: etascope run {path}"))?;
    Ok(())
}
