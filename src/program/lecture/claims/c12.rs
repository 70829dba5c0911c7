//! C12: one stationary distribution for all starts, and the mixing time of two basins.

use crate::compile::Problem;
use crate::diagnose::{NestedRhat, nested_rhat};
use crate::measure::{Estimate, Moments};
use crate::program::lecture::claim::{Claim, Finding, statement};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::{Runner, Snapshot};
use crate::program::lecture::separable::stationary;
use crate::report::number::plain;
use crate::report::{Plot, PlotAxis, Series};
use crate::theory::kramers_rate;

const ONE: &str = "SGD defines a Markov process with a stationary distribution: ensembles from \
    distant starts converge to the same distribution";
const TWO: &str =
    "Ensembles in two basins stay different until chains cross the barrier, at Kramers' rate";

pub(super) const CLAIM: Claim = Claim {
    id: "C12",
    title: "a stationary distribution",
    investigate,
};

/// Moments of each superchain in the order `[measurement][parameter][superchain]`, with the times
/// of the measurements.
#[derive(Debug, Default)]
struct Superchains {
    times: Vec<f64>,
    moments: Vec<Vec<Vec<Moments>>>,
}

impl Superchains {
    /// Runs an experiment and accumulates the moments of its superchains.
    fn measure(
        runner: &mut Runner<'_>,
        file: &'static str,
    ) -> Result<(Self, Problem), LectureError> {
        let mut superchains = Self::default();
        let problem = runner.snapshots(file, &mut |problem, snapshot| {
            superchains.add(problem, snapshot)
        })?;
        Ok((superchains, problem))
    }

    fn add(&mut self, problem: &Problem, snapshot: &Snapshot<'_>) {
        let size = problem.names.len();
        let chains_per_superchain = problem.task.start.chains_per_start;
        let count = problem.task.layout.chains / chains_per_superchain;
        if self.moments.len() <= snapshot.measurement {
            self.times.push(snapshot.time);
            self.moments
                .push(vec![vec![Moments::default(); count as usize]; size]);
        }
        let mut values: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); count as usize]; size];
        for (chain, state) in (snapshot.first_chain..).zip(snapshot.states.chunks_exact(size)) {
            for (k, &x) in state.iter().enumerate().filter(|(_, x)| x.is_finite()) {
                values[k][(chain / chains_per_superchain) as usize].push(x);
            }
        }
        for (all, values) in self.moments[snapshot.measurement].iter_mut().zip(&values) {
            for (all, values) in all.iter_mut().zip(values) {
                all.merge(&Moments::from_slice(values));
            }
        }
    }

    /// Pairs of time and nested R-hat of one parameter, for the measurements where it is defined.
    fn rhat(&self, parameter: usize) -> Vec<(f64, NestedRhat)> {
        let times = self.times.iter().zip(&self.moments);
        times
            .filter_map(|(&time, moments)| Some((time, nested_rhat(&moments[parameter])?)))
            .collect()
    }

    /// Pairs of time and mean over all chains.
    fn mean(&self, parameter: usize) -> Vec<(f64, Estimate)> {
        let times = self.times.iter().zip(&self.moments);
        times
            .map(|(&time, moments)| {
                let mut all = Moments::default();
                moments[parameter].iter().for_each(|m| all.merge(m));
                (time, all.mean_estimate())
            })
            .collect()
    }
}

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let (one, _) = Superchains::measure(runner, "c12-one-basin.toml")?;
    let (two, problem) = Superchains::measure(runner, "c12-two-basins.toml")?;
    let (one_basin, two_basins) = ([one.rhat(0), one.rhat(1)], two.rhat(0));
    let rate = decay(&two.mean(0));
    let exact = stationary(&problem, 0, 0)?.relaxation_rate()?;
    let kramers = 2.0 * kramers_rate(2.0, -1.0, 0.25, 0.5 * problem.points[0].eta);
    let last = one_basin[0]
        .last()
        .expect("the experiment is measured on its way")
        .1;
    // R̂² − 1 = B/W is at least of size 1/M, with this relative spread for K superchains.
    let rhat = Estimate::new(
        last.rhat,
        0.5 * (last.rhat * last.rhat - 1.0) * (2.0 / 63.0_f64).sqrt(),
    );
    let early = two_basins
        .iter()
        .find(|(time, _)| *time >= 10.0)
        .map_or(f64::NAN, |(_, r)| r.rhat);
    let note = "64 superchains, each from a common start, with starts up to 20 apart. Nested R-hat \
        compares the spread of the superchains' means with the spread within superchains. Its \
        F-test must reject soon after the start and must not reject at the end.";
    let barrier = format!(
        "The mean of x decays at the crossing rate, which is compared with the exact rate of the \
            discrete chain at this η. Kramers' asymptotic rate 2k is {}, with a relative error of \
            order T/ΔL = 1/5. At t = 10, when each well has relaxed, nested R-hat is {early:.2}.",
        plain(kramers),
    );
    Ok(Finding {
        statements: vec![
            statement(
                ONE,
                &one_criteria(&one_basin),
                ("nested R-hat of x at the end", rhat, 1.0),
                note,
            ),
            statement(
                TWO,
                &two_criteria(&two_basins, rate, exact),
                ("mixing rate of the basins", rate, exact),
                &barrier,
            ),
        ],
        picture: Some((
            picture(&one_basin, &two_basins),
            "Difference between ensembles from different starts: nested R-hat minus 1 against \
                time. In one basin it quickly falls to its statistical floor; two basins with a \
                barrier of five temperatures keep the ensembles different for hundreds of units of \
                time."
                .into(),
        )),
        table: None,
    })
}

/// Time by which each well has relaxed. The slowest relaxation rate within a well is about 1.5,
/// which leaves e⁻³⁰ of the start.
const RELAXED: f64 = 20.0;

/// Decay rate of a mean, from the time by which the wells have relaxed to the end.
///
/// The mean at the first time is known exactly for the given chains, so only the second mean is
/// uncertain. Its standard error over chains bounds the error.
fn decay(mean: &[(f64, Estimate)]) -> Estimate {
    let first = mean.iter().find(|(time, _)| *time >= RELAXED);
    let (Some((t1, m1)), Some((t2, m2))) = (first, mean.last()) else {
        return Estimate::new(f64::NAN, f64::INFINITY);
    };
    let time = t2 - t1;
    Estimate::new(
        (m1.mean / m2.mean).ln() / time,
        m2.se / m2.mean.abs() / time,
    )
}

fn one_criteria(one_basin: &[Vec<(f64, NestedRhat)>; 2]) -> Criteria {
    let mut criteria = Criteria::default();
    for (name, rhat) in ["x", "y"].iter().zip(one_basin) {
        let end = |which: Option<&(f64, NestedRhat)>| which.map_or(f64::NAN, |(_, r)| r.p);
        criteria.rejected(
            format!("the test of equal superchains of {name} soon after the start"),
            end(rhat.first()),
        );
        criteria.not_rejected(
            format!("the test of equal superchains of {name} at the end"),
            end(rhat.last()),
        );
    }
    criteria
}

fn two_criteria(two_basins: &[(f64, NestedRhat)], rate: Estimate, exact: f64) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.equal("the rate", rate, exact);
    let relaxed = two_basins.iter().find(|(time, _)| *time >= RELAXED);
    let p = relaxed.map_or(f64::NAN, |(_, r)| r.p);
    criteria.rejected(
        "the test of equal superchains once each well has relaxed",
        p,
    );
    criteria
}

fn picture(one_basin: &[Vec<(f64, NestedRhat)>; 2], two_basins: &[(f64, NestedRhat)]) -> String {
    let above = |all: &[(f64, NestedRhat)]| -> Vec<(f64, Estimate)> {
        let shown = all.iter().filter(|(time, _)| *time > 0.0);
        shown
            .map(|(time, r)| (*time, Estimate::exact(r.rhat - 1.0)))
            .collect()
    };
    let plot = Plot {
        title: "Ensembles from distant starts".into(),
        subtitles: vec![
            "64 superchains; the chains of a superchain start at the same point".into(),
        ],
        x: PlotAxis::log("time t"),
        y: PlotAxis::log("nested R-hat − 1"),
        series: vec![
            Series::dots("one basin, x", 0, above(&one_basin[0])),
            Series::dots("one basin, y", 2, above(&one_basin[1])),
            Series::dots("two basins, ΔL = 5 T", 1, above(two_basins)),
        ],
        lines: Vec::new(),
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    fn rhat(p: f64) -> NestedRhat {
        NestedRhat {
            rhat: 1.1,
            f: 1.0,
            p,
        }
    }

    #[test]
    fn superchains_must_differ_first_and_agree_at_the_end() {
        let verdict = |first: f64, last: f64| {
            let measurements = vec![(1.0, rhat(first)), (50.0, rhat(last))];
            one_criteria(&[measurements.clone(), measurements])
                .outcome()
                .verdict
        };
        assert_eq!(verdict(0.0, 0.3), Verdict::Holds);
        assert_eq!(verdict(0.0, 0.0), Verdict::Contradicted);
        assert_eq!(
            verdict(0.3, 0.3),
            Verdict::Undecided,
            "starts that were not far apart"
        );
    }

    #[test]
    fn the_decay_rate_of_an_exponential() {
        let measurements: Vec<(f64, Estimate)> = (0..=40)
            .map(|k| 10.0 * f64::from(k))
            .map(|t| (t, Estimate::new(-0.6 * (-0.003 * t).exp(), 1e-3)))
            .collect();
        let rate = decay(&measurements);
        // Exact up to rounding; the error is 1e-3/0.18/380.
        assert!(
            (rate.mean - 0.003).abs() < 1e-12 && (rate.se - 1.457e-5).abs() < 1e-7,
            "{rate:?}"
        );
        let verdict = |exact: f64| {
            two_criteria(&[(30.0, rhat(0.0))], rate, exact)
                .outcome()
                .verdict
        };
        assert_eq!(verdict(0.003), Verdict::Holds);
        assert_eq!(verdict(0.004), Verdict::Contradicted);
    }
}
