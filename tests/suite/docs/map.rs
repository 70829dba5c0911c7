//! The map for contributors shows the tree as it is.

use super::{read, root};
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 7] = [
    "src/",
    "shaders/",
    "tests/",
    "benches/",
    "examples/",
    "docs/",
    ".ci/",
];

/// Paths of the repository in backquotes, without patterns.
fn named_paths(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|code| FOLDERS.iter().any(|folder| code.starts_with(folder)))
        .filter(|code| !code.contains("NAME") && !code.contains('*'))
        .collect()
}

fn entries(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of the repository");
    entries
        .map(|entry| entry.expect("readable").path())
        .collect()
}

fn name(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_string_lossy().into_owned()
}

#[test]
fn every_path_exists() {
    let documents = ["CONTRIBUTING.md", "shaders/README.md"];
    for document in documents
        .map(str::to_owned)
        .into_iter()
        .chain(super::manual())
    {
        for path in named_paths(&read(&document)) {
            assert!(root().join(path).exists(), "{document}: there is no {path}");
        }
    }
}

#[test]
fn every_module_and_every_shader_is_on_its_map() {
    let contributing = read("CONTRIBUTING.md");
    for module in entries("src").iter().filter(|path| path.is_dir()) {
        let code = format!("`src/{}/`", name(module));
        assert!(contributing.contains(&code), "{code} is not on the map");
    }
    let shaders = read("shaders/README.md");
    for shader in entries("shaders") {
        let code = format!("`{}`", name(&shader));
        let is_shader = code.ends_with(".wgsl`");
        assert!(
            !is_shader || shaders.contains(&code),
            "{code} is not explained"
        );
    }
}

/// `tests/run` looks for an adapter by a test, which it names.
#[test]
fn tests_run_names_a_test_that_exists() {
    let script = read("tests/run");
    let rest = script.split("--exact cli::").nth(1).expect("a name");
    let name = rest.split(' ').next().expect("a word");
    let tests = read("tests/suite/cli.rs");
    assert!(tests.contains(&format!("fn {name}(")), "no test {name}");
}
