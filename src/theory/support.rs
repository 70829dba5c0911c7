//! Support of exp(−βL): the minimum of the loss, the interval that holds the mass, and break points for quadrature.

use super::error::TheoryError;

/// Value of β(L − min L) that bounds the interval: a density of 3·10⁻²⁰ of its peak.
const CUTOFF: f64 = 45.0;

/// Range of k in the search distances `10^(k/12)` from the hint, in units of max(1, |hint|).
const REACH: std::ops::RangeInclusive<i32> = -12 * 9..=12 * 9;

/// Points of the even scan over the interval, which finds wells that the widening search misses.
const SCAN: usize = 2048;

/// Support of exp(−βL), up to negligible mass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Support {
    /// Minimizer of the loss.
    pub(crate) minimum: f64,
    /// Minimum loss.
    pub(crate) floor: f64,
    /// Ascending points between which exp(−βL) varies on a single scale; the first and the last bound the mass.
    pub(crate) breaks: Vec<f64>,
}

impl Support {
    /// Support found by a search outwards from `hint` on both sides, over 18 decades.
    ///
    /// The search finds a well if the loss falls towards it over a seventh of its distance from the hint, or over a
    /// two-thousandth of the final interval. A loss of NaN counts as a density of zero.
    pub(crate) fn find(
        loss: &impl Fn(f64) -> f64,
        beta: f64,
        hint: f64,
    ) -> Result<Self, TheoryError> {
        let loss = |x: f64| {
            let value = loss(x);
            if value.is_nan() { f64::INFINITY } else { value }
        };
        let unit = hint.abs().max(1.0);
        let distances = || REACH.map(|k| unit * 10_f64.powf(f64::from(k) / 12.0));
        let mut grid: Vec<f64> = distances().rev().map(|d| hint - d).collect();
        grid.push(hint);
        grid.extend(distances().map(|d| hint + d));
        let mut wells = minima(&loss, &grid);
        let (mut low, mut high) = bounds(&loss, beta, &grid, &wells, hint)?;
        // A scan may find a deeper well, which narrows the interval, or a shallow one, which can widen it.
        for _ in 0..2 {
            let even: Vec<f64> = (0..=SCAN)
                .map(|i| low + (high - low) * i as f64 / SCAN as f64)
                .collect();
            wells.extend(minima(&loss, &even));
            grid.extend(even);
            grid.sort_by(f64::total_cmp);
            grid.dedup();
            (low, high) = bounds(&loss, beta, &grid, &wells, hint)?;
        }
        let (minimum, floor) = deepest(&wells);
        wells.retain(|&(x, value)| x >= low && x <= high && beta * (value - floor) < CUTOFF);
        wells.sort_by(|a, b| a.0.total_cmp(&b.0));
        wells.dedup_by(|a, b| (a.0 - b.0).abs() <= 1e-6 * (high - low));
        let breaks = breaks(&loss, beta, &wells, low, high);
        Ok(Self {
            minimum,
            floor,
            breaks,
        })
    }

    pub(crate) fn low(&self) -> f64 {
        self.breaks[0]
    }

    pub(crate) fn high(&self) -> f64 {
        self.breaks[self.breaks.len() - 1]
    }
}

fn deepest(wells: &[(f64, f64)]) -> (f64, f64) {
    wells
        .iter()
        .copied()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((f64::NAN, f64::INFINITY))
}

/// Local minima of the loss that three successive points of `grid` bracket, as (position, value).
fn minima(loss: &impl Fn(f64) -> f64, grid: &[f64]) -> Vec<(f64, f64)> {
    let values: Vec<f64> = grid.iter().map(|&x| loss(x)).collect();
    (1..grid.len() - 1)
        .filter(|&i| {
            values[i].is_finite() && values[i] <= values[i - 1] && values[i] <= values[i + 1]
        })
        // Of a plateau, only the edge is searched.
        .filter(|&i| values[i] < values[i - 1] || values[i] < values[i + 1] || i == 1)
        .map(|i| golden_section(loss, grid[i - 1], grid[i], grid[i + 1]))
        .collect()
}

/// Minimum within `[a, b]` by golden-section search from a middle point that is no higher than the ends.
///
/// The accuracy is √ε, as far as values of the loss allow.
fn golden_section(loss: &impl Fn(f64) -> f64, mut a: f64, middle: f64, mut b: f64) -> (f64, f64) {
    const SHARE: f64 = 0.381_966_011_250_105;
    let (mut x, mut value) = (middle, loss(middle));
    for _ in 0..120 {
        if b - a <= 1e-9 * (x.abs() + (b - a)).max(f64::MIN_POSITIVE) {
            break;
        }
        let trial = if b - x > x - a {
            x + SHARE * (b - x)
        } else {
            x - SHARE * (x - a)
        };
        let at_trial = loss(trial);
        if at_trial < value {
            if trial > x {
                a = x;
            } else {
                b = x;
            }
            (x, value) = (trial, at_trial);
        } else if trial > x {
            b = trial;
        } else {
            a = trial;
        }
    }
    (x, value)
}

/// Outermost points at which β(L − min L) crosses the cutoff.
fn bounds(
    loss: &impl Fn(f64) -> f64,
    beta: f64,
    grid: &[f64],
    wells: &[(f64, f64)],
    hint: f64,
) -> Result<(f64, f64), TheoryError> {
    let (deepest_at, floor) = deepest(wells);
    let ends = [grid[0], grid[grid.len() - 1]];
    // A monotonic loss has no well; its minimum is then at an end of the grid.
    let floor = grid.iter().map(|&x| loss(x)).fold(floor, f64::min);
    if floor == f64::INFINITY {
        return Err(TheoryError::NoFiniteLoss { hint });
    }
    let inside = |x: f64| beta * (loss(x) - floor) < CUTOFF;
    for (end, x) in [("minus", ends[0]), ("plus", ends[1])] {
        if floor == f64::NEG_INFINITY || inside(x) {
            return Err(TheoryError::NotNormalizable { beta, end });
        }
    }
    // A well may lie between two grid points that are both outside.
    let shallow = wells
        .iter()
        .filter(|(_, value)| beta * (value - floor) < CUTOFF)
        .map(|&(x, _)| x);
    let within = || {
        grid.iter()
            .copied()
            .filter(|&x| inside(x))
            .chain(shallow.clone())
            .chain([deepest_at])
    };
    let first = within().fold(f64::INFINITY, f64::min);
    let last = within().fold(f64::NEG_INFINITY, f64::max);
    let before = grid[grid.partition_point(|&x| x < first) - 1];
    let after = grid[grid.partition_point(|&x| x <= last)];
    Ok((
        crossing(inside, first, before),
        crossing(inside, last, after),
    ))
}

/// End of `inside` between `within` and `beyond`, rounded outwards by at most a thousandth of their distance.
fn crossing(inside: impl Fn(f64) -> bool, mut within: f64, mut beyond: f64) -> f64 {
    for _ in 0..10 {
        let middle = 0.5 * (within + beyond);
        if inside(middle) {
            within = middle;
        } else {
            beyond = middle;
        }
    }
    beyond
}

/// Break points at each well and at doubling distances from it, from the distance over which the density falls by e.
fn breaks(
    loss: &impl Fn(f64) -> f64,
    beta: f64,
    wells: &[(f64, f64)],
    low: f64,
    high: f64,
) -> Vec<f64> {
    let mut breaks = vec![low, high];
    for &(x, value) in wells {
        breaks.push(x);
        for end in [low, high] {
            let reach = end - x;
            let falls = |share: f64| beta * (loss(x + share * reach) - value) > 1.0;
            let mut share = 1.0;
            while share > 1e-12 && falls(share) {
                share *= 0.5;
            }
            while share < 1.0 {
                breaks.push(x + share * reach);
                share *= 2.0;
            }
        }
    }
    breaks.sort_by(f64::total_cmp);
    let least = 1e-14 * low.abs().max(high.abs());
    breaks.dedup_by(|later, earlier| *later - *earlier <= least);
    breaks
}
