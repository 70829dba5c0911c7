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
    /// Compared quantity.
    pub what: String,
    /// Greatest deviation found.
    pub deviation: f64,
    /// Greatest allowed deviation.
    pub bound: f64,
    /// True when the stage passes.
    pub passed: bool,
    /// Reason for the bound, or for the failure.
    pub note: String,
}

/// One adapter of `etascope devices`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceRow {
    /// Name that the driver reports.
    pub name: String,
    /// Graphics API, or "cpu": "vulkan", "metal", "dx12".
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// Type of the device: "discrete GPU", "integrated GPU", "CPU".
    pub kind: String,
    /// True for a software rasterizer.
    pub software: bool,
    /// True when a run without options uses this adapter.
    pub chosen: bool,
    /// Reason for the choice.
    pub why: String,
    /// Limits of the adapter that bound the size of a run, as names and values.
    pub limits: Vec<(String, String)>,
}

/// Returns true if standard output accepts colors: it is a terminal, and `NO_COLOR` or a similar
/// variable does not forbid them.
#[must_use]
pub fn stdout_takes_color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Writes the result table, or the text of `summary.json` if `json`, to standard output.
///
/// # Errors
/// Standard output cannot be written. A closed pipe is not an error.
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
/// Those of [`print_result`].
pub fn print_stages(stages: &[StageRow]) -> io::Result<()> {
    print(&stage_table(stages, stdout_takes_color()))
}

/// Writes the table of `etascope devices` to standard output.
///
/// # Errors
/// Those of [`print_result`].
pub fn print_devices(devices: &[DeviceRow]) -> io::Result<()> {
    print(&device_table(devices, stdout_takes_color()))
}

/// Formats a short result: warnings, then the answer, then the figures.
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

/// Formats the stages in order with their deviations, and a last line with the number of failures.
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

/// Formats every adapter with its limits. An arrow marks the one that a run without options uses.
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

/// Aligns cells in columns two spaces apart, without color.
pub(super) fn columns(cells: &[Vec<String>]) -> String {
    aligned(cells, Ink { color: false })
}

/// Aligns cells in columns two spaces apart. The first row is a faint header; lines have no trailing
/// spaces.
pub(super) fn aligned(cells: &[Vec<String>], ink: Ink) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(comfy_table::ContentArrangement::Disabled)
        .add_rows(cells);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for (i, line) in table.lines().enumerate() {
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

/// Writes text to standard output and flushes it. A closed pipe is not an error.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Text styles of the terminal: ANSI escape sequences if `color`, else none.
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

    /// Highlights the words `FAILED` and `NO` at the beginning of a cell.
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

/// A row of figures in one line of text.
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
