//! Tables of verdicts as CSV, Markdown and plain text.

use super::{Provenance, Section, Statement, Table, interval_text};
use crate::report::number::plain as number;
use std::fmt::Write as _;

/// All statements, each with its section.
fn statements(sections: &[Section]) -> impl Iterator<Item = (&Section, &Statement)> {
    let all = |section| -> (&Section, &[Statement]) { (section, &section.statements) };
    sections
        .iter()
        .map(all)
        .flat_map(|(section, all)| all.iter().map(move |statement| (section, statement)))
}

/// Formats the verdicts as CSV, one row for each statement. Numbers have all their digits; fields of
/// absent values are empty.
pub(super) fn csv(sections: &[Section]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: [&str; 11]| {
        writer
            .write_record(row)
            .expect("writing to a vector succeeds, and all rows have one length");
    };
    write([
        "claim",
        "statement",
        "verdict",
        "quantity",
        "measured",
        "se",
        "low",
        "high",
        "exact",
        "experiments",
        "note",
    ]);
    for (section, statement) in statements(sections) {
        let comparison = statement.comparison.as_ref();
        let of = |f: fn(&super::Comparison) -> f64| {
            comparison.map_or_else(String::new, |c| f(c).to_string())
        };
        write([
            &statement.claim,
            &statement.words,
            statement.verdict.word(),
            comparison.map_or("", |c| &c.quantity),
            &of(|c| c.measured.mean),
            &of(|c| c.measured.se),
            &of(|c| c.measured.interval95()[0]),
            &of(|c| c.measured.interval95()[1]),
            &of(|c| c.exact),
            &section.experiments.join("; "),
            &statement.note,
        ]);
    }
    let bytes = writer.into_inner().expect("a vector needs no flushing");
    String::from_utf8(bytes).expect("all cells are UTF-8")
}

/// Names of the columns in the Markdown table and on the page.
pub(super) const HEADER: [&str; 7] = [
    "claim",
    "in words",
    "verdict",
    "measured, 95 % interval",
    "exact",
    "experiments",
    "note",
];

/// Cells of a statement, in the order of [`HEADER`].
pub(super) fn cells(section: &Section, statement: &Statement) -> [String; 7] {
    let comparison = statement.comparison.as_ref();
    [
        statement.claim.clone(),
        statement.words.clone(),
        statement.verdict.word().to_owned(),
        comparison.map_or_else(String::new, |c| {
            format!("{}: {}", c.quantity, interval_text(c.measured))
        }),
        comparison.map_or_else(String::new, |c| number(c.exact)),
        section.experiments.join("; "),
        statement.note.clone(),
    ]
}

/// Formats provenance, verdicts and the tables of the sections as Markdown.
pub(super) fn markdown(sections: &[Section], provenance: &Provenance) -> String {
    let mut text = "# The lecture, claim by claim\n\n".to_owned();
    for (label, value) in provenance {
        let _ = writeln!(text, "- {label}: {value}");
    }
    text.push('\n');
    let header = HEADER.map(str::to_owned);
    rows(
        &mut text,
        &header,
        statements(sections).map(|(section, statement)| cells(section, statement).to_vec()),
    );
    for section in sections {
        if let Some(Table { header, rows: all }) = &section.table {
            let _ = write!(text, "\n## {}: {}\n\n", section.claim, section.title);
            rows(&mut text, header, all.iter().cloned());
        }
    }
    text
}

/// Appends a Markdown table.
fn rows(text: &mut String, header: &[String], rows: impl Iterator<Item = Vec<String>>) {
    let mut line = |cells: &[String]| {
        let safe: Vec<String> = cells
            .iter()
            .map(|cell| cell.replace('|', "\\|").replace('\n', " "))
            .collect();
        let _ = writeln!(text, "| {} |", safe.join(" | "));
    };
    line(header);
    line(&vec!["---".to_owned(); header.len()]);
    rows.for_each(|row| line(&row));
}

/// Formats claim, verdict, measured and exact value of each statement in aligned columns.
pub(super) fn plain(sections: &[Section]) -> String {
    let mut lines =
        vec![["claim", "verdict", "measured, 95 % interval", "exact"].map(str::to_owned)];
    lines.extend(statements(sections).map(|(section, statement)| {
        let [claim, _, verdict, measured, exact, ..] = cells(section, statement);
        [claim, verdict, measured, exact]
    }));
    let width = |k: usize| {
        lines
            .iter()
            .map(|line| line[k].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for line in &lines {
        let padded: String = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        let _ = writeln!(text, "{}", padded.trim_end());
    }
    text
}
