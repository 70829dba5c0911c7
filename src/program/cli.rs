//! The command line.
//!
//! Options that several commands have are in [`shared`].

pub mod pages;
pub mod shared;

use crate::run::Options;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use shared::{BackendArgs, ExperimentArgs, OutputArgs, parse_count};
use std::path::PathBuf;

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
    /// The chosen command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Run an experiment file and write a folder of results.
    Run(RunArgs),
    /// Run two experiments with the same parameters and measure how far apart their distributions are.
    #[command(
        after_help = "Example:\n  etascope compare sgd.toml langevin.toml --out results/model\n\n\
                      Learning rates are paired by position. If both files have the same seed, the second runs with the next one, so \
                      that the ensembles are independent. A difference is a result, not a failure."
    )]
    Compare(CompareArgs),
    /// Test each claim of the lecture against measurements.
    #[command(
        after_help = "Examples:\n  etascope lecture --quick\n  etascope lecture --only C6,C13 --out results/slopes\n\n\
                      Writes verdicts.csv, verdicts.md, a picture for each claim, and lecture.html with all of them."
    )]
    Lecture(LectureArgs),
    /// Count over many seeds how often error bars contain the exact value and how often tests reject.
    #[command(
        after_help = "Examples:\n  etascope coverage --quick\n  etascope coverage --only sgd,slope --seeds 1000 --out results/some.csv\n\n\
                      Writes results/coverage.csv. Exits with 1 if a share is out of its bounds by more than 3 of its binomial \
                      standard errors."
    )]
    Coverage(CoverageArgs),
    /// Check this machine stage by stage: CPU against GPU, and both against exact values.
    #[command(
        after_help = "Prints a table of deviations and their bounds; exits with 1 if any stage fails."
    )]
    Validate(ValidateArgs),
    /// Time chains on every backend, beside their random numbers alone and kernels written by hand.
    #[command(
        after_help = "Examples:\n  etascope bench --quick --out results/speed\n  etascope bench --quick --scaling --out results/growth\n  \
                      etascope bench --only \"double well\" --out results/well\n\n\
                      Writes bench.csv, bench-startup.csv, bench.md and bench.svg, with --scaling bench-scaling.csv and \
                      bench-scaling.svg. Every workload is checked for the right answer before it is timed."
    )]
    Bench(BenchArgs),
    /// List the adapters, their limits, and which one a run would choose and why.
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
        /// Folder for the pages; without it the main page goes to standard output.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Arguments of `etascope run`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(
    mut_arg("out", |out| out.help("Result folder; results/NAME by default")),
    after_help = "Examples:\n  \
    etascope run double-well.toml\n  \
    etascope run double-well.toml --chains 1e6 --seed 2 --out results/second\n  \
    etascope run double-well.toml --set dynamics.eta=0.05 --set 'parameters.x=\"uniform(-2, 2)\"'\n  \
    etascope run double-well.toml --json --quiet | jq .points[0].loss\n  \
    etascope run double-well.toml --explain\n\n\
    A run whose every chain diverged writes its result and exits with 1."
)]
pub struct RunArgs {
    /// The experiment file, TOML.
    pub file: PathBuf,
    /// Print the plan of the run, and run nothing.
    #[arg(long, conflicts_with_all = ["out", "json"])]
    pub explain: bool,
    /// Seed of the random stream, in place of the file's.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    #[command(flatten)]
    #[allow(
        missing_docs,
        reason = "a comment here would replace the description of the command"
    )]
    pub experiment: ExperimentArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "as above")]
    pub backend: BackendArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "as above")]
    pub output: OutputArgs,
    /// Print summary.json to standard output instead of the table.
    #[arg(long)]
    pub json: bool,
}

impl RunArgs {
    /// Where and how to run, without progress.
    pub fn options(&self) -> Options {
        self.backend.options().precision(self.experiment.precision)
    }

    /// Keys of the experiment file that the command line sets, each with the TOML text of its value.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let mut all = self.experiment.overrides();
        all.extend(
            self.seed
                .map(|seed| ("ensemble.seed".to_owned(), seed.to_string())),
        );
        all
    }
}

/// Arguments of `etascope compare`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(mut_arg("out", |out| out.help("Result folder; results/FIRST-versus-SECOND by default")))]
pub struct CompareArgs {
    /// The first experiment file, TOML.
    pub first: PathBuf,
    /// The second experiment file.
    pub second: PathBuf,
    #[command(flatten)]
    #[allow(
        missing_docs,
        reason = "a comment here would replace the description of the command"
    )]
    pub experiment: ExperimentArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "as above")]
    pub backend: BackendArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "as above")]
    pub output: OutputArgs,
    /// Print comparison.json to standard output instead of the table.
    #[arg(long)]
    pub json: bool,
}

impl CompareArgs {
    /// Where and how to run, without progress.
    pub fn options(&self) -> Options {
        self.backend.options().precision(self.experiment.precision)
    }
}

/// Arguments of `etascope lecture`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(mut_arg("out", |out| out.help("Result folder; results/lecture by default")))]
pub struct LectureArgs {
    /// Run a quarter of the chains, with intervals twice as wide.
    #[arg(long)]
    pub quick: bool,
    /// Test only these claims, such as C6,C13.
    #[arg(long, value_name = "CLAIMS", value_delimiter = ',')]
    pub only: Vec<String>,
    #[command(flatten)]
    #[allow(
        missing_docs,
        reason = "a comment here would replace the description of the command"
    )]
    pub backend: BackendArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "as above")]
    pub output: OutputArgs,
}

/// Arguments of `etascope coverage`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(mut_arg("out", |out| out.value_name("FILE").help("The table; results/coverage.csv by default")))]
pub struct CoverageArgs {
    /// Seeds of each experiment; 2000 by default.
    #[arg(long, value_name = "N", value_parser = parse_count, allow_negative_numbers = true)]
    pub seeds: Option<u64>,
    /// Run 200 seeds.
    #[arg(long, conflicts_with = "seeds")]
    pub quick: bool,
    /// Run only these experiments of examples/coverage/, such as sgd,slope.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<String>,
    #[command(flatten)]
    #[allow(
        missing_docs,
        reason = "a comment here would replace the description of the command"
    )]
    pub output: OutputArgs,
}

/// Arguments of `etascope bench`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(mut_arg("out", |out| out.help("Folder for the results; results by default")))]
pub struct BenchArgs {
    /// Take less than a minute: fewer chains and shorter repeats, with figures that vary more.
    #[arg(long)]
    pub quick: bool,
    /// Time instead how costs grow with chains, steps, parameters, learning rates, bins, measurements and threads.
    #[arg(long)]
    pub scaling: bool,
    /// Time numba, JAX and others in turns with this program, with a Python that has benches/peers/requirements.txt; to be
    /// run in the folder of the sources.
    #[arg(long, value_name = "PYTHON", conflicts_with = "scaling")]
    pub peers: Option<PathBuf>,
    /// Time only the workload of this name, or those whose names contain it; with --scaling only such axes.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Time only adapters whose names contain this; see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    #[command(flatten)]
    #[allow(
        missing_docs,
        reason = "a comment here would replace the description of the command"
    )]
    pub output: OutputArgs,
}

/// Arguments of `etascope validate`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ValidateArgs {
    /// Check the adapter whose name contains this; see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Print the table as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `etascope new`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NewArgs {
    /// Name of the experiment and stem of its file.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::pages::write_manual;
    use super::shared::Setting;
    use super::*;
    use crate::spec::{Backend, Precision};
    use clap::CommandFactory;

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
                run(&["--chains", text]).unwrap().experiment.chains,
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
            run.experiment.settings,
            [
                setting("dynamics.eta", "0.1"),
                setting("loss.formula", "\"select(x == 1, 0, x)\"")
            ]
        );
        for text in ["eta", "=1", "eta=", " = "] {
            assert!(
                super::shared::parse_setting(text)
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
            (run.backend.backend, run.experiment.precision),
            (Backend::Auto, Precision::F32)
        );
        assert!(run.output.out.is_none() && !run.output.force);
        assert!(run.experiment.chains.is_none() && run.experiment.settings.is_empty());
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
