//! Goodness of fit: χ² tests of histograms against theory.

use super::case::Case;
use crate::compile::HistogramPlan;
use crate::diagnose::chi_square_cells;
use crate::measure::{Axis, Histogram};
use crate::report;

impl Case<'_> {
    /// χ² of every shown histogram for which theory gives the probability of each bin.
    pub(super) fn goodness_of_fit(&self) -> Vec<report::GoodnessOfFit> {
        (self.problem.histograms.iter().zip(&self.record.histograms))
            .filter(|(plan, histogram)| plan.shown && histogram.numbers() > 0)
            .filter_map(|(plan, histogram)| {
                let shares = self.shares(plan, histogram)?;
                let fit = chi_square_cells(histogram, &shares);
                (fit.degrees > 0).then(|| report::GoodnessOfFit {
                    of: plan.axes.join(", "),
                    distribution: self.theory.source().unwrap_or_default().to_owned(),
                    chi_square: fit.statistic,
                    degrees: fit.degrees,
                    p: fit.p,
                })
            })
            .collect()
    }

    /// The probability of each bin under theory; for two parameters only where they are independent.
    fn shares(&self, plan: &HistogramPlan, histogram: &Histogram) -> Option<Vec<f64>> {
        let parameter = |name: &String| {
            self.problem
                .measured()
                .iter()
                .position(|known| known == name)
        };
        let along = |k: usize, axis: &Axis| -> Option<Vec<f64>> {
            let cdf = self.theory.cdf(k, &axis.edges())?;
            Some(cdf.windows(2).map(|pair| pair[1] - pair[0]).collect())
        };
        match (plan.axes.as_slice(), histogram.axes.as_slice()) {
            ([name], [axis]) => along(parameter(name)?, axis),
            ([first, second], [rows, columns]) => {
                let (k, l) = (parameter(first)?, parameter(second)?);
                if k == l || !self.theory.is_product() {
                    return None;
                }
                let (rows, columns) = (along(k, rows)?, along(l, columns)?);
                let products = rows.iter().flat_map(|a| columns.iter().map(move |b| a * b));
                Some(products.collect())
            }
            _ => None,
        }
    }
}
