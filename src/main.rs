//! The `etascope` command: parses, runs, prints, and turns the outcome into an exit code.

use clap::Parser;
use etascope::program::cli::{self, Cli, Command};
use etascope::program::commands;
use std::io::ErrorKind;
use std::process::ExitCode;

fn main() -> ExitCode {
    give_runtime_dir();
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => commands::run(&arguments),
        Command::Compare(arguments) => commands::compare(&arguments),
        Command::Lecture(arguments) => commands::lecture(&arguments),
        Command::Coverage(arguments) => commands::coverage(&arguments),
        Command::Bench(arguments) => commands::bench(&arguments),
        Command::Validate(arguments) => commands::validate(&arguments),
        Command::Devices => commands::devices(),
        Command::New(arguments) => commands::new(&arguments),
        Command::Completions { shell } => cli::print_completions(shell).map_err(Into::into),
        Command::Man { dir } => cli::write_manual(dir.as_deref())
            .map(|_| ())
            .map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            commands::print_error(&error);
            ExitCode::from(commands::exit_code(&error))
        }
    }
}

/// Mesa's Vulkan layer asks Wayland which GPU the screen hangs on, and Wayland's library complains on standard error
/// where this variable is unset, as it is in containers and cron jobs. Any folder without a Wayland socket will do.
fn give_runtime_dir() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: the program has a single thread so far, so nothing reads the environment meanwhile.
        unsafe { std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir()) };
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
