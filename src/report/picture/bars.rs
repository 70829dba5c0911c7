//! Medians with quartiles on one logarithmic axis, in named groups of rows.

use super::axis::{Axis, Scale};
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, draw_diamond, draw_heading, draw_label, draw_x_axis,
    heading_height,
};
use super::palette::{FAINT, GRID, category};
use super::svg::{Anchor, Stroke, Svg, fitted, text_width};
use crate::report::number::engineering;

const ROW_HEIGHT: f64 = 20.0;
const GAP: f64 = 10.0;
const WIDEST: f64 = 250.0;

/// Median and quartiles of one quantity: a row of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bar {
    /// Index into [`Bars::colors`].
    pub color: usize,
    pub low: f64,
    pub median: f64,
    pub high: f64,
    /// Reference value, drawn as a diamond.
    pub mark: Option<f64>,
}

/// Content of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bars {
    pub title: String,
    pub subtitles: Vec<String>,
    /// Title of the x axis.
    pub unit: String,
    /// Label of each color in the legend.
    pub colors: Vec<String>,
    /// Label of the diamonds in the legend.
    pub mark: String,
    /// Names of the groups, with their rows.
    pub rows: Vec<(String, Vec<Bar>)>,
}

/// Draws the picture as a complete SVG element.
pub(crate) fn bars(content: &Bars) -> String {
    let heading = Heading {
        title: content.title.clone(),
        subtitles: content.subtitles.clone(),
        legend: legend(content),
    };
    let all = || content.rows.iter().flat_map(|(_, bars)| bars);
    let numbers = all().flat_map(|bar| [Some(bar.low), Some(bar.high), bar.mark]);
    let x = Titled::new(
        Axis::spanning(Scale::Log, numbers.flatten()).padded(0.04),
        content.unit.clone(),
    );
    let names = content.rows.iter().map(|(name, _)| text_width(name, 14.0));
    let left = 36.0 + names.fold(0.0, f64::max).min(WIDEST);
    let height = ROW_HEIGHT * all().count() as f64 + GAP * content.rows.len() as f64;
    let top = heading_height(&heading);
    let frame = Frame::new([left, top, WIDTH - left - 90.0, height], x.axis, x.axis);
    let mut svg = Svg::new(WIDTH, frame.bottom() + 58.0);
    draw_heading(&mut svg, &heading);
    let mut y = frame.top;
    for (name, group) in &content.rows {
        y += GAP / 2.0;
        let middle = y + 0.5 * ROW_HEIGHT * group.len() as f64;
        let name = fitted(name, 14.0, WIDEST);
        draw_label(
            &mut svg,
            (frame.left - 12.0, middle + 5.0),
            Anchor::End,
            &name,
        );
        for bar in group {
            draw_bar(&mut svg, frame, y + 0.5 * ROW_HEIGHT, *bar);
            y += ROW_HEIGHT;
        }
        y += GAP / 2.0;
    }
    draw_x_axis(&mut svg, frame, &x);
    svg.finish(&content.title)
}

fn draw_bar(svg: &mut Svg, frame: Frame, y: f64, bar: Bar) {
    let across = |x: f64| frame.at(x, 1.0).0;
    svg.line(
        (frame.left, y),
        (frame.right(), y),
        Stroke::solid(GRID, 1.0),
    );
    if let Some(mark) = bar.mark {
        draw_diamond(svg, (across(mark), y), 5.0, FAINT);
    }
    let color = category(bar.color);
    svg.line(
        (across(bar.low), y),
        (across(bar.high), y),
        Stroke::solid(color, 2.5),
    );
    svg.disc((across(bar.median), y), 4.0, color);
    let at = (frame.right() + 14.0, y + 5.0);
    draw_label(svg, at, Anchor::Start, &engineering(bar.median));
}

fn legend(content: &Bars) -> Vec<Key> {
    let colors = content.colors.iter().enumerate().map(|(i, label)| Key {
        label: label.clone(),
        color: category(i).into(),
        mark: Mark::Disc,
    });
    let marks = content.rows.iter().flat_map(|(_, bars)| bars);
    let mark = marks
        .into_iter()
        .any(|bar| bar.mark.is_some())
        .then(|| Key {
            label: content.mark.clone(),
            color: FAINT.into(),
            mark: Mark::Diamond,
        });
    colors.chain(mark).collect()
}
