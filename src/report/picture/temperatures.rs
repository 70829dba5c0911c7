//! Picture of the temperatures of the parameters, measured and theoretical.

use super::axis::{Axis, Scale};
use super::captions::{ensemble, ensembles, interval};
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, draw_axes, draw_diamond, draw_heading, draw_label,
    draw_x_axis, framed, heading_height,
};
use super::palette::{GRID, MEASURED, THEORY, category};
use super::svg::{Anchor, Stroke, Svg, fitted, text_width};
use crate::report::number::{p_relation, plus_minus};
use crate::report::summary::{ParameterEstimate, Point, Summary};

/// Greatest number of parameters shown at a single learning rate; the CSV file lists all.
const ROWS: usize = 24;
/// Greatest number of parameters shown against the learning rate; the CSV file lists all.
const CURVES: usize = 7;
const ROW_HEIGHT: f64 = 30.0;
const TITLE: &str = "Temperatures of the parameters";
const UNIT: &str = "temperature T = E[x ∂L/∂x]  (units of the loss)";

/// Draws the temperatures: a row for each parameter at a single learning rate, a curve for each over
/// several learning rates.
///
/// Returns `None` for a single parameter at a single learning rate, and for dynamics without a
/// temperature.
pub(super) fn temperatures(summary: &Summary) -> Option<String> {
    // Deterministic dynamics have neither a Gibbs distribution nor a temperature.
    if summary.points.iter().all(|point| point.gibbs.is_none()) {
        return None;
    }
    match summary.points.as_slice() {
        [point] if point.parameters.len() >= 2 => Some(rows(summary, point)),
        [_, _, ..] => Some(sweep(summary)),
        _ => None,
    }
}

fn rows(summary: &Summary, point: &Point) -> String {
    let shown: Vec<(&str, &ParameterEstimate)> = point
        .parameters
        .iter()
        .take(ROWS)
        .map(|(name, parameter)| (name.as_str(), parameter))
        .collect();
    let heading = Heading {
        title: TITLE.into(),
        subtitles: vec![
            ensemble(summary, point),
            equality(point),
            truncation(point.parameters.len(), ROWS),
        ]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect(),
        legend: keys(shown.iter().any(|(_, p)| p.temperature_theory.is_some())),
    };
    let numbers = shown.iter().flat_map(|(_, p)| {
        let t = p.temperature;
        [
            t.mean,
            t.mean - 2.0 * t.se,
            t.mean + 2.0 * t.se,
            p.temperature_theory.unwrap_or(t.mean),
            0.0,
        ]
    });
    let x = Titled::new(Axis::spanning(Scale::Linear, numbers).padded(0.04), UNIT);
    let top = heading_height(&heading);
    let widest = shown
        .iter()
        .map(|(name, _)| text_width(name, 14.0))
        .fold(0.0, f64::max)
        .min(180.0);
    let left = 36.0 + widest;
    let area = [
        left,
        top,
        // The numbers are to the right of the frame.
        WIDTH - left - 180.0,
        ROW_HEIGHT * shown.len() as f64 + 8.0,
    ];
    let frame = Frame::new(area, x.axis, x.axis);
    let mut svg = Svg::new(WIDTH, frame.bottom() + 58.0);
    draw_heading(&mut svg, &heading);
    for (i, (name, parameter)) in shown.iter().enumerate() {
        draw_row(
            &mut svg,
            frame,
            frame.top + ROW_HEIGHT * (i as f64 + 0.6),
            name,
            parameter,
        );
    }
    draw_x_axis(&mut svg, frame, &x);
    svg.finish(TITLE)
}

fn draw_row(svg: &mut Svg, frame: Frame, y: f64, name: &str, parameter: &ParameterEstimate) {
    let t = parameter.temperature;
    let across = |x: f64| frame.at(x, 0.0).0;
    svg.line(
        (frame.left, y),
        (frame.right(), y),
        Stroke::solid(GRID, 1.0),
    );
    draw_label(
        svg,
        (frame.left - 12.0, y + 5.0),
        Anchor::End,
        &fitted(name, 14.0, 180.0),
    );
    if let Some(theory) = parameter.temperature_theory {
        draw_diamond(svg, (across(theory), y), 8.0, THEORY);
    }
    let [low, high] = interval(t).map(across);
    svg.line((low, y), (high, y), Stroke::solid(MEASURED, 2.5));
    svg.disc((across(t.mean), y), 4.0, MEASURED);
    draw_label(
        svg,
        (frame.right() + 14.0, y + 5.0),
        Anchor::Start,
        &plus_minus(t),
    );
}

fn sweep(summary: &Summary) -> String {
    let names: Vec<&str> = summary.points[0]
        .parameters
        .keys()
        .take(CURVES)
        .map(String::as_str)
        .collect();
    let mut legend: Vec<Key> = names
        .iter()
        .enumerate()
        .map(|(i, name)| Key {
            label: (*name).into(),
            color: category(i).into(),
            mark: Mark::Disc,
        })
        .collect();
    let of = |point: &Point, name: &str| point.parameters.get(name).cloned();
    let all: Vec<ParameterEstimate> = summary
        .points
        .iter()
        .flat_map(|point| names.iter().filter_map(|name| of(point, name)))
        .collect();
    if all.iter().any(|p| p.temperature_theory.is_some()) {
        legend.push(Key {
            label: "theory".into(),
            color: THEORY.into(),
            mark: Mark::Diamond,
        });
    }
    let subtitles = [
        ensembles(summary),
        truncation(summary.points[0].parameters.len(), CURVES),
    ];
    let subtitles = subtitles
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    let heading = Heading {
        title: format!("{TITLE} against the learning rate"),
        subtitles,
        legend,
    };
    let etas: Vec<f64> = summary.points.iter().map(|point| point.eta).collect();
    let temperatures: Vec<f64> = all
        .iter()
        .flat_map(|p| {
            [
                p.temperature.mean,
                p.temperature_theory.unwrap_or(p.temperature.mean),
            ]
        })
        .collect();
    let x = Titled::new(Axis::choosing(&etas, 10.0).padded(0.04), "learning rate η");
    let y = Titled::new(
        Axis::choosing(&temperatures, 10.0).padded(0.06),
        "temperature (units of the loss)",
    );
    let height = 470.0;
    let frame = framed(&heading, height, &x, &y);
    let mut svg = Svg::new(WIDTH, height);
    draw_heading(&mut svg, &heading);
    draw_axes(&mut svg, frame, &x, &y);
    svg.clipped(frame.area(), |svg| {
        for (i, name) in names.iter().enumerate() {
            let curve: Vec<(f64, ParameterEstimate)> = summary
                .points
                .iter()
                .filter_map(|point| Some((point.eta, of(point, name)?)))
                .collect();
            draw_curve(svg, frame, &curve, category(i));
        }
    });
    svg.finish(&heading.title)
}

fn draw_curve(svg: &mut Svg, frame: Frame, curve: &[(f64, ParameterEstimate)], color: &str) {
    for (eta, p) in curve {
        if let Some(theory) = p.temperature_theory {
            draw_diamond(svg, frame.at(*eta, theory), 7.5, THEORY);
        }
    }
    svg.curve(
        curve
            .iter()
            .map(|(eta, p)| frame.at(*eta, p.temperature.mean)),
        Stroke::solid(color, 1.0),
    );
    for (eta, p) in curve {
        let [low, high] = interval(p.temperature).map(|x| frame.at(*eta, x));
        svg.line(low, high, Stroke::solid(color, 1.6));
        svg.disc(frame.at(*eta, p.temperature.mean), 3.6, color);
    }
}

fn keys(theory: bool) -> Vec<Key> {
    let mut keys = vec![Key {
        label: "measured, 95 % interval".into(),
        color: MEASURED.into(),
        mark: Mark::Disc,
    }];
    if theory {
        keys.push(Key {
            label: "theory".into(),
            color: THEORY.into(),
            mark: Mark::Diamond,
        });
    }
    keys
}

/// Result of the test that all parameters have one temperature, in words; empty without a test.
fn equality(point: &Point) -> String {
    let p = point
        .gibbs
        .as_ref()
        .and_then(|gibbs| gibbs.equal_temperature_p)
        .filter(|p| p.is_finite());
    p.map_or_else(String::new, |p| {
        let meaning = if p < 0.01 {
            "not one temperature, so not Gibbs"
        } else {
            "one temperature is possible"
        };
        format!(
            "test of equal temperatures: p {} ({meaning})",
            p_relation(p)
        )
    })
}

/// Note that only the first parameters are shown; empty if all are.
fn truncation(count: usize, shown: usize) -> String {
    if count > shown {
        format!("the first {shown} of {count} parameters; all are in parameters.csv")
    } else {
        String::new()
    }
}
