//! Comparison of learning-rate rules: steps at equal converged loss, and converged loss at equal
//! steps.
//!
//! Under every rule a larger learning rate converges faster and to a higher loss. A comparison is
//! fair only if one of the two is equal.

use crate::measure::Estimate;
use crate::program::output::Table;
use crate::report::number::significant;
use crate::report::{Results, Trace};

/// Fraction of the decrease from the initial to the converged loss at which a run counts as
/// converged.
const PROGRESS: f64 = 0.95;

/// Number of levels at which rules are compared.
const LEVELS: usize = 6;

/// Learning-rate rule, measured at several learning rates.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    name: &'static str,
    /// Pairs of converged loss above the optimum and steps until convergence, in order of
    /// increasing excess loss.
    points: Vec<(f64, f64)>,
}

impl Rule {
    /// Reads the rule from a sweep over η. Learning rates with diverged chains, or without
    /// convergence by the end, are left out.
    pub(super) fn new(name: &'static str, results: &Results) -> Self {
        let summary = &results.summary;
        let optimum = summary
            .optimum
            .as_ref()
            .map_or(f64::NAN, |optimum| optimum.loss);
        let traces = results.traces.traces.iter();
        let mut points: Vec<(f64, f64)> = traces
            .filter(|trace| summary.points[trace.point].diverged == 0)
            .filter_map(|trace| {
                let (level, steps) = converged(trace)?;
                (level > optimum).then_some((level - optimum, steps))
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { name, points }
    }

    /// Steps until convergence at the learning rate with this excess loss, interpolated between
    /// measured rates.
    fn steps(&self, excess: f64) -> Option<f64> {
        interpolated(self.points.iter().copied(), excess)
    }

    /// Excess loss at the learning rate that takes `steps` steps, interpolated between measured
    /// rates.
    fn excess(&self, steps: f64) -> Option<f64> {
        interpolated(self.points.iter().rev().map(|&(e, s)| (s, e)), steps)
    }
}

/// Converged loss and the first step after [`PROGRESS`] of the decrease.
///
/// The converged loss is the mean over the second half of the run. Returns `None` if convergence
/// took more than a fifth of the run, because the second half may not be level then.
fn converged(trace: &Trace) -> Option<(f64, f64)> {
    let (first, last) = (trace.rows.first()?, trace.rows.last()?);
    let half = trace.rows.iter().filter(|row| 2 * row.step >= last.step);
    let (sum, count) = half.fold((0.0, 0.0), |(sum, n), row| (sum + row.loss.mean, n + 1.0));
    let level = sum / count;
    let threshold = level + (1.0 - PROGRESS) * (first.loss.mean - level);
    let crossed = trace
        .rows
        .windows(2)
        .find(|pair| pair[1].loss.mean <= threshold)?;
    // The loss is nearly linear between measurements.
    let [before, after] = [&crossed[0], &crossed[1]];
    let share = (before.loss.mean - threshold) / (before.loss.mean - after.loss.mean);
    let step = before.step as f64 + share * (after.step - before.step) as f64;
    (level.is_finite() && 5.0 * step < last.step as f64).then_some((level, step))
}

/// y at x by linear interpolation in log x and log y. The x of `points` increase. Returns `None`
/// outside their range.
fn interpolated(points: impl Iterator<Item = (f64, f64)>, x: f64) -> Option<f64> {
    let points: Vec<(f64, f64)> = points.collect();
    let pair = points
        .windows(2)
        .find(|pair| pair[0].0 <= x && x <= pair[1].0)?;
    let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
    let share = if x1 > x0 {
        (x / x0).ln() / (x1 / x0).ln()
    } else {
        0.0
    };
    Some((y0.ln() + share * (y1 / y0).ln()).exp())
}

/// Values of x in the intersection of all ranges, equally spaced in log x. Empty if the
/// intersection is.
fn common(mut ranges: impl Iterator<Item = Option<(f64, f64)>>) -> Vec<f64> {
    let joined = ranges.try_fold((0.0_f64, f64::INFINITY), |(a, b), range| {
        let (from, to) = range?;
        Some((a.max(from), b.min(to)))
    });
    let Some((from, to)) = joined.filter(|(from, to)| from < to) else {
        return Vec::new();
    };
    (0..LEVELS)
        .map(|k| from * (to / from).powf((k as f64 + 0.5) / LEVELS as f64))
        .collect()
}

fn excesses(rule: &Rule) -> Option<(f64, f64)> {
    Some((rule.points.first()?.0, rule.points.last()?.0))
}

fn steps(rule: &Rule) -> Option<(f64, f64)> {
    let all = || rule.points.iter().map(|(_, steps)| *steps);
    let (least, most) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(0.0, f64::max),
    );
    (most > 0.0).then_some((least, most))
}

/// Steps that `other` takes divided by steps that `rule` takes, at equal converged loss.
///
/// The estimate is the geometric mean over the levels that both reach. Its error is the spread over
/// levels, because differences between levels are systematic and not random.
pub(super) fn step_ratio(rule: &Rule, other: &Rule) -> Estimate {
    let levels = common([rule, other].into_iter().map(excesses));
    let ratios: Vec<f64> = levels
        .iter()
        .filter_map(|&level| Some((other.steps(level)? / rule.steps(level)?).ln()))
        .collect();
    let n = ratios.len() as f64;
    if n < 2.0 {
        return Estimate::new(f64::NAN, f64::INFINITY);
    }
    let mean = ratios.iter().sum::<f64>() / n;
    let variance = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Estimate::new(mean.exp(), mean.exp() * variance.sqrt())
}

/// Table of one case: steps of each rule at equal converged loss, then excess loss at equal steps.
pub(super) fn table(case: &str, rules: &[Rule]) -> Table {
    let mut header = vec!["compared at".to_owned()];
    header.extend(rules.iter().map(|rule| rule.name.to_owned()));
    let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |x| significant(x, 3));
    let row = |head: String, of: &dyn Fn(&Rule) -> Option<f64>| -> Vec<String> {
        std::iter::once(head)
            .chain(rules.iter().map(|rule| cell(of(rule))))
            .collect()
    };
    let mut rows = Vec::new();
    for level in common(rules.iter().map(excesses)) {
        let head = format!("{case}, L(η) − L(Φ*) = {}: steps", significant(level, 2));
        rows.push(row(head, &|rule| rule.steps(level)));
    }
    for count in common(rules.iter().map(steps)) {
        let head = format!("{case}, {} steps: L(η) − L(Φ*)", significant(count, 2));
        rows.push(row(head, &|rule| rule.excess(count)));
    }
    Table { header, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TraceRow;

    /// Rule that takes c times as many steps at every level: steps = c / excess.
    fn rule(c: f64) -> Rule {
        let points = (1..6).map(|k| 0.01 * 2_f64.powi(k)).map(|e| (e, c / e));
        Rule {
            name: "r",
            points: points.collect(),
        }
    }

    #[test]
    fn a_rule_with_three_times_the_steps_has_ratio_three() {
        // Interpolation of power laws is exact.
        let three = step_ratio(&rule(1.0), &rule(3.0));
        assert!(
            (three.mean - 3.0).abs() < 1e-9 && three.se < 1e-9,
            "{three:?}"
        );
        let table = table("synthetic", &[rule(1.0), rule(3.0)]);
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == 3 && !row.contains(&"–".to_owned()))
        );
        assert_eq!(table.header.len(), 3);
    }

    #[test]
    fn rules_without_common_levels_have_no_ratio() {
        let far = Rule {
            name: "distant",
            points: vec![(10.0, 1.0), (20.0, 0.5)],
        };
        assert!(step_ratio(&rule(1.0), &far).mean.is_nan());
        assert!(
            step_ratio(
                &rule(1.0),
                &Rule {
                    name: "none",
                    points: vec![]
                }
            )
            .mean
            .is_nan()
        );
    }

    #[test]
    fn convergence_is_at_95_percent_of_the_decrease() {
        let rows = (0..=1000).map(|k| TraceRow {
            step: k,
            time: k as f64,
            loss: Estimate::exact(2.0 + 3.0 * (-(k as f64) / 30.0).exp()),
            validation_loss: None,
            quantities: indexmap::IndexMap::new(),
            parameters: Vec::new(),
        });
        let mut trace = Trace {
            point: 0,
            rows: rows.collect(),
        };
        let (level, step) = converged(&trace).unwrap();
        // 30 ln 20 = 89.9; linear interpolation between steps has an error of 1e-4.
        assert!(
            (level - 2.0).abs() < 1e-6 && (step - 30.0 * 20_f64.ln()).abs() < 0.01,
            "{level} {step}"
        );
        trace.rows.truncate(200);
        assert!(converged(&trace).is_none(), "too short to know the level");
    }
}
