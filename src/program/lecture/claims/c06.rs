//! C6: the slope of the converged loss at η = 0.

use super::sweep::sweeps;
use crate::measure::Estimate;
use crate::program::lecture::claim::{Claim, Finding, statement, undecided};
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::report::{Line, Plot, PlotAxis, Series, Slope, Summary};
use crate::run::Computed;
use std::rc::Rc;

const WORDS: &str = "∂L(η)/∂η at η = 0 is ¼ E_i‖g_i‖² at Φ*";

pub(super) const CLAIM: Claim = Claim {
    id: "C6",
    title: "the slope of the converged loss",
    investigate,
};

/// Sweep over η of one model and its slope.
#[derive(Debug)]
struct Model {
    name: String,
    slope: Slope,
    /// Pairs of η and (L(η) − L(Φ*)) / η divided by the slope of the theorem.
    ratios: Vec<(f64, Estimate)>,
}

/// Models with a loss that is not quadratic.
const CURVED: [(&str, &str); 2] = [
    ("logistic regression", "c06-logistic.toml"),
    ("a tanh network", "c06-network.toml"),
];

fn investigate(runner: &mut Runner<'_>) -> Result<Finding, LectureError> {
    let mut runs: Vec<(String, Rc<Computed>)> = (sweeps(runner)?.into_iter())
        .map(|sweep| (format!("linear regression, {}", sweep.name), sweep.computed))
        .collect();
    for (name, file) in CURVED {
        runs.push((name.to_owned(), runner.run(file, &[])?));
    }
    let models = (runs.iter())
        .map(|(name, computed)| model(name, &computed.results.summary))
        .collect::<Vec<_>>();
    let statements = models.iter().zip(&runs).map(|(model, (name, _))| {
        let words = format!("{WORDS} ({name})");
        match model {
            None => undecided(&words, "The run did not yield a slope.".to_owned()),
            Some(Model { slope, .. }) => {
                let figure = ("∂L/∂η at 0", slope.measured, slope.theory);
                statement(&words, &criteria(slope), figure, NOTE)
            }
        }
    });
    let statements = statements.collect();
    Ok(Finding {
        statements,
        picture: Some((
            picture(&models.into_iter().flatten().collect::<Vec<_>>()),
            "Excess loss divided by η and by the predicted slope ¼ E‖g_i‖². As η → 0 the ratio \
                converges to 1 for every loss and data set; at larger η it depends on the \
                curvature."
                .into(),
        )),
        table: None,
    })
}

const NOTE: &str = "The slope is a weighted least-squares fit of L(η) − L(Φ*) over the smallest η. \
    The predicted slope is evaluated at the optimum that Newton's method finds.";

fn model(name: &str, summary: &Summary) -> Option<Model> {
    let slope = summary.slope.clone()?;
    let optimum = summary.optimum.as_ref()?.loss;
    let ratio = |eta: f64, loss: Estimate| {
        let excess = loss.shifted(-optimum);
        (eta, excess.scaled(1.0 / (eta * slope.theory)))
    };
    Some(Model {
        name: name.to_owned(),
        ratios: (summary.points.iter())
            .map(|point| ratio(point.eta, point.loss))
            .collect(),
        slope,
    })
}

fn criteria(slope: &Slope) -> Criteria {
    let mut criteria = Criteria::default();
    criteria.equal("the slope", slope.measured, slope.theory);
    criteria
}

fn picture(models: &[Model]) -> String {
    let dots = (models.iter().enumerate())
        .map(|(i, model)| Series::dots(model.name.clone(), i, model.ratios.clone()));
    let plot = Plot {
        title: "The slope of the converged loss at η = 0".into(),
        subtitles: vec!["B = 1; bars: 95 % interval".into()],
        x: PlotAxis::log("learning rate η"),
        y: PlotAxis::log("(L(η) − L(Φ*)) / (η ¼ E‖g_i(Φ*)‖²)"),
        series: dots.collect(),
        lines: vec![Line {
            at: 1.0,
            label: "prediction".into(),
            upright: false,
        }],
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn the_slope_decides() {
        let verdict = |measured: f64, se: f64| {
            let slope = Slope {
                measured: Estimate::new(measured, se),
                theory: 0.25,
                reduced: None,
                common_noise_gain: None,
                least_loss: None,
            };
            criteria(&slope).outcome().verdict
        };
        assert_eq!(verdict(0.252, 1e-3), Verdict::Holds);
        assert_eq!(verdict(0.5, 1e-3), Verdict::Contradicted);
        assert_eq!(verdict(0.252, 1e-1), Verdict::Undecided);
    }
}
