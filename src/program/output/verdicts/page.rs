//! `lecture.html`: all verdicts and pictures as one self-contained page.

use super::table::{HEADER, cells};
use super::{Provenance, Section, Verdict};
use crate::report::html::{document, shown, table};
use maud::{Markup, PreEscaped, html};

/// Additions to the style sheet of a report: a wide table, colors of verdicts, captions.
const MORE_STYLE: &str = "\
.table{width:min(1150px,96vw);position:relative;left:50%;transform:translateX(-50%);overflow-x:auto}\
.table td{white-space:normal;min-width:72px;font-size:14px}.table td:nth-child(2),.table td:nth-child(4){min-width:230px}\
.holds{color:#1b5e20;font-weight:600}.contradicted{color:#b71c1c;font-weight:600}.undecided{color:#7a5200;font-weight:600}\
figcaption{padding:10px 18px 14px;font-size:15px;color:#444}";

/// Writes the page: the table of verdicts, then each claim with its picture.
pub(super) fn page(sections: &[Section], provenance: &Provenance) -> String {
    let body = html! {
        h1 { "The lecture, claim by claim" }
        p.of {
            "D. McAllester, TTIC 31230, Winter 2020: " i { "Gradient Flow and Langevin Dynamics" }
        }
        p.answer { (verdict_counts(sections)) }
        (verdicts(sections))
        @for section in sections {
            (one_section(section))
        }
        h2 { "How it was computed" }
        table.wrap {
            @for (label, value) in provenance {
                tr { th { (label) } td { (shown(value)) } }
            }
        }
    };
    document("The lecture, claim by claim – etascope", MORE_STYLE, &body)
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

/// The table of all statements with their verdicts.
fn verdicts(sections: &[Section]) -> Markup {
    html! {
        div.table {
            table {
                tr { @for name in &HEADER[..SHORT] { th { (name) } } }
                @for section in sections {
                    @for statement in &section.statements {
                        @let [claim, words, verdict, rest @ ..] =
                            cells(section, statement).map(|cell| shown(&cell));
                        tr {
                            td { a href={ "#" (claim) } { (claim) } }
                            td { (words) }
                            td class=(verdict) { (verdict) }
                            @for cell in &rest[..SHORT - 3] { td { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// One claim: its picture, statements, experiments and table.
fn one_section(section: &Section) -> Markup {
    let claim = shown(&section.claim);
    html! {
        h2 id=(claim) { (claim) ": " (shown(&section.title)) }
        @if let Some(figure) = &section.figure {
            figure {
                "\n" (PreEscaped(&figure.svg))
                figcaption { (shown(&figure.caption)) }
            }
        }
        @for statement in &section.statements {
            @let verdict = statement.verdict.word();
            p {
                (shown(&statement.words)) ": " span class=(verdict) { (verdict) } ". "
                (shown(&statement.note))
            }
        }
        p.of { "Experiments: " (shown(&section.experiments.join("; "))) }
        @if let Some(figures) = &section.table {
            (table(&figures.header, &figures.rows))
        }
    }
}
