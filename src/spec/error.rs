//! Problems in an experiment, shown at the characters that cause them.

use std::{ops::Range, string::FromUtf8Error};

use codespan_reporting::{
    diagnostic::{Diagnostic, Label},
    files::SimpleFiles,
    term::{self, Config, Styles, StylesWriter, termcolor::Buffer},
};

use super::{Data, Formula, Source};

/// Every problem found in an experiment, in order of position.
///
/// Displayed, it is [`ExperimentError::render`] without color.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.render(false))]
pub struct ExperimentError {
    // Not called `source`: that name would make it the cause of this error.
    origin: Source,
    problems: Vec<Problem>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The fault, in one clause.
    pub message: String,
    /// Position in bytes of the source; `None` when the problem is about the whole file.
    pub span: Option<Range<usize>>,
    /// A note beside that position: the value found, or the value expected.
    pub label: String,
    /// The correction, as a line to write.
    pub help: Option<String>,
}

impl ExperimentError {
    /// Orders the problems by position.
    pub(crate) fn new(origin: Source, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
        problems.dedup();
        Self { origin, problems }
    }

    /// A file that could not be read at all.
    pub(crate) fn unreadable(message: String, help: String) -> Self {
        let problem = Problem {
            message,
            span: None,
            label: String::new(),
            help: Some(help),
        };
        Self::new(Source::new("", "", &[]), vec![problem])
    }

    /// A file that is not UTF-8; points at the first byte that is not.
    pub(crate) fn not_utf8(file_name: &str, cause: &FromUtf8Error) -> Self {
        let at = cause.utf8_error().valid_up_to();
        let byte = cause.as_bytes()[at];
        // The text before the first bad byte is kept as it is, and the byte itself becomes one replacement character.
        let text = String::from_utf8_lossy(cause.as_bytes());
        let problem = Problem {
            message: "the file is not UTF-8 text".to_owned(),
            span: Some(at..at + char::REPLACEMENT_CHARACTER.len_utf8()),
            label: format!("the byte 0x{byte:02x} stands here"),
            help: Some("save the file with the encoding UTF-8".to_owned()),
        };
        Self::new(Source::new(file_name, &text, &[]), vec![problem])
    }

    /// A problem at a position of the source, for modules that find it after the file was checked.
    pub fn at(
        source: &Source,
        span: Range<usize>,
        message: &str,
        label: &str,
        help: Option<&str>,
    ) -> Self {
        let problem = Problem {
            message: message.to_owned(),
            span: Some(span),
            label: label.to_owned(),
            help: help.map(str::to_owned),
        };
        Self::new(source.clone(), vec![problem])
    }

    /// A problem in a formula, at a byte range of its text, for modules that read formulas.
    pub fn formula(
        source: &Source,
        formula: &Formula,
        message: &str,
        range: Range<usize>,
        label: &str,
        help: Option<&str>,
    ) -> Self {
        Self::at(source, formula.span_of(range), message, label, help)
    }

    /// A problem of the data file, for modules that read it. It points at the name of a column, or of the file.
    pub fn data(
        source: &Source,
        data: &Data,
        column: Option<&str>,
        message: &str,
        label: &str,
        help: &str,
    ) -> Self {
        Self::at(source, data.span_of(column), message, label, Some(help))
    }

    /// The problems, in order of position.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All problems for a person: file, line, column, the line itself with carets below, and what to write instead.
    ///
    /// With `color` the text has ANSI escape sequences.
    pub fn render(&self, color: bool) -> String {
        let mut files = SimpleFiles::new();
        for piece in self.origin.pieces() {
            files.add(piece.name.as_str(), piece.text.as_str());
        }
        let styles = Styles::default();
        let mut buffer = if color {
            Buffer::ansi()
        } else {
            Buffer::no_color()
        };
        for problem in &self.problems {
            let mut writer = StylesWriter::new(&mut buffer, &styles);
            term::emit_to_write_style(
                &mut writer,
                &Config::default(),
                &files,
                &self.diagnostic(problem),
            )
            .expect("every label lies within a piece, and writing to memory does not fail");
        }
        String::from_utf8_lossy(buffer.as_slice())
            .trim_end()
            .to_owned()
    }

    fn diagnostic(&self, problem: &Problem) -> Diagnostic<usize> {
        let labels = problem.span.iter().map(|span| {
            let (piece, _, local) = self.origin.locate(span);
            Label::primary(piece, local).with_message(&problem.label)
        });
        Diagnostic::error()
            .with_message(&problem.message)
            .with_labels(labels.collect())
            .with_notes(
                problem
                    .help
                    .iter()
                    .map(|help| format!("help: {help}"))
                    .collect(),
            )
    }
}
