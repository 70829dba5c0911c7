//! The documents: their commands run, their experiments parse, their tables show real output, and their links lead
//! somewhere. Reference pages are compared with the program; `ETASCOPE_UPDATE_GOLDEN=1` rewrites them.

mod blocks;
mod commands;
mod links;
mod map;
mod reference;

use std::path::{Path, PathBuf};

/// Documents outside the manual.
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "shaders/README.md",
    "examples/data/README.md",
    "results/README.md",
    "benches/peers/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Text of a document, by its path from the root of the repository.
fn read(document: &str) -> String {
    std::fs::read_to_string(root().join(document))
        .unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The pages of the manual, sorted, as paths from the root of the repository.
fn manual() -> Vec<String> {
    let mut folders = vec![PathBuf::from("docs/src")];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("a folder of the manual") {
            let entry = entry.expect("a readable folder");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    pages.sort();
    pages
}

/// All documents.
fn all() -> Vec<String> {
    let fixed = DOCUMENTS.map(str::to_owned).into_iter();
    fixed.chain(manual()).collect()
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 250, "{lines} lines");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let contents = read("docs/src/SUMMARY.md");
    for page in manual() {
        let page = page.trim_start_matches("docs/src/");
        assert!(
            page == "SUMMARY.md" || contents.contains(&format!("({page})")),
            "{page} is missing in SUMMARY.md"
        );
    }
}
