//! Lexer: formula text to tokens.

use std::ops::Range;

use super::error::FormulaError;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    /// An operator or a bracket, as written.
    Sign(&'static str),
    /// End of a line that is complete.
    LineEnd,
    /// End of the text.
    End,
}

impl Token {
    /// Description for error messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Number(_) => "a number".to_owned(),
            Self::Name(name) => format!("`{name}`"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::LineEnd => "the end of the line".to_owned(),
            Self::End => "the end of the formula".to_owned(),
        }
    }
}

/// A token and its position in the text.
pub(super) type Spanned = (Token, Range<usize>);

/// Operators and brackets, longest first so that `<=` is not read as `<`.
const SIGNS: &[&str] = &[
    "<=", ">=", "==", "!=", "+", "-", "*", "/", "^", "@", "<", ">", "=", "(", ")", "[", "]", ",",
    ";",
];

/// Operators of other languages, with the advice to give.
const FOREIGN: &[(&str, &str)] = &[
    ("**", "use ^ for powers"),
    ("&&", "write `and`"),
    ("||", "write `or`"),
    (".*", "* is already elementwise"),
    ("×", "use *"),
    ("·", "use *"),
    ("−", "this is a typographic minus sign; use -"),
    ("²", "write ^2"),
    ("³", "write ^3"),
    ("√", "write sqrt(...)"),
    ("≤", "write <="),
    ("≥", "write >="),
    ("≠", "write !="),
    ("π", "write pi"),
    ("'", "write transpose(...)"),
    ("!", "write `not`"),
    ("%", "there is no remainder operator"),
    ("{", "group with ( and )"),
    ("}", "group with ( and )"),
];

/// Splits a formula into tokens. Inside brackets and after an operator a line continues, so its end is no token there.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, FormulaError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        found: Vec::new(),
        open: 0,
    };
    while lexer.at < text.len() {
        lexer.next()?;
    }
    lexer.found.push((Token::End, text.len()..text.len()));
    Ok(lexer.found)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    found: Vec<Spanned>,
    /// Number of open brackets.
    open: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, token: Token, length: usize) {
        self.found.push((token, self.at..self.at + length));
        self.at += length;
    }

    fn next(&mut self) -> Result<(), FormulaError> {
        let first = self.rest().chars().next().expect("not at the end");
        match first {
            '\n' => {
                if self.line_may_end() {
                    self.push(Token::LineEnd, 1);
                } else {
                    self.at += 1;
                }
            }
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            c if c.is_whitespace() => self.at += c.len_utf8(),
            c if c.is_ascii_digit() => self.number()?,
            '.' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
            c if c.is_alphabetic() && c != 'π' || c == '_' => {
                let name: String = self
                    .rest()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() && !is_foreign(*c) || *c == '_')
                    .collect();
                self.push(Token::Name(name.clone()), name.len());
            }
            _ => self.sign(first)?,
        }
        Ok(())
    }

    fn line_may_end(&self) -> bool {
        self.open == 0
            && match self.found.last() {
                None | Some((Token::LineEnd | Token::Sign(";"), _)) => false,
                Some((Token::Sign(sign), _)) => matches!(*sign, ")" | "]"),
                Some((Token::Name(name), _)) => !matches!(name.as_str(), "and" | "or" | "not"),
                _ => true,
            }
    }

    fn sign(&mut self, first: char) -> Result<(), FormulaError> {
        let foreign = FOREIGN
            .iter()
            .find(|(sign, _)| self.rest().starts_with(sign));
        let known = SIGNS.iter().find(|sign| self.rest().starts_with(**sign));
        if let Some((sign, help)) =
            foreign.filter(|(sign, _)| known.is_none_or(|known| known.len() < sign.len()))
        {
            let span = self.at..self.at + sign.len();
            return Err(FormulaError::new(
                format!("`{sign}` is not an operator here"),
                span,
                "not understood",
            )
            .with_help(*help));
        }
        let Some(sign) = known else {
            let span = self.at..self.at + first.len_utf8();
            let message = format!("a formula cannot contain {first:?}");
            return Err(FormulaError::new(message, span, "unexpected character")
                .with_help("formulas have names, numbers, brackets, + - * / ^ @ and comparisons"));
        };
        match *sign {
            "(" | "[" => self.open += 1,
            ")" | "]" => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        if *sign == ";" {
            self.push(Token::LineEnd, 1);
        } else {
            self.push(Token::Sign(sign), sign.len());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), FormulaError> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| {
            let mut end = from;
            while bytes
                .get(end)
                .is_some_and(|b| b.is_ascii_digit() || (*b == b'_' && end > from))
            {
                end += 1;
            }
            end
        };
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') && bytes.get(length + 1) != Some(&b'*') {
            length = digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let signed =
                length + 1 + usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            if bytes.get(signed).is_some_and(u8::is_ascii_digit) {
                length = digits(signed);
            }
        }
        let span = self.at..self.at + length;
        let written = self.text[span.clone()].to_owned();
        let Some(value) = written
            .replace('_', "")
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
        else {
            return Err(FormulaError::new(
                format!("`{written}` is too large a number"),
                span,
                "beyond ±1.8e308",
            )
            .with_help("numbers go up to 1.8e308"));
        };
        self.push(Token::Number(value), length);
        let tail: String = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphanumeric() && !is_foreign(*c) || *c == '_')
            .collect();
        if tail.is_empty() {
            return Ok(());
        }
        let help = format!("write {written} * {tail}");
        let whole = span.start..self.at + tail.len();
        Err(
            FormulaError::new("a number runs into a name", whole, "no operator in between")
                .with_help(help),
        )
    }
}

/// Characters that Unicode counts as letters or digits, but for which [`FOREIGN`] has advice.
fn is_foreign(c: char) -> bool {
    matches!(c, '²' | '³' | 'π')
}
