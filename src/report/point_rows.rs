//! The results of one learning rate as rows that the terminal and the page share.

use super::number::{count, p_relation, plain, plus_minus, significant, standard_errors};
use super::quantities;
use super::summary::{Basin, DetailedBalance, Discretized, Gibbs, GoodnessOfFit, Point, Test};
use crate::measure::Estimate;

/// The coefficient of p ∝ exp(−L/(αησ²)) by the Fokker–Planck equation of the stated dynamics.
const ALPHA_THEORY: f64 = 0.5;
/// The coefficient that the lecture states.
const ALPHA_LECTURE: f64 = 0.1;
/// Parameters beyond these are left to the files.
const PARAMETERS: usize = 8;

/// A control variate that gains less is not worth a line.
pub(super) const SHOWN_GAIN: f64 = 2.0;

/// One line of the result table; empty columns do not apply.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Row {
    pub quantity: String,
    pub measured: String,
    pub theory: String,
    pub difference: String,
}

/// All figures of one learning rate.
pub(crate) fn rows(point: &Point) -> Vec<Row> {
    let theory = point.theory.as_ref();
    let mut rows = vec![row(
        "loss",
        point.loss,
        theory.and_then(|theory| theory.loss),
    )];
    if let Some(reduced) = point
        .reduced_loss
        .filter(|reduced| reduced.gain > SHOWN_GAIN)
    {
        let loss = row(
            "loss with control variate",
            reduced.estimate(),
            theory.and_then(|t| t.loss),
        );
        rows.push(loss);
    }
    for key in quantities::of_points(std::slice::from_ref(point)) {
        let estimate = quantities::at_point(point, key);
        rows.extend(estimate.map(|estimate| row(quantities::label(key), estimate, None)));
    }
    rows.extend(parameter_rows(point));
    rows.extend(
        point
            .observables
            .iter()
            .map(|(name, estimate)| row(name, *estimate, None)),
    );
    if let Some(gibbs) = &point.gibbs {
        rows.extend(gibbs_rows(gibbs));
        if let Some(exact) = &point.discretized {
            rows.extend(discretized_rows(exact, gibbs.alpha));
        }
    }
    rows.extend(point.goodness_of_fit.iter().map(fit_row));
    if let Some(balance) = &point.detailed_balance {
        rows.extend(balance_rows(balance));
    }
    rows.extend(family(&point.tests));
    rows.extend(point.basins.iter().map(basin_row));
    rows.extend(stationarity_rows(point));
    rows
}

/// Mean, variance and temperature of the first parameters.
fn parameter_rows(point: &Point) -> Vec<Row> {
    let theory = point.theory.as_ref();
    let mut rows = Vec::new();
    for (name, parameter) in point.parameters.iter().take(PARAMETERS) {
        let expected = theory.and_then(|theory| theory.parameters.get(name));
        rows.push(row(
            &format!("mean of {name}"),
            parameter.estimate(),
            expected.and_then(|e| e.mean),
        ));
        rows.push(row(
            &format!("variance of {name}"),
            parameter.variance,
            expected.and_then(|e| e.variance),
        ));
        rows.push(row(
            &format!("temperature of {name}"),
            parameter.temperature,
            parameter.temperature_theory,
        ));
    }
    if point.parameters.len() > PARAMETERS {
        let quantity = format!("{} more parameters", point.parameters.len() - PARAMETERS);
        rows.push(Row {
            quantity,
            measured: "in parameters.csv".into(),
            ..Row::default()
        });
    }
    rows
}

/// Relaxation time, nested R-hat and the fluctuation–dissipation relation.
fn stationarity_rows(point: &Point) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(relaxation) = &point.relaxation {
        rows.push(Row {
            quantity: format!("relaxation of {}", relaxation.of),
            measured: format!("{} steps", significant(relaxation.steps, 2)),
            ..Row::default()
        });
    }
    if let Some(rhat) = point.stationarity.as_ref().and_then(|s| s.nested_rhat) {
        rows.push(Row {
            quantity: "nested R-hat".into(),
            measured: format!("{rhat:.5}"),
            theory: "1".into(),
            ..Row::default()
        });
    }
    if let Some(stationarity) = &point.stationarity {
        let (left, right) = (
            plus_minus(stationarity.fdr_left),
            plus_minus(stationarity.fdr_right),
        );
        let difference = standard_errors(stationarity.z);
        rows.push(Row {
            quantity: "2 E[Φ·g] = η E[ĝᵀDĝ]".into(),
            measured: left,
            theory: right,
            difference,
        });
    }
    rows
}

fn basin_row(basin: &Basin) -> Row {
    let at: Vec<String> = (basin.minimum.iter())
        .map(|(name, x)| format!("{name} = {}", significant(*x, 3)))
        .collect();
    Row {
        quantity: format!("chains around {}", at.join(", ")),
        measured: plus_minus(basin.weight),
        ..Row::default()
    }
}

fn gibbs_rows(gibbs: &Gibbs) -> Vec<Row> {
    let mut rows = Vec::new();
    let fitted = gibbs.alpha.map(|alpha| ("α fitted".to_owned(), alpha));
    let virial = gibbs.alpha_virial.iter().take(PARAMETERS);
    let virial = virial.map(|(name, alpha)| (format!("α virial of {name}"), *alpha));
    for (i, (quantity, alpha)) in fitted.into_iter().chain(virial).enumerate() {
        let difference = standard_errors(z(alpha, ALPHA_THEORY));
        rows.push(Row {
            quantity,
            measured: plus_minus(alpha),
            theory: "½".into(),
            difference,
        });
        if i == 0 {
            let difference = standard_errors(z(alpha, ALPHA_LECTURE));
            let quantity = "α by the lecture".to_owned();
            rows.push(Row {
                quantity,
                theory: "1/10".into(),
                difference,
                ..Row::default()
            });
        }
    }
    if let (Some(distance), Some(p)) = (gibbs.ks_distance, gibbs.ks_p) {
        let (measured, difference) = (significant(distance, 2), format!("p {}", p_relation(p)));
        rows.push(Row {
            quantity: "KS distance from Gibbs".into(),
            measured,
            theory: "0".into(),
            difference,
        });
    }
    if let Some(p) = gibbs.equal_temperature_p {
        rows.push(Row {
            quantity: "equal temperatures".into(),
            measured: verdict(p).into(),
            difference: format!("p {}", p_relation(p)),
            ..Row::default()
        });
    }
    rows
}

/// Rows of the exact distribution of the chain at this time step, which differs from Gibbs by the step's own error.
fn discretized_rows(exact: &Discretized, alpha: Option<Estimate>) -> [Row; 2] {
    let difference = alpha.map_or(f64::NAN, |alpha| z(alpha, exact.alpha));
    [
        Row {
            quantity: "α exact at this dt".into(),
            theory: plain(exact.alpha),
            difference: standard_errors(difference),
            ..Row::default()
        },
        Row {
            quantity: "KS distance from exact at this dt".into(),
            measured: significant(exact.ks_distance, 2),
            theory: "0".into(),
            difference: format!("p {}", p_relation(exact.ks_p)),
        },
    ]
}

fn fit_row(fit: &GoodnessOfFit) -> Row {
    Row {
        quantity: format!("χ² of {}", fit.of),
        measured: significant(fit.chi_square, 4),
        theory: count(fit.degrees as u64),
        difference: format!("p {}", p_relation(fit.p)),
    }
}

/// Circulations beyond these are left to the file.
const CIRCULATIONS: usize = 3;

fn balance_rows(balance: &DetailedBalance) -> Vec<Row> {
    let mut rows: Vec<Row> = (balance.circulation.iter().take(CIRCULATIONS))
        .map(|(pair, rate)| row(&format!("circulation of {pair}"), *rate, Some(0.0)))
        .collect();
    if balance.circulation.len() > 1 {
        rows.push(Row {
            quantity: "no circulation".into(),
            measured: verdict(balance.circulation_p).into(),
            difference: format!("p {}", p_relation(balance.circulation_p)),
            ..Row::default()
        });
    }
    let rate = balance.entropy_production;
    rows.extend(rate.map(|rate| row("entropy production", rate, Some(0.0))));
    rows
}

/// A hypothesis whose p-value is below this is called rejected.
const LEVEL: f64 = 0.01;

fn verdict(p: f64) -> &'static str {
    if p < LEVEL {
        "rejected"
    } else {
        "not rejected"
    }
}

/// All tests in one line, where there are several.
fn family(tests: &[Test]) -> Option<Row> {
    let least = tests.iter().map(|test| test.holm).reduce(f64::min)?;
    let rejected = tests.iter().filter(|test| test.holm < LEVEL).count();
    (tests.len() > 1).then(|| Row {
        quantity: format!("rejected of {} tests", tests.len()),
        measured: rejected.to_string(),
        difference: format!("p {} (Holm)", p_relation(least)),
        ..Row::default()
    })
}

/// A row of an estimate beside its theoretical value.
pub(super) fn row(quantity: &str, estimate: Estimate, theory: Option<f64>) -> Row {
    Row {
        quantity: quantity.to_owned(),
        measured: plus_minus(estimate),
        theory: theory.map_or_else(String::new, plain),
        difference: theory.map_or_else(String::new, |theory| standard_errors(z(estimate, theory))),
    }
}

/// Standard errors from `estimate` to a known number; NaN where the error is zero or unknown.
pub(super) fn z(estimate: Estimate, value: f64) -> f64 {
    if estimate.se > 0.0 && estimate.se.is_finite() {
        (estimate.mean - value) / estimate.se
    } else {
        f64::NAN
    }
}
