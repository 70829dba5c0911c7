//! Completion scripts and manual pages.

use super::Cli;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
