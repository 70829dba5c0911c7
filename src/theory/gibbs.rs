//! Gibbs density in one dimension, and the temperature that fits a mean loss.

use super::error::{TheoryError, positive};
use super::quadrature::{integrate, integrate_pieces};
use super::support::Support;
use crate::measure::Estimate;

/// Relative tolerance of each integral.
const ACCURACY: f64 = 1e-13;

/// Density `p(x) = exp(−βL(x))/Z` on the real line.
///
/// By the Fokker–Planck equation it is the stationary density of dx = −L′dt + √η σ dW with β = 2/(ησ²). Integration by
/// parts gives the virial identity E\[xL′\] = 1/β for any loss. Cost: about thirty thousand evaluations of L. Accurate to
/// about 1e-12 if the loss is smooth except for a few kinks and the density falls faster than any power.
#[derive(Debug, Clone)]
pub struct Gibbs1d<F> {
    loss: F,
    beta: f64,
    support: Support,
    /// Cumulative `∫ exp(−β(L − min L))` at each break.
    cumulative: Vec<f64>,
    mean: f64,
    variance: f64,
    mean_excess: f64,
    variance_loss: f64,
}

impl<F: Fn(f64) -> f64> Gibbs1d<F> {
    /// Density at inverse temperature `beta`; the search for its support starts at `hint`, which may be any point.
    ///
    /// # Errors
    /// `beta` is not positive and finite; the loss is nowhere finite; the density cannot be normalized.
    pub fn new(loss: F, beta: f64, hint: f64) -> Result<Self, TheoryError> {
        positive("the inverse temperature", beta)?;
        let support = Support::find(&loss, beta, hint)?;
        let (at, floor) = (support.minimum, support.floor);
        let weighted = |x: f64| {
            let excess = loss(x) - floor;
            let weight = (-beta * excess).exp();
            // An infinite or undefined loss has no mass; ∞ · 0 must not give NaN.
            if weight > 0.0 {
                (weight, excess)
            } else {
                (0.0, 0.0)
            }
        };
        let first = integrate_pieces(
            |x| {
                let (weight, excess) = weighted(x);
                [weight, (x - at) * weight, excess * weight]
            },
            &support.breaks,
            ACCURACY,
        );
        let mut cumulative = vec![0.0];
        let mut sums = [0.0; 3];
        for piece in &first {
            (0..3).for_each(|k| sums[k] += piece[k]);
            cumulative.push(sums[0]);
        }
        let mean_offset = sums[1] / sums[0];
        let mean_excess = sums[2] / sums[0];
        let second = |x: f64| {
            let (weight, excess) = weighted(x);
            [
                (x - at - mean_offset).powi(2) * weight,
                (excess - mean_excess).powi(2) * weight,
            ]
        };
        let [spread, loss_spread] = integrate(second, &support.breaks, ACCURACY);
        Ok(Self {
            beta,
            mean: at + mean_offset,
            variance: spread / sums[0],
            mean_excess,
            variance_loss: loss_spread / sums[0],
            cumulative,
            support,
            loss,
        })
    }

    /// Gibbs density of Langevin dynamics with learning rate η and noise variance σ²: β = 2/(ησ²).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn langevin(loss: F, eta_sigma2: f64, hint: f64) -> Result<Self, TheoryError> {
        Self::new(loss, 2.0 / positive("eta sigma^2", eta_sigma2)?, hint)
    }

    fn mass(&self) -> f64 {
        self.cumulative[self.cumulative.len() - 1]
    }

    fn weight(&self, x: f64) -> f64 {
        let weight = (-self.beta * ((self.loss)(x) - self.support.floor)).exp();
        if weight.is_nan() { 0.0 } else { weight }
    }

    /// Inverse temperature β.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Density at `x`.
    pub fn density(&self, x: f64) -> f64 {
        self.weight(x) / self.mass()
    }

    /// E\[x\].
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Var\[x\].
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// E\[L(x)\], the converged loss.
    pub fn mean_loss(&self) -> f64 {
        self.support.floor + self.mean_excess
    }

    /// Var\[L(x)\] = −dE\[L\]/dβ.
    pub fn variance_loss(&self) -> f64 {
        self.variance_loss
    }

    /// Minimizer of the loss, accurate to about 1e-8, and the minimum loss.
    pub fn minimum(&self) -> (f64, f64) {
        (self.support.minimum, self.support.floor)
    }

    /// Interval outside which the density is below 3·10⁻²⁰ of its peak.
    pub fn support(&self) -> [f64; 2] {
        [self.support.low(), self.support.high()]
    }

    /// Distribution function at ascending `points`; about 45 evaluations of L each.
    pub fn cdf(&self, points: &[f64]) -> Vec<f64> {
        let mut cdf = Vec::with_capacity(points.len());
        let (mut at, mut sum, mut next) = (self.support.low(), 0.0, 1);
        for &point in points {
            let target = point.clamp(at, self.support.high());
            // Restarts from the stored sum at each break, so that errors do not accumulate.
            while next < self.cumulative.len() && self.support.breaks[next] <= target {
                (at, sum) = (self.support.breaks[next], self.cumulative[next]);
                next += 1;
            }
            if target > at {
                sum += self.part(at, target);
                at = target;
            }
            cdf.push(if point >= self.support.high() {
                1.0
            } else {
                sum / self.mass()
            });
        }
        cdf
    }

    /// Integral of the weight over `[a, b]`, within one piece.
    fn part(&self, a: f64, b: f64) -> f64 {
        integrate(|x| [self.weight(x)], &[a, b], ACCURACY)[0]
    }

    /// Quantile at `q` in (0, 1), by Newton's method on the distribution function, safeguarded by bisection.
    pub fn quantile(&self, q: f64) -> f64 {
        let target = q.clamp(0.0, 1.0) * self.mass();
        let piece = self
            .cumulative
            .partition_point(|&c| c < target)
            .clamp(1, self.cumulative.len() - 1);
        let (start, from) = (self.support.breaks[piece - 1], self.cumulative[piece - 1]);
        let (mut low, mut high) = (start, self.support.breaks[piece]);
        let mut x = 0.5 * (low + high);
        for _ in 0..100 {
            let excess = from + self.part(start, x) - target;
            if excess > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let newton = x - excess / self.weight(x);
            let step = if newton > low && newton < high {
                newton
            } else {
                0.5 * (low + high)
            };
            if (step - x).abs() <= 1e-15 * x.abs().max(high - low) || step == x {
                return step;
            }
            x = step;
        }
        x
    }
}

/// Maximum-likelihood α of `p ∝ exp(−L/(αησ²))`, given the mean loss of a sample, with its standard error.
///
/// This is an exponential family in β = 1/(αησ²), so the likelihood is greatest where the model's mean of L equals the
/// sample's, and se(β) = se(mean loss)/Var(L). The delta method gives se(α) = α se(β)/β. The error holds even if the model
/// is wrong, because it derives from the error of the measured mean. Newton's method solves for ln β with
/// ln(E\[L\] − min L), which is linear for every pure power. Cost: about five Gibbs densities.
///
/// # Errors
/// ησ² is not positive; the mean loss is at or below the minimum; an intermediate density cannot be normalized.
pub fn fit_alpha(
    mean_loss: Estimate,
    loss: impl Fn(f64) -> f64,
    eta_sigma2: f64,
    hint: f64,
) -> Result<Estimate, TheoryError> {
    positive("eta sigma^2", eta_sigma2)?;
    let mut beta = 2.0 / eta_sigma2;
    for _ in 0..60 {
        let gibbs = Gibbs1d::new(&loss, beta, hint)?;
        let (_, minimum) = gibbs.minimum();
        let wanted = mean_loss.mean - minimum;
        if wanted.is_nan() || wanted <= 0.0 {
            return Err(TheoryError::MeanBelowMinimum {
                mean: mean_loss.mean,
                minimum,
            });
        }
        let excess = gibbs.mean_loss() - minimum;
        let slope = -beta * gibbs.variance_loss() / excess;
        let step = ((wanted / excess).ln() / slope).clamp(-3.0, 3.0);
        beta *= step.exp();
        if step.abs() < 1e-11 {
            let alpha = 1.0 / (beta * eta_sigma2);
            return Ok(Estimate::new(
                alpha,
                alpha * mean_loss.se / (gibbs.variance_loss() * beta),
            ));
        }
    }
    Err(TheoryError::NotConverged {
        what: "the fit of alpha",
    })
}

#[cfg(test)]
mod tests;
