//! Tables on standard output.

use crate::report::Summary;
use crate::report::number::{count, duration, engineering, significant};
use crate::report::{answer, point_rows};
use std::io::{self, Write};

/// One stage of `etascope validate`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StageRow {
    /// Name of the stage: "integers", "operations".
    pub stage: String,
    /// The compared quantity.
    pub what: String,
    /// The greatest deviation found.
    pub deviation: f64,
    /// The greatest that is allowed.
    pub bound: f64,
    /// True when the stage passes.
    pub passed: bool,
    /// Why the bound is what it is, or what failed.
    pub note: String,
}

/// One adapter of `etascope devices`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceRow {
    /// As the driver names it.
    pub name: String,
    /// "vulkan", "metal", "dx12", or "cpu".
    pub backend: String,
    /// The driver and its version.
    pub driver: String,
    /// "discrete GPU", "integrated GPU", "CPU".
    pub kind: String,
    /// True for a software rasterizer.
    pub software: bool,
    /// True when a run without options uses this adapter.
    pub chosen: bool,
    /// Why or why not.
    pub why: String,
    /// Limits that decide what fits, as name and value.
    pub limits: Vec<(String, String)>,
}

/// Returns true if standard output takes colors: a terminal, unless `NO_COLOR` or a similar variable says otherwise.
#[must_use]
pub fn stdout_takes_color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Writes the result table, or `summary.json`'s text if `json`, to standard output.
///
/// # Errors
/// Standard output cannot be written; a reader that left early is not an error.
pub fn print_result(summary: &Summary, json: bool) -> io::Result<()> {
    print(&if json {
        summary.to_json()
    } else {
        result_table(summary, stdout_takes_color())
    })
}

/// Writes the table of `etascope validate` to standard output.
///
/// # Errors
/// As [`print_result`].
pub fn print_stages(stages: &[StageRow]) -> io::Result<()> {
    print(&stage_table(stages, stdout_takes_color()))
}

/// Writes the table of `etascope devices` to standard output.
///
/// # Errors
/// As [`print_result`].
pub fn print_devices(devices: &[DeviceRow]) -> io::Result<()> {
    print(&device_table(devices, stdout_takes_color()))
}

/// The short result: what went wrong first, then the answer, then the figures.
#[must_use]
pub fn result_table(summary: &Summary, color: bool) -> String {
    let ink = Ink { color };
    let mut text = format!(
        "{}  {}, {} chains\n",
        ink.bold(&summary.name),
        summary.dynamics,
        count(summary.chains)
    );
    for warning in answer::warnings(summary) {
        text += &format!("{} {warning}\n", ink.warning("!"));
    }
    text += &format!("{}\n\n", answer::answer(summary));
    let mut cells: Vec<Vec<String>> = Vec::new();
    if let [point] = summary.points.as_slice() {
        cells.push(
            ["", "measured", "theory", "difference"]
                .map(String::from)
                .into(),
        );
        cells.extend(
            point_rows::rows(point)
                .into_iter()
                .map(|r| vec![r.quantity, r.measured, r.theory, r.difference]),
        );
    } else {
        cells.extend(answer::sweep(summary));
    }
    text += &aligned(&cells, ink);
    let lines = [answer::slope(summary), answer::differences(summary)].concat();
    for (i, row) in lines.iter().enumerate() {
        text += if i == 0 { "\n" } else { "" };
        text += &format!("{}\n", sentence(row));
    }
    let theory = summary
        .points
        .iter()
        .find_map(|point| point.theory.as_ref());
    if let Some(theory) = theory {
        text += &format!("\n{}", ink.faint(&format!("theory: {}", theory.source)));
    }
    text += &format!("\n{}\n", ink.faint(&footer(summary)));
    text
}

fn footer(summary: &Summary) -> String {
    let adapter = summary
        .adapter
        .as_ref()
        .map(|adapter| format!(", {adapter}"))
        .unwrap_or_default();
    let software = if summary.software_adapter {
        " (software)"
    } else {
        ""
    };
    format!(
        "{}{adapter}{software}, {}, {} normals, seed {}; {}, {} chain-steps/s",
        summary.backend,
        summary.precision,
        summary.normal,
        summary.seed,
        duration(summary.wall_seconds),
        engineering(summary.chain_steps_per_second),
    )
}

/// The stages in order with their deviations, and a closing line that counts failures.
#[must_use]
pub fn stage_table(stages: &[StageRow], color: bool) -> String {
    let ink = Ink { color };
    let header = ["stage", "compared", "deviation", "bound", "", "note"]
        .map(String::from)
        .into();
    let mut cells: Vec<Vec<String>> = vec![header];
    for row in stages {
        let verdict = if row.passed { "ok" } else { "FAILED" };
        let [deviation, bound] = [row.deviation, row.bound].map(|x| significant(x, 2));
        cells.push(vec![
            row.stage.clone(),
            row.what.clone(),
            deviation,
            bound,
            verdict.into(),
            row.note.clone(),
        ]);
    }
    let failed = stages.iter().filter(|row| !row.passed).count();
    let closing = match (stages.len(), failed) {
        (0, _) => ink.warning("no stage was run"),
        (n, 0) => format!("all {n} stages hold"),
        (n, failed) => ink.warning(&format!("{failed} of {n} stages failed")),
    };
    format!("{}\n{closing}\n", aligned(&cells, ink))
}

/// Every adapter with its limits; the one that would be chosen is marked.
#[must_use]
pub fn device_table(devices: &[DeviceRow], color: bool) -> String {
    let ink = Ink { color };
    if devices.is_empty() {
        return "no adapter was found\n".into();
    }
    let mut text = String::new();
    for device in devices {
        let mark = if device.chosen { "→" } else { " " };
        let software = if device.software {
            ", software rasterizer"
        } else {
            ""
        };
        let DeviceRow {
            name,
            backend,
            driver,
            kind,
            why,
            ..
        } = device;
        text += &format!("{mark} {}\n    {kind}{software}, {backend}", ink.bold(name));
        if !driver.is_empty() {
            text += &format!(", {driver}");
        }
        text += &format!(
            "\n    {}: {why}\n",
            if device.chosen {
                "chosen"
            } else {
                "not chosen"
            }
        );
        let width = device
            .limits
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, value) in &device.limits {
            text += &format!("    {}\n", ink.faint(&format!("{name:width$}  {value}")));
        }
    }
    text
}

/// Columns two spaces apart, without color.
pub(super) fn columns(cells: &[Vec<String>]) -> String {
    aligned(cells, Ink { color: false })
}

/// Columns two spaces apart under a faint header row; the last is not padded.
pub(super) fn aligned(cells: &[Vec<String>], ink: Ink) -> String {
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |k: usize| {
        cells
            .iter()
            .map(|row| row[k].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (i, row) in cells.iter().enumerate() {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        let line = padded.join("  ");
        let line = line.trim_end();
        text += &if i == 0 {
            ink.faint(line)
        } else {
            ink.verdicts(line)
        };
        text.push('\n');
    }
    text
}

/// Writes and flushes; a closed pipe ends quietly.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Escape sequences, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    pub(super) color: bool,
}

impl Ink {
    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(super) fn warning(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// Marks the words that must not be overlooked.
    fn verdicts(self, line: &str) -> String {
        ["FAILED", "NO"].iter().fold(line.to_owned(), |line, word| {
            match line.split_once(&format!("  {word}")) {
                Some((before, after)) => format!("{before}  {}{after}", self.warning(word)),
                None => line,
            }
        })
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A row in one line of text.
fn sentence(row: &point_rows::Row) -> String {
    let theory = format!("theory {}", row.theory);
    let parts = [
        Some(&row.measured),
        (!row.theory.is_empty()).then_some(&theory),
        (!row.difference.is_empty()).then_some(&row.difference),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    format!("{}: {}", row.quantity, parts.join(", "))
}
