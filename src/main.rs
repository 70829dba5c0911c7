//! The `etascope` program: parses the command line and runs a command.

use clap::Parser;
use etascope::program::cli::{Cli, Command, pages};
use etascope::program::commands;
use std::process::ExitCode;

fn main() -> ExitCode {
    set_runtime_dir();
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => commands::run(&arguments),
        Command::Compare(arguments) => commands::compare(&arguments),
        Command::Lecture(arguments) => commands::lecture(&arguments),
        Command::Coverage(arguments) => commands::coverage(&arguments),
        Command::Bench(arguments) => commands::bench(&arguments),
        Command::Validate(arguments) => commands::validate(&arguments),
        Command::Devices => commands::devices(),
        Command::New(arguments) => commands::new(&arguments),
        Command::Completions { shell } => pages::print_completions(shell).map_err(Into::into),
        Command::Man { dir } => pages::write_manual(dir.as_deref())
            .map(|_| ())
            .map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Sets `XDG_RUNTIME_DIR` if it is unset, as in containers and cron jobs.
///
/// Mesa's Vulkan layer asks Wayland which GPU drives the screen, and Wayland's library complains on standard error if the
/// variable is unset. Any folder without a Wayland socket will do.
fn set_runtime_dir() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: the program has a single thread so far, so nothing else reads the environment.
        unsafe { std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir()) };
    }
}
