//! Two ways of the same work, timed by turns: on a shared machine only what runs side by side can be compared.

use std::time::Instant;

/// What is timed: does its work once more.
pub(crate) type Work<'a> = Box<dyn FnMut() + 'a>;

/// Medians of a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparison {
    /// Units per second of the first.
    pub(crate) first: f64,
    /// Units per second of the second.
    pub(crate) second: f64,
    /// Median over turns of second / first.
    pub(crate) ratio: f64,
    /// Quartiles of that ratio.
    pub(crate) spread: (f64, f64),
}

/// Runs both `turns` times by turns, after one turn that does not count; `units` is the work of one run.
pub(crate) fn compare(
    units: f64,
    turns: usize,
    mut first: Work<'_>,
    mut second: Work<'_>,
) -> Comparison {
    first();
    second();
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        let (x, y) = (units / seconds(&mut first), units / seconds(&mut second));
        a.push(x);
        b.push(y);
        ratios.push(y / x);
    }
    Comparison {
        first: quantile(&mut a, 0.5),
        second: quantile(&mut b, 0.5),
        ratio: quantile(&mut ratios, 0.5),
        spread: (quantile(&mut ratios, 0.25), quantile(&mut ratios, 0.75)),
    }
}

/// Median units per second of one way alone.
pub(crate) fn rate(units: f64, turns: usize, mut work: Work<'_>) -> f64 {
    work();
    let mut rates: Vec<f64> = (0..turns).map(|_| units / seconds(&mut work)).collect();
    quantile(&mut rates, 0.5)
}

fn seconds(work: &mut Work<'_>) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
