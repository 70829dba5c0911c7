//! Reference pages of the manual, written from the code. `src/toml/sections/reference.rs` writes the page of keys.

use super::{read, root};
use clap::{Arg, Command, CommandFactory};
use etascope::program::cli::Cli;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const TOLD: &str = "ETASCOPE_UPDATE_GOLDEN=1 cargo test --release --test suite reference";

/// Compares a page with its text made anew, after writing it if the environment asks for that.
fn check(page: &str, text: &str) {
    if std::env::var_os("ETASCOPE_UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join(page), text).expect("a writable manual");
    }
    assert_eq!(read(page), text, "{page} is out of date: {TOLD}");
}

/// Text as one cell of a table.
fn cell(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.replace('|', "\\|")
}

#[test]
fn functions_are_those_of_the_language() {
    let language = read("src/loss/language.md");
    let start = language.find("| function | value |").expect("a table");
    let table: String = (language[start..].lines())
        .take_while(|line| line.starts_with('|'))
        .flat_map(|line| [line, "\n"])
        .collect();
    let head = format!(
        "# Functions of formulas\n\n<!-- Generated from src/loss/language.md: {TOLD} -->\n\n\
         [The experiment file](../experiment.md#formulas) explains formulas and their operators.\n\n"
    );
    check("docs/src/reference/functions.md", &(head + &table));
}

fn argument(argument: &Arg) -> String {
    let name = match (argument.get_long(), argument.get_short()) {
        (Some(long), Some(short)) => format!("--{long}, -{short}"),
        (Some(long), None) => format!("--{long}"),
        (None, _) => argument.get_id().as_str().to_uppercase(),
    };
    let takes_value = argument.get_action().takes_values();
    let values: Vec<String> = (argument.get_possible_values().iter())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}`: {help}", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    let value_name = argument.get_value_names().and_then(<[_]>::first);
    let value = match value_name {
        Some(value) if takes_value && argument.get_long().is_some() => format!(" {value}"),
        _ => String::new(),
    };
    let mut help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if takes_value && !values.is_empty() {
        write!(help, ". {}", values.join("; ")).expect("a string takes all text");
    }
    let default = argument.get_default_values().first();
    if let Some(default) = default.filter(|_| takes_value) {
        let default = default.to_string_lossy();
        write!(help, ". Default: `{default}`").expect("a string takes all text");
    }
    format!(
        "| `{name}{value}` | {} |\n",
        cell(&help.replace(".. ", ". "))
    )
}

fn command(command: &Command) -> String {
    let mut page = format!(
        "\n## `etascope {}`\n\n{}.\n",
        command.get_name(),
        command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default()
    );
    let arguments: String = (command.get_arguments())
        .filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
        .map(argument)
        .collect();
    if !arguments.is_empty() {
        page.push_str("\n| argument | meaning |\n|---|---|\n");
        page.push_str(&arguments);
    }
    page
}

#[test]
fn options_are_those_of_the_command_line() {
    let mut page = format!(
        "# Commands and options\n\n<!-- Generated from src/program/cli.rs: {TOLD} -->\n\n\
         `etascope COMMAND --help` prints the same with examples.\n"
    );
    let cli = Cli::command();
    page.extend(cli.get_subcommands().map(command));
    check("docs/src/reference/options.md", &page);
}

/// A field of a struct: its name in JSON, its type, true if it can be absent, and its documentation.
struct Field {
    name: String,
    of: String,
    optional: bool,
    doc: String,
}

/// A struct with its documentation.
#[derive(Default)]
struct Record {
    doc: String,
    fields: Vec<Field>,
}

/// The public structs of the Rust files in a folder, read line by line in the form that rustfmt gives them.
fn records(folder: &Path, found: &mut BTreeMap<String, Record>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            records(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a readable source");
            read_records(&text, found);
        }
    }
}

fn read_records(text: &str, found: &mut BTreeMap<String, Record>) {
    let mut doc = String::new();
    let mut attributes = String::new();
    let mut open: Option<(String, Record)> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(words) = trimmed.strip_prefix("///") {
            doc.push_str(words);
        } else if let Some(name) = line.strip_prefix("pub struct ") {
            if let Some(name) = name.strip_suffix(" {") {
                let doc = std::mem::take(&mut doc);
                open = Some((
                    name.to_owned(),
                    Record {
                        doc,
                        fields: Vec::new(),
                    },
                ));
            }
        } else if line == "}" {
            if let Some((name, record)) = open.take() {
                found.insert(name, record);
            }
        } else if let (Some((_, record)), Some(rest)) = (&mut open, trimmed.strip_prefix("pub ")) {
            if let Some((name, of)) = rest.trim_end_matches(',').split_once(": ") {
                record.fields.push(Field {
                    name: name.to_owned(),
                    of: of.to_owned(),
                    optional: attributes.contains("skip_serializing_if"),
                    doc: std::mem::take(&mut doc),
                });
            }
            attributes.clear();
        } else if open.is_some() {
            attributes.push_str(trimmed);
        } else if !trimmed.starts_with('#') {
            doc.clear();
        }
    }
}

/// A Rust type in words, and the structs that it contains.
fn in_words(of: &str, contained: &mut Vec<String>) -> String {
    let inside = |name: &str| of.strip_prefix(name)?.strip_suffix('>').map(str::to_owned);
    if let Some(of) = inside("Option<") {
        in_words(&of, contained)
    } else if let Some(of) = inside("Vec<") {
        format!("list of {}", in_words(&of, contained))
    } else if let Some(of) = inside("IndexMap<String, ") {
        format!("by name: {}", in_words(&of, contained))
    } else {
        match of {
            "f64" => "number".to_owned(),
            "u64" | "u32" | "usize" => "whole number".to_owned(),
            "bool" => "`true` or `false`".to_owned(),
            "String" => "text".to_owned(),
            "Estimate" => "estimate".to_owned(),
            name => {
                contained.push(name.to_owned());
                format!("[{name}](#{})", name.to_lowercase())
            }
        }
    }
}

#[test]
fn fields_are_those_of_the_summary() {
    let mut found = BTreeMap::new();
    records(&root().join("src/report"), &mut found);
    let mut page = format!(
        "# Fields of summary.json\n\n<!-- Generated from the structs of src/report: {TOLD} -->\n\n\
         An estimate is `{{ \"mean\": …, \"se\": … }}`: a value and its standard error. Fields marked with * are absent if they \
         do not apply. A number that is not finite is `null`. [Output](../output.md) explains the files of a result.\n"
    );
    let mut order = vec!["Summary".to_owned()];
    let mut next = 0;
    while next < order.len() {
        let name = order[next].clone();
        next += 1;
        let record = found
            .get(&name)
            .unwrap_or_else(|| panic!("no struct {name}"));
        let doc = cell(&record.doc).replace("[`", "`").replace("`]", "`");
        write!(
            page,
            "\n## {name}\n\n{doc}\n\n| field | value | meaning |\n|---|---|---|\n"
        )
        .expect("a string takes all text");
        for field in &record.fields {
            let mut contained = Vec::new();
            let of = in_words(&field.of, &mut contained);
            for other in contained {
                if !order.contains(&other) {
                    order.push(other);
                }
            }
            let star = if field.optional { " *" } else { "" };
            let doc = cell(&field.doc).replace("[`", "`").replace("`]", "`");
            writeln!(page, "| `{}`{star} | {of} | {doc} |", field.name)
                .expect("a string takes all text");
        }
    }
    assert!(order.len() >= 15, "only {order:?}");
    check("docs/src/reference/summary.md", &page);
}
