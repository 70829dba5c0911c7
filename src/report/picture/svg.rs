//! An SVG document as text.
//!
//! Written here rather than with a plotting crate: curves need sub-pixel coordinates, heat maps one path for each
//! color instead of one element for each cell, and labels an estimate of their width that knows Greek letters.

use std::fmt::Write as _;

/// Families in order of preference; the last exists everywhere.
const FONT: &str = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/// A document under construction; lengths are pixels, y points down.
#[derive(Debug)]
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where the given x of a text lies in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Style of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    pub size: f64,
    pub bold: bool,
    pub color: &'static str,
}

/// Style of a curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke<'a> {
    pub color: &'a str,
    pub width: f64,
    /// Lengths of dashes and gaps, such as "6 4"; empty for a solid line.
    pub dash: &'static str,
}

impl<'a> Stroke<'a> {
    pub(super) const fn solid(color: &'a str, width: f64) -> Self {
        Self {
            color,
            width,
            dash: "",
        }
    }

    pub(super) const fn dashed(color: &'a str, width: f64) -> Self {
        Self {
            color,
            width,
            dash: "6 4",
        }
    }
}

impl Svg {
    /// An empty white page.
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// A polyline through the finite points; others interrupt it.
    pub(super) fn curve(&mut self, points: impl IntoIterator<Item = (f64, f64)>, stroke: Stroke) {
        let path = polyline(points);
        if !path.is_empty() {
            self.path(&path, "none", Some(stroke));
        }
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.curve([from, to], stroke);
    }

    /// The region enclosed by the finite points.
    pub(super) fn area(&mut self, points: impl IntoIterator<Item = (f64, f64)>, fill: &str) {
        let path = polyline(
            points
                .into_iter()
                .filter(|(x, y)| x.is_finite() && y.is_finite()),
        );
        if !path.is_empty() {
            self.path(&(path + "z"), fill, None);
        }
    }

    /// A path given in SVG's own commands.
    pub(super) fn path(&mut self, commands: &str, fill: &str, stroke: Option<Stroke>) {
        let _ = write!(self.body, r#"<path d="{commands}" fill="{fill}""#);
        if let Some(stroke) = stroke {
            let Stroke { color, width, dash } = stroke;
            let _ = write!(
                self.body,
                r#" stroke="{color}" stroke-width="{width}" stroke-linejoin="round""#
            );
            if !dash.is_empty() {
                let _ = write!(self.body, r#" stroke-dasharray="{dash}""#);
            }
        }
        self.body.push_str("/>\n");
    }

    /// A filled disc, if its center is finite.
    pub(super) fn disc(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        if x.is_finite() && y.is_finite() {
            let (x, y) = (length(x), length(y));
            let _ = writeln!(
                self.body,
                r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>"#
            );
        }
    }

    /// A line of text on the baseline y.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, font: Font, text: &str) {
        self.text_turned((x, y), anchor, font, text, 0.0);
    }

    /// A line of text turned clockwise by an angle in degrees.
    pub(super) fn text_turned(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        font: Font,
        text: &str,
        angle: f64,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let Font { size, bold, color } = font;
        let (x, y) = (length(x), length(y));
        let _ = write!(
            self.body,
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="{color}""#
        );
        if bold {
            self.body.push_str(r#" font-weight="600""#);
        }
        if angle != 0.0 {
            let _ = write!(self.body, r#" transform="rotate({angle} {x} {y})""#);
        }
        let _ = writeln!(self.body, ">{}</text>", escaped(text));
    }

    /// Draws within a rectangle and cuts off what lies outside.
    ///
    /// A nested document rather than a clip path, whose name could clash where several pictures share a page.
    pub(super) fn clipped(
        &mut self,
        [x, y, width, height]: [f64; 4],
        draw: impl FnOnce(&mut Self),
    ) {
        let [x, y, width, height] = [x, y, width, height].map(length);
        let _ = writeln!(
            self.body,
            r#"<svg x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{x} {y} {width} {height}">"#
        );
        draw(self);
        self.body.push_str("</svg>\n");
    }

    /// The whole document, without an XML declaration so that it can stand in a page.
    pub(super) fn finish(self, description: &str) -> String {
        let Self {
            width,
            height,
            body,
        } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONT}\">\n<title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n",
            escaped(description),
        )
    }
}

/// Text with the characters that XML and HTML give a meaning to written out, and those that XML forbids replaced.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Width of a text in pixels, within about a tenth for common sans-serif fonts.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ':' | ';' | '\'' | '|' | '(' | ')'
            | '[' | ']' | ' ' => 0.36,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
            c if c.is_uppercase() || matches!(c, '+' | '−' | '=' | '±' | '×' | '<' | '>') => {
                0.72
            }
            '⁰' | '¹' | '²' | '³' | '⁴' | '⁵' | '⁶' | '⁷' | '⁸' | '⁹' | '⁻' => {
                0.42
            }
            // Wide scripts take a full em.
            c if c >= '\u{2e80}' => 1.0,
            _ => 0.61,
        })
        .sum();
    em * size
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub(super) fn fitted(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut short = text.to_owned();
    while !short.is_empty() && text_width(&short, size) + size > width {
        short.pop();
    }
    short.trim_end().to_owned() + "…"
}

fn polyline(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut command = 'M';
    for (x, y) in points {
        if x.is_finite() && y.is_finite() {
            let _ = write!(path, "{command}{} {}", length(x), length(y));
            command = 'L';
        } else {
            command = 'M';
        }
    }
    path
}

/// Rounded to a hundredth of a pixel, which is invisible and keeps files small; kept within what renderers can hold.
pub(super) fn length(x: f64) -> f64 {
    (x.clamp(-1e5, 1e5) * 100.0).round() / 100.0
}
