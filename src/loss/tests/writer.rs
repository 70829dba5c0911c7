//! A generator of random formulas. The integration tests include this file too and run the formulas on a device.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// Generates formulas of scalars `x` and `y`, vectors `u` of 2 and `v` of 3, and a 2×3 matrix `A`. Their values stay
/// moderate and inside every function's domain.
pub(crate) struct Writer {
    pub(crate) random: Xoshiro256PlusPlus,
    /// True when the last formula can jump, so that a rounding error may become a large error.
    pub(crate) jumps: bool,
}

impl Writer {
    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.random.random_range(0..options.len())]
    }

    /// Fills a pattern. After a backslash, `s` stands for a random scalar, `2` and `3` for vectors of that length, `M` for
    /// a 2×3 and `W` for a 3×2 matrix.
    fn fill(&mut self, pattern: &str, depth: u32) -> String {
        self.jumps |= ["sign", "select", "<", "=", "not"]
            .iter()
            .any(|word| pattern.contains(word));
        let mut out = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            let part = match chars.next() {
                Some('s') => self.scalar(depth),
                Some('2') => self.vector(2, depth),
                Some('3') => self.vector(3, depth),
                Some('M') => self.wide(depth),
                Some('W') => self.tall(depth),
                other => panic!("{other:?}"),
            };
            out.push_str(&part);
        }
        out
    }

    fn scalar(&mut self, depth: u32) -> String {
        let leaves = [
            "x", "y", "v[1]", "A[1, 2]", "u[0]", "0.5", "2", "1.25", "3", "pi", "0", "1",
        ];
        if depth == 0 {
            return self.pick(&leaves).to_owned();
        }
        let pattern = self.pick(&[
            "(\\s + \\s)",
            "(\\s - \\s)",
            "\\s * \\s",
            "(\\s * \\s)",
            "(\\s) / (1 + \\s^2)",
            "(-\\s)",
            "(\\s)^2",
            "(\\s)^3",
            "(1 + (\\s)^2)^-1.5",
            "(1 + \\s^2)^0.3",
            "(1.5 + sin(\\s))^tanh(\\s)",
            "sqrt(1 + (\\s)^2)",
            "exp(sin(\\s))",
            "log(1 + (\\s)^2)",
            "log1p((\\s)^2)",
            "expm1(cos(\\s))",
            "tanh(\\s)",
            "sigmoid(\\s)",
            "softplus(\\s)",
            "relu(\\s)",
            "abs(\\s)",
            "sign(\\s) * \\s",
            "sin(\\s)",
            "cos(\\s)",
            "erf(\\s)",
            "min(\\s, \\s)",
            "max(\\s, \\s)",
            "select(\\s < \\s, \\s, \\s)",
            "select(\\s >= 0.3 and not (\\s > 1), \\s, \\s)",
            "sum(\\3)",
            "mean(\\M)",
            "dot(\\3, \\3)",
            "(\\2 @ \\2)",
            "norm(\\3)",
            "logsumexp(\\3)",
            "logsumexp(\\M)",
            "max(\\3)",
            "min(\\2)",
            "sum(\\M)",
            "norm(\\W)",
            "square(\\s)",
            "(\\3)[2]",
            "(\\M)[0, 1]",
            "sum((\\M @ \\W)[1])",
            "pow(1 + \\s^2, \\s / (2 + \\s^2))",
        ]);
        self.fill(pattern, depth - 1)
    }

    fn vector(&mut self, length: usize, depth: u32) -> String {
        let (own, other, product, back) = if length == 2 {
            ("u", "\\2", "(\\M @ \\3)", "(\\3 @ \\W)")
        } else {
            ("v", "\\3", "(\\W @ \\2)", "(\\2 @ \\M)")
        };
        if depth == 0 {
            return own.to_owned();
        }
        let list = if length == 2 {
            "[\\s, \\s]"
        } else {
            "[\\s, \\s, \\s]"
        };
        let row = if length == 2 { "(\\W)[2]" } else { "(\\M)[1]" };
        let pattern = self.pick(&[
            "O",
            "LIST",
            "ROW",
            "P",
            "B",
            "(O + O)",
            "(\\s * O)",
            "(O - \\s)",
            "tanh(O)",
            "(-O)",
            "((O * \\s) * \\s)",
            "(O)^2",
            "select(O < O, O, \\s)",
            "max(O, 0.25)",
            "(O / (1 + (O)^2))",
        ]);
        let pattern = pattern
            .replace("LIST", list)
            .replace("ROW", row)
            .replace('O', other)
            .replace('P', product)
            .replace('B', back);
        self.fill(&pattern, depth - 1)
    }

    fn wide(&mut self, depth: u32) -> String {
        if depth == 0 {
            return "A".to_owned();
        }
        let pattern = self.pick(&[
            "\\M",
            "outer(\\2, \\3)",
            "(\\M + \\M)",
            "(\\s * \\M)",
            "tanh(\\M)",
            "transpose(\\W)",
            "[\\3, \\3]",
            "(\\M @ \\W @ \\M)",
            "(\\M - \\s)",
        ]);
        self.fill(pattern, depth - 1)
    }

    fn tall(&mut self, depth: u32) -> String {
        if depth == 0 {
            return "transpose(A)".to_owned();
        }
        let pattern = self.pick(&[
            "\\W",
            "outer(\\3, \\2)",
            "transpose(\\M)",
            "[\\2, \\2, \\2]",
            "sin(\\W)",
        ]);
        self.fill(pattern, depth - 1)
    }

    /// A random formula; one in five has a named line.
    pub(crate) fn formula(&mut self) -> String {
        self.jumps = false;
        let depth = self.random.random_range(1..=4);
        let body = self.scalar(depth);
        if self.random.random_bool(0.2) {
            let step = self.scalar(2);
            return format!("step = {step}\n{body} + step * step");
        }
        body
    }
}
