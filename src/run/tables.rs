//! Traces and histograms of a run as tables for the report.

use super::case::{Case, mean_over_chains};
use crate::compile::{HistogramPlan, Problem, VALIDATION_LOSS};
use crate::measure::Histogram;
use crate::report::{HistogramAxis, HistogramTable, Trace, TraceParameter, TraceRow, TraceTable};
use indexmap::IndexMap;

/// Most parameters whose mean and variance are traced: the first ones.
const TRACED: usize = 16;

impl Case<'_> {
    /// Loss, quantities and parameters at each traced step, averaged over the chains.
    fn trace(&self) -> Trace {
        let outputs = &self.problem.outputs;
        let rows = (self.record.trace.iter())
            .map(|(step, moments)| {
                let mut quantities: IndexMap<String, _> = (outputs.quantities.iter())
                    .map(|&(quantity, output)| {
                        (quantity.key.to_owned(), mean_over_chains(&moments[output]))
                    })
                    .collect();
                TraceRow {
                    step: *step,
                    time: self.point().time(*step),
                    loss: mean_over_chains(&moments[outputs.loss]),
                    validation_loss: quantities.shift_remove(VALIDATION_LOSS),
                    quantities,
                    parameters: (outputs.parameters.clone().take(TRACED))
                        .map(|output| TraceParameter {
                            mean: moments[output].mean,
                            variance: moments[output].variance(),
                        })
                        .collect(),
                }
            })
            .collect();
        Trace {
            point: self.index,
            rows,
        }
    }

    /// The histograms that the user asked for, with what theory expects in each bin.
    pub(super) fn histograms(&self) -> Vec<HistogramTable> {
        (self.problem.histograms.iter().zip(&self.record.histograms))
            .filter(|(plan, _)| plan.shown)
            .map(|(plan, histogram)| HistogramTable {
                point: self.index,
                axes: (plan.axes.iter().zip(&histogram.axes))
                    .map(|(name, axis)| HistogramAxis {
                        name: name.clone(),
                        edges: axis.edges(),
                    })
                    .collect(),
                counts: histogram.counts.clone(),
                below: histogram.below,
                above: histogram.above,
                outside: histogram.outside,
                nan: histogram.nan,
                theory: self.expected(plan, histogram),
            })
            .collect()
    }

    /// The Gibbs density averaged over each bin; a product where there are two axes.
    fn expected(&self, plan: &HistogramPlan, histogram: &Histogram) -> Option<Vec<f64>> {
        let mut factors = Vec::new();
        for (name, axis) in plan.axes.iter().zip(&histogram.axes) {
            let k = self
                .problem
                .measured()
                .iter()
                .position(|known| known == name)?;
            let cdf = self.theory.coordinate(k)?.gibbs_cdf(&axis.edges())?;
            factors.push(
                cdf.windows(2)
                    .map(|pair| (pair[1] - pair[0]) / axis.width())
                    .collect::<Vec<f64>>(),
            );
        }
        match factors.as_slice() {
            [one] => Some(one.clone()),
            [first, second] => Some(
                first
                    .iter()
                    .flat_map(|a| second.iter().map(move |b| a * b))
                    .collect(),
            ),
            _ => None,
        }
    }
}

/// Names and traces of all points.
pub(super) fn traces(problem: &Problem, cases: &[Case<'_>]) -> TraceTable {
    TraceTable {
        parameters: problem.names.iter().take(TRACED).cloned().collect(),
        traces: cases.iter().map(Case::trace).collect(),
    }
}
