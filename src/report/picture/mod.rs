//! SVG pictures of a result.

mod alpha;
mod axis;
#[cfg(feature = "cli")]
mod bars;
mod captions;
mod chart;
mod curves;
mod density;
mod joint;
mod palette;
#[cfg(feature = "cli")]
mod panels;
mod plot;
mod svg;
mod temperatures;

pub use alpha::{AlphaMark, alpha};
#[cfg(feature = "cli")]
pub(crate) use bars::{Bar, Bars, bars};
pub use joint::{Contours, joint_with};
#[cfg(feature = "cli")]
pub(crate) use panels::{Panels, panels};
pub use plot::{Line, Plot, PlotAxis, Series, Spacing, Style};

use super::names::{sanitized, unique};
use super::results::Results;
use super::summary::Summary;
use super::table::HistogramTable;
use std::collections::BTreeSet;

/// A picture and the name of its file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    /// File name with its extension.
    pub file: String,
    /// Complete SVG element.
    pub svg: String,
}

/// Draws all pictures of a result, the most important first.
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

/// Draws one picture for each single quantity, and one for each pair of quantities and learning rate.
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
