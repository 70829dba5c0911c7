//! A chart described by plain data: series of points and marked lines on linear or logarithmic axes.

use super::axis::{Axis, Scale};
use super::captions::interval;
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, draw_axes, draw_heading, draw_label, framed,
};
use super::palette::{FAINT, category, pale};
use super::svg::{Anchor, Stroke, Svg};
use crate::measure::Estimate;

const HEIGHT: f64 = 480.0;

/// Spacing of the numbers along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal ratios. Numbers that are not positive are off the axis.
    Logarithmic,
}

/// An axis: its title, its spacing and the numbers that it must include.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotAxis {
    /// Name and unit of the quantity.
    pub title: String,
    /// Spacing of the numbers.
    pub spacing: Spacing,
    /// Numbers that the axis must include besides those that are drawn.
    pub include: Vec<f64>,
}

impl PlotAxis {
    /// Creates a linear axis.
    pub fn linear(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            spacing: Spacing::Linear,
            include: Vec::new(),
        }
    }

    /// Creates a logarithmic axis.
    pub fn log(title: impl Into<String>) -> Self {
        Self {
            spacing: Spacing::Logarithmic,
            ..Self::linear(title)
        }
    }

    /// Adds numbers that the axis must include.
    #[must_use]
    pub fn including(mut self, numbers: impl IntoIterator<Item = f64>) -> Self {
        self.include.extend(numbers);
        self
    }
}

/// Style of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A disc at each point, with its 95 % interval as a bar.
    Dots,
    /// A thin curve with its 95 % interval as a band.
    Thin,
    /// A thick curve with its 95 % interval as a band.
    Thick,
    /// A dashed curve, for expected values.
    Dashes,
}

/// Points of one kind, with their label, color and style.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Label in the legend; a series with an empty label is not listed.
    pub label: String,
    /// Index of one of seven colors: 0 for measurements, 1 for theory, 2 to 6 for others.
    pub color: usize,
    /// Style of the points.
    pub style: Style,
    /// Coordinates: x, and y with its standard error.
    pub points: Vec<(f64, Estimate)>,
}

impl Series {
    /// Creates a series of measured points.
    pub fn dots(label: impl Into<String>, color: usize, points: Vec<(f64, Estimate)>) -> Self {
        Self {
            label: label.into(),
            color,
            style: Style::Dots,
            points,
        }
    }

    /// Creates a series of exact values, drawn as a dashed curve.
    pub fn dashes(
        label: impl Into<String>,
        color: usize,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        Self {
            label: label.into(),
            color,
            style: Style::Dashes,
            points: points
                .into_iter()
                .map(|(x, y)| (x, Estimate::exact(y)))
                .collect(),
        }
    }
}

/// A line across the whole frame that marks one number of one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Marked number.
    pub at: f64,
    /// Label beside the line.
    pub label: String,
    /// True for a number of the x axis, whose line is vertical.
    pub upright: bool,
}

/// Content of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Title of the chart.
    pub title: String,
    /// Most important numbers, one line each.
    pub subtitles: Vec<String>,
    /// Horizontal axis.
    pub x: PlotAxis,
    /// Vertical axis.
    pub y: PlotAxis,
    /// Series in drawing order: later ones lie over earlier ones.
    pub series: Vec<Series>,
    /// Lines that mark numbers.
    pub lines: Vec<Line>,
}

impl Plot {
    /// Draws the chart as a complete SVG element.
    #[must_use]
    pub fn svg(&self) -> String {
        let heading = Heading {
            title: self.title.clone(),
            subtitles: self.subtitles.clone(),
            legend: legend(&self.series),
        };
        let xs = self.series.iter().flat_map(|s| &s.points).map(|(x, _)| *x);
        let x = titled(&self.x, xs.chain(self.marked(true)));
        let y = titled(&self.y, self.heights().chain(self.marked(false)));
        let frame = framed(&heading, HEIGHT, &x, &y);
        let mut svg = Svg::new(WIDTH, HEIGHT);
        draw_heading(&mut svg, &heading);
        draw_axes(&mut svg, frame, &x, &y);
        svg.clipped(frame.area(), |svg| {
            for series in &self.series {
                draw_series(svg, frame, series);
            }
        });
        for line in &self.lines {
            draw_line(&mut svg, frame, line);
        }
        svg.finish(&self.title)
    }

    fn marked(&self, upright: bool) -> impl Iterator<Item = f64> {
        let lines = self
            .lines
            .iter()
            .filter(move |line| line.upright == upright);
        lines.map(|line| line.at)
    }

    /// All numbers that the y axis must include. Intervals count on a linear axis only: their lower ends
    /// may be zero or negative.
    fn heights(&self) -> impl Iterator<Item = f64> {
        let linear = self.y.spacing == Spacing::Linear;
        let all = self.series.iter().flat_map(|series| &series.points);
        all.flat_map(move |(_, y)| {
            let [low, high] = if linear {
                interval(*y)
            } else {
                [y.mean, y.mean]
            };
            [low, y.mean, high]
        })
    }
}

/// Legend entries of the series whose label is not empty.
pub(super) fn legend<'a>(series: impl IntoIterator<Item = &'a Series>) -> Vec<Key> {
    let named = series.into_iter().filter(|series| !series.label.is_empty());
    named
        .map(|series| Key {
            label: series.label.clone(),
            color: category(series.color).into(),
            mark: match series.style {
                Style::Dots => Mark::Disc,
                Style::Thin => Mark::Thin,
                Style::Thick => Mark::Line,
                Style::Dashes => Mark::Dashes,
            },
        })
        .collect()
}

fn titled(axis: &PlotAxis, numbers: impl Iterator<Item = f64>) -> Titled {
    let scale = match axis.spacing {
        Spacing::Linear => Scale::Linear,
        Spacing::Logarithmic => Scale::Log,
    };
    let numbers = numbers.chain(axis.include.iter().copied());
    Titled::new(
        Axis::spanning(scale, numbers).padded(0.05),
        axis.title.clone(),
    )
}

pub(super) fn draw_series(svg: &mut Svg, frame: Frame, series: &Series) {
    let color = category(series.color);
    let means = || series.points.iter().map(|(x, y)| frame.at(*x, y.mean));
    match series.style {
        Style::Dots => {
            for (x, y) in &series.points {
                let [low, high] = interval(*y).map(|y| frame.at(*x, y));
                svg.line(low, high, Stroke::solid(color, 1.6));
                svg.disc(frame.at(*x, y.mean), 4.0, color);
            }
        }
        Style::Dashes => svg.curve(means(), Stroke::dashed(color, 1.8)),
        Style::Thin | Style::Thick => {
            let edge = |(x, y): &(f64, Estimate), k: usize| frame.at(*x, interval(*y)[k]);
            let upper = series.points.iter().map(|point| edge(point, 1));
            let lower = series.points.iter().rev().map(|point| edge(point, 0));
            svg.area(upper.chain(lower), &pale(color));
            let width = if series.style == Style::Thin {
                1.1
            } else {
                2.8
            };
            svg.curve(means(), Stroke::solid(color, width));
        }
    }
}

/// Draws a marked line, with the label at the top of a vertical line or at the right end of a
/// horizontal one.
fn draw_line(svg: &mut Svg, frame: Frame, line: &Line) {
    let stroke = Stroke::dashed(FAINT, 1.2);
    if line.upright {
        let (x, _) = frame.at(line.at, 0.0);
        svg.line((x, frame.top), (x, frame.bottom()), stroke);
        let right = x > frame.left + 0.7 * frame.width;
        let (anchor, gap) = if right {
            (Anchor::End, -6.0)
        } else {
            (Anchor::Start, 6.0)
        };
        draw_label(svg, (x + gap, frame.top + 16.0), anchor, &line.label);
    } else {
        let (_, y) = frame.at(0.0, line.at);
        svg.line((frame.left, y), (frame.right(), y), stroke);
        draw_label(
            svg,
            (frame.right() - 6.0, y - 6.0),
            Anchor::End,
            &line.label,
        );
    }
}
