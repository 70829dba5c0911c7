//! Links of all documents, without a network: files exist, and anchors are headings.

use super::{all, read, root};
use std::path::{Component, Path, PathBuf};

/// The anchor that a Markdown renderer makes of a heading: lower case, spaces as dashes, no other punctuation.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().to_lowercase();
    letters
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// A document without its code blocks.
fn prose(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn anchors(text: &str) -> Vec<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// Targets of `[text](target)` and `![text](target)`.
fn targets(text: &str) -> Vec<String> {
    let prose = prose(text);
    let ends = prose.split("](").skip(1);
    ends.map(|rest| rest.split(')').next().expect("a link closes").to_owned())
        .collect()
}

/// A path without `..` parts.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in all() {
        for target in targets(&read(&document)) {
            count += 1;
            if target.starts_with("https://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let folder = Path::new(&document).parent().expect("a folder");
            let path = if file.is_empty() {
                PathBuf::from(&document)
            } else {
                tidy(&folder.join(file))
            };
            if !root().join(&path).exists() {
                wrong.push(format!("{document}: no file {target}"));
            } else if !heading.is_empty() {
                let text = read(&path.to_string_lossy());
                if !anchors(&text).iter().any(|anchor| anchor == heading) {
                    wrong.push(format!("{document}: no heading {target}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count >= 60, "only {count} links were found");
}

#[test]
fn anchors_are_those_of_renderers() {
    assert_eq!(anchor(" `[data]`"), "data");
    assert_eq!(anchor(" Do error bars hold?"), "do-error-bars-hold");
    assert_eq!(anchor(" dL/dη at η = 0"), "dldη-at-η--0");
}
