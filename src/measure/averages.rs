//! Averages over time, per group of chains. The spread over groups gives standard errors without a model of the
//! autocorrelation within a chain.

use super::estimate::Estimate;
use super::moments::Moments;

/// Moments of one output over one group of chains at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Number of chains that have not diverged.
    pub count: f64,
    /// Mean over these chains.
    pub mean: f64,
    /// Central sum of squares over these chains.
    pub m2: f64,
}

impl Part {
    /// Group of one chain.
    pub const fn single(value: f64) -> Self {
        Self {
            count: 1.0,
            mean: value,
            m2: 0.0,
        }
    }

    /// Moments up to the second.
    pub fn moments(&self) -> Moments {
        Moments {
            count: self.count as u64,
            mean: self.mean,
            m2: self.m2,
            ..Moments::default()
        }
    }
}

impl From<&Moments> for Part {
    fn from(moments: &Moments) -> Self {
        Self {
            count: moments.count as f64,
            mean: moments.mean,
            m2: moments.m2,
        }
    }
}

/// Weighted mean of independent numbers `(weight, x)`, with a standard error from their spread.
///
/// The error is [`Estimate::widened`] for the effective number (Σw)²/Σw² of numbers. Numbers that are not finite or have no
/// weight are ignored. With fewer than two numbers the error is unknown (∞).
#[must_use]
pub fn weighted_mean(numbers: impl Iterator<Item = (f64, f64)> + Clone) -> Estimate {
    let usable = numbers.filter(|(weight, x)| *weight > 0.0 && x.is_finite());
    let (mut count, mut total, mut squares, mut mean) = (0u64, 0.0, 0.0, 0.0);
    for (weight, x) in usable.clone() {
        count += 1;
        total += weight;
        squares += weight * weight;
        mean += (x - mean) * weight / total;
    }
    if count == 0 {
        return Estimate::new(f64::NAN, f64::INFINITY);
    }
    let effective = total * total / squares;
    if count < 2 || effective <= 1.0 {
        return Estimate::new(mean, f64::INFINITY);
    }
    let spread: f64 = usable
        .map(|(weight, x)| (weight * (x - mean)).powi(2))
        .sum();
    let se = spread.sqrt() / total * (effective / (effective - 1.0)).sqrt();
    Estimate::new(mean, se).widened(effective - 1.0)
}

/// Sums over time of one output of one group.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Σ (x − origin).
    first: f64,
    /// Σ (x − origin)².
    second: f64,
    /// Σ t (x − origin), with the time t in steps.
    trend: f64,
}

#[derive(Debug, Clone)]
struct Group {
    /// Chains, summed over times; 0 for a lost group.
    weight: f64,
    /// True when all chains of the group have diverged.
    lost: bool,
    sums: Vec<Sums>,
}

/// Outputs averaged over the recorded times of a run, per group of chains.
///
/// Groups share no random number. The spread of their averages therefore gives standard errors that hold for any
/// autocorrelation time. A group whose chains all diverge is ignored, at earlier times too.
#[derive(Debug, Clone)]
pub struct TimeAverages {
    /// Number subtracted from each output before summing.
    origin: Vec<f64>,
    groups: Vec<Group>,
    /// Steps done at each recorded time.
    times: Vec<f64>,
    /// Number of groups of earlier tiles.
    before: usize,
    /// Number of recorded times of the current tile.
    seen: usize,
}

impl TimeAverages {
    /// Empty averages; `origin` should be near each output's mean.
    pub fn new(origin: Vec<f64>) -> Self {
        Self {
            origin,
            groups: Vec::new(),
            times: Vec::new(),
            before: 0,
            seen: 0,
        }
    }

    /// Starts the next tile: other chains, at the same times again.
    pub fn next_tile(&mut self) {
        self.before = self.groups.len();
        self.seen = 0;
    }

    /// Adds `parts[group][output]` of the current tile after `step` steps.
    pub fn add(&mut self, step: u64, parts: &[Vec<Part>]) {
        let time = step as f64;
        if self.seen == self.times.len() {
            self.times.push(time);
        }
        self.seen += 1;
        let outputs = self.origin.len();
        self.groups.resize(
            self.groups.len().max(self.before + parts.len()),
            Group {
                weight: 0.0,
                lost: false,
                sums: vec![Sums::default(); outputs],
            },
        );
        for (group, parts) in self.groups[self.before..].iter_mut().zip(parts) {
            let count = parts.first().map_or(0.0, |part| part.count);
            group.lost |= count == 0.0;
            group.weight += count;
            if group.lost {
                group.weight = 0.0;
                continue;
            }
            for ((sums, part), origin) in group.sums.iter_mut().zip(parts).zip(&self.origin) {
                let shifted = part.mean - origin;
                sums.first += count * shifted;
                sums.second += part.m2 + count * shifted * shifted;
                sums.trend += time * count * shifted;
            }
        }
    }

    /// Number of recorded times.
    pub fn times(&self) -> usize {
        self.times.len()
    }

    /// Weight (number of chains, summed over times) and time average of an output, per group.
    pub fn group_means(&self, output: usize) -> impl Iterator<Item = (f64, f64)> + Clone + '_ {
        let origin = self.origin[output];
        self.groups.iter().map(move |group| {
            let mean = origin + group.sums[output].first / group.weight;
            (group.weight, mean)
        })
    }

    /// Mean over groups and times.
    pub fn mean(&self, output: usize) -> Estimate {
        weighted_mean(self.group_means(output))
    }

    /// Variance over chains and times, `E x² − (E x)²`, with its error from the groups by the delta method.
    pub fn variance(&self, output: usize) -> Estimate {
        let mean = self.mean(output).mean - self.origin[output];
        let squared = self.groups.iter().map(|group| {
            let [first, second] =
                [group.sums[output].first, group.sums[output].second].map(|s| s / group.weight);
            // Linear in the group's averages. Its mean over groups is the variance, its spread gives the error.
            (group.weight, second - 2.0 * mean * first + mean * mean)
        });
        weighted_mean(squared)
    }

    /// Change of an output's mean from the first to the last recorded time, by a least-squares line.
    pub fn drift(&self, output: usize) -> Estimate {
        let (Some(&first), Some(&last)) = (self.times.first(), self.times.last()) else {
            return Estimate::new(f64::NAN, f64::INFINITY);
        };
        let n = self.times.len() as f64;
        let mean_time = self.times.iter().sum::<f64>() / n;
        let variance = self
            .times
            .iter()
            .map(|t| (t - mean_time).powi(2))
            .sum::<f64>()
            / n;
        let trends = self.groups.iter().map(|group| {
            let sums = group.sums[output];
            let covariance = (sums.trend - mean_time * sums.first) / group.weight;
            (group.weight, covariance / variance)
        });
        weighted_mean(trends).scaled(last - first)
    }

    /// Number of independent draws of an output whose mean has the same standard error.
    pub fn effective_draws(&self, output: usize) -> f64 {
        self.variance(output).mean / self.mean(output).se.powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn two_groups_by_hand() {
        let mut all = TimeAverages::new(vec![10.0]);
        let at = |x: f64| vec![vec![Part::single(10.0 + x)], vec![Part::single(10.0 - x)]];
        all.add(0, &at(1.0));
        all.add(2, &at(3.0));
        // Averages 12 and 8; E x² − (E x)² = (1 + 9)/2 about the common mean 10.
        assert_eq!(
            all.group_means(0).collect::<Vec<_>>(),
            [(2.0, 12.0), (2.0, 8.0)]
        );
        assert_eq!((all.mean(0).mean, all.variance(0).mean), (10.0, 5.0));
        // sd/√2 = 2, widened by t(1) = 12.7062 over 1.95996.
        assert!((all.mean(0).se / (2.0 * 12.706_204_7 / 1.959_964) - 1.0).abs() < 1e-6);
        // One group rises by 2, the other falls by 2: no drift in the mean.
        assert_eq!(all.drift(0).mean, 0.0);
    }

    #[test]
    fn groups_are_weighted_by_their_number_of_chains() {
        let mut all = TimeAverages::new(vec![0.0]);
        let large = Part::from(&Moments::from_slice(&[1.0, 2.0, 3.0]));
        all.add(5, &[vec![large]]);
        all.next_tile();
        all.add(5, &[vec![Part::single(6.0)]]);
        assert_eq!((all.mean(0).mean, all.times()), (3.0, 1));
        // 1, 2, 3 and 6 have mean square 12.5 and squared mean 9.
        assert!((all.variance(0).mean - 3.5).abs() < 1e-15);
    }

    #[test]
    fn intervals_of_few_numbers_cover() {
        let mut rng = rand_philox::Philox::seed_from_u64(12);
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        for n in [3, 10] {
            let covered = (0..4000)
                .filter(|_| {
                    let numbers: Vec<f64> = (0..n).map(|_| normal()).collect();
                    let mean = weighted_mean(numbers.iter().map(|&x| (1.0, x)));
                    mean.z_against(0.0).abs() < 1.96
                })
                .count();
            // 3800 ± 5·13.8 (false alarm 6e-7, fixed seed); without the widening n = 3 covers 81 %.
            assert!((3731..=3869).contains(&covered), "{n}: {covered}");
        }
    }

    #[test]
    fn slow_chains_widen_the_error_and_drift_is_detected() {
        // 400 chains that never move: averaging over time gains nothing.
        let mut rng = rand_philox::Philox::seed_from_u64(13);
        let chains: Vec<f64> = (0..400).map(|_| rng.random::<f64>()).collect();
        let mut all = TimeAverages::new(vec![0.5]);
        for t in 0..10 {
            let parts: Vec<_> = chains
                .iter()
                .map(|&x| vec![Part::single(x + 0.1 * t as f64)])
                .collect();
            all.add(t, &parts);
        }
        let se = (1.0 / 12.0_f64 / 400.0).sqrt();
        assert!(
            (all.mean(0).se / se - 1.0).abs() < 0.1,
            "a sample's sd of 400 is known to 2 %"
        );
        assert!((all.drift(0).mean - 0.9).abs() < 1e-12);
    }
}
