//! The text of an experiment, and the positions of values in it.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// A value and the bytes of the [`Source`] it was read from.
///
/// Two spanned values are equal when their values are; positions do not count.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Bytes in the [`Source`]; for a default, those of the value it was derived from, or an empty range.
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// Joins a value and its position.
    pub fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The text of the file and of every `--set`, in one range of byte positions.
///
/// Positions from 0 to the file's length are the file's own. Each override follows as a piece of its own, so that a byte
/// range identifies both the text and the position in it.
#[derive(Debug, Clone)]
pub struct Source {
    pieces: Vec<Piece>,
    folder: PathBuf,
}

/// One text with its name and its first position.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) start: usize,
    /// Bytes before the value: the length of `key=` in an override, 0 in the file.
    pub(crate) value_at: usize,
}

impl Source {
    /// Lays the file and the overrides end to end.
    pub(crate) fn new(file_name: &str, text: &str, overrides: &[(String, String)]) -> Self {
        let mut source = Self {
            pieces: Vec::with_capacity(1 + overrides.len()),
            folder: folder_of(Path::new(file_name)),
        };
        source.push(file_name.to_owned(), text.to_owned(), 0);
        for (key, value) in overrides {
            source.push("--set".to_owned(), format!("{key}={value}"), key.len() + 1);
        }
        source
    }

    /// The same text, read from `path`. The printed name of a path may not identify it.
    pub(crate) fn read_from(self, path: &Path) -> Self {
        Self {
            folder: folder_of(path),
            ..self
        }
    }

    /// The folder of the file, to which paths in the file are relative; empty for the current folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn push(&mut self, name: String, text: String, value_at: usize) {
        // One position is left free between pieces, so that the end of one is never the start of the next.
        let start = self
            .pieces
            .last()
            .map_or(0, |last| last.start + last.text.len() + 1);
        self.pieces.push(Piece {
            name,
            text,
            start,
            value_at,
        });
    }

    /// The name of the file as it was given.
    pub fn file_name(&self) -> &str {
        &self.pieces[0].name
    }

    /// The text of the file.
    pub fn file_text(&self) -> &str {
        &self.pieces[0].text
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The characters in a range; empty when the range does not lie within one text.
    pub(crate) fn excerpt(&self, span: &Range<usize>) -> &str {
        let (_, piece, local) = self.locate(span);
        piece.text.get(local).unwrap_or("")
    }

    /// The index of the piece a range begins in, the piece, and the range in bytes of that piece.
    pub(crate) fn locate(&self, span: &Range<usize>) -> (usize, &Piece, Range<usize>) {
        let index = self
            .pieces
            .iter()
            .rposition(|piece| piece.start <= span.start)
            .unwrap_or(0);
        let piece = &self.pieces[index];
        let clamp = |position: usize| position.saturating_sub(piece.start).min(piece.text.len());
        (index, piece, clamp(span.start)..clamp(span.end))
    }
}

fn folder_of(file: &Path) -> PathBuf {
    file.parent().map_or_else(PathBuf::new, Path::to_owned)
}
