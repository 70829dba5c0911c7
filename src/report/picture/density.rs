//! Pictures of the distribution of one quantity: histogram and theoretical density.

use super::axis::{Axis, Scale};
use super::captions::{ensemble, ensembles};
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, Y_TICKS, draw_axes, draw_heading, draw_x_axis,
    draw_y_axis, heading_height, left_margin,
};
use super::palette::{BAND, INK, MEASURED, MEASURED_AREA, THEORY, sequence};
use super::svg::{Stroke, Svg};
use crate::report::number::{p_relation, plain, plus_minus, significant};
use crate::report::summary::{Point, Summary};
use crate::report::table::HistogramTable;

const FRAME_HEIGHT: f64 = 300.0;
const RESIDUAL_HEIGHT: f64 = 84.0;
const RESIDUAL_TICKS: usize = 4;
/// Height below a frame for the labels and the title of its x axis.
const X_AXIS_HEIGHT: f64 = 58.0;

/// Draws the histograms of one quantity, one for each learning rate, in one picture.
pub(super) fn density(summary: &Summary, histograms: &[&HistogramTable]) -> String {
    match histograms {
        [histogram] => one(summary, histogram),
        several => many(summary, several),
    }
}

/// Draws one histogram as a filled outline under the theoretical density. A frame below shows the
/// difference of the two in standard errors.
fn one(summary: &Summary, histogram: &HistogramTable) -> String {
    let name = &histogram.axes[0].name;
    let point = &summary.points[histogram.point];
    let heading = heading_of_one(summary, point, histogram);
    let x = Titled::new(x_axis(&[histogram]), name.clone());
    let y = Titled::new(y_axis(&[histogram]), format!("density of {name}"));
    let residual = residuals(histogram);
    let residual_y = Titled::new(Axis::spanning(Scale::Linear, [-4.0, 4.0]), "diff. / SE");
    let top = heading_height(&heading);
    let left = left_margin(&y, Y_TICKS).max(left_margin(&residual_y, RESIDUAL_TICKS));
    let width = WIDTH - left - 24.0;
    let frame = Frame::new([left, top, width, FRAME_HEIGHT], x.axis, y.axis);
    let lower = Frame::new(
        [left, frame.bottom() + 18.0, width, RESIDUAL_HEIGHT],
        x.axis,
        residual_y.axis,
    );
    let last = if residual.is_some() { lower } else { frame };

    let mut svg = Svg::new(WIDTH, last.bottom() + X_AXIS_HEIGHT);
    draw_heading(&mut svg, &heading);
    draw_y_axis(&mut svg, frame, &y, Y_TICKS);
    svg.clipped(frame.area(), |svg| {
        let outline = outline(frame, histogram);
        svg.area(closed(frame, &outline), MEASURED_AREA);
        svg.curve(outline, Stroke::solid(MEASURED, 1.2));
        svg.curve(theory(frame, histogram), Stroke::solid(THEORY, 2.0));
    });
    if let Some(residual) = residual {
        draw_residuals(&mut svg, lower, &residual_y, &residual);
        svg.line(
            (frame.left, frame.bottom()),
            (frame.right(), frame.bottom()),
            Stroke::solid(INK, 1.0),
        );
    }
    draw_x_axis(&mut svg, last, &x);
    svg.finish(&heading.title)
}

fn heading_of_one(summary: &Summary, point: &Point, histogram: &HistogramTable) -> Heading {
    let name = &histogram.axes[0].name;
    let mut subtitles = vec![ensemble(summary, point)];
    subtitles.extend(alpha_line(point, name));
    let mut legend = vec![Key {
        label: "measured".into(),
        color: MEASURED_AREA.into(),
        mark: Mark::Area,
    }];
    if histogram.theory.is_some() {
        legend.push(Key {
            label: "Gibbs density at α = ½".into(),
            color: THEORY.into(),
            mark: Mark::Line,
        });
    }
    Heading {
        title: format!("Where {name} settles"),
        subtitles,
        legend,
    }
}

/// The fitted α and the goodness of fit of the parameter called `name`, in words.
fn alpha_line(point: &Point, name: &str) -> Option<String> {
    let gibbs = point.gibbs.as_ref()?;
    let virial = gibbs.alpha_virial.get(name)?;
    let (alpha, how) = match gibbs.alpha {
        Some(alpha) => (alpha, "fitted"),
        None => (*virial, "virial"),
    };
    let mut line = format!("{how} α = {} (theory ½; lecture 1/10)", plus_minus(alpha));
    if let (Some(distance), Some(p)) = (gibbs.ks_distance, gibbs.ks_p) {
        line += &format!(
            ", KS distance {}, p {}",
            significant(distance, 2),
            p_relation(p)
        );
    }
    Some(line)
}

/// Draws a stepped line for each learning rate, and the theoretical densities as dashed lines.
fn many(summary: &Summary, histograms: &[&HistogramTable]) -> String {
    let name = &histograms[0].axes[0].name;
    let mut legend: Vec<Key> = histograms
        .iter()
        .enumerate()
        .map(|(i, histogram)| Key {
            label: format!("η = {}", plain(summary.points[histogram.point].eta)),
            color: sequence(i, histograms.len()),
            mark: Mark::Line,
        })
        .collect();
    if histograms
        .iter()
        .any(|histogram| histogram.theory.is_some())
    {
        legend.push(Key {
            label: "theory".into(),
            color: INK.into(),
            mark: Mark::Dashes,
        });
    }
    let heading = Heading {
        title: format!("Where {name} settles"),
        subtitles: vec![ensembles(summary)],
        legend,
    };
    let x = Titled::new(x_axis(histograms), name.clone());
    let y = Titled::new(y_axis(histograms), format!("density of {name}"));
    let (top, left) = (heading_height(&heading), left_margin(&y, Y_TICKS));
    let frame = Frame::new(
        [left, top, WIDTH - left - 24.0, FRAME_HEIGHT + 60.0],
        x.axis,
        y.axis,
    );
    let mut svg = Svg::new(WIDTH, frame.bottom() + X_AXIS_HEIGHT);
    draw_heading(&mut svg, &heading);
    draw_axes(&mut svg, frame, &x, &y);
    svg.clipped(frame.area(), |svg| {
        for (i, histogram) in histograms.iter().enumerate() {
            svg.curve(
                outline(frame, histogram),
                Stroke::solid(&sequence(i, histograms.len()), 1.8),
            );
        }
        for histogram in histograms {
            svg.curve(
                theory(frame, histogram),
                Stroke {
                    color: INK,
                    width: 1.0,
                    dash: "4 4",
                },
            );
        }
    });
    svg.finish(&heading.title)
}

/// The x axis: from the first to the last bin that is not empty, slightly padded.
pub(super) fn x_axis(histograms: &[&HistogramTable]) -> Axis {
    let edges = histograms.iter().flat_map(|histogram| {
        let edges = &histogram.axes[0].edges;
        let occupied = |count: &u64| *count > 0;
        let first = histogram.counts.iter().position(occupied).unwrap_or(0);
        let last = histogram
            .counts
            .iter()
            .rposition(occupied)
            .map_or(edges.len() - 1, |last| last + 1);
        [edges[first], edges[last]]
    });
    Axis::spanning(Scale::Linear, edges).padded(0.02)
}

fn y_axis(histograms: &[&HistogramTable]) -> Axis {
    let measured = histograms
        .iter()
        .flat_map(|h| h.densities().into_iter().map(|density| density.mean));
    let theory = histograms
        .iter()
        .flat_map(|h| h.theory.iter().flatten().copied());
    let highest = measured
        .chain(theory)
        .filter(|y| y.is_finite())
        .fold(0.0, f64::max);
    let highest = if highest > 0.0 { highest } else { 1.0 };
    Axis::spanning(Scale::Linear, [0.0, 1.06 * highest])
}

/// The stepped line along the tops of the bins, in pixels.
pub(super) fn outline(frame: Frame, histogram: &HistogramTable) -> Vec<(f64, f64)> {
    (histogram.densities().into_iter().enumerate())
        .flat_map(|(i, density)| {
            let [from, to] = histogram.bin(i)[0];
            [frame.at(from, density.mean), frame.at(to, density.mean)]
        })
        .collect()
}

/// The outline, extended down to the x axis at both ends.
pub(super) fn closed(frame: Frame, line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (line.first(), line.last()) else {
        return Vec::new();
    };
    let mut outline = vec![(first.0, frame.bottom())];
    outline.extend(line);
    outline.push((last.0, frame.bottom()));
    outline
}

fn theory(frame: Frame, histogram: &HistogramTable) -> Vec<(f64, f64)> {
    let densities = histogram.theory.iter().flatten().enumerate();
    densities
        .map(|(i, &y)| {
            let [from, to] = histogram.bin(i)[0];
            frame.at(0.5 * (from + to), y)
        })
        .collect()
}

/// Bin center and difference from theory in standard errors, for bins of at least ten expected counts;
/// `None` without a theory.
fn residuals(histogram: &HistogramTable) -> Option<Vec<(f64, f64)>> {
    let theory = histogram.theory.as_ref()?;
    let n = histogram.numbers() as f64;
    let mut residuals = Vec::new();
    for (i, (&expected, density)) in theory.iter().zip(histogram.densities()).enumerate() {
        let [from, to] = histogram.bin(i)[0];
        let share = expected * (to - from);
        // Below ten expected counts the normal approximation of the error is poor.
        if n * share >= 10.0 {
            let se = (share * (1.0 - share).max(0.0) / n).sqrt() / (to - from);
            residuals.push((0.5 * (from + to), (density.mean - expected) / se));
        }
    }
    Some(residuals)
}

fn draw_residuals(svg: &mut Svg, frame: Frame, y: &Titled, residuals: &[(f64, f64)]) {
    let (_, high) = frame.at(0.0, 2.0);
    let (_, low) = frame.at(0.0, -2.0);
    svg.area(
        [
            (frame.left, high),
            (frame.right(), high),
            (frame.right(), low),
            (frame.left, low),
        ],
        BAND,
    );
    draw_y_axis(svg, frame, y, RESIDUAL_TICKS);
    svg.clipped(frame.area(), |svg| {
        for &(x, z) in residuals {
            // A difference beyond the axis is drawn at its edge rather than left out.
            svg.disc(frame.at(x, z.clamp(-3.9, 3.9)), 1.7, MEASURED);
        }
    });
}
