//! What the user typed on the command line.

use crate::run::Options;
use crate::spec::{Backend, Precision};
use clap::builder::PossibleValue;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Shows where stochastic gradient descent settles.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(
    version,
    propagate_version = true,
    long_about = "Shows where stochastic gradient descent settles.\n\n\
                  Runs millions of independent SGD or Langevin chains from one experiment file, on a GPU or on the CPU, \
                  and measures their stationary distribution, the converged loss and how both depend on the learning \
                  rate, each figure with its standard error.",
    after_help = "Start with:\n  \
                  etascope new my-experiment\n  \
                  etascope run my-experiment.toml\n\n\
                  Exit codes: 0 done, 1 failed or a check did not hold, 2 the input is wrong."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Run an experiment file and write a folder of results.
    Run(RunArgs),
    /// Run two experiments with the same parameters and measure how far apart their distributions are.
    #[command(
        after_help = "Example:\n  etascope compare sgd.toml langevin.toml --out results/model\n\n\
                      Learning rates are paired by position. Where both files have one seed the second runs with the next, so \
                      that the ensembles are independent. A difference is a result and no failure."
    )]
    Compare(CompareArgs),
    /// Hold every claim of the lecture that this program grew from against measurement.
    #[command(
        after_help = "Examples:\n  etascope lecture --quick\n  etascope lecture --only C6,C13 --out results/slopes\n\n\
                      Writes verdicts.csv, verdicts.md, a picture for each claim and lecture.html, which has them all."
    )]
    Lecture(LectureArgs),
    /// Count how often error bars hold the exact value and tests reject, over many seeds.
    #[command(
        after_help = "Examples:\n  etascope coverage --quick\n  etascope coverage --only sgd,slope --seeds 1000 --out results/some.csv\n\n\
                      Writes results/coverage.csv; exits with 1 where a share leaves its bounds by more than 3 of its binomial \
                      standard errors."
    )]
    Coverage(CoverageArgs),
    /// Check this machine stage by stage: CPU against GPU, and both against exact truth.
    #[command(
        after_help = "Prints a table of deviations and their bounds; exits with 1 if any stage fails."
    )]
    Validate(ValidateArgs),
    /// Time everything: chains on every backend, beside their random numbers alone and kernels written by hand.
    #[command(
        after_help = "Examples:\n  etascope bench --quick --out results/speed\n  etascope bench --quick --scaling --out results/growth\n  \
                      etascope bench --only \"double well\" --out results/well\n\n\
                      Writes bench.csv, bench-startup.csv, bench.md and bench.svg, with --scaling bench-scaling.csv and \
                      bench-scaling.svg. Every workload gives the right answer before it is timed."
    )]
    Bench(BenchArgs),
    /// List the adapters, their limits, and which would be chosen and why.
    Devices,
    /// Write a commented starter file, NAME.toml.
    #[command(after_help = "Example:\n  etascope new double-well && etascope run double-well.toml")]
    New(NewArgs),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  etascope completions bash > ~/.local/share/bash-completion/completions/etascope"
    )]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages.
    #[command(after_help = "Example:\n  etascope man ~/.local/share/man/man1 && man etascope-run")]
    Man {
        /// Where to write them; without it the main page goes to standard output.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Options of `etascope run`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:\n  \
    etascope run double-well.toml\n  \
    etascope run double-well.toml --chains 1e6 --seed 2 --out results/second\n  \
    etascope run double-well.toml --set dynamics.eta=0.05 --set 'parameters.x=\"uniform(-2, 2)\"'\n  \
    etascope run double-well.toml --json --quiet | jq .points[0].loss\n\n\
    A run whose every chain diverged writes its result and exits with 1.")]
pub struct RunArgs {
    /// The experiment file, TOML.
    pub file: PathBuf,
    /// Result folder; results/NAME by default.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where to run; auto takes a GPU if there is one that is not a software rasteriser.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Use the adapter whose name contains this, see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Arithmetic of the chains, and how their parameters are held between steps.
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,
    /// Seed of the random stream, in place of the file's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Chains at each learning rate, in place of the file's: 1000000 or 1e6.
    #[arg(long, value_name = "N", value_parser = parse_count, allow_negative_numbers = true)]
    pub chains: Option<u64>,
    /// Set any key of the file, such as dynamics.eta=0.05; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<Setting>,
    /// Replace an existing result.
    #[arg(long)]
    pub force: bool,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
    /// Print summary.json to standard output in place of the table.
    #[arg(long)]
    pub json: bool,
}

/// Options of `etascope compare`.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct CompareArgs {
    /// One experiment file, TOML.
    pub first: PathBuf,
    /// The other.
    pub second: PathBuf,
    /// Result folder; results/FIRST-versus-SECOND by default.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where to run; auto takes a GPU if there is one that is not a software rasteriser.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Use the adapter whose name contains this, see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Arithmetic of the chains, and how their parameters are held between steps.
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,
    /// Chains at each learning rate of both, in place of the files'.
    #[arg(long, value_name = "N", value_parser = parse_count, allow_negative_numbers = true)]
    pub chains: Option<u64>,
    /// Set any key of both files; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<Setting>,
    /// Replace an existing result.
    #[arg(long)]
    pub force: bool,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
    /// Print comparison.json to standard output in place of the table.
    #[arg(long)]
    pub json: bool,
}

/// Options of `etascope lecture`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LectureArgs {
    /// A quarter of the chains, with intervals twice as wide.
    #[arg(long)]
    pub quick: bool,
    /// Result folder; results/lecture by default.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only these claims, such as C6,C13.
    #[arg(long, value_name = "CLAIMS", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Replace an existing result.
    #[arg(long)]
    pub force: bool,
    /// Where to run; auto takes a GPU if there is one that is not a software rasteriser.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Use the adapter whose name contains this, see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Options of `etascope coverage`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CoverageArgs {
    /// Seeds of each experiment; 2000 by default.
    #[arg(long, value_name = "N", value_parser = parse_count, allow_negative_numbers = true)]
    pub seeds: Option<u64>,
    /// 200 seeds.
    #[arg(long, conflicts_with = "seeds")]
    pub quick: bool,
    /// Only these experiments of examples/coverage/, such as sgd,slope.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The table; results/coverage.csv by default.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace an existing table.
    #[arg(long)]
    pub force: bool,
    /// Do not announce experiments.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Options of `etascope bench`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BenchArgs {
    /// Less than a minute: fewer chains and shorter repeats, with figures that vary more.
    #[arg(long)]
    pub quick: bool,
    /// How costs grow with chains, steps, parameters, learning rates, bins, measurements and threads instead.
    #[arg(long)]
    pub scaling: bool,
    /// Time numba, JAX and others by turns with this program: a Python that has benches/peers/requirements.txt, run from the
    /// folder of the sources.
    #[arg(long, value_name = "PYTHON", conflicts_with = "scaling")]
    pub peers: Option<PathBuf>,
    /// Only the workload of this name, or those whose names contain it; with --scaling only such axes.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Folder for the results; results by default.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an existing result.
    #[arg(long)]
    pub force: bool,
    /// Of the adapters only those whose names contain this, see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Options of `etascope validate`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ValidateArgs {
    /// Check the adapter whose name contains this, see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Print the table as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `etascope new`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NewArgs {
    /// Name of the experiment and stem of its file.
    pub name: String,
}

impl RunArgs {
    /// Where and how to run, without progress.
    pub fn options(&self) -> Options {
        options(self.backend, self.adapter.as_deref(), self.precision)
    }

    /// Keys of the experiment file that the command line sets, each with the TOML text of its value.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let seed = self
            .seed
            .map(|seed| ("ensemble.seed".to_owned(), seed.to_string()));
        overrides(&self.settings, seed, self.chains)
    }
}

impl CompareArgs {
    /// Where and how to run, without progress.
    pub fn options(&self) -> Options {
        options(self.backend, self.adapter.as_deref(), self.precision)
    }

    /// Keys of both experiment files that the command line sets, each with the TOML text of its value.
    pub fn overrides(&self) -> Vec<(String, String)> {
        overrides(&self.settings, None, self.chains)
    }
}

fn options(backend: Backend, adapter: Option<&str>, precision: Precision) -> Options {
    let options = Options::default().backend(backend).precision(precision);
    match adapter {
        Some(name) => options.adapter(name),
        None => options,
    }
}

fn overrides(
    settings: &[Setting],
    seed: Option<(String, String)>,
    chains: Option<u64>,
) -> Vec<(String, String)> {
    let settings = settings
        .iter()
        .map(|setting| (setting.key.clone(), setting.value.clone()));
    let chains = chains.map(|chains| ("ensemble.chains".to_owned(), chains.to_string()));
    settings.chain(seed).chain(chains).collect()
}

impl ValueEnum for Backend {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.help()))
    }
}

impl ValueEnum for Precision {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::F32 => "Single precision",
            Self::F64 => "Double precision, on the CPU and on GPUs that have it",
            Self::Compensated => {
                "Single precision that adds steps to 64-bit integers: for small learning rates"
            }
            Self::F16State => {
                "Single precision that stores 16-bit floats, rounded at random: for twice the chains"
            }
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// A key of the experiment file and the TOML text of its value, from `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Dotted path: `dynamics.eta`.
    pub key: String,
    /// As typed after the first equals sign.
    pub value: String,
}

/// Writes the completion script of a shell to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "etascope", &mut script);
    io::stdout().lock().write_all(&script)
}

/// Writes one manual page for the program and one for each command into `dir`, created if need be, or the main
/// page to standard output. Returns the names of the files.
///
/// # Errors
/// The folder or standard output cannot be written.
pub fn write_manual(dir: Option<&Path>) -> io::Result<Vec<PathBuf>> {
    let mut command = Cli::command();
    command.build();
    let Some(dir) = dir else {
        clap_mangen::Man::new(command).render(&mut io::stdout().lock())?;
        return Ok(Vec::new());
    };
    std::fs::create_dir_all(dir)?;
    let subcommands: Vec<clap::Command> = command
        .get_subcommands()
        .filter(|c| c.get_name() != "help")
        .cloned()
        .collect();
    let mut paths = Vec::new();
    for command in std::iter::once(command).chain(subcommands) {
        // clap names a built subcommand "etascope-run" for display.
        let name = command
            .get_display_name()
            .unwrap_or_else(|| command.get_name())
            .to_owned();
        let path = dir.join(format!("{name}.1"));
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        std::fs::write(&path, page)?;
        paths.push(path);
    }
    Ok(paths)
}

/// A positive whole number, plain, with underscores, or as 1e6.
fn parse_count(text: &str) -> Result<u64, String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let expected = || {
        format!(
            "expected a whole number of at least 1, such as 1000000, 1_000_000 or 1e6; found \"{text}\""
        )
    };
    let count = match plain.parse::<u64>() {
        Ok(count) => count,
        Err(_) => scientific(&plain).ok_or_else(expected)?,
    };
    if count == 0 {
        Err(expected())
    } else {
        Ok(count)
    }
}

/// A whole number given with an exponent; 2⁵³ is where f64 stops telling whole numbers apart.
fn scientific(text: &str) -> Option<u64> {
    let number: f64 = text.parse().ok()?;
    let whole = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
    whole.then_some(number as u64)
}

fn parse_setting(text: &str) -> Result<Setting, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => Ok(Setting {
            key: key.trim().into(),
            value: value.trim().into(),
        }),
        _ => Err(format!(
            "expected KEY=VALUE, such as dynamics.eta=0.05; found \"{text}\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<RunArgs, clap::Error> {
        let line = ["etascope", "run", "a.toml"].iter().chain(arguments);
        match Cli::try_parse_from(line)?.command {
            Command::Run(run) => Ok(run),
            other => panic!("parsed as {other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn counts_are_read_as_people_write_them() {
        for (text, count) in [
            ("1", 1),
            ("1000000", 1_000_000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("2.5e3", 2500),
        ] {
            assert_eq!(
                run(&["--chains", text]).unwrap().chains,
                Some(count),
                "{text}"
            );
        }
        for text in ["0", "-1", "1.5", "1e300", "many", "", "nan", "inf"] {
            let error = run(&[&format!("--chains={text}")]).unwrap_err().to_string();
            assert!(error.contains("1_000_000"), "{error}");
        }
    }

    #[test]
    fn settings_split_at_the_first_equals_sign() {
        let run = run(&[
            "--set",
            "dynamics.eta=0.1",
            "--set",
            "loss.formula=\"select(x == 1, 0, x)\"",
        ])
        .unwrap();
        let setting = |key: &str, value: &str| Setting {
            key: key.into(),
            value: value.into(),
        };
        assert_eq!(
            run.settings,
            [
                setting("dynamics.eta", "0.1"),
                setting("loss.formula", "\"select(x == 1, 0, x)\"")
            ]
        );
        for text in ["eta", "=1", "eta=", " = "] {
            assert!(
                super::parse_setting(text)
                    .unwrap_err()
                    .contains("KEY=VALUE"),
                "{text}"
            );
        }
    }

    #[test]
    fn defaults_are_those_of_the_help() {
        let run = run(&[]).unwrap();
        assert_eq!(
            (run.backend, run.precision),
            (Backend::Auto, Precision::F32)
        );
        assert!(run.out.is_none() && run.chains.is_none() && run.settings.is_empty() && !run.force);
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let dir = tempfile::tempdir().unwrap();
        let paths = write_manual(Some(dir.path())).unwrap();
        let names: Vec<String> = paths
            .iter()
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        let commands = [
            "run",
            "compare",
            "lecture",
            "coverage",
            "validate",
            "bench",
            "devices",
            "new",
            "completions",
            "man",
        ]
        .map(|c| format!("etascope-{c}.1"));
        assert_eq!(names[0], "etascope.1");
        assert_eq!(names[1..], commands);
        let page = std::fs::read_to_string(dir.path().join("etascope-run.1")).unwrap();
        // roff writes the dash of an option as \-.
        assert!(page.contains("\\-\\-chains") && page.contains("etascope\\-run"));
    }
}
