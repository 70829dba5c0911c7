//! Characters that pages and pictures may hold.

/// The character, or the replacement character for one that neither HTML nor XML may hold.
pub(super) fn printable(c: char) -> char {
    match c {
        '\t' | '\n' => c,
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    }
}
