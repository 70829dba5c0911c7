//! Exact stationary distribution of the discrete chain in one dimension, at any step size.

use super::error::{TheoryError, positive};
use super::markov::{BandedChain, EliminatedChain};
use super::support::Support;
use statrs::function::erf::erfc;

/// Grid spacing in units of the kernel's standard deviation.
///
/// The trapezoidal rule on a Gaussian of width s at spacing s/3 has an error of 2e^{−2π²·9}, far below rounding. The margin
/// allows for a map that is up to three times as steep.
const SPACING: f64 = 1.0 / 3.0;

/// Half width of the kernel, in standard deviations; the mass beyond is 2·10⁻¹⁷.
const REACH: f64 = 8.5;

/// Maximum number of grid points; the band then takes about half a gigabyte.
const MAX_POINTS: usize = 1_000_000;

/// Maximum number of entries of the band; elimination then takes seconds.
const MAX_ENTRIES: usize = 50_000_000;

/// Mass that an interval may lose at its ends per step, or hold within one standard deviation of its ends.
const NEGLIGIBLE: f64 = 1e-12;

/// Maximum probability per step of a true escape to infinity; the result is then conditional on staying.
const RARE: f64 = 1e-7;

/// Stationary distribution of x′ = x − dt·L′(x) + s z with s² = dt·ησ² and z standard normal: Langevin dynamics
/// discretized by Euler–Maruyama, and SGD with Gaussian gradient noise if dt = η.
///
/// The Nyström method discretizes the kernel N(y; x − dt L′(x), s²) on an even grid with the trapezoidal rule, which
/// converges faster than any power of the spacing. Direct elimination then gives the stationary distribution. So the
/// difference from the Gibbs density is exactly the O(dt) bias of the time discretization. Doubling the grid changes
/// averages by about 1e-13 of the state's spread. Cost: about 3·(range/s) points, milliseconds to a second for any
/// dt ≥ 1e-6 relaxation times.
///
/// Chains may escape to infinity with a probability of up to 1e-7 per step. Averages are then those of the chains that
/// stay, to within this probability times the relaxation time in steps.
#[derive(Debug, Clone)]
pub struct DiscreteStationary1d {
    points: Vec<f64>,
    /// Mean of the kernel from each point.
    images: Vec<f64>,
    /// Standard deviation s of the kernel.
    sd: f64,
    dt: f64,
    chain: EliminatedChain,
    /// Probability per step of leaving the interval.
    escape: f64,
}

impl DiscreteStationary1d {
    /// Distribution for a loss and its derivative; the search for the wells starts at `hint`.
    ///
    /// # Errors
    /// The Gibbs density does not exist; the chain escapes to infinity with a probability above 1e-7 per step; dt is so
    /// small that the grid would be too large.
    pub fn new(
        loss: impl Fn(f64) -> f64,
        gradient: impl Fn(f64) -> f64,
        hint: f64,
        dt: f64,
        eta_sigma2: f64,
    ) -> Result<Self, TheoryError> {
        Self::with_spacing(&loss, &gradient, hint, dt, eta_sigma2, SPACING)
    }

    fn with_spacing(
        loss: &impl Fn(f64) -> f64,
        gradient: &impl Fn(f64) -> f64,
        hint: f64,
        dt: f64,
        eta_sigma2: f64,
        spacing: f64,
    ) -> Result<Self, TheoryError> {
        positive("the time step", dt)?;
        let sd = (dt * positive("eta sigma^2", eta_sigma2)?).sqrt();
        let support = Support::find(loss, 2.0 / eta_sigma2, hint)?;
        let step = |x: f64| x - dt * gradient(x);
        let center = 0.5 * (support.low() + support.high());
        let mut half = 0.5 * (support.high() - support.low()) + REACH * sd;
        // The discrete distribution is wider than the Gibbs density (by 1/√(1 − ½h·dt) on a quadratic): widen until it
        // fits.
        for _ in 0..24 {
            let found = Self::on_interval(&step, center, half, support.minimum, [sd, dt, spacing])?;
            let clipped =
                found.points[0] > center - 0.9 * half || found.last() < center + 0.9 * half;
            let fits = found.edge_mass() < NEGLIGIBLE && found.escape < NEGLIGIBLE;
            if fits || (clipped && found.escape < RARE) {
                return Ok(found);
            }
            if clipped {
                return Err(TheoryError::Explosive {
                    per_step: found.escape,
                });
            }
            half *= 1.5;
        }
        Err(TheoryError::Explosive { per_step: 1.0 })
    }

    /// Distribution on the interval center ± half; `visited` is a point that the chain reaches from everywhere.
    fn on_interval(
        step: &impl Fn(f64) -> f64,
        center: f64,
        half: f64,
        visited: f64,
        [sd, dt, spacing]: [f64; 3],
    ) -> Result<Self, TheoryError> {
        let (low, high) = (center - half, center + half);
        let size = ((high - low) / (sd * spacing)).ceil();
        if size.is_nan() || size > MAX_POINTS as f64 {
            return Err(TheoryError::TooLarge {
                what: "a transition grid",
                size: size as usize,
                limit: MAX_POINTS,
            });
        }
        let n = size as usize + 1;
        let gap = (high - low) / (n - 1) as f64;
        let mut points: Vec<f64> = (0..n).map(|i| low + gap * i as f64).collect();
        let mut images: Vec<f64> = points.iter().map(|&x| step(x)).collect();
        keep_points_mapped_inside(&mut points, &mut images)?;
        let (chain, losses) = kernel(&points, &images, sd, gap, visited)?;
        let chain = chain.eliminate()?;
        let escape = chain
            .stationary
            .iter()
            .zip(&losses)
            .map(|(p, loss)| p * loss)
            .sum();
        Ok(Self {
            points,
            images,
            sd,
            dt,
            chain,
            escape,
        })
    }

    fn last(&self) -> f64 {
        self.points[self.points.len() - 1]
    }

    /// Mass within one standard deviation of the kernel of either end.
    fn edge_mass(&self) -> f64 {
        let (low, high) = (self.points[0] + self.sd, self.last() - self.sd);
        let outer = self
            .points
            .iter()
            .zip(&self.chain.stationary)
            .filter(|(x, _)| **x < low || **x > high);
        outer.map(|(_, p)| p).sum()
    }

    /// E\[f(x)\], accurate to about 1e-13 of the size of f for smooth f.
    pub fn expectation(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.points
            .iter()
            .zip(&self.chain.stationary)
            .map(|(&x, p)| if *p > 0.0 { p * f(x) } else { 0.0 })
            .sum()
    }

    /// Density at `x`: the mixture of the kernels, smooth between grid points.
    pub fn density(&self, x: f64) -> f64 {
        let norm = 1.0 / (self.sd * (2.0 * std::f64::consts::PI).sqrt());
        let kernel = |image: &f64| (-0.5 * ((x - image) / self.sd).powi(2)).exp();
        norm * self
            .images
            .iter()
            .zip(&self.chain.stationary)
            .map(|(image, p)| p * kernel(image))
            .sum::<f64>()
    }

    /// Distribution function at each of `points`, accurate to about 1e-10.
    ///
    /// Cost: one erfc for each pair of a point and a grid point within 8.5 standard deviations of each other.
    pub fn cdf(&self, points: &[f64]) -> Vec<f64> {
        let below = |x: f64| {
            let share = |image: &f64| match (image - x) / self.sd {
                far if far.abs() > REACH => f64::from(far < 0.0),
                near => 0.5 * erfc(near / std::f64::consts::SQRT_2),
            };
            self.images
                .iter()
                .zip(&self.chain.stationary)
                .map(|(image, p)| p * share(image))
                .sum()
        };
        points.iter().map(|&x| below(x)).collect()
    }

    /// Rate per unit time of the slowest relaxation, −ln λ₂/dt with the kernel's eigenvalue λ₂ ≠ 1 nearest to 1.
    ///
    /// In a cold double well it is the sum of the two escape rates. Negative eigenvalues (of steps beyond 1/h, which
    /// overshoot) are farther from 1, so λ₂ belongs to the slowest mode that does not alternate.
    ///
    /// # Errors
    /// The iteration does not converge, for example if the two slowest modes are equally slow.
    pub fn relaxation_rate(&self) -> Result<f64, TheoryError> {
        let mean = self.expectation(|x| x);
        let sd = self.expectation(|x| (x - mean).powi(2)).sqrt();
        // The start has odd and even parts, because the slowest mode may be either.
        let start: Vec<f64> = self
            .points
            .iter()
            .map(|x| (x - mean) / sd)
            .map(|u| u + 0.3 * u * u)
            .collect();
        Ok(-(-self.chain.spectral_gap(&start)?).ln_1p() / self.dt)
    }
}

/// Drops end points whose image lies outside the interval: from there the chain escapes to infinity.
fn keep_points_mapped_inside(
    points: &mut Vec<f64>,
    images: &mut Vec<f64>,
) -> Result<(), TheoryError> {
    let (mut first, mut last) = (0, points.len() - 1);
    loop {
        let inside = |i: usize| images[i] >= points[first] && images[i] <= points[last];
        if first >= last {
            return Err(TheoryError::Explosive { per_step: 1.0 });
        } else if !inside(last) {
            last -= 1;
        } else if !inside(first) {
            first += 1;
        } else {
            break;
        }
    }
    points.truncate(last + 1);
    images.truncate(last + 1);
    points.drain(..first);
    images.drain(..first);
    Ok(())
}

/// The kernel on the grid with rows normalized to 1, and the mass that each row loses beyond the ends.
fn kernel(
    points: &[f64],
    images: &[f64],
    sd: f64,
    gap: f64,
    visited: f64,
) -> Result<(BandedChain, Vec<f64>), TheoryError> {
    let n = points.len();
    let index = |x: f64| (((x - points[0]) / gap).max(0.0) as usize).min(n - 1);
    let columns: Vec<(usize, usize)> = images
        .iter()
        .map(|m| (index(m - REACH * sd), (index(m + REACH * sd) + 2).min(n)))
        .collect();
    let below = columns
        .iter()
        .enumerate()
        .map(|(i, c)| i.saturating_sub(c.0))
        .max()
        .unwrap_or(0);
    let above = columns
        .iter()
        .enumerate()
        .map(|(i, c)| (c.1 - 1).saturating_sub(i))
        .max()
        .unwrap_or(0);
    let size = n * (below + above + 1);
    if size > MAX_ENTRIES {
        return Err(TheoryError::TooLarge {
            what: "a transition kernel",
            size,
            limit: MAX_ENTRIES,
        });
    }
    // By construction, the band contains the columns of every row and the diagonal.
    let mut chain = BandedChain::new(n, below, above, index(visited));
    let mut losses = vec![0.0; n];
    let norm = gap / (sd * (2.0 * std::f64::consts::PI).sqrt());
    for (i, &(first, end)) in columns.iter().enumerate() {
        let row = chain.row_mut(i, first..end);
        let mut sum = 0.0;
        for (entry, y) in row.iter_mut().zip(&points[first..end]) {
            *entry = norm * (-0.5 * ((y - images[i]) / sd).powi(2)).exp();
            sum += *entry;
        }
        if sum.is_nan() || sum <= 0.0 {
            return Err(TheoryError::Explosive { per_step: 1.0 });
        }
        row.iter_mut().for_each(|entry| *entry /= sum);
        losses[i] = (1.0 - sum).max(0.0);
    }
    Ok((chain, losses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::tests::reference::mean_first_passage_time;
    use crate::theory::{Gibbs1d, Quadratic1d};

    fn quadratic(h: f64, dt: f64, eta_sigma2: f64) -> DiscreteStationary1d {
        DiscreteStationary1d::new(|x| 0.5 * h * x * x, |x| h * x, 0.0, dt, eta_sigma2).unwrap()
    }

    fn well(dt: f64, eta_sigma2: f64) -> Result<DiscreteStationary1d, TheoryError> {
        DiscreteStationary1d::new(
            |x| (x * x - 1.0).powi(2) / 4.0,
            |x| x * x * x - x,
            0.3,
            dt,
            eta_sigma2,
        )
    }

    #[test]
    fn quadratic_is_normal_with_the_known_variance_and_modes() {
        for (h, dt) in [(1.0, 0.1), (1.0, 1.0), (2.0, 0.7), (1.0, 1.8), (1.0, 1e-4)] {
            let stationary = quadratic(h, dt, 0.3);
            let model = Quadratic1d {
                curvature: h,
                noise_variance: 1.0,
                eta: 0.3,
                dt,
            };
            let variance = model.stationary_variance().unwrap();
            // Rounding, and the relaxation time 1/(h·dt) in steps, which magnifies rounding errors of the kernel.
            let accuracy = 1e-12 + 2e-15 / (h * dt);
            assert!(
                (stationary.expectation(|x| x * x) / variance - 1.0).abs() < accuracy,
                "{h} {dt}"
            );
            assert!(
                (stationary.expectation(|x| x.powi(4)) / (3.0 * variance * variance) - 1.0).abs()
                    < 3.0 * accuracy
            );
            let x = variance.sqrt();
            let normal = [0.5, 0.841_344_746_068_543];
            let cdf = stationary.cdf(&[0.0, x]);
            // The error function of statrs is accurate to 3e-11.
            assert!(
                (cdf[0] - normal[0]).abs() < 1e-10 && (cdf[1] - normal[1]).abs() < 1e-10,
                "{cdf:?}"
            );
            assert!(
                (stationary.density(0.0) * (2.0 * std::f64::consts::PI * variance).sqrt() - 1.0)
                    .abs()
                    < 1e-11
            );
        }
        // The eigenvalues are (1 − h·dt)ᵏ; k = 1 is the nearest to 1, or k = 2 if the first is negative.
        for (dt, eigenvalue) in [(0.1, 0.9_f64), (0.01, 0.99), (1.8, 0.64)] {
            let rate = quadratic(1.0, dt, 0.3).relaxation_rate().unwrap();
            assert!(
                (rate * dt / -eigenvalue.ln() - 1.0).abs() < 1e-9,
                "{dt} {rate}"
            );
        }
    }

    #[test]
    fn doubling_the_grid_changes_nothing() {
        let loss = |x: f64| (x * x - 1.0).powi(2) / 4.0;
        let slope = |x: f64| x * x * x - x;
        for dt in [0.2, 0.05, 0.002] {
            let at = |spacing| {
                DiscreteStationary1d::with_spacing(&loss, &slope, 0.0, dt, 0.3, spacing).unwrap()
            };
            let (coarse, fine) = (at(SPACING), at(SPACING / 2.0));
            // The documented accuracy.
            assert!(
                (coarse.expectation(loss) / fine.expectation(loss) - 1.0).abs() < 1e-12,
                "{dt}"
            );
        }
    }

    #[test]
    fn the_bias_is_of_first_order_and_the_virial_identity_exact() {
        let gibbs = Gibbs1d::langevin(|x: f64| (x * x - 1.0).powi(2) / 4.0, 0.3, 0.0).unwrap();
        let bias = |dt: f64| {
            well(dt, 0.3)
                .unwrap()
                .expectation(|x| (x * x - 1.0).powi(2) / 4.0)
                - gibbs.mean_loss()
        };
        let ratio = bias(0.02) / bias(0.01);
        // 2 + O(dt); the second-order term is about 5·dt relative here.
        assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
        // Stationarity E x′² = E x² gives 2 E[xL′] = dt E[L′²] + ησ² at any dt.
        let stationary = well(0.2, 0.3).unwrap();
        let slope = |x: f64| x * x * x - x;
        let virial = 2.0 * stationary.expectation(|x| x * slope(x));
        assert!((virial - 0.2 * stationary.expectation(|x| slope(x).powi(2)) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn cold_double_well_relaxes_at_twice_the_escape_rate() {
        let (dt, eta_sigma2) = (0.005, 0.06);
        let rate = well(dt, eta_sigma2).unwrap().relaxation_rate().unwrap();
        let loss = |x: f64| (x * x - 1.0).powi(2) / 4.0;
        let time = mean_first_passage_time(loss, 2.0 / eta_sigma2, -1.0, 1.0).unwrap();
        // One escape each way. The mean first-passage time to the far minimum is the escape time up to
        // e^{−ΔL/T} = 2e-4 and a few relaxation times; the discretization adds O(dt) times L″ = 2: 2 % in all.
        assert!((rate * time / 2.0 - 1.0).abs() < 0.02, "{}", rate * time);
    }

    #[test]
    fn escape_to_infinity_is_refused() {
        // Chains with |x| > √(2/dt + 1) escape: at dt = 1 that is 1.7, which noise of this size reaches at once.
        assert!(
            matches!(well(1.0, 1.0), Err(TheoryError::Explosive { per_step }) if per_step > 1e-6)
        );
        assert!(DiscreteStationary1d::new(|x| x * x, |x| 2.0 * x, 0.0, 1.01, 1.0).is_err());
    }

    #[test]
    fn fast_at_small_steps() {
        let start = std::time::Instant::now();
        let stationary = well(1e-4, 0.1).unwrap();
        assert!(stationary.expectation(|x| x * x) > 0.5 && stationary.points.len() > 1000);
        // About 20 ms is usual.
        assert!(start.elapsed().as_secs_f64() < 1.0, "{:?}", start.elapsed());
    }
}
