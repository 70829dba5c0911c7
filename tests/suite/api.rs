//! The public names of the library are those of `tests/api.txt`.

use std::path::Path;

/// Names of `pub use`, `pub mod` and `pub fn` in the crate root that documentation shows, sorted.
fn public_names(root: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut module = String::new();
    let mut hidden = false;
    let mut lines = root.lines();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text == "#[doc(hidden)]" || text == "#[cfg(doctest)]" {
            hidden = true;
        } else if text == "}" {
            module.clear();
        } else if let Some(rest) = text.strip_prefix("pub use ") {
            let mut statement = rest.to_owned();
            while !statement.contains(';') {
                statement += lines.next().expect("a statement ends").trim();
            }
            names.extend(used(&statement).map(|name| format!("{module}{name}")));
        } else if let Some(rest) = text.strip_prefix("pub mod ") {
            let name = rest.trim_end_matches(['{', ';', ' ']);
            if !hidden {
                names.push(name.to_owned());
                module = format!("{name}::");
            }
            hidden = false;
        } else if !text.starts_with('#') {
            assert!(
                !text.starts_with("pub ") || hidden,
                "not understood: {text}"
            );
            hidden = false;
        }
    }
    names.sort();
    names
}

/// The names that one `use` statement brings in.
fn used(statement: &str) -> impl Iterator<Item = &str> {
    let statement = statement.split(';').next().unwrap_or_default();
    let list = statement
        .rsplit_once("::")
        .map_or(statement, |(_, last)| last);
    let list = statement.split_once('{').map_or(list, |(_, list)| list);
    list.trim_end_matches('}')
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

#[test]
fn the_public_names_are_those_of_the_list() {
    let names = public_names(include_str!("../../src/lib.rs")).join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api.txt");
    if std::env::var_os("ETASCOPE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &names).expect("a writable file");
    }
    let list = std::fs::read_to_string(&path).expect("tests/api.txt");
    assert_eq!(
        names, list,
        "a change of public names needs a line in CHANGELOG.md; ETASCOPE_UPDATE_GOLDEN=1 writes the list"
    );
}

#[test]
fn names_are_found_and_hidden_ones_are_not() {
    let root = "#[doc(hidden)]\npub mod inner;\npub use inner::{A,\n    B};\npub use inner::C;\n\
                /// Words.\npub mod parts {\n    pub use crate::inner::D;\n}\n";
    assert_eq!(public_names(root), ["A", "B", "C", "parts", "parts::D"]);
}
