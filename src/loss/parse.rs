//! Parser: tokens to a syntax tree, by precedence climbing.
//!
//! Operators from loose to tight: `or`, `and`, `not`, comparisons, `+ -`, `* / @`, unary minus, `^` (to the right), indexing.
//! So `-x^2` is `-(x^2)` and `2^-x` is `2^(-x)`.

use std::ops::Range;

use super::error::FormulaError;
use super::op::Op;
use super::syntax::{Definition, Expr, ExprId, ExprKind, Logic, Tree};
use super::token::{Spanned, Token, tokens};

/// Maximum length of a formula in bytes.
const LONGEST: usize = 100_000;
/// Maximum nesting of brackets, powers and signs: the parser recurses once per level.
const DEEPEST: usize = 200;

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const SUM: u8 = 5;
const PRODUCT: u8 = 6;
const MINUS: u8 = 7;
const POWER: u8 = 8;

/// Parses a formula of one or more lines.
pub(super) fn parse(text: &str) -> Result<Tree, FormulaError> {
    if text.len() > LONGEST {
        let message = format!(
            "the formula has {} bytes; at most {LONGEST} are allowed",
            text.len()
        );
        return Err(FormulaError::new(message, 0..0, "too long")
            .with_help("put sums over examples into [data]"));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        tree: Tree::default(),
    };
    parser.lines()?;
    Ok(parser.tree)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Spanned>,
    at: usize,
    depth: usize,
    tree: Tree,
}

type Parsed = Result<ExprId, FormulaError>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].1.clone()
    }

    fn take(&mut self) -> Spanned {
        let taken = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        taken
    }

    fn sign_is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    fn skip(&mut self, sign: &str) -> bool {
        let there = self.sign_is(sign);
        if there {
            self.take();
        }
        there
    }

    fn push(&mut self, kind: ExprKind, span: Range<usize>) -> ExprId {
        self.tree.expressions.push(Expr { kind, span });
        self.tree.expressions.len() - 1
    }

    fn span_of(&self, expression: ExprId) -> Range<usize> {
        self.tree.expressions[expression].span.clone()
    }

    fn lines(&mut self) -> Result<(), FormulaError> {
        let mut value = None;
        while self.skip_line_ends() {
            if let Some((_, span)) = value.take() {
                let error = FormulaError::new(
                    "only the last line may be without a name",
                    span,
                    "this value is not used",
                );
                return Err(error
                    .with_help("name it: `a = ...`, or end the line with an operator to go on"));
            }
            if let Some((name, span)) = self.definition_name() {
                let expression = self.expression(0)?;
                self.tree.definitions.push(Definition {
                    name,
                    span,
                    value: expression,
                });
            } else {
                let expression = self.expression(0)?;
                value = Some((expression, self.span_of(expression)));
            }
            self.line_end()?;
        }
        let Some((value, _)) = value else {
            return Err(self.no_value());
        };
        self.tree.value = value;
        Ok(())
    }

    fn no_value(&self) -> FormulaError {
        match self.tree.definitions.last() {
            Some(last) => FormulaError::new(
                "the last line has to be the formula's value",
                last.span.clone(),
                "this line only names a value",
            )
            .with_help(format!(
                "remove `{} =`, or add a line with the value",
                last.name
            )),
            None => FormulaError::new(
                "the formula is empty",
                self.span(),
                "a value is expected here",
            )
            .with_help("for example (x^2 - 1)^2 / 4"),
        }
    }

    /// Skips line ends. Returns true when another line follows.
    fn skip_line_ends(&mut self) -> bool {
        while *self.peek() == Token::LineEnd {
            self.take();
        }
        *self.peek() != Token::End
    }

    fn definition_name(&mut self) -> Option<(String, Range<usize>)> {
        let Token::Name(name) = self.peek().clone() else {
            return None;
        };
        if !matches!(self.tokens.get(self.at + 1), Some((Token::Sign("="), _))) {
            return None;
        }
        let (_, span) = self.take();
        self.take();
        Some((name, span))
    }

    fn line_end(&mut self) -> Result<(), FormulaError> {
        let span = self.span();
        let error = match self.peek() {
            Token::LineEnd | Token::End => return Ok(()),
            Token::Sign("=") => FormulaError::new(
                "`=` can only name a value at the start of a line",
                span,
                "not expected here",
            )
            .with_help("to compare, write =="),
            Token::Sign(sign @ (")" | "]")) => FormulaError::new(
                format!("`{sign}` without an opening bracket"),
                span,
                "no bracket is open here",
            )
            .with_help("remove it, or open the bracket before"),
            Token::Sign(",") => {
                FormulaError::new("a comma outside brackets", span, "not expected here").with_help(
                    "commas stand between the arguments of a function, the decimal point is .",
                )
            }
            Token::Number(_) | Token::Name(_) | Token::Sign("(" | "[") => FormulaError::new(
                format!("no operator before {}", self.peek().describe()),
                span,
                "an operator is missing here",
            )
            .with_help("to multiply, write *"),
            other @ Token::Sign(_) => FormulaError::new(
                format!("{} is not expected here", other.describe()),
                span,
                "not expected",
            )
            .with_help("a line is a value, or `name = value`"),
        };
        Err(error)
    }

    /// Parses an expression whose operators all have at least the precedence `least`.
    fn expression(&mut self, least: u8) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("the formula is nested more than {DEEPEST} levels deep");
            return Err(FormulaError::new(message, self.span(), "too deep here")
                .with_help("name parts of it on lines of their own"));
        }
        let mut left = self.prefix()?;
        while let Some((operator, level)) = self.operator().filter(|(_, level)| *level >= least) {
            self.take();
            let right = self.expression(if level == POWER { MINUS } else { level + 1 })?;
            let span = self.span_of(left).start..self.span_of(right).end;
            left = self.push(operator.of(left, right), span);
            self.no_chain(level, left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operator(&self) -> Option<(Infix, u8)> {
        let op = match self.peek() {
            Token::Sign(sign) => match *sign {
                "+" => (Infix::Op(Op::Add), SUM),
                "-" => (Infix::Op(Op::Sub), SUM),
                "*" => (Infix::Op(Op::Mul), PRODUCT),
                "/" => (Infix::Op(Op::Div), PRODUCT),
                "@" => (Infix::MatMul, PRODUCT),
                "^" => (Infix::Op(Op::Pow), POWER),
                "<" => (Infix::Op(Op::Less), COMPARISON),
                "<=" => (Infix::Op(Op::LessEqual), COMPARISON),
                ">" => (Infix::Op(Op::Greater), COMPARISON),
                ">=" => (Infix::Op(Op::GreaterEqual), COMPARISON),
                "==" => (Infix::Op(Op::Equal), COMPARISON),
                "!=" => (Infix::Op(Op::NotEqual), COMPARISON),
                _ => return None,
            },
            Token::Name(name) if name == "and" => (Infix::Logic(Logic::And), AND),
            Token::Name(name) if name == "or" => (Infix::Logic(Logic::Or), OR),
            _ => return None,
        };
        Some(op)
    }

    /// Rejects `a < b < c`: languages disagree about its meaning.
    fn no_chain(&self, level: u8, left: ExprId) -> Result<(), FormulaError> {
        if level != COMPARISON || !matches!(self.operator(), Some((_, COMPARISON))) {
            return Ok(());
        }
        let span = self.span_of(left).start..self.span().end;
        Err(
            FormulaError::new("comparisons cannot be chained", span, "a second comparison")
                .with_help("write (a < b) and (b < c)"),
        )
    }

    fn prefix(&mut self) -> Parsed {
        let start = self.span().start;
        let (kind, level): (fn(ExprId) -> ExprKind, u8) = match self.peek() {
            Token::Sign("-") => (|x| ExprKind::Operator(Op::Neg, vec![x]), MINUS),
            Token::Name(name) if name == "not" => (|x| ExprKind::Logic(Logic::Not, vec![x]), NOT),
            Token::Sign("+") => {
                let error = FormulaError::new(
                    "`+` has nothing on its left",
                    self.span(),
                    "not expected here",
                );
                return Err(
                    error.with_help("where a sum goes on in the next line, end the first with +")
                );
            }
            _ => return self.postfix(),
        };
        self.take();
        let argument = self.expression(level)?;
        let end = self.span_of(argument).end;
        Ok(self.push(kind(argument), start..end))
    }

    fn postfix(&mut self) -> Parsed {
        let mut whole = self.atom()?;
        while self.sign_is("[") {
            let (_, opener) = self.take();
            let indices = self.arguments("]", &opener)?;
            let span = self.span_of(whole).start..self.tokens[self.at - 1].1.end;
            whole = self.push(ExprKind::Index(whole, indices), span);
        }
        Ok(whole)
    }

    fn atom(&mut self) -> Parsed {
        let (token, span) = self.tokens[self.at].clone();
        match token {
            Token::Number(value) => {
                self.take();
                Ok(self.push(ExprKind::Number(value), span))
            }
            Token::Name(name) if !matches!(name.as_str(), "and" | "or") => {
                self.take();
                if !self.sign_is("(") {
                    return Ok(self.push(ExprKind::Name(name), span));
                }
                let (_, opener) = self.take();
                let arguments = self.arguments(")", &opener)?;
                let whole = span.start..self.tokens[self.at - 1].1.end;
                Ok(self.push(
                    ExprKind::Call {
                        function: name,
                        name_span: span,
                        arguments,
                    },
                    whole,
                ))
            }
            Token::Sign("(") => {
                self.take();
                let inner = self.expression(0)?;
                self.close(")", &span)?;
                self.tree.expressions[inner].span = span.start..self.tokens[self.at - 1].1.end;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.take();
                let parts = self.arguments("]", &span)?;
                let whole = span.start..self.tokens[self.at - 1].1.end;
                Ok(self.push(ExprKind::List(parts), whole))
            }
            other => {
                let message = format!("a value is expected, not {}", other.describe());
                let error = FormulaError::new(message, span, "a value is missing here");
                Err(error
                    .with_help("a value is a number, a name, a function such as exp(x), or (...)"))
            }
        }
    }

    /// Parses expressions separated by commas, up to and including the closing bracket.
    fn arguments(
        &mut self,
        closer: &'static str,
        opener: &Range<usize>,
    ) -> Result<Vec<ExprId>, FormulaError> {
        let mut all = Vec::new();
        if self.skip(closer) {
            return Ok(all);
        }
        loop {
            if *self.peek() == Token::End {
                break;
            }
            all.push(self.expression(0)?);
            if !self.skip(",") || self.sign_is(closer) {
                break;
            }
        }
        self.close(closer, opener)?;
        Ok(all)
    }

    fn close(&mut self, closer: &'static str, opener: &Range<usize>) -> Result<(), FormulaError> {
        if self.skip(closer) {
            return Ok(());
        }
        // A new line that begins without an operator suggests that the bracket was never closed.
        let new_line = self.at > 0
            && self.text[self.tokens[self.at - 1].1.end..self.span().start].contains('\n');
        let unclosed = || {
            let opened = if closer == ")" { "(" } else { "[" };
            FormulaError::new(
                format!("`{opened}` is never closed"),
                opener.clone(),
                format!("its `{closer}` is missing"),
            )
            .with_help(format!("count the brackets, and add `{closer}`"))
        };
        let error = match self.peek() {
            Token::End | Token::LineEnd | Token::Sign(")" | "]") => unclosed(),
            _ if new_line => unclosed(),
            Token::Sign("=") => {
                FormulaError::new("`=` inside an expression", self.span(), "not expected here")
                    .with_help("to compare, write ==")
            }
            other => {
                let message = format!("no operator before {}", other.describe());
                FormulaError::new(
                    message,
                    self.span(),
                    format!("an operator, a comma or `{closer}` is missing here"),
                )
                .with_help("to multiply, write *")
            }
        };
        Err(error)
    }
}

/// A binary operator.
enum Infix {
    Op(Op),
    MatMul,
    Logic(Logic),
}

impl Infix {
    fn of(&self, left: ExprId, right: ExprId) -> ExprKind {
        match self {
            Self::Op(op) => ExprKind::Operator(*op, vec![left, right]),
            Self::MatMul => ExprKind::MatMul(left, right),
            Self::Logic(logic) => ExprKind::Logic(*logic, vec![left, right]),
        }
    }
}
