//! Histograms: those that the experiment asks for, and fine ones from which quantiles and distances come.

use super::observe::Observing;
use crate::engine::HistogramRequest;
use crate::spec::Experiment;

/// A histogram of the experiment: names and ranges of its axes.
#[derive(Debug, Clone)]
pub struct HistogramPlan {
    /// The formula of each axis, as the user wrote it.
    pub axes: Vec<String>,
    /// The range that the user gave for each axis.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// True when the user asked for it. The others serve quantiles and distances.
    pub shown: bool,
}

/// Bins of the histograms from which quantiles and distances come: an error of at most a 4096th of the range.
const FINE_BINS: u32 = 4096;

/// Most parameters that get such a histogram.
const FINE_PARAMETERS: usize = 16;

/// The histograms that the user asked for, then fine ones of the first parameters.
pub(super) fn histograms(
    experiment: &Experiment,
    observing: &Observing,
) -> (Vec<HistogramPlan>, Vec<HistogramRequest>) {
    let asked = experiment.measure.histograms.iter();
    let asked = asked
        .zip(&observing.histograms)
        .map(|(histogram, outputs)| {
            let plan = HistogramPlan {
                axes: (histogram.axes.iter())
                    .map(|axis| axis.of.text.trim().to_owned())
                    .collect(),
                ranges: histogram.axes.iter().map(|axis| axis.range).collect(),
                shown: true,
            };
            let request = HistogramRequest {
                outputs: outputs.clone(),
                bins: vec![histogram.bins; outputs.len()],
            };
            (plan, request)
        });
    let parameters = observing.outputs.parameters.clone();
    let fine = experiment.flat_names().into_iter().zip(parameters);
    let fine = fine.take(FINE_PARAMETERS).map(|(name, output)| {
        let plan = HistogramPlan {
            axes: vec![name],
            ranges: vec![None],
            shown: false,
        };
        let request = HistogramRequest {
            outputs: vec![output],
            bins: vec![FINE_BINS],
        };
        (plan, request)
    });
    asked.chain(fine).unzip()
}
