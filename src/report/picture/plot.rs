//! A chart told in plain data: points with intervals, curves, and marks, on linear or logarithmic axes.

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
    /// Equal differences.
    Linear,
    /// Equal ratios; numbers that are not positive are off the axis.
    Logarithmic,
}

/// An axis: what it measures and how.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotAxis {
    /// With its unit.
    pub title: String,
    /// Its scale.
    pub spacing: Spacing,
    /// Numbers that must be on it beside those that are drawn.
    pub include: Vec<f64>,
}

impl PlotAxis {
    /// A linear axis.
    pub fn linear(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            spacing: Spacing::Linear,
            include: Vec::new(),
        }
    }

    /// A logarithmic axis.
    pub fn log(title: impl Into<String>) -> Self {
        Self {
            spacing: Spacing::Logarithmic,
            ..Self::linear(title)
        }
    }

    /// With these numbers on it.
    #[must_use]
    pub fn including(mut self, numbers: impl IntoIterator<Item = f64>) -> Self {
        self.include.extend(numbers);
        self
    }
}

/// Style of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A disc with its 95 % interval at each point.
    Dots,
    /// A thin curve with its 95 % interval as a band.
    Thin,
    /// A thick curve with its 95 % interval as a band.
    Thick,
    /// A dashed curve: what is expected.
    Dashes,
}

/// Numbers that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// For the legend; a series without one is not in it.
    pub label: String,
    /// One of seven colors; 0 is that of measurements and 1 that of theory.
    pub color: usize,
    /// Style of the curve.
    pub style: Style,
    /// x, and y with its standard error.
    pub points: Vec<(f64, Estimate)>,
}

impl Series {
    /// Measured points.
    pub fn dots(label: impl Into<String>, color: usize, points: Vec<(f64, Estimate)>) -> Self {
        Self {
            label: label.into(),
            color,
            style: Style::Dots,
            points,
        }
    }

    /// A dashed curve through exact values.
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

/// A number of one axis that is marked right across the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where.
    pub at: f64,
    /// Label beside the line.
    pub label: String,
    /// On the x axis, and so upright.
    pub upright: bool,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Title of the picture.
    pub title: String,
    /// The numbers that matter, a line each.
    pub subtitles: Vec<String>,
    /// The horizontal axis.
    pub x: PlotAxis,
    /// The vertical axis.
    pub y: PlotAxis,
    /// Later ones lie over earlier ones.
    pub series: Vec<Series>,
    /// Marked numbers.
    pub lines: Vec<Line>,
}

impl Plot {
    /// The picture, a complete SVG element.
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

    /// All numbers of the y axis, intervals included where the axis is linear: on a logarithmic one they may reach zero.
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

/// An entry for each series that has a label.
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

/// The label of an upright line stands at its top, that of a level one at its right end.
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
