//! Studies: every experiment with the exact values and hypotheses that its results are tested
//! against.

use super::study::{Quantity, Study, interval, null, power};
use crate::diagnose::normal_p;
use crate::measure::Estimate;
use crate::report::{Distances, ParameterEstimate, ParameterTheory, Summary};

/// Order: intervals, then tests of true hypotheses, then tests of false hypotheses.
pub(super) const ALL: &[Study<Summary>] = &[
    Study {
        name: "sgd",
        quantities: &[
            LOSS,
            interval("mean of x", |s| mean(s, "x")),
            interval("variance of x", |s| variance(s, "x")),
            // T = E[x · x].
            interval("temperature of x", |s| temperature(s, "x", 1.0)),
            BALANCE,
            DRIFT,
            KS,
            CHI_SQUARE,
        ],
    },
    Study {
        name: "two-parameters",
        quantities: TWO_PARAMETERS,
    },
    Study {
        name: "reversible",
        quantities: &[
            null("equal temperatures", equal_temperature_p),
            null("circulation", circulation_p),
            null("entropy production", |s| {
                let balance = s.points.first()?.detailed_balance.as_ref()?;
                balance.entropy_production_p
            }),
        ],
    },
    Study {
        name: "langevin",
        quantities: &[
            LOSS,
            interval("mean of x", |s| mean(s, "x")),
            interval("variance of x", |s| variance(s, "x")),
            BALANCE,
            DRIFT,
            KS,
        ],
    },
    Study {
        name: "double-well",
        quantities: &[
            LOSS,
            interval("mean of x", |s| mean(s, "x")),
            interval("variance of x", |s| variance(s, "x")),
            interval("α fitted", |s| {
                let point = s.points.first()?;
                Some((point.gibbs.as_ref()?.alpha?, point.discretized?.alpha))
            }),
            BALANCE,
            DRIFT,
            KS,
            CHI_SQUARE,
        ],
    },
    Study {
        name: "regression",
        quantities: REGRESSION,
    },
    Study {
        name: "momentum",
        quantities: &[
            interval("loss", |s| {
                Some((s.points.first()?.loss, 0.5 * momentum_variance(s)?))
            }),
            interval("mean of x", |s| Some((parameter(s, "x")?.estimate(), 0.0))),
            interval("variance of x", |s| {
                Some((parameter(s, "x")?.variance, momentum_variance(s)?))
            }),
            BALANCE,
            DRIFT,
        ],
    },
    Study {
        name: "regression-momentum",
        quantities: &[
            LOSS,
            interval("mean of w[0]", |s| mean(s, "w[0]")),
            interval("variance of w[0]", |s| variance(s, "w[0]")),
            BALANCE,
            DRIFT,
        ],
    },
    Study {
        name: "two-point",
        quantities: &[
            interval("loss", |s| {
                Some((s.points.first()?.loss, 0.5 * plain_variance(s)?))
            }),
            interval("mean of x", |s| Some((parameter(s, "x")?.estimate(), 0.0))),
            interval("variance of x", |s| {
                Some((parameter(s, "x")?.variance, plain_variance(s)?))
            }),
            BALANCE,
            DRIFT,
            power("χ² from Gibbs", chi_square_p),
        ],
    },
    Study {
        name: "brownian",
        quantities: &[
            interval("mean of x", |s| Some((parameter(s, "x")?.estimate(), 0.0))),
            interval("variance of x", |s| {
                Some((parameter(s, "x")?.variance, eta_time(s)?))
            }),
            interval("squared distance", |s| {
                let point = s.points.first()?;
                let distance = point.observables.get("squared_distance")?;
                Some((*distance, 2.0 * eta_time(s)?))
            }),
        ],
    },
    Study {
        name: "averages",
        quantities: REGRESSION,
    },
    Study {
        name: "averages-double-well",
        quantities: &[
            LOSS,
            interval("mean of x", |s| mean(s, "x")),
            interval("variance of x", |s| variance(s, "x")),
            BALANCE,
            DRIFT,
        ],
    },
    Study {
        name: "averages-ten-chains",
        quantities: TWO_PARAMETERS,
    },
    Study {
        name: "adaptive",
        quantities: TWO_PARAMETERS,
    },
    Study {
        name: "slope",
        quantities: &[
            interval("loss with control variate", reduced_loss),
            interval("dL/dη at 0", |s| {
                let slope = s.slope.as_ref()?;
                Some((slope.measured, slope.theory))
            }),
            interval("dL/dη at 0 with control variate", |s| {
                let slope = s.slope.as_ref()?;
                Some((slope.reduced?, slope.theory))
            }),
            interval("L at η = 0, extrapolated", |s| {
                Some((s.slope.as_ref()?.least_loss?, s.optimum.as_ref()?.loss))
            }),
        ],
    },
    Study {
        name: "superchains",
        quantities: &[MIXING],
    },
    Study {
        name: "gibbs-at-a-large-step",
        quantities: &[
            power("KS distance from Gibbs", |s| {
                s.points.first()?.gibbs.as_ref()?.ks_p
            }),
            KS,
        ],
    },
    Study {
        name: "two-temperatures",
        quantities: &[power("equal temperatures", equal_temperature_p)],
    },
    Study {
        name: "circulating",
        quantities: &[power("circulation", circulation_p)],
    },
    Study {
        name: "rough-start",
        quantities: &[power("fluctuation–dissipation", balance_p)],
    },
    Study {
        name: "two-wells",
        quantities: &[power("nested R-hat", nested_rhat_p)],
    },
    Study {
        name: "slow-start",
        quantities: &[power("drift of the loss", drift_p)],
    },
];

/// Studies that compare two experiments.
pub(super) const COMPARED: &[Study<Distances>] = &[
    Study {
        name: "sgd-versus-sgd",
        quantities: &[
            null("equal losses", |d| test_p(d, "loss")),
            null("equal means", |d| test_p(d, "mean of x")),
            null("equal variances", |d| test_p(d, "variance of x")),
            null("energy distance", |d| test_p(d, "energy distance")),
        ],
    },
    // The variances are 1/9 and 1/3.
    Study {
        name: "sgd-versus-two-point",
        quantities: &[
            power("equal variances", |d| test_p(d, "variance of x")),
            power("energy distance", |d| test_p(d, "energy distance")),
        ],
    },
];

/// Quantities for the loss `x^2 / 2 + 2 * y^2`.
const TWO_PARAMETERS: &[Quantity<Summary>] = &[
    LOSS,
    interval("mean of y", |s| mean(s, "y")),
    interval("variance of x", |s| variance(s, "x")),
    interval("variance of y", |s| variance(s, "y")),
    // T = E[y · 4 y].
    interval("temperature of y", |s| temperature(s, "y", 4.0)),
    BALANCE,
    DRIFT,
];

/// Quantities for linear regression with an intercept.
const REGRESSION: &[Quantity<Summary>] = &[
    LOSS,
    interval("loss with control variate", reduced_loss),
    interval("mean of w[0]", |s| mean(s, "w[0]")),
    interval("variance of w[0]", |s| variance(s, "w[0]")),
    interval("variance of b", |s| variance(s, "b")),
    BALANCE,
    DRIFT,
];

const LOSS: Quantity<Summary> = interval("loss", |s| {
    let point = s.points.first()?;
    Some((point.loss, point.theory.as_ref()?.loss?))
});
const BALANCE: Quantity<Summary> = null("fluctuation–dissipation", balance_p);
const DRIFT: Quantity<Summary> = null("drift of the loss", drift_p);
const KS: Quantity<Summary> = null("KS distance from exact", |s| {
    Some(s.points.first()?.discretized?.ks_p)
});
const CHI_SQUARE: Quantity<Summary> = null("χ² from exact", chi_square_p);
const MIXING: Quantity<Summary> = null("nested R-hat", nested_rhat_p);

/// Loss with control variate and its exact mean. The control variate has mean zero, so that is the
/// mean of the plain loss.
fn reduced_loss(summary: &Summary) -> Option<(Estimate, f64)> {
    let point = summary.points.last()?;
    Some((point.reduced_loss?.estimate(), point.theory.as_ref()?.loss?))
}

fn parameter<'a>(summary: &'a Summary, name: &str) -> Option<&'a ParameterEstimate> {
    summary.points.first()?.parameters.get(name)
}

fn theory<'a>(summary: &'a Summary, name: &str) -> Option<&'a ParameterTheory> {
    summary
        .points
        .first()?
        .theory
        .as_ref()?
        .parameters
        .get(name)
}

fn mean(summary: &Summary, name: &str) -> Option<(Estimate, f64)> {
    Some((
        parameter(summary, name)?.estimate(),
        theory(summary, name)?.mean?,
    ))
}

fn variance(summary: &Summary, name: &str) -> Option<(Estimate, f64)> {
    Some((
        parameter(summary, name)?.variance,
        theory(summary, name)?.variance?,
    ))
}

/// E[x λ x] for a parameter with mean zero and curvature λ, at the experiment's step size.
fn temperature(summary: &Summary, name: &str, curvature: f64) -> Option<(Estimate, f64)> {
    Some((
        parameter(summary, name)?.temperature,
        curvature * theory(summary, name)?.variance?,
    ))
}

/// Variance η/(2 − η) of x ← (1 − η) x − η z.
fn plain_variance(summary: &Summary) -> Option<f64> {
    let eta = summary.points.first()?.eta;
    Some(eta / (2.0 - eta))
}

/// Variance of the autoregression x″ = (1 + β − η) x′ − β x − η z at β = 0.9.
fn momentum_variance(summary: &Summary) -> Option<f64> {
    let (eta, beta) = (summary.points.first()?.eta, 0.9);
    Some(eta * (1.0 + beta) / ((1.0 - beta) * (2.0 * (1.0 + beta) - eta)))
}

/// Variance η t of Brownian motion.
fn eta_time(summary: &Summary) -> Option<f64> {
    let point = summary.points.first()?;
    Some(point.eta * point.time)
}

fn balance_p(summary: &Summary) -> Option<f64> {
    Some(normal_p(stationarity(summary)?.z))
}

fn drift_p(summary: &Summary) -> Option<f64> {
    Some(normal_p(stationarity(summary)?.loss_drift_z?))
}

fn nested_rhat_p(summary: &Summary) -> Option<f64> {
    stationarity(summary)?.nested_rhat_p
}

fn stationarity(summary: &Summary) -> Option<&crate::report::Stationarity> {
    summary.points.first()?.stationarity.as_ref()
}

/// p-value of the χ² test of the only histogram against the distribution that theory names.
fn chi_square_p(summary: &Summary) -> Option<f64> {
    Some(summary.points.first()?.goodness_of_fit.first()?.p)
}

fn circulation_p(summary: &Summary) -> Option<f64> {
    let balance = summary.points.first()?.detailed_balance.as_ref()?;
    Some(balance.circulation_p)
}

fn equal_temperature_p(summary: &Summary) -> Option<f64> {
    summary.points.first()?.gibbs.as_ref()?.equal_temperature_p
}

/// p-value of a test of two compared experiments.
fn test_p(distances: &Distances, name: &str) -> Option<f64> {
    let tests = &distances.points.first()?.tests;
    Some(tests.iter().find(|test| test.name == name)?.p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::catalogue::COVERAGE;
    use std::collections::BTreeSet;

    #[test]
    fn every_experiment_has_one_study() {
        let studied: Vec<String> = (ALL.iter())
            .map(|study| format!("{}.toml", study.name))
            .collect();
        let distinct: BTreeSet<&str> = studied.iter().map(String::as_str).collect();
        let embedded: BTreeSet<&str> = (COVERAGE.experiments().iter())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(studied.len(), distinct.len());
        assert_eq!(distinct, embedded);
    }
}
