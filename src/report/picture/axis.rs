//! Axes: ranges of numbers, their scale and their ticks.

use super::super::number::significant;

/// Spacing of numbers along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    Log,
}

/// Greatest magnitude on any axis. Greater numbers are ignored, so that padding and ratios do not
/// overflow.
const HUGE: f64 = 1e250;
/// Least magnitude that differs from zero on any axis, so that ratios do not overflow.
const TINY: f64 = 1e-250;

/// A range of numbers: never empty, and positive on a logarithmic scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

/// A tick and its label. The label of a minor tick is empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

/// All ticks of an axis, and the power of ten by which their labels must be multiplied.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ticks {
    pub ticks: Vec<Tick>,
    pub exponent: i32,
}

impl Axis {
    /// An axis from the least to the greatest of the numbers, without padding. Numbers beyond
    /// ±[`HUGE`], and on a logarithmic scale those below [`TINY`], are ignored.
    pub(super) fn spanning(scale: Scale, numbers: impl IntoIterator<Item = f64>) -> Self {
        let usable = numbers
            .into_iter()
            .filter(|x| x.abs() <= HUGE && (scale == Scale::Linear || *x >= TINY));
        let usable = usable.map(|x| if x.abs() < TINY { 0.0 } else { x });
        let (from, to) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| {
            (a.min(x), b.max(x))
        });
        let (from, to) = match (from.partial_cmp(&to), scale) {
            (Some(std::cmp::Ordering::Less), _) if to - from > 1e-12 * from.abs().max(to.abs()) => {
                (from, to)
            }
            (Some(std::cmp::Ordering::Greater), Scale::Linear) => (0.0, 1.0),
            (Some(std::cmp::Ordering::Greater), Scale::Log) => (0.1, 1.0),
            // A single number is at the center.
            (_, Scale::Linear) if from == 0.0 => (-0.5, 0.5),
            (_, Scale::Linear) => (from - 0.1 * from.abs(), to + 0.1 * to.abs()),
            (_, Scale::Log) => (from / 2.0, to * 2.0),
        };
        Self { scale, from, to }
    }

    /// An axis as [`Self::spanning`], logarithmic if all numbers are positive and the greatest is more
    /// than `ratio` times the least, else linear.
    pub(super) fn choosing(numbers: &[f64], ratio: f64) -> Self {
        let finite = || numbers.iter().copied().filter(|x| x.is_finite());
        let (least, greatest) = (
            finite().fold(f64::INFINITY, f64::min),
            finite().fold(0.0, f64::max),
        );
        let scale = if least > 0.0 && greatest > ratio * least {
            Scale::Log
        } else {
            Scale::Linear
        };
        Self::spanning(scale, finite())
    }

    /// Extends the axis at each end by the given share of its length.
    pub(super) fn padded(self, share: f64) -> Self {
        match self.scale {
            Scale::Linear => {
                let pad = share * (self.to - self.from);
                Self {
                    from: self.from - pad,
                    to: self.to + pad,
                    ..self
                }
            }
            Scale::Log => {
                let pad = (share * (self.to.ln() - self.from.ln())).exp();
                Self {
                    from: self.from / pad,
                    to: self.to * pad,
                    ..self
                }
            }
        }
    }

    pub(super) fn scale(self) -> Scale {
        self.scale
    }

    /// Position of x as a share of the axis: 0 at its start, 1 at its end, clamped to −1 … 2.
    pub(super) fn share(self, x: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (x - self.from) / (self.to - self.from),
            Scale::Log if x <= 0.0 => -1.0,
            Scale::Log => (x.ln() - self.from.ln()) / (self.to.ln() - self.from.ln()),
        };
        share.clamp(-1.0, 2.0)
    }

    /// About `wanted` labeled ticks; a logarithmic axis has unlabeled ones between them.
    pub(super) fn ticks(self, wanted: usize) -> Ticks {
        match self.scale {
            Scale::Linear => self.linear_ticks(wanted),
            Scale::Log => Ticks {
                ticks: self.log_ticks(wanted),
                exponent: 0,
            },
        }
    }

    fn linear_ticks(self, wanted: usize) -> Ticks {
        let step = round_step((self.to - self.from) / wanted.max(1) as f64);
        let (first, last) = (
            (self.from / step - 1e-9).ceil() as i64,
            (self.to / step + 1e-9).floor() as i64,
        );
        let greatest = self.from.abs().max(self.to.abs());
        let exponent = if (1e-3..1e5).contains(&greatest) {
            0
        } else {
            greatest.log10().floor() as i32
        };
        let unit = 10_f64.powi(exponent);
        let decimals = (-(step / unit).log10() - 1e-9).ceil().clamp(0.0, 12.0) as usize;
        let tick = |i: i64| {
            let at = i as f64 * step;
            let label = format!("{:.decimals$}", at / unit).replace('-', "−");
            let zero = i == 0;
            Tick {
                at,
                label: if zero { "0".into() } else { label },
            }
        };
        Ticks {
            ticks: (first..=last).map(tick).collect(),
            exponent,
        }
    }

    fn log_ticks(self, wanted: usize) -> Vec<Tick> {
        let decades = self.to.log10() - self.from.log10();
        let (first, last) = (
            self.from.log10().floor() as i32,
            self.to.log10().ceil() as i32,
        );
        let every = (decades / wanted.max(1) as f64).ceil().max(1.0) as i32;
        let inside = |x: f64| (self.from * (1.0 - 1e-9)..=self.to * (1.0 + 1e-9)).contains(&x);
        let mut ticks = Vec::new();
        for power in first..=last {
            for digit in 1..=9 {
                let at = f64::from(digit) * 10_f64.powi(power);
                let label = match digit {
                    1 if decades >= 2.0 && power.rem_euclid(every) == 0 => power_of_ten(power),
                    1 | 2 | 5 if decades < 2.0 => significant(at, 1),
                    _ if decades < 0.5 => significant(at, 1),
                    _ => String::new(),
                };
                // Axes of many decades have ticks at powers of ten only, the longest at labels only.
                if inside(at) && (every == 1 || digit == 1 && every <= 10 || !label.is_empty()) {
                    ticks.push(Tick { at, label });
                }
            }
        }
        ticks
    }
}

/// A power of ten in superscript: `10⁻³`.
pub(super) fn power_of_ten(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let exponent = exponent.to_string();
    let superscript = exponent
        .chars()
        .map(|c| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]));
    "10".chars().chain(superscript).collect()
}

/// Rounds `step` up to 1, 2 or 5 times a power of ten.
fn round_step(step: f64) -> f64 {
    let unit = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|f| f * unit >= step * (1.0 - 1e-9))
        .unwrap_or(10.0);
    factor * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, wanted: usize) -> Vec<String> {
        axis.ticks(wanted)
            .ticks
            .into_iter()
            .map(|tick| tick.label)
            .filter(|label| !label.is_empty())
            .collect()
    }

    #[test]
    fn ticks_are_round_and_labeled_without_noise() {
        let axis = |from, to| Axis::spanning(Scale::Linear, [from, to]);
        assert_eq!(labels(axis(-2.5, 2.5), 6), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(labels(axis(0.0, 0.07), 5), ["0", "0.02", "0.04", "0.06"]);
        let tiny = axis(0.0, 4e-7).ticks(4);
        assert_eq!(
            (tiny.exponent, tiny.ticks.last().unwrap().label.as_str()),
            (-7, "4")
        );
        let log = |from, to| Axis::spanning(Scale::Log, [from, to]);
        assert_eq!(labels(log(1e-4, 1e-1), 6), ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
        assert_eq!(
            labels(log(0.02, 0.6), 6),
            ["0.02", "0.05", "0.1", "0.2", "0.5"]
        );
        assert_eq!(
            labels(log(1e-60, 1.0), 6),
            ["10⁻⁶⁰", "10⁻⁵⁰", "10⁻⁴⁰", "10⁻³⁰", "10⁻²⁰", "10⁻¹⁰", "10⁰"]
        );
    }

    #[test]
    fn degenerate_ranges_stay_usable() {
        for numbers in [
            vec![],
            vec![0.0],
            vec![3.0],
            vec![-2.0, -2.0],
            vec![f64::NAN, f64::INFINITY],
            vec![1.0, 1.0 + 1e-15],
            vec![5e-324, 1e-323],
            vec![f64::MIN, -1.0, 1.0, f64::MAX],
            vec![1e-250, 1e250],
        ] {
            for scale in [Scale::Linear, Scale::Log] {
                let axis = Axis::spanning(scale, numbers.iter().copied()).padded(0.06);
                assert!(axis.from < axis.to, "{numbers:?} {scale:?}");
                let ticks = axis.ticks(6).ticks;
                assert!(
                    ticks.iter().all(|tick| axis.share(tick.at).is_finite()) && ticks.len() < 100
                );
            }
        }
    }
}
