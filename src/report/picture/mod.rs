//! The SVG pictures of a result.

mod alpha;
mod axis;
mod bars;
mod chart;
mod curves;
mod density;
mod joint;
mod palette;
mod panels;
mod plot;
mod svg;
mod temperatures;

pub use alpha::{AlphaMark, alpha};
pub(super) use bars::{Bar, Bars, bars};
pub use joint::{Contours, joint_with};
pub(super) use panels::{Panels, panels};
pub use plot::{Line, Plot, PlotAxis, Series, Spacing, Style};
pub(super) use svg::escaped;

use super::files::{sanitized, unique};
use super::number::{count, plain};
use super::{HistogramTable, Point, Results, Summary};
use crate::measure::Estimate;
use std::collections::BTreeSet;

/// A drawing and what to call it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// File name with its ending.
    pub file: String,
    /// A complete SVG element.
    pub svg: String,
}

/// All pictures of a result, the most telling first.
pub(super) fn all(results: &Results) -> Vec<Picture> {
    let summary = &results.summary;
    let mut pictures = histograms(summary, &results.histograms);
    let mut add = |file: &str, svg: Option<String>| {
        pictures.extend(svg.map(|svg| Picture {
            file: file.into(),
            svg,
        }));
    };
    add("loss_vs_eta.svg", curves::loss_vs_eta(summary));
    add("temperatures.svg", temperatures::temperatures(summary));
    add("trace.svg", curves::trace(summary, &results.traces));
    pictures
}

/// One picture for each quantity with one axis, and one for each pair and learning rate.
fn histograms(summary: &Summary, histograms: &[HistogramTable]) -> Vec<Picture> {
    let mut taken = BTreeSet::new();
    let mut file = |stem: String| unique(&stem, &mut taken) + ".svg";
    let mut pictures = Vec::new();
    let mut seen = BTreeSet::new();
    for histogram in histograms {
        let name = histogram.name();
        match histogram.axes.len() {
            1 if seen.insert(name.clone()) => {
                let same: Vec<&HistogramTable> = histograms
                    .iter()
                    .filter(|other| other.axes.len() == 1 && other.name() == name)
                    .collect();
                let svg = density::density(summary, &same);
                pictures.push(Picture {
                    file: file(format!("density_{}", sanitized(&name))),
                    svg,
                });
            }
            1 => {}
            _ => {
                let eta = if summary.points.len() > 1 {
                    format!("_eta{}", histogram.point + 1)
                } else {
                    String::new()
                };
                let svg = joint::joint(summary, histogram);
                pictures.push(Picture {
                    file: file(format!("joint_{}{eta}", sanitized(&name))),
                    svg,
                });
            }
        }
    }
    pictures
}

/// The 95 % interval of an estimate, or the estimate alone where its error is unknown.
fn interval(estimate: Estimate) -> [f64; 2] {
    let half = if estimate.se.is_finite() {
        1.96 * estimate.se
    } else {
        0.0
    };
    [estimate.mean - half, estimate.mean + half]
}

/// `1,000,000 chains`.
fn chains(number: u64) -> String {
    format!(
        "{} chain{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// `1,000,000 chains at η = 0.1 after 1,000 steps (time 100)`.
fn ensemble(summary: &Summary, point: &Point) -> String {
    let chains = chains(summary.chains - point.diverged.min(summary.chains));
    let left = match point.diverged {
        0 => String::new(),
        n => format!(" ({} diverged and left out)", count(n)),
    };
    let (eta, steps, time) = (plain(point.eta), count(point.steps), plain(point.time));
    format!("{chains}{left} at η = {eta} after {steps} steps (time {time})")
}

/// What every point has in common, where there are several.
fn ensembles(summary: &Summary) -> String {
    let etas = summary.points.iter().map(|point| point.eta);
    let (least, greatest) = etas.fold((f64::INFINITY, 0.0_f64), |(a, b), eta| {
        (a.min(eta), b.max(eta))
    });
    let diverged: u64 = summary.points.iter().map(|point| point.diverged).sum();
    let left = if diverged == 0 {
        String::new()
    } else {
        format!("; {} diverged and left out", count(diverged))
    };
    format!(
        "{} at each of {} learning rates η from {} to {}{left}",
        chains(summary.chains),
        summary.points.len(),
        plain(least),
        plain(greatest)
    )
}
