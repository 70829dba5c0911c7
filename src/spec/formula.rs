//! Formula text that knows the position of each of its characters in the file.

use std::ops::Range;

/// A formula as the user wrote it, not parsed yet.
///
/// `text` is the value of the TOML string. It differs from the file's bytes where the string has escapes, a first newline
/// that TOML drops, or Windows line ends; [`Formula::span_of`] maps back to the file.
///
/// Two formulas are equal when their texts are.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The formula.
    pub text: String,
    /// Bytes of the whole TOML value in the source, quotes included.
    pub span: Range<usize>,
    /// `(byte of text, byte of source)` where a run of equal bytes begins, ascending in both.
    runs: Vec<(usize, usize)>,
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Formula {
    /// A formula whose characters are those of the source from `start` on, such as a bare name.
    pub(crate) fn bare(text: &str, start: usize) -> Self {
        Self {
            text: text.to_owned(),
            span: start..start + text.len(),
            runs: vec![(0, start)],
        }
    }

    /// A formula in a TOML string: `raw` is the string with its quotes, at `start` of the source, and `text` its value.
    pub(crate) fn quoted(text: &str, raw: &str, start: usize) -> Self {
        let span = start..start + raw.len();
        let runs = runs(text, raw)
            .into_iter()
            .map(|(text_at, raw_at)| (text_at, start + raw_at))
            .collect();
        Self {
            text: text.to_owned(),
            span,
            runs,
        }
    }

    /// The bytes of the source that gave a byte range of `text`.
    pub fn span_of(&self, range: Range<usize>) -> Range<usize> {
        let start = self.source_position(range.start);
        start..self.source_position(range.end).max(start)
    }

    fn source_position(&self, text_position: usize) -> usize {
        let run = self
            .runs
            .partition_point(|(text_at, _)| *text_at <= text_position)
            .saturating_sub(1);
        let (text_at, source_at) = self.runs[run];
        (source_at + text_position.min(self.text.len()) - text_at).min(self.span.end)
    }
}

/// Aligns the value of a valid TOML string with its spelling: the beginning of each run of equal bytes.
fn runs(text: &str, raw: &str) -> Vec<(usize, usize)> {
    let quote = raw.as_bytes()[0];
    let multiline = raw.len() >= 6 && raw.as_bytes()[..3] == [quote; 3];
    let escapes = quote == b'"';
    let mut raw_at = if multiline {
        3 + leading_newline(&raw[3..])
    } else {
        1
    };
    let mut runs = vec![(0, raw_at)];
    for (text_at, character) in text.char_indices() {
        let before = raw_at;
        if escapes {
            raw_at += continuation(rest(raw, raw_at));
        }
        if character == '\n' && rest(raw, raw_at).starts_with("\r\n") {
            raw_at += 1;
        }
        if raw_at != before {
            runs.push((text_at, raw_at));
        }
        if escapes && rest(raw, raw_at).starts_with('\\') {
            raw_at += escape_length(rest(raw, raw_at));
            runs.push((text_at + character.len_utf8(), raw_at));
        } else {
            raw_at += character.len_utf8();
        }
    }
    runs
}

fn rest(raw: &str, from: usize) -> &str {
    raw.get(from..).unwrap_or("")
}

/// Bytes of the newline that TOML drops right after the opening quotes of a multi-line string.
fn leading_newline(raw: &str) -> usize {
    if raw.starts_with("\r\n") {
        2
    } else {
        usize::from(raw.starts_with('\n'))
    }
}

/// Bytes of line continuations: a backslash at the end of the line and the blanks after it, any number of times.
fn continuation(raw: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = raw[length..].strip_prefix('\\') {
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if !rest[..blanks].contains('\n') {
            break;
        }
        length += 1 + blanks;
    }
    length
}

/// Bytes of one escape such as `\n`, `\xe9` or `\u00e9`.
fn escape_length(raw: &str) -> usize {
    match raw.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 2,
    }
}
