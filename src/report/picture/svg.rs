//! SVG documents as text.
//!
//! No plotting crate is used, because the pictures need sub-pixel coordinates for curves, one path per
//! color (not one element per cell) for heat maps, and text widths that account for Greek letters.

use crate::report::printable::printable;
use std::fmt::Write as _;

/// Font families in order of preference; every viewer has the last.
const FONT: &str = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/// A document under construction. Lengths are pixels; y increases downward.
#[derive(Debug)]
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Part of a text that is aligned with its x coordinate.
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

/// Color, width and dashes of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke<'a> {
    pub color: &'a str,
    pub width: f64,
    /// Lengths of dashes and gaps, for example "6 4"; empty for a solid line.
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
    /// Creates an empty white document.
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// Draws a polyline through the finite points; points that are not finite interrupt it.
    pub(super) fn curve(&mut self, points: impl IntoIterator<Item = (f64, f64)>, stroke: Stroke) {
        let path = polyline(points);
        if !path.is_empty() {
            self.path(&path, "none", Some(stroke));
        }
    }

    /// Draws a straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.curve([from, to], stroke);
    }

    /// Fills the polygon whose corners are the finite points.
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

    /// Draws a path given as SVG path commands.
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

    /// Draws a filled disc; draws nothing if its center is not finite.
    pub(super) fn disc(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        if x.is_finite() && y.is_finite() {
            let (x, y) = (length(x), length(y));
            let _ = writeln!(
                self.body,
                r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>"#
            );
        }
    }

    /// Draws a line of text on the baseline y.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, font: Font, text: &str) {
        self.text_turned((x, y), anchor, font, text, 0.0);
    }

    /// Draws a line of text, rotated clockwise by an angle in degrees.
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

    /// Calls `draw` and clips its output to a rectangle.
    ///
    /// The clipping uses a nested document. A clip path would need a name, which could clash when several
    /// pictures share a page.
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

    /// Returns the whole document, without an XML declaration, so that an HTML page can include it.
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

/// Escapes the characters that are special in XML and HTML, and replaces those that XML forbids.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(printable(c)),
        }
    }
    safe
}

/// Estimated width of a text in pixels, accurate to about 10 % for common sans-serif fonts.
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
            // Characters of East Asian scripts are one em wide.
            c if c >= '\u{2e80}' => 1.0,
            _ => 0.61,
        })
        .sum();
    em * size
}

/// Shortens a text to the given width in pixels; an ellipsis marks the cut.
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

/// Path commands of a polyline through the finite points, in one piece or several.
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

/// Rounds a coordinate to a hundredth of a pixel, which keeps files small, and clamps it to a range that
/// renderers can represent.
pub(super) fn length(x: f64) -> f64 {
    (x.clamp(-1e5, 1e5) * 100.0).round() / 100.0
}
