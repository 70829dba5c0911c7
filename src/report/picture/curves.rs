//! Pictures of the loss against time and against the learning rate.

use super::axis::{Axis, Scale};
use super::captions::{ensemble, ensembles, interval};
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, draw_axes, draw_diamond, draw_heading, draw_note,
    framed,
};
use super::palette::{FAINT, MEASURED, THEORY, pale, sequence};
use super::svg::{Stroke, Svg};
use crate::measure::Estimate;
use crate::report::number::{plain, plus_minus};
use crate::report::summary::Summary;
use crate::report::table::{Trace, TraceTable};

const HEIGHT: f64 = 470.0;
/// Ratio of the greatest to the least loss above which the axis is logarithmic.
const LOG_RATIO: f64 = 20.0;

/// Draws the mean loss against time: for each learning rate a curve, and its 95 % interval as a band.
///
/// Returns `None` without a trace.
pub(super) fn trace(summary: &Summary, table: &TraceTable) -> Option<String> {
    let traces: Vec<&Trace> = table
        .traces
        .iter()
        .filter(|trace| !trace.rows.is_empty())
        .collect();
    let rows = || traces.iter().flat_map(|trace| &trace.rows);
    rows().next()?;
    let expected: Vec<f64> = traces
        .iter()
        .filter_map(|trace| expected_loss(summary, trace.point))
        .collect();
    // All chains may start at the optimum: a zero loss at step 0 must not rule out a logarithmic axis.
    let mut losses: Vec<f64> = rows()
        .filter(|row| row.step > 0 || row.loss.mean > 0.0)
        .map(|row| row.loss.mean)
        .collect();
    losses.extend(&expected);
    let heading = trace_heading(summary, &traces, !expected.is_empty());
    let x = Titled::new(
        Axis::spanning(Scale::Linear, rows().map(|row| row.time)),
        "time t, the sum of the step sizes",
    );
    let y = loss_axis(&losses, rows().map(|row| row.loss));
    let frame = framed(&heading, HEIGHT, &x, &y);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    draw_heading(&mut svg, &heading);
    draw_axes(&mut svg, frame, &x, &y);
    svg.clipped(frame.area(), |svg| {
        for (i, trace) in traces.iter().enumerate() {
            draw_trace(svg, frame, trace, &color(i, traces.len()));
            if let Some(loss) = expected_loss(summary, trace.point) {
                let (_, height) = frame.at(0.0, loss);
                svg.line(
                    (frame.left, height),
                    (frame.right(), height),
                    Stroke {
                        color: THEORY,
                        width: 1.4,
                        dash: "6 4",
                    },
                );
            }
        }
    });
    Some(svg.finish(&heading.title))
}

fn trace_heading(summary: &Summary, traces: &[&Trace], expected: bool) -> Heading {
    let mut subtitles = vec![match traces {
        [only] => ensemble(summary, &summary.points[only.point]),
        _ => ensembles(summary),
    }];
    if let [only] = traces {
        let point = &summary.points[only.point];
        let theory = expected_loss(summary, only.point)
            .map_or_else(String::new, |x| format!(" (theory {})", plain(x)));
        subtitles.push(format!("final loss {}{theory}", plus_minus(point.loss)));
    }
    let mut legend: Vec<Key> = traces
        .iter()
        .enumerate()
        .map(|(i, trace)| Key {
            label: format!(
                "η = {}, band: 95 % interval",
                plain(summary.points[trace.point].eta)
            ),
            color: color(i, traces.len()),
            mark: Mark::Line,
        })
        .collect();
    if traces.len() > 1 {
        for (key, trace) in legend.iter_mut().zip(traces) {
            key.label = format!("η = {}", plain(summary.points[trace.point].eta));
        }
    }
    if expected {
        legend.push(Key {
            label: "theory, stationary".into(),
            color: THEORY.into(),
            mark: Mark::Dashes,
        });
    }
    Heading {
        title: "Loss against time".into(),
        subtitles,
        legend,
    }
}

fn draw_trace(svg: &mut Svg, frame: Frame, trace: &Trace, color: &str) {
    let upper = (trace.rows.iter()).map(|row| frame.at(row.time, interval(row.loss)[1]));
    let lower = (trace.rows.iter().rev()).map(|row| frame.at(row.time, interval(row.loss)[0]));
    svg.area(upper.chain(lower), &pale(color));
    let means = trace.rows.iter();
    svg.curve(
        means.map(|row| frame.at(row.time, row.loss.mean)),
        Stroke::solid(color, 1.8),
    );
    if let [row] = trace.rows.as_slice() {
        svg.disc(frame.at(row.time, row.loss.mean), 4.0, color);
    }
}

/// Draws the converged loss and its 95 % interval against the learning rate; `None` for a single
/// learning rate.
pub(super) fn loss_vs_eta(summary: &Summary) -> Option<String> {
    if summary.points.len() < 2 {
        return None;
    }
    let etas: Vec<f64> = summary.points.iter().map(|point| point.eta).collect();
    let optimum = summary.optimum.as_ref().map(|optimum| optimum.loss);
    let theory: Vec<(f64, f64)> = summary
        .points
        .iter()
        .filter_map(|p| Some((p.eta, p.theory.as_ref()?.loss?)))
        .collect();
    let mut losses: Vec<f64> = summary.points.iter().map(|point| point.loss.mean).collect();
    losses.extend(theory.iter().map(|(_, loss)| *loss));
    // A logarithmic axis suits losses that approach an optimum of zero, but cannot show the zero itself.
    let log = loss_axis(&losses, std::iter::empty()).axis.scale() == Scale::Log;
    let optimum = optimum.filter(|loss| !log || *loss > 0.0);
    losses.extend(optimum);
    let heading = sweep_heading(summary, !theory.is_empty(), optimum.is_some());
    let x = Titled::new(Axis::choosing(&etas, 10.0).padded(0.04), "learning rate η");
    let y = loss_axis(&losses, summary.points.iter().map(|point| point.loss));
    let frame = framed(&heading, HEIGHT, &x, &y);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    draw_heading(&mut svg, &heading);
    draw_axes(&mut svg, frame, &x, &y);
    if let Some(loss) = optimum {
        let (_, height) = frame.at(etas[0], loss);
        svg.line(
            (frame.left, height),
            (frame.right(), height),
            Stroke::dashed(FAINT, 1.2),
        );
    }
    for &(eta, loss) in &theory {
        draw_diamond(&mut svg, frame.at(eta, loss), 7.5, THEORY);
    }
    for point in &summary.points {
        let [low, high] = interval(point.loss).map(|x| frame.at(point.eta, x));
        svg.clipped(frame.area(), |svg| {
            svg.line(low, high, Stroke::solid(MEASURED, 1.5));
        });
        svg.disc(frame.at(point.eta, point.loss.mean), 3.6, MEASURED);
    }
    if y.axis.scale() == Scale::Log && losses.iter().any(|loss| *loss <= 0.0) {
        draw_note(
            &mut svg,
            frame,
            "losses that are not positive are off this axis",
        );
    }
    Some(svg.finish(&heading.title))
}

fn sweep_heading(summary: &Summary, theory: bool, optimum: bool) -> Heading {
    let mut subtitles = vec![ensembles(summary)];
    if let Some(slope) = &summary.slope {
        let (measured, theory) = (plus_minus(slope.measured), plain(slope.theory));
        subtitles.push(format!(
            "dL/dη at 0: {measured} measured, {theory} by theory"
        ));
    }
    let mut legend = vec![Key {
        label: "measured, 95 % interval".into(),
        color: MEASURED.into(),
        mark: Mark::Disc,
    }];
    if theory {
        legend.push(Key {
            label: "theory".into(),
            color: THEORY.into(),
            mark: Mark::Diamond,
        });
    }
    if optimum {
        legend.push(Key {
            label: "loss at the optimum".into(),
            color: FAINT.into(),
            mark: Mark::Dashes,
        });
    }
    Heading {
        title: "Converged loss against the learning rate".into(),
        subtitles,
        legend,
    }
}

/// The axis for losses: logarithmic if their ratio exceeds [`LOG_RATIO`], else linear and wide enough
/// for the error bars.
fn loss_axis(losses: &[f64], estimates: impl Iterator<Item = Estimate>) -> Titled {
    let mut numbers = losses.to_vec();
    let chosen = Axis::choosing(losses, LOG_RATIO);
    if chosen.scale() == Scale::Log {
        return Titled::new(chosen.padded(0.04), "loss");
    }
    numbers.extend(estimates.flat_map(|e| [e.mean - 2.0 * e.se, e.mean + 2.0 * e.se]));
    Titled::new(Axis::spanning(Scale::Linear, numbers).padded(0.06), "loss")
}

fn expected_loss(summary: &Summary, point: usize) -> Option<f64> {
    summary.points[point].theory.as_ref()?.loss
}

fn color(i: usize, n: usize) -> String {
    if n == 1 {
        MEASURED.into()
    } else {
        sequence(i, n)
    }
}
