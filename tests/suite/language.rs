//! One vocabulary: words that the field's own terms have replaced, and British spellings, do not come back.

use std::path::{Path, PathBuf};

/// Words in lower case, each with the word to write in its place. Identifiers are split at capitals, digits and `_`.
const WORDS: &[(&[&str], &str)] = &[
    (
        &[
            "depart",
            "departs",
            "departed",
            "departing",
            "departure",
            "departures",
        ],
        "diverged, divergence",
    ),
    (&["survey", "surveys", "surveyed"], "data pass"),
    (
        &["gather", "gathers", "gathered", "gathering", "gatherings"],
        "example sum, accumulator",
    ),
    (&["tally", "tallies", "tallied"], "count"),
    (&["agenda"], "scheduler"),
    (&["wheel"], "lane rotation"),
    (&["doubt", "doubts", "doubted"], "warnings"),
    (&["rung", "rungs", "climb", "climbs", "climbed"], "stage"),
    (&["twin", "twins"], "CPU counterpart, broken variant"),
    (&["laboratory"], "runner"),
    (&["circumstances"], "provenance"),
    (&["extent", "extents"], "max norm"),
    (&["leg", "legs"], "segment"),
    (&["aim", "aims", "aimed"], "stopping rule"),
    (&["venue"], "target"),
    (&["law", "laws"], "distribution"),
    (&["rooms"], "modules"),
    (&["stretch", "stretches"], "phase"),
    (&["centre", "centres", "centred"], "center"),
    (
        &[
            "neighbour",
            "neighbours",
            "neighbouring",
            "behaviour",
            "favour",
        ],
        "neighbor, behavior, favor",
    ),
    (
        &[
            "rasteriser",
            "rasterisers",
            "normalise",
            "normalised",
            "normaliser",
            "recognise",
            "recognised",
        ],
        "rasterizer, normalize, recognize",
    ),
    (
        &[
            "discretise",
            "discretised",
            "discretisation",
            "initialise",
            "initialised",
            "initialisation",
        ],
        "discretize, initialize",
    ),
    (&["colour", "colours", "coloured", "grey"], "color, gray"),
    (&["licence", "licences"], "license"),
];

/// Identifiers, compared as a whole and with their case.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("Chapter", "Section"),
    ("Course", "AdaptiveRun"),
    ("Pace", "DispatchSizing"),
    ("STAYED", "NOT_DIVERGED"),
    ("Watch", "convergence monitor"),
];

/// Beginnings of doc comments that name no thing.
const BEGINNINGS: &[&str] = &["What ", "Whether ", "So many ", "So much ", "Of which "];

/// Words that stay in files whose path ends so, with the reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "src/random/normal_integer.rs",
        "gather",
        "the name of an instruction",
    ),
    ("src/program/lecture/fit.rs", "law", "a power law"),
    ("src/program/lecture/fit.rs", "laws", "power laws"),
    ("src/program/lecture/rules.rs", "laws", "power laws"),
    ("src/program/lecture/claims/flow.rs", "laws", "power laws"),
    ("tests/suite/data/kesten.rs", "law", "a power law"),
    (
        "src/program/bench/avx2.rs",
        "gather",
        "the name of an instruction",
    ),
];

/// Folders and files that are checked, from the root of the repository.
const CHECKED: [&str; 10] = [
    "src",
    "shaders",
    "tests",
    "benches",
    "docs",
    "examples",
    ".ci",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
];

fn files(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a readable folder") {
            files(&entry.expect("a readable folder").path(), into);
        }
    } else if path.extension().is_none_or(|extension| {
        ["rs", "wgsl", "md", "toml", "txt", "py"].contains(&&*extension.to_string_lossy())
    }) {
        into.push(path.to_owned());
    }
}

/// Words of an identifier in lower case: `ChainTally` and `chain_tally` both have "tally".
fn words(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_lower = false;
    for c in identifier.chars() {
        let begins = !c.is_alphabetic() || (c.is_uppercase() && before_is_lower);
        if begins {
            words.push(String::new());
        }
        if c.is_alphabetic() {
            let word = words.last_mut().expect("there is one from the start");
            word.extend(c.to_lowercase());
        }
        before_is_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Old words of a line, each with its replacement.
fn old_words(line: &str) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for identifier in line.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        let whole = IDENTIFIERS.iter().find(|(old, _)| *old == identifier);
        found.extend(whole.map(|(old, new)| ((*old).to_owned(), *new)));
        for word in words(identifier) {
            let row = WORDS.iter().find(|(old, _)| old.contains(&word.as_str()));
            found.extend(row.map(|(_, new)| (word.clone(), *new)));
        }
    }
    found
}

/// The beginning of a doc comment that names no thing, if the line is the first of its comment.
fn beginning(line: &str, before: &str) -> Option<&'static str> {
    let comment = |line: &str| -> Option<String> {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or(line.strip_prefix("//!"))?;
        Some(text.trim_start().to_owned())
    };
    let text = comment(line).filter(|_| comment(before).is_none())?;
    BEGINNINGS
        .iter()
        .find(|old| text.starts_with(**old))
        .copied()
}

/// Faults of a text: line number and reason.
fn faults(text: &str, rust: bool) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        for (word, new) in old_words(line) {
            faults.push((index + 1, format!("\"{word}\": write {new}")));
        }
        if let Some(old) = beginning(line, before).filter(|_| rust) {
            faults.push((index + 1, format!("begins with \"{}\"", old.trim_end())));
        }
        before = line;
    }
    faults
}

#[test]
fn old_words_do_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for checked in CHECKED {
        files(&root.join(checked), &mut paths);
    }
    paths.sort();
    let mut wrong = Vec::new();
    let mut used = vec![false; ALLOWED.len()];
    for path in &paths {
        let path_in_words = path.strip_prefix(root).expect("below the root");
        if path_in_words.ends_with("tests/suite/language.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let rust = path.extension().is_some_and(|extension| extension == "rs");
        for (line, fault) in faults(&text, rust) {
            let allowed = ALLOWED.iter().position(|(file, word, _)| {
                path_in_words.ends_with(file) && fault.starts_with(&format!("\"{word}\""))
            });
            match allowed {
                Some(index) => used[index] = true,
                None => wrong.push(format!("{}:{line} {fault}", path_in_words.display())),
            }
        }
    }
    assert!(paths.len() > 300, "only {} files", paths.len());
    assert!(
        wrong.is_empty(),
        "{}\n{} in all",
        wrong.join("\n"),
        wrong.len()
    );
    for (entry, used) in ALLOWED.iter().zip(used) {
        assert!(used, "{entry:?} allows nothing");
    }
}

#[test]
fn old_words_are_found() {
    assert_eq!(words("ChainTally2_of"), ["chain", "tally", "of"]);
    assert_eq!(old_words("let chain_tally = Pace::new();").len(), 2);
    assert!(old_words("the legal claim of total").is_empty());
    let text = "/// What it is.\n/// Whether.\nfn f() {}\n//! Whether so.\n";
    assert_eq!(faults(text, true).len(), 2);
}
