//! Commands of documents: `sh` blocks run here, `console` blocks are for the reader's machine.

use super::blocks::blocks;
use super::{all, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Chains of a run for which the document gives no number: the commands are tested here, not the figures.
const FEW_CHAINS: &str = " --chains 2048";

/// Commands of `sh` blocks that no test here runs, with the reason.
const ELSEWHERE: [(&str, &str); 6] = [
    ("tests/run", "this test is part of it"),
    (".ci/run", "this test is part of it"),
    (
        "cargo build --release --no-default-features --features cli",
        ".ci/run checks this set of features",
    ),
    (
        "cargo test --release --lib loss::",
        "tests/run runs these tests",
    ),
    (
        "cargo test --release --test suite -- truth::",
        "tests/run runs these tests",
    ),
    (
        "cargo bench --bench shader_cost",
        "tests/run runs it as a test",
    ),
];

/// Programs of `console` blocks. They need another machine, a network, or rights that a test lacks.
const CONSOLE: [&str; 17] = [
    "apt-get",
    "data-tools/bin/python",
    "cargo",
    "docker",
    "ETASCOPE_UPDATE_GOLDEN=1",
    "etascope",
    "git",
    "ls",
    "mdbook",
    "nvidia-smi",
    "peers/bin/python",
    "python3",
    "rustup",
    "sudo",
    "target/typos/bin/typos",
    "vulkaninfo",
    "python",
];

/// An empty folder with the examples and their data in it, as a clone has them.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
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
        Self(folder)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("a writable folder");
    }
}

/// Runs a line of shell in which `etascope` is the program under test.
fn shell(folder: &Folder, line: &str) -> Output {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_etascope"));
    let programs = program.parent().expect("a program lies in a folder");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(programs.to_owned()).chain(std::env::split_paths(&inherited));
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder.0.path())
        .env("PATH", std::env::join_paths(paths).expect("paths join"))
        .output();
    output.expect("a shell")
}

/// Standard output of a command that succeeds.
pub(super) fn output(folder: &Folder, line: &str) -> String {
    let output = shell(folder, line);
    assert!(
        output.status.success(),
        "`{line}` fails:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("the program writes UTF-8")
}

/// The line as a test runs it, with fewer chains; `None` if another test runs it.
fn testable(line: &str) -> Option<String> {
    if ELSEWHERE.iter().any(|(command, _)| *command == line) {
        let program = line.split(' ').next().expect("a word");
        assert!(
            !program.contains('/') || root().join(program).is_file(),
            "{line} is not there"
        );
        return None;
    }
    let line = line.replace("cargo run --release -- ", "etascope ");
    assert!(
        line.starts_with("etascope "),
        "no way to test `{line}` is known"
    );
    let is_run = line.starts_with("etascope run ");
    let mut more = String::new();
    if is_run && !line.contains("--chains") {
        more.push_str(FEW_CHAINS);
    }
    // A document may show one command in two ways.
    if is_run
        && !["--force", "--explain"]
            .iter()
            .any(|option| line.contains(option))
    {
        more.push_str(" --force");
    }
    if line == "etascope lecture" {
        more.push_str(" --quick");
    }
    Some(line + &more)
}

/// Runs the `sh` blocks of a document in order, in one folder. `my-experiment.toml` is there unless the document makes it.
fn run(document: &str) {
    let folder = Folder::new();
    let blocks = blocks(document);
    let lines: Vec<String> = (blocks.iter().filter(|block| block.language() == "sh"))
        .flat_map(|block| block.text.lines())
        .filter_map(testable)
        .collect();
    let own = "etascope new my-experiment";
    if !lines.iter().any(|line| line == own) {
        output(&folder, own);
    }
    for line in &lines {
        output(&folder, line);
    }
}

macro_rules! documents {
    ($( $test:ident: $document:literal; )*) => {
        const RUN: &[&str] = &[ $( $document ),* ];

        $( #[test] fn $test() { run($document); } )*
    };
}

documents! {
    readme: "README.md";
    contributing: "CONTRIBUTING.md";
    first_run: "docs/src/first-run.md";
    precision: "docs/src/precision.md";
    output_chapter: "docs/src/output.md";
    compare: "docs/src/compare.md";
    lecture: "docs/src/lecture.md";
    coverage: "docs/src/coverage.md";
    speed: "docs/src/speed.md";
    gpus: "docs/src/gpus.md";
}

#[test]
fn every_document_with_commands_is_run() {
    for document in all() {
        let commands = blocks(&document)
            .iter()
            .any(|block| block.language() == "sh");
        assert!(
            !commands || RUN.contains(&document.as_str()),
            "{document} has commands that no test runs"
        );
    }
}

#[test]
fn console_blocks_hold_known_programs() {
    for document in all() {
        for block in blocks(&document) {
            if block.language() != "console" {
                continue;
            }
            for line in block.text.lines() {
                let words = line.strip_prefix("$ ").or(line.strip_prefix("# "));
                let program = words.and_then(|words| words.split(' ').next());
                let known = program.is_some_and(|program| {
                    CONSOLE.contains(&program) || program.starts_with("VK_")
                });
                assert!(known, "{document}: {line}");
            }
        }
    }
}
