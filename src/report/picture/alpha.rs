//! The histogram of one quantity under candidate Gibbs densities, and the measured α on an axis below.

use super::axis::{Axis, Scale};
use super::captions::interval;
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, Y_TICKS, draw_axes, draw_heading, draw_label,
    draw_x_axis, heading_height, left_margin,
};
use super::density::{closed, outline, x_axis};
use super::palette::{FAINT, GRID, INK, MEASURED, MEASURED_AREA, category};
use super::svg::{Anchor, Stroke, Svg};
use crate::measure::Estimate;
use crate::report::number::plus_minus;
use crate::report::table::HistogramTable;

const FRAME_HEIGHT: f64 = 290.0;
const STRIP_HEIGHT: f64 = 64.0;

/// A candidate value of α and the density that it predicts.
#[derive(Debug, Clone, PartialEq)]
pub struct AlphaMark {
    /// Candidate value.
    pub alpha: f64,
    /// Source of the value, for the legend: "theory, α = ½".
    pub label: String,
    /// Predicted density, averaged over each bin of the histogram.
    pub density: Vec<f64>,
}

/// Draws the histogram under the densities of the marks. An axis below it shows the measured α with
/// its 95 % interval among the α of the marks.
pub fn alpha(
    title: String,
    subtitles: Vec<String>,
    histogram: &HistogramTable,
    measured: Estimate,
    marks: &[AlphaMark],
) -> String {
    let mut legend = vec![Key {
        label: "measured".into(),
        color: MEASURED_AREA.into(),
        mark: Mark::Area,
    }];
    legend.extend(marks.iter().enumerate().map(|(i, mark)| Key {
        label: mark.label.clone(),
        color: category(i + 1).into(),
        mark: Mark::Line,
    }));
    let heading = Heading {
        title,
        subtitles,
        legend,
    };
    let name = &histogram.axes[0].name;
    let x = Titled::new(x_axis(&[histogram]), name.clone());
    let y = Titled::new(heights(histogram, marks), format!("density of {name}"));
    let left = left_margin(&y, Y_TICKS);
    let area = [
        left,
        heading_height(&heading),
        WIDTH - left - 24.0,
        FRAME_HEIGHT,
    ];
    let frame = Frame::new(area, x.axis, y.axis);
    let strip_top = frame.bottom() + 72.0;
    let mut svg = Svg::new(WIDTH, strip_top + STRIP_HEIGHT + 58.0);
    draw_heading(&mut svg, &heading);
    draw_axes(&mut svg, frame, &x, &y);
    svg.clipped(frame.area(), |svg| {
        let outline = outline(frame, histogram);
        svg.area(closed(frame, &outline), MEASURED_AREA);
        svg.curve(outline, Stroke::solid(MEASURED, 1.2));
        for (i, mark) in marks.iter().enumerate().rev() {
            let curve = mark.density.iter().enumerate().map(|(bin, &density)| {
                let [from, to] = histogram.bin(bin)[0];
                frame.at(0.5 * (from + to), density)
            });
            svg.curve(curve, Stroke::solid(category(i + 1), 2.0));
        }
    });
    let alphas = marks.iter().map(|mark| mark.alpha);
    let alphas = alphas.chain(interval(measured)).chain([0.0]);
    let scale = Titled::new(
        Axis::spanning(Scale::Linear, alphas).padded(0.08),
        "α in p(x) ∝ exp(−L(x) / (α η σ²))",
    );
    let strip = Frame::new(
        [left, strip_top, frame.width, STRIP_HEIGHT],
        scale.axis,
        scale.axis,
    );
    draw_strip(&mut svg, strip, &scale, measured, marks);
    svg.finish(&heading.title)
}

/// The y axis: it holds the histogram, and the predicted densities up to three times its peak.
fn heights(histogram: &HistogramTable, marks: &[AlphaMark]) -> Axis {
    let greatest = |numbers: &mut dyn Iterator<Item = f64>| {
        numbers.filter(|y| y.is_finite()).fold(0.0, f64::max)
    };
    let measured = greatest(&mut histogram.densities().into_iter().map(|d| d.mean));
    let predicted = greatest(&mut marks.iter().flat_map(|mark| mark.density.iter().copied()));
    let top = predicted.clamp(measured, 3.0 * measured);
    Axis::spanning(
        Scale::Linear,
        [0.0, 1.06 * if top > 0.0 { top } else { 1.0 }],
    )
}

fn draw_strip(
    svg: &mut Svg,
    frame: Frame,
    scale: &Titled,
    measured: Estimate,
    marks: &[AlphaMark],
) {
    let across = |alpha: f64| frame.at(alpha, 0.0).0;
    let middle = frame.top + 0.62 * frame.height;
    svg.line(
        (frame.left, middle),
        (frame.right(), middle),
        Stroke::solid(GRID, 1.0),
    );
    for (i, mark) in marks.iter().enumerate() {
        let x = across(mark.alpha);
        svg.line(
            (x, frame.top + 20.0),
            (x, frame.bottom()),
            Stroke::solid(category(i + 1), 2.0),
        );
        draw_label(svg, (x, frame.top + 12.0), Anchor::Middle, &mark.label);
    }
    let [low, high] = interval(measured).map(across);
    svg.line((low, middle), (high, middle), Stroke::solid(MEASURED, 3.0));
    svg.disc((across(measured.mean), middle), 5.0, MEASURED);
    let label = format!("measured {}", plus_minus(measured));
    draw_label(svg, (low - 10.0, middle + 5.0), Anchor::End, &label);
    draw_x_axis(svg, frame, scale);
    svg.line(
        (frame.left, frame.bottom()),
        (frame.right(), frame.bottom()),
        Stroke::solid(if marks.is_empty() { FAINT } else { INK }, 1.0),
    );
}
