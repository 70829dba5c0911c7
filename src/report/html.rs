//! `report.html`: the result as one self-contained page.

use super::answer;
use super::picture::{Picture, escaped};
use super::point_rows;
use super::results::Results;
use super::summary::{Point, Summary};
use std::fmt::Write as _;

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
    let name = escaped(&summary.name);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name} – etascope</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    head(&mut page, summary);
    figures(&mut page, summary);
    if !pictures.is_empty() {
        page.push_str("<h2>Pictures</h2>\n");
    }
    for picture in pictures {
        let _ = writeln!(page, "<figure>\n{}</figure>", picture.svg);
    }
    details(&mut page, summary);
    computed(&mut page, summary);
    repeat(&mut page, results);
    page += "</body>\n</html>\n";
    page
}

fn head(page: &mut String, summary: &Summary) {
    let chains = super::number::count(summary.chains);
    let (name, dynamics) = (escaped(&summary.name), escaped(&summary.dynamics));
    let _ = writeln!(
        page,
        "<h1>{name}</h1>\n<p class=\"of\">{dynamics}, {chains} chains at each learning rate</p>"
    );
    let warnings = answer::warnings(summary);
    for warning in &warnings {
        let _ = writeln!(page, "<p class=\"warning\">{}</p>", escaped(warning));
    }
    let _ = writeln!(
        page,
        "<p class=\"answer\">{}</p>",
        escaped(&answer::answer(summary))
    );
    if let ([point], true) = (summary.points.as_slice(), warnings.is_empty()) {
        let _ = writeln!(page, "<p class=\"ok\">{}</p>", escaped(&point.verdict));
    } else if warnings.is_empty() && !summary.points.is_empty() {
        let _ = writeln!(
            page,
            "<p class=\"ok\">No chain diverged and every ensemble has settled.</p>"
        );
    }
}

fn figures(page: &mut String, summary: &Summary) {
    page.push_str("<h2>Figures</h2>\n");
    match summary.points.as_slice() {
        [point] => point_table(page, point),
        _ => {
            let lines = answer::sweep(summary);
            table(page, &lines[0], &lines[1..]);
        }
    }
    let lines = [answer::slope(summary), answer::differences(summary)].concat();
    if !lines.is_empty() {
        let values: Vec<_> = (lines.into_iter())
            .map(|row| [row.quantity, row.measured, row.theory, row.difference])
            .collect();
        table(page, &HEADER.map(String::from), &values);
    }
    page.push_str(
        "<p>Each ± is one standard error (SE), from the variance between independent chains.</p>\n",
    );
}

/// Writes all figures of a sweep, in a collapsed element for each learning rate; nothing for a single
/// one.
fn details(page: &mut String, summary: &Summary) {
    if summary.points.len() < 2 {
        return;
    }
    page.push_str("<h2>Figures at each learning rate</h2>\n");
    for point in &summary.points {
        let _ = writeln!(
            page,
            "<details>\n<summary>η = {}</summary>",
            super::number::plain(point.eta)
        );
        point_table(page, point);
        page.push_str("</details>\n");
    }
}

fn point_table(page: &mut String, point: &Point) {
    let rows = point_rows::rows(point).into_iter();
    let rows: Vec<[String; 4]> = rows
        .map(|r| [r.quantity, r.measured, r.theory, r.difference])
        .collect();
    table(page, &HEADER.map(String::from), &rows);
}

fn table(page: &mut String, header: &[String], rows: &[impl AsRef<[String]>]) {
    let cells = |tag: &str, row: &[String]| {
        row.iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)))
            .collect::<String>()
    };
    let _ = writeln!(
        page,
        "<div class=\"wide\"><table>\n<tr>{}</tr>",
        cells("th", header)
    );
    for row in rows {
        let _ = writeln!(page, "<tr>{}</tr>", cells("td", row.as_ref()));
    }
    page.push_str("</table></div>\n");
}

fn computed(page: &mut String, summary: &Summary) {
    page.push_str("<h2>How it was computed</h2>\n<table class=\"wrap\">\n");
    for (label, value) in answer::provenance(summary) {
        let _ = writeln!(
            page,
            "<tr><th>{label}</th><td>{}</td></tr>",
            escaped(&value)
        );
    }
    for point in &summary.points {
        let (eta, steps) = (
            super::number::plain(point.eta),
            super::number::count(point.steps),
        );
        let time = super::number::plain(point.time);
        let verdict = escaped(&point.verdict);
        let _ = writeln!(
            page,
            "<tr><th>η = {eta}</th><td>{steps} steps, time {time}; {verdict}</td></tr>"
        );
    }
    page.push_str("</table>\n");
}

fn repeat(page: &mut String, results: &Results) {
    let Summary {
        backend,
        precision,
        etascope,
        ..
    } = &results.summary;
    let command = format!(
        "etascope run experiment.toml --backend {backend} --precision {precision} --out again"
    );
    let _ = writeln!(
        page,
        "<h2>How to repeat it</h2>\n<p>The file below is <code>experiment.toml</code> in the folder of this page, every \
         default written out. With version {} of the program, on the same device, it gives the same bits; elsewhere \
         it agrees within the standard errors.</p>\n<pre><code>{}</code></pre>\n<pre><code>{}</code></pre>",
        escaped(etascope),
        escaped(&command),
        escaped(&results.resolved_experiment),
    );
}
