//! The README: its commands run, its experiments parse, and what it lists is what there is.

use clap::CommandFactory;
use etascope::program::cli::Cli;
use etascope::{compile::Problem, toml};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const README: &str = include_str!("../../README.md");

/// Chains of a run whose number the README leaves to the file; the commands are tested here, not the figures.
const FEW_CHAINS: &str = " --chains 2048";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The contents of all code blocks in a language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks: Vec<String> = (README.split(&fence).skip(1))
        .map(|rest| rest.split("```").next().expect("a fence closes").to_owned())
        .collect();
    assert!(!blocks.is_empty(), "the README has blocks of {language}");
    blocks
}

/// An empty folder with the examples and their data in it, as a clone has them.
fn clone_of_examples() -> TempDir {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let target = folder.path().join("examples");
    std::fs::create_dir_all(target.join("data")).expect("a writable folder");
    let copy = |file: &Path, target: PathBuf| {
        let name = file.file_name().expect("a file");
        std::fs::copy(file, target.join(name)).expect("a readable file");
    };
    for file in crate::examples::files() {
        copy(&file, target.clone());
    }
    for name in ["breast-cancer.csv", "diabetes.csv"] {
        copy(
            &root().join("examples/data").join(name),
            target.join("data"),
        );
    }
    folder
}

/// Runs a line of shell in which `etascope` is the program under test.
fn shell(line: &str, folder: &Path) -> Output {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_etascope"));
    let programs = program.parent().expect("a program lies in a folder");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(programs.to_owned()).chain(std::env::split_paths(&inherited));
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(paths).expect("paths join"))
        .output();
    output.expect("a shell")
}

/// A line of the README as a test runs it; none where running it is not for a test of the README.
fn testable(line: &str) -> Option<String> {
    if line == "tests/run" {
        assert!(root().join(line).is_file(), "{line} is there");
        return None;
    }
    if line == "cargo build --release --no-default-features" {
        return None;
    }
    let line = line.replace("cargo run --release -- ", "etascope ");
    assert!(
        line.starts_with("etascope "),
        "no way to test `{line}` is known"
    );
    let plain_run = line.starts_with("etascope run ") && !line.contains("--chains");
    Some(line + if plain_run { FEW_CHAINS } else { "" })
}

#[test]
fn every_command_runs() {
    let folder = clone_of_examples();
    let mut count = 0;
    for block in blocks("sh") {
        for line in block.lines().filter_map(testable) {
            let output = shell(&line, folder.path());
            assert!(
                output.status.success(),
                "`{line}` fails:\n{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            count += 1;
        }
    }
    assert!(count >= 9, "only {count} commands were found");
}

#[test]
fn every_experiment_is_right() {
    for text in blocks("toml") {
        let experiment = toml::parse("readme.toml", &text, &[]);
        let experiment = experiment.unwrap_or_else(|error| panic!("{error}"));
        Problem::new(experiment).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The first column of the table, the sentence above it with its numbers left out, and the last lines' first words.
fn form(terminal: &str) -> Vec<String> {
    let words = |line: &str| -> String {
        // A column ends where two spaces are.
        let label = line.split("  ").next().unwrap_or_default();
        let numberless: Vec<&str> = (label.split(' '))
            .filter(|word| !word.contains(|c: char| c.is_ascii_digit()) || word.contains('/'))
            .take(8)
            .collect();
        numberless.join(" ")
    };
    let lines = terminal.lines().filter(|line| !line.trim().is_empty());
    lines
        .filter(|line| !line.starts_with("Results in "))
        .map(words)
        .collect()
}

#[test]
fn the_table_has_the_form_of_a_real_one() {
    let folder = clone_of_examples();
    let command = "etascope run examples/double-well.toml --quiet --backend cpu --chains 65536";
    let output = shell(command, folder.path());
    let real = String::from_utf8(output.stdout).expect("the program writes UTF-8");
    assert_eq!(form(&blocks("text")[0]), form(&real), "{real}");
}

#[test]
fn the_table_of_a_sweep_has_the_form_of_a_real_one() {
    let folder = clone_of_examples();
    let command = "etascope run examples/regression.toml --quiet --backend cpu --chains 16384";
    let output = shell(command, folder.path());
    let real = String::from_utf8(output.stdout).expect("the program writes UTF-8");
    assert_eq!(form(&blocks("text")[1]), form(&real), "{real}");
}

/// Whether the README names this in backquotes: alone or as one word of a command.
fn names(word: &str) -> bool {
    let quoted = README.split('`').skip(1).step_by(2);
    quoted
        .flat_map(|code| code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')))
        .any(|name| name == word)
}

/// Names of all keys in a JSON value; those below `free` are the user's own names.
fn keys(value: &serde_json::Value, free: &[&str], found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                found.insert(key.clone());
                match value.as_object().filter(|_| free.contains(&key.as_str())) {
                    Some(own) => own.values().for_each(|value| keys(value, free, found)),
                    None => keys(value, free, found),
                }
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| keys(item, free, found));
        }
        _ => {}
    }
}

#[test]
fn every_field_of_a_summary_is_explained() {
    let folder = clone_of_examples();
    let mut found = BTreeSet::new();
    for example in ["double-well", "two-temperatures", "regression", "network"] {
        let line = format!("etascope run examples/{example}.toml --json --quiet{FEW_CHAINS}");
        let output = shell(&line, folder.path());
        let summary = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        keys(
            &summary,
            &["parameters", "observables", "alpha_virial", "circulation"],
            &mut found,
        );
    }
    assert!(found.len() > 45, "a summary has more fields than {found:?}");
    let missing: Vec<&String> = found.iter().filter(|key| !names(key)).collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
}

#[test]
fn every_key_of_an_experiment_is_explained() {
    let text = blocks("toml").join("\n");
    let mut keys = BTreeSet::new();
    let resolved = toml::parse("all.toml", &blocks("toml")[1], &[]).expect("it parses");
    let with_data = &blocks("toml regression.toml")[0];
    let regression = toml::parse("regression.toml", with_data, &[]).expect("it parses");
    let written = toml::to_toml(&resolved) + &toml::to_toml(&regression);
    for line in written.lines() {
        if let Some((key, _)) = line.split_once(" = ") {
            keys.insert(key.to_owned());
        }
    }
    assert!(keys.len() > 25, "an experiment has more keys than {keys:?}");
    let own = ["name", "b", "x", "y", "v", "w", "M"];
    let missing: Vec<&String> = (keys.iter())
        .filter(|key| !own.contains(&key.as_str()) && !names(key))
        .collect();
    assert!(missing.is_empty(), "not explained: {missing:?} in {text}");
}

#[test]
fn every_command_and_option_is_explained() {
    let mut count = 0;
    for command in Cli::command().get_subcommands() {
        let call = format!("etascope {}", command.get_name());
        assert!(README.contains(&call), "{call} is not explained");
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(
                names(&format!("--{option}")),
                "--{option} of {} is not explained",
                command.get_name()
            );
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} options were found");
}

/// The targets of `[text](target)` and `![text](target)` that are files or headings of the README.
#[test]
fn every_link_leads_somewhere() {
    let headings: Vec<String> = README
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            heading
                .replace('`', "")
                .replace(['[', ']'], "")
                .replace(' ', "-")
        })
        .collect();
    let mut count = 0;
    for rest in README.split("](").skip(1) {
        let target = rest.split(')').next().expect("a link closes");
        match target.strip_prefix('#') {
            Some(heading) => assert!(headings.iter().any(|h| h == heading), "no #{heading}"),
            None => assert!(root().join(target).exists(), "no file {target}"),
        }
        count += 1;
    }
    assert!(count >= 9, "only {count} links were found");
}

/// Paths of the repository in backquotes.
fn named_paths(text: &str) -> Vec<&str> {
    let folders = [
        "src/",
        "shaders/",
        "tests/",
        "benches/",
        "examples/",
        ".ci/",
    ];
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|code| folders.iter().any(|folder| code.starts_with(folder)))
        .filter(|code| !code.contains("NAME"))
        .collect()
}

#[test]
fn the_map_for_contributors_is_that_of_the_tree() {
    let contributing = include_str!("../../CONTRIBUTING.md");
    let shaders = include_str!("../../shaders/README.md");
    for path in named_paths(contributing)
        .into_iter()
        .chain(named_paths(shaders))
    {
        assert!(root().join(path).exists(), "there is no {path}");
    }
    let entries = |folder: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder of the repository");
        entries
            .map(|entry| entry.expect("readable").path())
            .collect()
    };
    let name = |path: &Path| {
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    for room in entries("src").iter().filter(|path| path.is_dir()) {
        let code = format!("`src/{}/`", name(room));
        assert!(contributing.contains(&code), "{code} is not on the map");
    }
    for shader in entries("shaders") {
        let code = format!("`{}`", name(&shader));
        let is_shader = code.ends_with(".wgsl`");
        assert!(
            !is_shader || shaders.contains(&code),
            "{code} is not explained"
        );
    }
}
