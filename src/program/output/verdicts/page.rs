//! `lecture.html`: all verdicts and pictures as one self-contained page.

use super::table::{HEADER, cells};
use super::{Provenance, Section, Table, Verdict};
use crate::report::html::STYLE;
use crate::report::picture::escaped;
use std::fmt::Write as _;

/// Additions to the style sheet of a report: a wide table, colors of verdicts, captions.
const MORE_STYLE: &str = "\
.table{width:min(1150px,96vw);position:relative;left:50%;transform:translateX(-50%);overflow-x:auto}\
.table td{white-space:normal;min-width:72px;font-size:14px}.table td:nth-child(2),.table td:nth-child(4){min-width:230px}\
.holds{color:#1b5e20;font-weight:600}.contradicted{color:#b71c1c;font-weight:600}.undecided{color:#7a5200;font-weight:600}\
figcaption{padding:10px 18px 14px;font-size:15px;color:#444}";

/// Writes the page: the table of verdicts, then each claim with its picture.
pub(super) fn page(sections: &[Section], provenance: &Provenance) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>The lecture, claim by claim – etascope</title>\n<style>{STYLE}{MORE_STYLE}</style>\n</head>\n<body>\n\
         <h1>The lecture, claim by claim</h1>\n\
         <p class=\"of\">D. McAllester, TTIC 31230, Winter 2020: <i>Gradient Flow and Langevin Dynamics</i></p>\n"
    );
    let _ = writeln!(page, "<p class=\"answer\">{}</p>", verdict_counts(sections));
    verdicts(&mut page, sections);
    for section in sections {
        write_section(&mut page, section);
    }
    page.push_str("<h2>How it was computed</h2>\n<table class=\"wrap\">\n");
    for (label, value) in provenance {
        let _ = writeln!(page, "<tr><th>{label}</th><td>{}</td></tr>", escaped(value));
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

/// Number of statements for each verdict, in a sentence.
fn verdict_counts(sections: &[Section]) -> String {
    let all = || sections.iter().flat_map(|section| &section.statements);
    let count = |verdict| {
        all()
            .filter(|statement| statement.verdict == verdict)
            .count()
    };
    format!(
        "Of {} statements {} hold, {} are contradicted and {} are undecided.",
        all().count(),
        count(Verdict::Holds),
        count(Verdict::Contradicted),
        count(Verdict::Undecided)
    )
}

/// Number of columns of the table on the page. Experiments and notes are left to the section of each
/// claim.
const SHORT: usize = 5;

fn verdicts(page: &mut String, sections: &[Section]) {
    page.push_str("<div class=\"table\"><table>\n<tr>");
    for name in &HEADER[..SHORT] {
        let _ = write!(page, "<th>{name}</th>");
    }
    page.push_str("</tr>\n");
    for section in sections {
        for statement in &section.statements {
            let [claim, words, verdict, rest @ ..] = cells(section, statement).map(|c| escaped(&c));
            let _ = write!(
                page,
                "<tr><td><a href=\"#{claim}\">{claim}</a></td><td>{words}</td><td class=\"{verdict}\">{verdict}</td>"
            );
            for cell in &rest[..SHORT - 3] {
                let _ = write!(page, "<td>{cell}</td>");
            }
            page.push_str("</tr>\n");
        }
    }
    page.push_str("</table></div>\n");
}

fn write_section(page: &mut String, section: &Section) {
    let (claim, title) = (escaped(&section.claim), escaped(&section.title));
    let _ = writeln!(page, "<h2 id=\"{claim}\">{claim}: {title}</h2>");
    if let Some(figure) = &section.figure {
        let _ = writeln!(
            page,
            "<figure>\n{}<figcaption>{}</figcaption></figure>",
            figure.svg,
            escaped(&figure.caption)
        );
    }
    for statement in &section.statements {
        let verdict = statement.verdict.word();
        let (words, note) = (escaped(&statement.words), escaped(&statement.note));
        let _ = writeln!(
            page,
            "<p>{words}: <span class=\"{verdict}\">{verdict}</span>. {note}</p>"
        );
    }
    let experiments = escaped(&section.experiments.join("; "));
    let _ = writeln!(page, "<p class=\"of\">Experiments: {experiments}</p>");
    if let Some(Table { header, rows }) = &section.table {
        page.push_str("<div class=\"wide\"><table>\n");
        let line = |tag: &str, cells: &[String]| {
            let cells = cells.iter().map(|cell| escaped(cell));
            cells.fold(String::new(), |line, cell| {
                line + &format!("<{tag}>{cell}</{tag}>")
            })
        };
        let _ = writeln!(page, "<tr>{}</tr>", line("th", header));
        for row in rows {
            let _ = writeln!(page, "<tr>{}</tr>", line("td", row));
        }
        page.push_str("</table></div>\n");
    }
}
