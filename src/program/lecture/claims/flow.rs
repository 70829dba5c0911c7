//! Distance of an ensemble from gradient flow at a fixed time.

use crate::compile::Problem;
use crate::measure::{Estimate, Moments};
use crate::program::lecture::error::LectureError;
use crate::program::lecture::fit::exponent;
use crate::report::{Plot, PlotAxis, Series};
use crate::run::Computed;
use crate::theory;

/// Φ(`time`) of the gradient flow from the center of the start.
///
/// # Errors
/// The flow cannot be integrated.
pub(super) fn flow_at(problem: &Problem, time: f64) -> Result<Vec<f64>, LectureError> {
    let gradient = |at: &[f64]| problem.model.gradient(at);
    let mut path = theory::gradient_flow(gradient, &problem.model.start, &[time])?;
    Ok(path.pop().expect("one time was asked for"))
}

/// End point of Euler steps of size `delta`, in f64.
pub(super) fn euler(problem: &Problem, steps: u64, delta: f64) -> Vec<f64> {
    let mut at = problem.model.start.clone();
    for _ in 0..steps {
        let gradient = problem.model.gradient(&at);
        at.iter_mut()
            .zip(gradient)
            .for_each(|(x, g)| *x -= delta * g);
    }
    at
}

/// Moments of every parameter at the end of sweep point `point`.
pub(super) fn final_moments(computed: &Computed, point: usize) -> &[Moments] {
    let parameters = computed.problem.outputs.parameters.clone();
    &computed.records[point].last()[parameters]
}

/// √E‖Φ − flow‖². Errors of the parameters are added, which is an upper bound attained at full
/// correlation.
pub(super) fn distance(moments: &[Moments], flow: &[f64]) -> Estimate {
    let squares = moments.iter().zip(flow).map(|(m, flow)| square(m, *flow));
    let (mean, se) = squares.fold((0.0, 0.0), |(mean, se), e| (mean + e.mean, se + e.se));
    Estimate::new(mean.sqrt(), se / (2.0 * mean.sqrt()))
}

/// E(x − a)² with its standard error from central moments: Var (x − a)² = μ₄ + 4dμ₃ + 4d²μ₂ − μ₂².
fn square(m: &Moments, a: f64) -> Estimate {
    let n = m.count as f64;
    let (d, m2) = (m.mean - a, m.m2 / n);
    let variance = m.m4 / n + 4.0 * d * m.m3 / n + 4.0 * d * d * m2 - m2 * m2;
    Estimate::new(m2 + d * d, (variance.max(0.0) / n).sqrt())
}

/// ‖E Φ − flow‖, with an error bounded as in [`distance`].
pub(super) fn bias(moments: &[Moments], flow: &[f64]) -> Estimate {
    let differences: Vec<Estimate> = (moments.iter().zip(flow))
        .map(|(m, flow)| m.mean_estimate().shifted(-flow))
        .collect();
    let norm = differences
        .iter()
        .map(|d| d.mean * d.mean)
        .sum::<f64>()
        .sqrt();
    let se = differences.iter().map(|d| d.mean.abs() / norm * d.se).sum();
    Estimate::new(norm, se)
}

/// Distances of an ensemble from the flow at each learning rate, with the exponents of their power
/// laws.
#[derive(Debug)]
pub(super) struct Convergence {
    /// Pairs of η and root-mean-square distance.
    pub distances: Vec<(f64, Estimate)>,
    /// Pairs of η and distance of the mean, where its relative error is below a tenth.
    pub biases: Vec<(f64, Estimate)>,
    /// Exponent of `distances`; theory predicts ½.
    pub exponent: Estimate,
    /// Exponent of `biases`; theory predicts 1.
    pub bias_exponent: Estimate,
}

impl Convergence {
    /// Computes distances from (η, moments, flow) of each sweep point.
    pub(super) fn new<'a>(points: impl Iterator<Item = (f64, &'a [Moments], Vec<f64>)>) -> Self {
        let (mut distances, mut biases) = (Vec::new(), Vec::new());
        for (eta, moments, flow) in points {
            distances.push((eta, distance(moments, &flow)));
            let bias = bias(moments, &flow);
            if bias.mean > 10.0 * bias.se {
                biases.push((eta, bias));
            }
        }
        let unknown = Estimate::new(f64::NAN, f64::INFINITY);
        Self {
            exponent: exponent(&distances, 2).unwrap_or(unknown),
            bias_exponent: exponent(&biases, 1).unwrap_or(unknown),
            distances,
            biases,
        }
    }

    /// Plot of both distances against η on logarithmic axes, with lines of the predicted slopes.
    pub(super) fn picture(&self, title: &str, subtitle: String) -> String {
        let power_line = |points: &[(f64, Estimate)], power: f64| -> Vec<(f64, f64)> {
            let Some(&(at, y)) = points.first() else {
                return Vec::new();
            };
            let ends = self.distances.iter().map(|(eta, _)| *eta);
            ends.map(|eta| (eta, y.mean * (eta / at).powf(power)))
                .collect()
        };
        let mut series = vec![
            Series::dashes("slope ½", 1, power_line(&self.distances, 0.5)),
            Series::dots(
                "root-mean-square distance from the flow, 95 % interval",
                0,
                self.distances.clone(),
            ),
        ];
        if !self.biases.is_empty() {
            series.push(Series::dashes("slope 1", 4, power_line(&self.biases, 1.0)));
            let label = "distance of the mean from the flow, 95 % interval";
            series.push(Series::dots(label, 2, self.biases.clone()));
        }
        let plot = Plot {
            title: title.to_owned(),
            subtitles: vec![subtitle],
            x: PlotAxis::log("learning rate η"),
            y: PlotAxis::log("distance from gradient flow"),
            series,
            lines: Vec::new(),
        };
        plot.svg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        // Values 1 and 3 around 0: E x² = 5. The squares 1 and 9 deviate from it by 4, so se =
        // 4/√2.
        let m = Moments::from_slice(&[1.0, 3.0]);
        let e = square(&m, 0.0);
        assert!((e.mean - 5.0).abs() < 1e-14 && (e.se - 4.0 / 2_f64.sqrt()).abs() < 1e-14);
        let d = distance(&[m, m], &[0.0, 0.0]);
        assert!((d.mean - 10_f64.sqrt()).abs() < 1e-14);
        // Means 2 and 2 compared with (2, 0): bias 2 along the second axis, se = √2/√2 = 1.
        let b = bias(&[m, m], &[2.0, 0.0]);
        assert!((b.mean - 2.0).abs() < 1e-14 && (b.se - 1.0).abs() < 1e-14);
    }

    /// Ensembles with spread η^`power` (1 + η) and a mean that is off by η.
    fn convergence(power: f64) -> Convergence {
        let ensembles: Vec<(f64, Vec<Moments>)> = (1..7)
            .map(|k| 0.5_f64.powi(k))
            .map(|eta| {
                let spread = eta.powf(power) * (1.0 + eta);
                let values: Vec<f64> = (0..4000)
                    .map(|i| eta + spread * (f64::from(i) - 1999.5) / 1999.5)
                    .collect();
                (eta, vec![Moments::from_slice(&values)])
            })
            .collect();
        Convergence::new(
            ensembles
                .iter()
                .map(|(eta, m)| (*eta, m.as_slice(), vec![0.0])),
        )
    }

    #[test]
    fn exponents_match_synthetic_ensembles() {
        let half = convergence(0.5);
        // Within 4 of its own errors, which are a few percent for 4000 values.
        assert!(half.exponent.z_against(0.5).abs() < 4.0 && half.exponent.se < 0.05);
        assert!(half.bias_exponent.z_against(1.0).abs() < 4.0);
        let other = convergence(0.75);
        assert!(other.exponent.z_against(0.5).abs() > 4.0, "{other:?}");
    }
}
