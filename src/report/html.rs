//! `report.html`: the result as one self-contained page.

use super::answer;
use super::picture::Picture;
use super::point_rows::{self, Row};
use super::printable::printable;
use super::results::Results;
use super::summary::{Point, Summary};
use maud::{Markup, PreEscaped, html};

/// Style sheet of the page. Text colors have a contrast of at least 4.5 on white.
pub(crate) const STYLE: &str = "\
body{font:16px/1.5 system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif;color:#222;background:#fff;\
max-width:800px;margin:0 auto;padding:24px 20px 64px}\
h1{font-size:28px;line-height:1.2;margin:0}h2{font-size:20px;margin:40px 0 12px}details{margin:8px 0}summary{cursor:pointer}\
.of{color:#666;margin:4px 0 20px}.answer{font-size:19px;margin:0 0 8px}\
.warning{border-left:4px solid #c62828;background:#fdecea;padding:8px 14px;margin:0 0 12px}\
.ok{border-left:4px solid #2e7d32;background:#edf7ed;padding:8px 14px;margin:0 0 12px}\
.wide{overflow-x:auto;margin:0 0 16px}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{text-align:left;padding:5px 18px 5px 0;border-bottom:1px solid #e6e6e6;white-space:nowrap;vertical-align:top}\
th{font-weight:600;color:#666}.wrap td{white-space:normal;overflow-wrap:anywhere}\
figure{margin:0 0 24px;overflow-x:auto;border:1px solid #e6e6e6;border-radius:6px}\
figure>svg{display:block;width:100%;min-width:560px;height:auto}\
pre{background:#f6f6f6;padding:14px;overflow-x:auto;border-radius:6px;font-size:14px;line-height:1.45}\
code{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}\
@media(max-width:560px){body{padding:16px 14px 48px}th,td{padding-right:10px;font-size:14px}}\
@media print{figure{break-inside:avoid}}";

/// Header of a table of figures.
const HEADER: [&str; 4] = ["", "measured", "theory", "difference"];

/// Writes the page: warnings, answer, figures, pictures, provenance, and the command that repeats the
/// run.
pub(crate) fn page(results: &Results, pictures: &[Picture]) -> String {
    let summary = &results.summary;
    let title = format!("{} – etascope", shown(&summary.name));
    let body = html! {
        (heading(summary))
        h2 { "Figures" }
        (figures(summary))
        @if !pictures.is_empty() {
            h2 { "Pictures" }
        }
        @for picture in pictures {
            figure { "\n" (PreEscaped(&picture.svg)) }
        }
        (details(summary))
        h2 { "How it was computed" }
        (computed(summary))
        h2 { "How to repeat it" }
        (repetition(results))
    };
    document(&title, "", &body)
}

/// A complete page with the style sheet of a report and additions to it.
pub(crate) fn document(title: &str, more_style: &str, body: &Markup) -> String {
    let page = html! {
        "\n"
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(more_style)) }
            }
            body { (body) }
        }
        "\n"
    };
    format!("<!doctype html>{}", page.into_string())
}

/// Text for a page, without control characters, which no page may hold.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// A table in a box that scrolls sideways where the screen is narrow.
pub(crate) fn table(header: &[String], rows: &[impl AsRef<[String]>]) -> Markup {
    html! {
        div.wide {
            table {
                tr { @for cell in header { th { (shown(cell)) } } }
                @for row in rows {
                    tr { @for cell in row.as_ref() { td { (shown(cell)) } } }
                }
            }
        }
    }
}

/// Name, warnings and answer.
fn heading(summary: &Summary) -> Markup {
    let chains = super::number::count(summary.chains);
    let warnings = answer::warnings(summary);
    html! {
        h1 { (shown(&summary.name)) }
        p.of { (shown(&summary.dynamics)) ", " (chains) " chains at each learning rate" }
        @for warning in &warnings {
            p.warning { (shown(warning)) }
        }
        p.answer { (shown(&answer::answer(summary))) }
        @if warnings.is_empty() {
            @match summary.points.as_slice() {
                [] => {}
                [point] => p.ok { (shown(&point.verdict)) }
                _ => p.ok { "No chain diverged and every ensemble has settled." }
            }
        }
    }
}

/// The figures of a single learning rate, or a line for each of several; slopes and differences.
fn figures(summary: &Summary) -> Markup {
    let lines = [answer::slope(summary), answer::differences(summary)].concat();
    html! {
        @match summary.points.as_slice() {
            [point] => (point_table(point))
            _ => {
                @let lines = answer::sweep(summary);
                (table(&lines[0], &lines[1..]))
            }
        }
        @if !lines.is_empty() {
            (row_table(lines))
        }
        p { "Each ± is one standard error (SE), from the variance between independent chains." }
    }
}

/// All figures of a sweep, in a collapsed element for each learning rate; nothing for a single one.
fn details(summary: &Summary) -> Markup {
    html! {
        @if summary.points.len() > 1 {
            h2 { "Figures at each learning rate" }
            @for point in &summary.points {
                details {
                    summary { "η = " (super::number::plain(point.eta)) }
                    (point_table(point))
                }
            }
        }
    }
}

fn point_table(point: &Point) -> Markup {
    row_table(point_rows::rows(point))
}

fn row_table(rows: Vec<Row>) -> Markup {
    let rows: Vec<[String; 4]> = (rows.into_iter())
        .map(|row| [row.quantity, row.measured, row.theory, row.difference])
        .collect();
    table(&HEADER.map(String::from), &rows)
}

/// Program, device and settings of the run, and the verdict at each learning rate.
fn computed(summary: &Summary) -> Markup {
    html! {
        table.wrap {
            @for (label, value) in answer::provenance(summary) {
                tr { th { (label) } td { (shown(&value)) } }
            }
            @for point in &summary.points {
                tr {
                    th { "η = " (super::number::plain(point.eta)) }
                    td {
                        (super::number::count(point.steps)) " steps, time "
                        (super::number::plain(point.time)) "; " (shown(&point.verdict))
                    }
                }
            }
        }
    }
}

/// The experiment file and the command that runs it again.
fn repetition(results: &Results) -> Markup {
    let Summary {
        backend,
        precision,
        etascope,
        ..
    } = &results.summary;
    let command = format!(
        "etascope run experiment.toml --backend {backend} --precision {precision} --out again"
    );
    html! {
        p {
            "The file below is " code { "experiment.toml" } " in the folder of this page, every default \
             written out. With version " (shown(etascope)) " of the program, on the same device, it gives \
             the same bits; elsewhere it agrees within the standard errors."
        }
        pre { code { (shown(&command)) } }
        pre { code { (shown(&results.resolved_experiment)) } }
    }
}
