//! C8: the sum of the noise of N steps is nearly Gaussian.

use super::flow::final_moments;
use crate::diagnose::ks_distance;
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::{Plot, PlotAxis, Series};
use crate::run::Computed;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

const WORDS: &str = "The sum of the noise of N steps is approximately Gaussian, with a standard \
    deviation that grows like √N";

pub(super) const CLAIM: Claim = Claim {
    id: "C8",
    title: "the noise of N steps is Gaussian with standard deviation √N",
    investigate,
};

/// Sum over a block of N steps.
#[derive(Debug, Clone, Copy)]
struct Block {
    steps: u64,
    /// Variance of the sum of N draws.
    variance: Estimate,
    kurtosis: Estimate,
    /// Kolmogorov–Smirnov distance from N(0, N).
    distance: Estimate,
    /// Largest part of the distance that the histogram cannot resolve.
    hidden: f64,
}

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let computed = runner.run("c08-block.toml", &[])?;
    let blocks: Vec<Block> = (0..computed.problem.points.len())
        .map(|i| block(&computed, i))
        .collect();
    let note = "The loss is constant and the noise is ±1, so exact values are known: variance N, \
        excess kurtosis −2/N, and the distance between a binomial and a normal distribution, which \
        decreases as 1/√N. The sum becomes Gaussian by the central limit theorem.";
    let last = blocks.last().expect("the experiment has blocks");
    let n = last.steps as f64;
    Ok(Finding {
        statements: vec![statement(
            WORDS,
            &criteria(&blocks),
            (
                "variance at N = 64, divided by N",
                last.variance.scaled(1.0 / n),
                1.0,
            ),
            note,
        )],
        picture: Some((
            picture(&blocks),
            "Deviation of the summed noise of N steps from a Gaussian: excess kurtosis, and \
                largest difference of the distribution functions. The dashed curves are exact: 2/N \
                and the distance of the binomial distribution."
                .into(),
        )),
        table: None,
    })
}

fn block(computed: &Computed, point: usize) -> Block {
    let (steps, eta) = {
        let point = &computed.problem.points[point];
        (point.steps, point.eta)
    };
    let moments = &final_moments(computed, point)[0];
    let chains = moments.count as f64;
    // The only histogram of this problem is the fine one of x.
    let histogram = computed.records[point].histograms.last();
    let sd = eta * (steps as f64).sqrt();
    let normal = Normal::new(0.0, sd).expect("a positive standard deviation");
    let measured = histogram.map(|histogram| {
        let exact: Vec<f64> = (histogram.axes[0].edges().iter())
            .map(|&edge| normal.cdf(edge))
            .collect();
        (
            ks_distance(histogram, &exact).distance,
            histogram.axes[0].width() / sd,
        )
    });
    let (distance, width) = measured.unwrap_or((f64::NAN, f64::NAN));
    Block {
        steps,
        variance: moments.variance_estimate().scaled(1.0 / (eta * eta)),
        // This is the error for normal variables; sums of ±1 have lighter tails and a smaller
        // error.
        kurtosis: Estimate::new(moments.excess_kurtosis(), (24.0 / chains).sqrt()),
        // The error of a distribution function at one point is at most ½/√chains.
        distance: Estimate::new(distance, 0.5 / chains.sqrt()),
        // Within a bin the normal distribution function grows by at most its greatest density times
        // the bin width.
        hidden: 0.4 * width,
    }
}

/// Exact sup |F − Φ| for the sum of N draws of ±1, attained on one side of a jump of F.
fn exact_distance(steps: u64) -> f64 {
    let binomial = Binomial::new(0.5, steps).expect("a fair coin");
    let normal = Normal::standard();
    let jump = |k: u64| {
        let at = normal.cdf((2.0 * k as f64 - steps as f64) / (steps as f64).sqrt());
        let below = if k == 0 { 0.0 } else { binomial.cdf(k - 1) };
        (binomial.cdf(k) - at).abs().max((below - at).abs())
    };
    (0..=steps).map(jump).fold(0.0, f64::max)
}

fn criteria(blocks: &[Block]) -> Criteria {
    let mut criteria = Criteria::default();
    for block in blocks {
        let (n, steps) = (block.steps as f64, block.steps);
        criteria.equal(format!("the variance at N = {steps}"), block.variance, n);
        // The alternative is a kurtosis of −2 at every N, so the same difference must be detectable
        // at every N.
        let kurtosis = format!("the excess kurtosis at N = {steps}");
        criteria.near(kurtosis, block.kurtosis, -2.0 / n, [0.0, 0.2]);
        let distance = format!("the distance from a normal distribution at N = {steps}");
        criteria.near(
            distance,
            block.distance,
            exact_distance(steps),
            [block.hidden, 0.1],
        );
    }
    criteria
}

fn picture(blocks: &[Block]) -> String {
    let points = |of: fn(&Block) -> Estimate| -> Vec<(f64, Estimate)> {
        blocks.iter().map(|b| (b.steps as f64, of(b))).collect()
    };
    let exact = |of: fn(u64) -> f64| -> Vec<(f64, f64)> {
        blocks
            .iter()
            .map(|b| (b.steps as f64, of(b.steps)))
            .collect()
    };
    let plot = Plot {
        title: "The noise of N steps becomes Gaussian".into(),
        subtitles: vec!["sums of N draws of ±1; bars: 95 % interval".into()],
        x: PlotAxis::log("number of steps N"),
        y: PlotAxis::log("distance from a Gaussian"),
        series: vec![
            Series::dashes("exact", 1, exact(|n| 2.0 / n as f64)),
            Series::dashes("", 1, exact(exact_distance)),
            Series::dots("− excess kurtosis", 0, points(|b| b.kurtosis.scaled(-1.0))),
            Series::dots("Kolmogorov–Smirnov distance", 2, points(|b| b.distance)),
        ],
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn exact_distances_by_hand() {
        // N = 1: ½ − Φ(−1) = 0.341345 at −1. N = 2: half of the jump of ½ at 0.
        assert!((exact_distance(1) - 0.341_344_746).abs() < 1e-8);
        assert!((exact_distance(2) - 0.25).abs() < 1e-12);
        // Limit of Berry–Esseen for a lattice distribution: 1/√(2πN).
        assert!(
            (exact_distance(64) * 8.0 * (2.0 * std::f64::consts::PI).sqrt() - 1.0).abs() < 0.01
        );
    }

    fn verdict(power: f64, se: f64) -> Verdict {
        let block = |steps: u64| Block {
            steps,
            variance: Estimate::new((steps as f64).powf(power), se * steps as f64),
            kurtosis: Estimate::new(-2.0 / steps as f64, se),
            distance: Estimate::new(exact_distance(steps), se),
            hidden: 1e-3,
        };
        criteria(&[1, 4, 16].map(block)).outcome().verdict
    }

    #[test]
    fn the_variance_must_grow_as_n() {
        assert_eq!(verdict(1.0, 1e-3), Verdict::Holds);
        assert_eq!(verdict(1.1, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(1.0, 0.2), Verdict::Undecided);
    }
}
