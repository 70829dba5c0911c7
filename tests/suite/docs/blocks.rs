//! Code blocks of documents, and tests of those that are no commands.

use super::commands::{Folder, output};
use super::{all, manual, read};
use etascope::toml;
use std::collections::BTreeSet;

/// A fenced code block.
pub(super) struct Block {
    pub(super) document: String,
    /// Text after the opening fence: the language, then a file name or a command.
    pub(super) info: String,
    pub(super) text: String,
}

impl Block {
    pub(super) fn language(&self) -> &str {
        self.info.split(' ').next().unwrap_or_default()
    }
}

/// The fenced blocks of a document, in order.
pub(super) fn blocks(document: &str) -> Vec<Block> {
    let text = read(document);
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block {
            document: document.to_owned(),
            info: info.to_owned(),
            text: text.join("\n"),
        });
    }
    blocks
}

fn in_language(language: &str) -> Vec<Block> {
    let blocks = all().into_iter().flat_map(|document| blocks(&document));
    blocks
        .filter(|block| block.language() == language)
        .collect()
}

/// Languages of code blocks, each with the test that reads them. Rust blocks are doctests of the crate.
const LANGUAGES: [&str; 6] = ["sh", "console", "toml", "text", "json", "rust"];

#[test]
fn every_block_has_a_language_that_is_tested() {
    for document in all() {
        for block in blocks(&document) {
            assert!(
                LANGUAGES.contains(&block.language()),
                "{document}: no test reads a block of \"{}\"",
                block.info
            );
        }
    }
}

/// Every experiment is read; those without data, which are the reader's own, run a few steps too.
#[test]
fn every_experiment_is_right() {
    let folder = Folder::new();
    let experiments = in_language("toml");
    assert!(experiments.len() >= 5, "only {} found", experiments.len());
    for block in experiments {
        toml::parse("manual.toml", &block.text, &[])
            .unwrap_or_else(|error| panic!("{}: {error}", block.document));
        if !block.text.contains("[data]") {
            folder.write("manual.toml", &block.text);
            let run = "etascope run manual.toml --quiet --force --chains 2048 --backend cpu \
                       --set ensemble.burn_in=0 --set ensemble.duration=100";
            output(&folder, run);
        }
    }
}

/// The first column of a table, the sentence above it without its numbers, and the first words of the last lines.
fn form(terminal: &str) -> Vec<String> {
    let words = |line: &str| -> String {
        // Two spaces end a column.
        let label = line.split("  ").next().unwrap_or_default();
        // Seconds and rates after the seed have other units on a busy machine.
        let label = label.split(" seed ").next().unwrap_or_default();
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
fn every_output_has_the_form_of_a_real_one() {
    let folder = Folder::new();
    let mut real: Vec<(String, Vec<String>)> = Vec::new();
    for block in in_language("text") {
        let command = block.info.trim_start_matches("text ").to_owned();
        let found = real.iter().position(|(known, _)| *known == command);
        let index = found.unwrap_or_else(|| {
            let line = format!("{command} --quiet --backend cpu --chains 65536 --force");
            real.push((command, form(&output(&folder, &line))));
            real.len() - 1
        });
        assert_eq!(form(&block.text), real[index].1, "{}", block.document);
    }
    assert!(real.len() >= 2, "only {} outputs found", real.len());
}

/// All paths of keys in a JSON value, with entries of lists under one name.
fn paths(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let path = format!("{path}.{key}");
                paths(value, &path, found);
                found.insert(path);
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| paths(item, path, found));
        }
        _ => {}
    }
}

#[test]
fn every_json_block_has_fields_of_a_real_summary() {
    let folder = Folder::new();
    let line = "etascope run examples/double-well.toml --json --quiet --chains 2048 --backend cpu";
    let real = serde_json::from_str(&output(&folder, line)).expect("JSON");
    let mut there = BTreeSet::new();
    paths(&real, "", &mut there);
    for block in in_language("json") {
        let told = serde_json::from_str(&block.text)
            .unwrap_or_else(|error| panic!("{}: {error}", block.document));
        let mut found = BTreeSet::new();
        paths(&told, "", &mut found);
        let missing: Vec<&String> = found.difference(&there).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", block.document);
    }
}

/// Words in backquotes, alone or in a command.
fn quoted_words(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .flat_map(|code| code.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_key_is_explained() {
    let explained = quoted_words(&read("docs/src/experiment.md"));
    let reference = read("docs/src/reference/keys.md");
    let keys = reference.lines().filter_map(|line| {
        let key = line.strip_prefix("| `")?.split('`').next()?;
        Some(key.rsplit('.').next().unwrap_or(key))
    });
    let keys: BTreeSet<&str> = (keys.filter(|key| *key != "NAME"))
        .take_while(|key| *key != "learning_rate")
        .collect();
    assert!(keys.len() > 30, "only {keys:?}");
    let missing: Vec<&&str> = (keys.iter())
        .filter(|key| !explained.contains(**key) && **key != "name")
        .collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
}

#[test]
fn every_command_is_explained_in_a_chapter() {
    let chapters: String = (manual().iter())
        .filter(|page| !page.contains("/reference/"))
        .map(|page| read(page))
        .collect();
    for line in read("docs/src/reference/options.md").lines() {
        if let Some(command) = line
            .strip_prefix("## `")
            .and_then(|rest| rest.strip_suffix('`'))
        {
            assert!(chapters.contains(command), "{command} is not explained");
        }
    }
}
