//! Small charts side by side with a common y axis.
//!
//! Separate panels keep curves of different kinds from hiding each other.

use super::axis::{Axis, Scale};
use super::chart::{
    Frame, Heading, Titled, WIDTH, draw_heading, draw_x_axis, draw_y_axis, heading_height,
    left_margin,
};
use super::palette::FAINT;
use super::plot::{Series, draw_series, legend};
use super::svg::{Stroke, Svg};

const COLUMNS: usize = 2;
const HEIGHT: f64 = 130.0;
/// Height below a frame for its x axis.
const GAP: f64 = 76.0;
/// Width of the right margin.
const RIGHT: f64 = 24.0;
/// Approximate number of labels along the y axis of a panel.
const Y_TICKS: usize = 3;

/// Content of the picture. All axes are logarithmic.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panels {
    pub title: String,
    pub subtitles: Vec<String>,
    /// Title of the common y axis.
    pub y: String,
    /// Number of the y axis at which every panel has a dashed line.
    pub level: f64,
    /// Title of the x axis and series of each panel. Series with equal labels share a legend entry.
    pub panels: Vec<(String, Vec<Series>)>,
}

/// Draws the picture as a complete SVG element.
pub(crate) fn panels(content: &Panels) -> String {
    let all = || content.panels.iter().flat_map(|(_, series)| series);
    let mut named: Vec<&Series> = Vec::new();
    for series in all() {
        if named.iter().all(|known| known.label != series.label) {
            named.push(series);
        }
    }
    let heading = Heading {
        title: content.title.clone(),
        subtitles: content.subtitles.clone(),
        legend: legend(named),
    };
    let heights = all().flat_map(|series| series.points.iter().map(|(_, y)| y.mean));
    let heights = heights.chain([content.level]);
    let y = Axis::spanning(Scale::Log, heights).padded(0.08);
    let titled = Titled::new(y, content.y.clone());
    let untitled = Titled::new(y, "");
    let left = left_margin(&titled, Y_TICKS);
    let column_width = (WIDTH - RIGHT) / COLUMNS as f64;
    let width = column_width - left;
    let top = heading_height(&heading);
    let rows = content.panels.len().div_ceil(COLUMNS);
    let mut svg = Svg::new(WIDTH, top + (HEIGHT + GAP) * rows as f64);
    draw_heading(&mut svg, &heading);
    for (index, (title, series)) in content.panels.iter().enumerate() {
        let (row, column) = (index / COLUMNS, index % COLUMNS);
        let xs = series.iter().flat_map(|s| s.points.iter().map(|(x, _)| *x));
        let x = Titled::new(Axis::spanning(Scale::Log, xs).padded(0.05), title.clone());
        let corner = [
            left + column_width * column as f64,
            top + (HEIGHT + GAP) * row as f64,
        ];
        let frame = Frame::new([corner[0], corner[1], width, HEIGHT], x.axis, y);
        let titled = if column == 0 { &titled } else { &untitled };
        draw_y_axis(&mut svg, frame, titled, Y_TICKS);
        draw_x_axis(&mut svg, frame, &x);
        let (_, level) = frame.at(1.0, content.level);
        let across = ((frame.left, level), (frame.right(), level));
        svg.line(across.0, across.1, Stroke::dashed(FAINT, 1.2));
        svg.clipped(frame.area(), |svg| {
            for series in series {
                draw_series(svg, frame, series);
            }
        });
    }
    svg.finish(&content.title)
}
