//! `lecture.html`: all verdicts and pictures on one self-contained page.

use super::table::{HEADER, cells};
use super::{Chapter, Circumstances, Table, Verdict};
use crate::report::html::STYLE;
use crate::report::picture::escaped;
use std::fmt::Write as _;

/// What the style of a report lacks: room for a wide table, colours of verdicts, captions.
const MORE_STYLE: &str = "\
.table{width:min(1150px,96vw);position:relative;left:50%;transform:translateX(-50%);overflow-x:auto}\
.table td{white-space:normal;min-width:72px;font-size:14px}.table td:nth-child(2),.table td:nth-child(4){min-width:230px}\
.holds{color:#1b5e20;font-weight:600}.contradicted{color:#b71c1c;font-weight:600}.undecided{color:#7a5200;font-weight:600}\
figcaption{padding:10px 18px 14px;font-size:15px;color:#444}";

/// The page: the table, then each claim with its picture.
pub(super) fn page(chapters: &[Chapter], circumstances: &Circumstances) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>The lecture, claim by claim – etascope</title>\n<style>{STYLE}{MORE_STYLE}</style>\n</head>\n<body>\n\
         <h1>The lecture, claim by claim</h1>\n\
         <p class=\"of\">D. McAllester, TTIC 31230, Winter 2020: <i>Gradient Flow and Langevin Dynamics</i></p>\n"
    );
    let _ = writeln!(page, "<p class=\"answer\">{}</p>", tally(chapters));
    verdicts(&mut page, chapters);
    for chapter in chapters {
        section(&mut page, chapter);
    }
    page.push_str("<h2>How it was computed</h2>\n<table class=\"wrap\">\n");
    for (label, value) in circumstances {
        let _ = writeln!(page, "<tr><th>{label}</th><td>{}</td></tr>", escaped(value));
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

/// How many statements got which verdict.
fn tally(chapters: &[Chapter]) -> String {
    let all = || chapters.iter().flat_map(|chapter| &chapter.statements);
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

/// Columns of the table that stand on the page: experiments and notes are told with each claim.
const SHORT: usize = 5;

fn verdicts(page: &mut String, chapters: &[Chapter]) {
    page.push_str("<div class=\"table\"><table>\n<tr>");
    for name in &HEADER[..SHORT] {
        let _ = write!(page, "<th>{name}</th>");
    }
    page.push_str("</tr>\n");
    for chapter in chapters {
        for statement in &chapter.statements {
            let [claim, words, verdict, rest @ ..] = cells(chapter, statement).map(|c| escaped(&c));
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

fn section(page: &mut String, chapter: &Chapter) {
    let (claim, title) = (escaped(&chapter.claim), escaped(&chapter.title));
    let _ = writeln!(page, "<h2 id=\"{claim}\">{claim}: {title}</h2>");
    if let Some(figure) = &chapter.figure {
        let _ = writeln!(
            page,
            "<figure>\n{}<figcaption>{}</figcaption></figure>",
            figure.svg,
            escaped(&figure.caption)
        );
    }
    for statement in &chapter.statements {
        let verdict = statement.verdict.word();
        let (words, note) = (escaped(&statement.words), escaped(&statement.note));
        let _ = writeln!(
            page,
            "<p>{words}: <span class=\"{verdict}\">{verdict}</span>. {note}</p>"
        );
    }
    let experiments = escaped(&chapter.experiments.join("; "));
    let _ = writeln!(page, "<p class=\"of\">Experiments: {experiments}</p>");
    if let Some(Table { header, rows }) = &chapter.table {
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
