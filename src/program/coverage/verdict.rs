//! Verdicts: allowed deviation of a measured share from its nominal value.

use super::study::{Criterion, Study};
use super::trial::Count;
use crate::program::output::{CoverageRow, CoverageVerdict};

/// Binomial standard errors by which a share may exceed its bounds. If the true share lies on a
/// bound, this fails one row in 740; if it is 95 %, practically none.
const ERRORS: f64 = 3.0;

/// Rows of a study for the table.
pub(super) fn rows<R>(study: &Study<R>, counts: &[Count]) -> Vec<CoverageRow> {
    (study.quantities.iter().zip(counts))
        .map(|(quantity, count)| {
            let bounds = bounds(&quantity.criterion);
            let share = count.hits as f64 / count.runs as f64;
            CoverageRow {
                experiment: study.name.to_owned(),
                quantity: quantity.name.to_owned(),
                kind: quantity.criterion.name().to_owned(),
                exact: count.exact,
                seeds: count.runs,
                share,
                error: error(share, count.runs),
                bounds,
                verdict: verdict(share, count.runs, bounds),
            }
        })
        .collect()
}

/// Bounds on the share of intervals that contain the exact value, or of tests that reject.
const fn bounds<R>(criterion: &Criterion<R>) -> [f64; 2] {
    match criterion {
        Criterion::Interval(_) => [0.935, 0.965],
        Criterion::Null(_) => [0.035, 0.065],
        Criterion::Power(_) => [0.9, 1.0],
    }
}

/// Binomial standard error of a share of `runs`.
fn error(share: f64, runs: u64) -> f64 {
    (share * (1.0 - share) / runs as f64).sqrt()
}

fn verdict(share: f64, runs: u64, [low, high]: [f64; 2]) -> CoverageVerdict {
    let allowed = |bound: f64| ERRORS * error(bound, runs);
    if (low..=high).contains(&share) {
        CoverageVerdict::Holds
    } else if (low - allowed(low)..=high + allowed(high)).contains(&share) {
        CoverageVerdict::WithinError
    } else {
        CoverageVerdict::Fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_widened_by_the_binomial_error() {
        let of = |share, runs| verdict(share, runs, [0.935, 0.965]);
        assert_eq!(of(0.95, 200), CoverageVerdict::Holds);
        // √(0.935·0.065/200) = 0.01743; √(0.965·0.035/200) = 0.01299.
        assert_eq!(of(0.884, 200), CoverageVerdict::WithinError);
        assert_eq!(of(0.882, 200), CoverageVerdict::Fails);
        assert_eq!(of(1.0, 200), CoverageVerdict::WithinError);
        assert_eq!(of(1.0, 2000), CoverageVerdict::Fails);
        assert_eq!(of(0.917, 20_000), CoverageVerdict::Fails);
        // No run has the quantity.
        assert_eq!(of(f64::NAN, 0), CoverageVerdict::Fails);
    }
}
