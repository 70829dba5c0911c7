//! Parts that all pictures share: heading, legend, frame, axes and labels.
//!
//! Margins follow from the widths of the labels, so that no label is cut off.

use super::axis::{Axis, Ticks, power_of_ten};
use super::palette::{FAINT, GRID, INK};
use super::svg::{Anchor, Font, Stroke, Svg, fitted, text_width};

/// Width of every picture, in pixels.
pub(super) const WIDTH: f64 = 760.0;

/// Approximate number of labels along the y axis of a picture of the usual height.
pub(super) const Y_TICKS: usize = 5;

const MARGIN: f64 = 24.0;
const LABEL: Font = Font {
    size: 14.0,
    bold: false,
    color: INK,
};
const TITLE: Font = Font {
    size: 18.0,
    bold: true,
    color: INK,
};
const SUBTITLE: Font = Font {
    size: 14.0,
    bold: false,
    color: FAINT,
};

/// Title, subtitles and legend above the frame.
#[derive(Debug, Clone, Default)]
pub(super) struct Heading {
    pub title: String,
    /// Most important numbers, one line each.
    pub subtitles: Vec<String>,
    pub legend: Vec<Key>,
}

/// An entry of the legend.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub label: String,
    pub color: String,
    pub mark: Mark,
}

/// Symbol of a legend entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Area,
    Line,
    Thin,
    Dashes,
    Disc,
    Diamond,
}

/// An axis and its title.
#[derive(Debug, Clone)]
pub(super) struct Titled {
    pub axis: Axis,
    pub title: String,
}

impl Titled {
    pub(super) fn new(axis: Axis, title: impl Into<String>) -> Self {
        Self {
            axis,
            title: title.into(),
        }
    }
}

/// A rectangle that maps the numbers of two axes to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    /// Horizontal position of the title of the y axis, in pixels.
    pub y_title: f64,
    x: Axis,
    y: Axis,
}

impl Frame {
    pub(super) fn new([left, top, width, height]: [f64; 4], x: Axis, y: Axis) -> Self {
        Self {
            left,
            top,
            width,
            height,
            y_title: MARGIN + 4.0,
            x,
            y,
        }
    }

    pub(super) fn at(self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.width * self.x.share(x),
            self.top + self.height * (1.0 - self.y.share(y)),
        )
    }

    pub(super) fn area(self) -> [f64; 4] {
        [self.left, self.top, self.width, self.height]
    }

    pub(super) fn right(self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.top + self.height
    }
}

/// Height of a heading, in pixels.
pub(super) fn heading_height(heading: &Heading) -> f64 {
    let rows = legend_rows(&heading.legend);
    MARGIN + 14.0 + 21.0 * heading.subtitles.len() as f64 + 24.0 * rows as f64 + 16.0
}

/// Draws title, subtitles and legend.
pub(super) fn draw_heading(svg: &mut Svg, heading: &Heading) {
    let width = WIDTH - 2.0 * MARGIN;
    let mut y = MARGIN + 14.0;
    svg.text(
        (MARGIN, y),
        Anchor::Start,
        TITLE,
        &fitted(&heading.title, TITLE.size, width),
    );
    for line in &heading.subtitles {
        y += 21.0;
        svg.text(
            (MARGIN, y),
            Anchor::Start,
            SUBTITLE,
            &fitted(line, SUBTITLE.size, width),
        );
    }
    for (key, (x, row)) in heading.legend.iter().zip(legend_positions(&heading.legend)) {
        draw_key(svg, key, (x, y + 24.0 * (row + 1) as f64));
    }
}

/// The frame that fills a picture of the given height below its heading, less the labels of its axes.
pub(super) fn framed(heading: &Heading, height: f64, x: &Titled, y: &Titled) -> Frame {
    let top = heading_height(heading);
    let left = left_margin(y, Y_TICKS);
    Frame::new(
        [left, top, WIDTH - left - MARGIN, height - top - 58.0],
        x.axis,
        y.axis,
    )
}

/// Distance from the left edge of a picture to its frame: space for the title and about `wanted`
/// labels of the y axis.
pub(super) fn left_margin(y: &Titled, wanted: usize) -> f64 {
    let widest = y
        .axis
        .ticks(wanted)
        .ticks
        .iter()
        .map(|tick| text_width(&tick.label, LABEL.size))
        .fold(0.0, f64::max);
    MARGIN + 18.0 + widest + 12.0
}

/// Draws grid, ticks, labels and titles of both axes.
pub(super) fn draw_axes(svg: &mut Svg, frame: Frame, x: &Titled, y: &Titled) {
    draw_y_axis(svg, frame, y, Y_TICKS);
    draw_x_axis(svg, frame, x);
}

pub(super) fn draw_x_axis(svg: &mut Svg, frame: Frame, x: &Titled) {
    let ticks = x.axis.ticks(7);
    let mut free_from = f64::NEG_INFINITY;
    for tick in &ticks.ticks {
        let at = frame.left + frame.width * x.axis.share(tick.at);
        let size = if tick.label.is_empty() { 3.0 } else { 6.0 };
        svg.line(
            (at, frame.bottom()),
            (at, frame.bottom() + size),
            Stroke::solid(INK, 1.0),
        );
        let half = text_width(&tick.label, LABEL.size) / 2.0;
        if !tick.label.is_empty() && at - half > free_from {
            svg.text(
                (at, frame.bottom() + 22.0),
                Anchor::Middle,
                LABEL,
                &tick.label,
            );
            free_from = at + half + 6.0;
        }
    }
    svg.line(
        (frame.left, frame.bottom()),
        (frame.right(), frame.bottom()),
        Stroke::solid(INK, 1.0),
    );
    let title = fitted(&title_with_unit(&x.title, &ticks), LABEL.size, frame.width);
    svg.text(
        (frame.left + frame.width / 2.0, frame.bottom() + 46.0),
        Anchor::Middle,
        LABEL,
        &title,
    );
}

pub(super) fn draw_y_axis(svg: &mut Svg, frame: Frame, y: &Titled, wanted: usize) {
    let ticks = y.axis.ticks(wanted);
    for tick in &ticks.ticks {
        let at = frame.top + frame.height * (1.0 - y.axis.share(tick.at));
        if tick.label.is_empty() {
            svg.line(
                (frame.left - 3.0, at),
                (frame.left, at),
                Stroke::solid(INK, 1.0),
            );
            continue;
        }
        svg.line(
            (frame.left, at),
            (frame.right(), at),
            Stroke::solid(GRID, 1.0),
        );
        svg.text(
            (frame.left - 9.0, at + 5.0),
            Anchor::End,
            LABEL,
            &tick.label,
        );
    }
    svg.line(
        (frame.left, frame.top),
        (frame.left, frame.bottom()),
        Stroke::solid(INK, 1.0),
    );
    let title = fitted(
        &title_with_unit(&y.title, &ticks),
        LABEL.size,
        frame.height + 30.0,
    );
    svg.text_turned(
        (frame.y_title, frame.top + frame.height / 2.0),
        Anchor::Middle,
        LABEL,
        &title,
        -90.0,
    );
}

/// Draws a note inside the frame, at its top right.
pub(super) fn draw_note(svg: &mut Svg, frame: Frame, text: &str) {
    let text = fitted(text, SUBTITLE.size, frame.width - 12.0);
    svg.text(
        (frame.right() - 6.0, frame.top + 16.0),
        Anchor::End,
        SUBTITLE,
        &text,
    );
}

/// Draws a label beside a row or a mark.
pub(super) fn draw_label(svg: &mut Svg, at: (f64, f64), anchor: Anchor, text: &str) {
    svg.text(at, anchor, LABEL, text);
}

/// Draws a diamond, the mark of one theoretical or reference value.
pub(super) fn draw_diamond(svg: &mut Svg, (x, y): (f64, f64), radius: f64, color: &str) {
    let corners = [
        (x, y - radius),
        (x + radius, y),
        (x, y + radius),
        (x - radius, y),
        (x, y - radius),
    ];
    svg.curve(corners, Stroke::solid(color, 1.8));
}

fn title_with_unit(title: &str, ticks: &Ticks) -> String {
    match ticks.exponent {
        0 => title.to_owned(),
        exponent => format!("{title}  (× {})", power_of_ten(exponent)),
    }
}

fn draw_key(svg: &mut Svg, key: &Key, (x, y): (f64, f64)) {
    let middle = y - 5.0;
    let color = key.color.as_str();
    match key.mark {
        Mark::Area => svg.area(
            [(x, y), (x + 22.0, y), (x + 22.0, y - 11.0), (x, y - 11.0)],
            color,
        ),
        Mark::Line => svg.line((x, middle), (x + 22.0, middle), Stroke::solid(color, 2.5)),
        Mark::Thin => svg.line((x, middle), (x + 22.0, middle), Stroke::solid(color, 1.1)),
        Mark::Dashes => svg.line((x, middle), (x + 22.0, middle), Stroke::dashed(color, 2.0)),
        Mark::Disc => svg.disc((x + 11.0, middle), 4.5, color),
        Mark::Diamond => draw_diamond(svg, (x + 11.0, middle), 6.0, color),
    }
    svg.text((x + 29.0, y), Anchor::Start, LABEL, &key_label(key));
}

fn key_label(key: &Key) -> String {
    fitted(&key.label, LABEL.size, WIDTH - 2.0 * MARGIN - 29.0)
}

fn legend_rows(legend: &[Key]) -> usize {
    legend_positions(legend)
        .last()
        .map_or(0, |(_, row)| row + 1)
}

/// Left end in pixels and row index of every entry; entries fill one row after the other.
fn legend_positions(legend: &[Key]) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (MARGIN, 0);
    let mut positions = Vec::new();
    for key in legend {
        let width = 29.0 + text_width(&key_label(key), LABEL.size) + 20.0;
        if x > MARGIN && x + width > WIDTH {
            (x, row) = (MARGIN, row + 1);
        }
        positions.push((x, row));
        x += width;
    }
    positions
}
