//! Counts on a fixed grid, in one or two dimensions.

use super::estimate::Estimate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A range that cannot be divided into bins.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AxisError {
    /// No bins.
    #[error("a histogram needs at least one bin")]
    NoBins,
    /// The range is empty, reversed, not finite, or does not exist in single precision.
    #[error(
        "the range from {from} to {to} is empty or too narrow or too wide for single precision"
    )]
    Range {
        /// Lower end as given.
        from: f64,
        /// Upper end as given.
        to: f64,
    },
}

/// Bin of a number on an [`Axis`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bin {
    /// Below the first edge.
    Below,
    /// Index of the bin.
    Inside(u32),
    /// At or above the last edge.
    Above,
    /// Not a number.
    Nan,
}

/// A range divided into bins of equal width.
///
/// All engines share one rule: `t = (x − origin) · scale` in the precision of x, with `origin` and `scale` rounded
/// to f32; t < 0 is below, t ≥ bins is above, NaN is NaN, otherwise the index is ⌊t⌋. The grid of [`Self::edge`] therefore differs
/// from an even division of `[from, to]` by the rounding of two f32 numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Lower end as requested.
    pub from: f64,
    /// Upper end as requested.
    pub to: f64,
    /// Number of bins.
    pub bins: u32,
}

impl Axis {
    /// Axis with `bins` bins between `from` and `to`.
    ///
    /// # Errors
    /// No bins, or a range that is empty or whose scale is not a positive finite f32.
    pub fn new(from: f64, to: f64, bins: u32) -> Result<Self, AxisError> {
        let axis = Self { from, to, bins };
        if bins == 0 {
            return Err(AxisError::NoBins);
        }
        let usable = from < to
            && axis.origin().is_finite()
            && axis.scale().is_normal()
            && axis.scale() > 0.0;
        if usable {
            Ok(axis)
        } else {
            Err(AxisError::Range { from, to })
        }
    }

    /// First edge, rounded as in the engines.
    #[must_use]
    pub fn origin(&self) -> f32 {
        self.from as f32
    }

    /// Bins per unit, rounded as in the engines.
    #[must_use]
    pub fn scale(&self) -> f32 {
        (f64::from(self.bins) / (self.to - self.from)) as f32
    }

    /// Bin of `x`, by the shared rule in f64.
    #[must_use]
    pub fn bin(&self, x: f64) -> Bin {
        self.bin_of_position((x - f64::from(self.origin())) * f64::from(self.scale()))
    }

    fn bin_of_position(&self, t: f64) -> Bin {
        if t.is_nan() {
            Bin::Nan
        } else if t < 0.0 {
            Bin::Below
        } else if t >= f64::from(self.bins) {
            Bin::Above
        } else {
            // Truncation equals the floor for t ≥ 0.
            Bin::Inside(t as u32)
        }
    }

    /// Lower edge of bin `i`; `i = bins` is the upper edge of the last.
    ///
    /// Exact for the shared rule in f64. In f32 three roundings (x, its offset, the product) may move a number across an edge within
    /// `3 · 2⁻²⁴` of the largest of |from|, |to| and `to − from`.
    #[must_use]
    pub fn edge(&self, i: u32) -> f64 {
        f64::from(self.origin()) + f64::from(i) / f64::from(self.scale())
    }

    /// The `bins + 1` edges.
    #[must_use]
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.bins).map(|i| self.edge(i)).collect()
    }

    /// Width of a bin.
    #[must_use]
    pub fn width(&self) -> f64 {
        1.0 / f64::from(self.scale())
    }
}

/// Counts of numbers or of pairs on a fixed grid. The fields sum to the total: every number is counted somewhere.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// One or two axes; none for the default, which is the identity of [`Self::merge`].
    pub axes: Vec<Axis>,
    /// Counts by bin; with two axes the bin (i, j) is at `i · bins₁ + j`, the second axis fastest.
    pub counts: Vec<u64>,
    /// Numbers below the first edge (one axis).
    pub below: u64,
    /// Numbers at or above the last edge (one axis).
    pub above: u64,
    /// Pairs with a number beyond its axis (two axes).
    pub outside: u64,
    /// NaN, and pairs that contain a NaN.
    pub nan: u64,
}

impl Histogram {
    /// Empty histogram on one or two axes.
    #[must_use]
    pub fn new(axes: Vec<Axis>) -> Self {
        assert!(
            matches!(axes.len(), 1 | 2),
            "a histogram has one axis or two"
        );
        let size = axes.iter().map(|axis| axis.bins as usize).product();
        Self {
            axes,
            counts: vec![0; size],
            ..Self::default()
        }
    }

    /// Counts one number; the histogram must have one axis.
    pub fn add(&mut self, x: f64) {
        self.count(&[self.axes[0].bin(x)]);
    }

    /// Counts one number or pair, given by its bin on each axis.
    pub fn count(&mut self, bins: &[Bin]) {
        assert_eq!(bins.len(), self.axes.len(), "one bin for each axis");
        match *bins {
            [Bin::Inside(i)] => self.counts[i as usize] += 1,
            [Bin::Below] => self.below += 1,
            [Bin::Above] => self.above += 1,
            [Bin::Inside(i), Bin::Inside(j)] => {
                self.counts[(i * self.axes[1].bins + j) as usize] += 1;
            }
            _ if bins.contains(&Bin::Nan) => self.nan += 1,
            _ => self.outside += 1,
        }
    }

    /// Adds the counts of `other`, exactly.
    ///
    /// # Panics
    /// The axes differ and neither histogram is the default.
    pub fn merge(&mut self, other: &Self) {
        if other.axes.is_empty() {
            return;
        }
        if self.axes.is_empty() {
            self.clone_from(other);
            return;
        }
        assert_eq!(self.axes, other.axes, "histograms on the same axes");
        for (a, b) in self.counts.iter_mut().zip(&other.counts) {
            *a += b;
        }
        self.below += other.below;
        self.above += other.above;
        self.outside += other.outside;
        self.nan += other.nan;
    }

    /// Numbers or pairs counted, NaN included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.numbers() + self.nan
    }

    /// Numbers or pairs counted without NaN: the N of all frequencies.
    #[must_use]
    pub fn numbers(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.below + self.above + self.outside
    }

    /// Empirical distribution function at the `bins + 1` edges; one axis.
    #[must_use]
    pub fn cdf(&self) -> Vec<f64> {
        assert_eq!(self.axes.len(), 1, "a distribution function needs one axis");
        let n = self.numbers() as f64;
        let mut seen = self.below;
        let mut cdf = vec![seen as f64 / n];
        for count in &self.counts {
            seen += count;
            cdf.push(seen as f64 / n);
        }
        cdf
    }

    /// Density in bin `i` with its binomial standard error: per unit length, or per unit area with two axes.
    ///
    /// The error uses the fraction (c + 2)/(N + 4) of Agresti & Coull, so that the error of an empty bin is not zero.
    #[must_use]
    pub fn density(&self, i: usize) -> Estimate {
        let (c, n) = (self.counts[i] as f64, self.numbers() as f64);
        let cell: f64 = self.axes.iter().map(Axis::width).product();
        let share = (c + 2.0) / (n + 4.0);
        Estimate::new(c / n, (share * (1.0 - share) / n).sqrt()).scaled(1.0 / cell)
    }

    /// Quantile at `q` in (0, 1), by linear interpolation of the distribution function within a bin, with the standard error
    /// `√(q(1 − q)/N)/density`; one axis. `None` for a quantile beyond the axis, or without counts.
    ///
    /// The interpolation error is at most one bin width.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Estimate> {
        assert_eq!(self.axes.len(), 1, "a quantile needs one axis");
        let n = self.numbers() as f64;
        let target = q * n;
        let mut seen = self.below as f64;
        if n == 0.0 || target < seen {
            return None;
        }
        for (i, &count) in self.counts.iter().enumerate() {
            let count = count as f64;
            if count > 0.0 && target <= seen + count {
                let axis = &self.axes[0];
                let x = axis.edge(i as u32) + axis.width() * (target - seen) / count;
                let density = count / n / axis.width();
                return Some(Estimate::new(x, (q * (1.0 - q) / n).sqrt() / density));
            }
            seen += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(bins: u32) -> Histogram {
        Histogram::new(vec![Axis::new(0.0, 1.0, bins).unwrap()])
    }

    #[test]
    fn every_number_is_counted() {
        let mut h = unit(4);
        let awkward = [
            0.0,
            -0.0,
            0.25,
            0.2499,
            0.999,
            1.0,
            -1e-300,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        awkward.iter().for_each(|&x| h.add(x));
        assert_eq!(
            (h.counts.as_slice(), h.below, h.above, h.nan),
            (&[3, 1, 0, 1][..], 2, 2, 1)
        );
        assert_eq!(h.total(), awkward.len() as u64);
    }

    #[test]
    fn pairs_are_inside_outside_or_nan() {
        let mut h = Histogram::new(vec![
            Axis::new(0.0, 1.0, 2).unwrap(),
            Axis::new(0.0, 3.0, 3).unwrap(),
        ]);
        for (x, y) in [
            (0.6, 2.5),
            (0.1, 1.5),
            (2.0, 1.0),
            (0.5, f64::NAN),
            (-1.0, f64::NAN),
        ] {
            let bins = [h.axes[0].bin(x), h.axes[1].bin(y)];
            h.count(&bins);
        }
        assert_eq!(
            (h.counts.as_slice(), h.outside, h.nan),
            (&[0, 1, 0, 0, 0, 1][..], 1, 2)
        );
        // One of three numbers in a cell of area 1/2.
        assert!(
            (h.density(1).mean - 2.0 / 3.0).abs() < 1e-7,
            "f32 scale of 3/3 and 2/1 is exact"
        );
    }

    #[test]
    fn edges_agree_with_the_binning_rule() {
        let axis = Axis::new(-2.5, 2.5, 300).unwrap();
        let bin_f32 = |x: f32| axis.bin_of_position(f64::from((x - axis.origin()) * axis.scale()));
        for i in 1..300 {
            // One part in 1e9 of a bin is far above f64 rounding of the position.
            let (low, high) = (
                axis.edge(i) - 1e-9 * axis.width(),
                axis.edge(i) + 1e-9 * axis.width(),
            );
            assert_eq!(
                (axis.bin(low), axis.bin(high)),
                (Bin::Inside(i - 1), Bin::Inside(i))
            );
            // Three roundings of numbers no greater than the range.
            let reach = 3.0 * 5.0 * 2_f64.powi(-24);
            assert_eq!(bin_f32((axis.edge(i) - reach) as f32), Bin::Inside(i - 1));
            assert_eq!(bin_f32((axis.edge(i) + reach) as f32), Bin::Inside(i));
        }
        // Rounding of the scale to f32, relative 2⁻²⁴, over a range of 5.
        assert!((axis.edge(300) - 2.5).abs() <= 5.0 * 6e-8);
    }

    #[test]
    fn merging_is_exactly_associative_with_an_identity() {
        let filled = |from: usize, to: usize| {
            let mut h = unit(7);
            (from..to).for_each(|i| h.add(((i * i) as f64 * 0.37).sin() * 1.1));
            h
        };
        let merged = |x: &Histogram, y: &Histogram| {
            let mut z = x.clone();
            z.merge(y);
            z
        };
        let (a, b, c) = (filled(0, 10), filled(10, 50), filled(50, 80));
        assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        assert_eq!(merged(&merged(&a, &b), &c), filled(0, 80));
        assert_eq!(
            (
                merged(&Histogram::default(), &a),
                merged(&a, &Histogram::default())
            ),
            (a.clone(), a)
        );
    }

    #[test]
    fn distribution_density_and_quantiles_of_equidistant_numbers() {
        let mut h = unit(10);
        (0..1000).for_each(|i| h.add((f64::from(i) + 0.5) / 1000.0));
        // Sums of at most 1000 exact counts, one division.
        assert!(
            h.cdf()
                .iter()
                .enumerate()
                .all(|(i, p)| (p - i as f64 / 10.0).abs() < 1e-15)
        );
        // The f32 scale 10 is exact; a few f64 roundings.
        assert!((h.density(3).mean - 1.0).abs() < 1e-12);
        let median = h.quantile(0.5).unwrap();
        assert!(
            (median.mean - 0.5).abs() < 1e-12 && (median.se - 0.5 / 1000_f64.sqrt()).abs() < 1e-12
        );
        assert!((h.quantile(0.237).unwrap().mean - 0.237).abs() < 1e-12);
    }

    #[test]
    fn a_quantile_beyond_the_axis_is_none() {
        let mut h = unit(2);
        [-1.0, -1.0, 0.6, 3.0].iter().for_each(|&x| h.add(x));
        assert!(h.quantile(0.3).is_none() && h.quantile(0.9).is_none());
        // From 1/2 to 3/4 of the mass lies in the bin [0.5, 1): exact halves.
        assert_eq!(h.quantile(0.625).unwrap().mean, 0.75);
        assert!(unit(2).quantile(0.5).is_none());
    }

    #[test]
    fn an_empty_bin_has_an_error() {
        let mut h = unit(2);
        (0..100).for_each(|_| h.add(0.1));
        assert!(h.density(1).mean == 0.0 && h.density(1).se > 0.0);
    }

    #[test]
    fn unusable_axes_are_errors() {
        assert_eq!(Axis::new(0.0, 1.0, 0), Err(AxisError::NoBins));
        for (from, to) in [
            (1.0, 1.0),
            (2.0, 1.0),
            (0.0, f64::INFINITY),
            (f64::NAN, 1.0),
            (0.0, 1e-300),
            (-1e39, 1e39),
        ] {
            assert!(
                matches!(Axis::new(from, to, 10), Err(AxisError::Range { .. })),
                "{from} {to}"
            );
        }
    }
}
