//! Two independent parameters: their temperatures, and their joint density compared with one Gibbs
//! density.

use crate::measure::Estimate;
use crate::program::lecture::criteria::Criteria;
use crate::program::lecture::error::LectureError;
use crate::program::lecture::runner::Runner;
use crate::program::lecture::separable::{gibbs_density, temperatures};
use crate::report::number::{p_relation, plus_minus, significant};
use crate::report::{Contours, joint_with};
use crate::run::Computed;
use std::rc::Rc;

/// Measurements of two independent parameters.
#[derive(Debug)]
pub(super) struct Pair {
    computed: Option<Rc<Computed>>,
    /// Measured temperatures E[x ∂L/∂x].
    pub measured: [Estimate; 2],
    /// Exact temperatures at this time step.
    pub exact: [f64; 2],
    /// Temperatures ½ η_k σ_k² in continuous time.
    pub limit: [f64; 2],
    /// p-value of the test of equal temperatures.
    pub equal_p: f64,
}

impl Pair {
    /// Runs an experiment that has the parameters x and y.
    pub(super) fn measure(
        runner: &mut Runner<'_>,
        file: &'static str,
    ) -> Result<Self, LectureError> {
        let computed = runner.run(file, &[])?;
        let point = &computed.results.summary.points[0];
        let exact = temperatures(&computed.problem, 0)?;
        let of = |name: &str| {
            let parameter = point.parameters.get(name);
            parameter.expect("the embedded experiments have x and y")
        };
        let [x, y] = [of("x"), of("y")];
        let limit = [x, y].map(|p| p.temperature_theory.unwrap_or(f64::NAN));
        let gibbs = point.gibbs.as_ref();
        let equal_p = gibbs.and_then(|gibbs| gibbs.equal_temperature_p);
        Ok(Self {
            measured: [x.temperature, y.temperature],
            exact: [exact[0], exact[1]],
            limit,
            equal_p: equal_p.unwrap_or(f64::NAN),
            computed: Some(computed),
        })
    }

    /// Temperatures equal their exact values; a test accepts or rejects their equality as `equal`
    /// says.
    pub(super) fn criteria(&self, equal: bool) -> Criteria {
        let mut criteria = Criteria::default();
        for ((name, measured), exact) in ["x", "y"].iter().zip(self.measured).zip(self.exact) {
            criteria.equal(format!("the temperature of {name}"), measured, exact);
        }
        if equal {
            criteria.not_rejected("the test of equal temperatures", self.equal_p);
        } else {
            criteria.rejected("the test of equal temperatures", self.equal_p);
        }
        criteria
    }

    /// T_y / T_x, measured and exact.
    pub(super) fn ratio(&self) -> (Estimate, f64) {
        let [x, y] = self.measured;
        (y.divided_by(x), self.exact[1] / self.exact[0])
    }

    /// Sentence with the measured temperatures and the test of their equality.
    pub(super) fn describe(&self) -> String {
        let [x, y] = self.measured;
        format!(
            "Temperatures: {} for x and {} for y (in continuous time {} and {}). Test of equal \
                temperatures: p {}.",
            plus_minus(x),
            plus_minus(y),
            significant(self.limit[0], 3),
            significant(self.limit[1], 3),
            p_relation(self.equal_p)
        )
    }

    /// Joint histogram with contours of the predicted product of Gibbs densities, and of the Gibbs
    /// density of the whole loss at the mean temperature.
    pub(super) fn picture(
        &self,
        title: &str,
        product: &str,
    ) -> Result<Option<String>, LectureError> {
        let Some(computed) = &self.computed else {
            return Ok(None);
        };
        let Some(histogram) = computed.results.histograms.first() else {
            return Ok(None);
        };
        let Some(predicted) = &histogram.theory else {
            return Ok(None);
        };
        let common = 0.5 * (self.limit[0] + self.limit[1]);
        let single = gibbs_density(&computed.problem, histogram, common)?;
        let contours = [
            Contours {
                label: product.to_owned(),
                density: predicted.clone(),
            },
            Contours {
                label: format!("Gibbs density at temperature {}", significant(common, 3)),
                density: single,
            },
        ];
        let [x, y] = self.measured;
        let subtitles = vec![
            format!(
                "temperatures: {} for x, {} for y",
                plus_minus(x),
                plus_minus(y)
            ),
            "shading: chains; contours enclose 50 %, 90 % and 99 % of each density".into(),
        ];
        Ok(Some(joint_with(
            title.to_owned(),
            subtitles,
            histogram,
            &contours,
        )))
    }

    /// Synthetic measurements.
    #[cfg(test)]
    pub(super) fn synthetic(measured: [Estimate; 2], exact: [f64; 2], equal_p: f64) -> Self {
        Self {
            computed: None,
            measured,
            exact,
            limit: exact,
            equal_p,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::output::Verdict;

    #[test]
    fn temperatures_and_their_equality_decide() {
        let verdict = |y: f64, p: f64, equal: bool| {
            let measured = [Estimate::new(0.05, 2e-4), Estimate::new(y, 2e-4)];
            let pair = Pair::synthetic(measured, [0.05, 0.1], p);
            pair.criteria(equal).outcome().verdict
        };
        assert_eq!(verdict(0.1, 0.0, false), Verdict::Holds);
        assert_eq!(verdict(0.2, 0.0, false), Verdict::Contradicted);
        assert_eq!(verdict(0.1, 0.5, false), Verdict::Undecided);
        assert_eq!(verdict(0.1, 0.0, true), Verdict::Contradicted);
        assert_eq!(verdict(0.1, 0.5, true), Verdict::Holds);
    }

    #[test]
    fn the_ratio_combines_both_errors() {
        let pair = Pair::synthetic(
            [Estimate::new(1.0, 0.03), Estimate::new(2.0, 0.08)],
            [1.0, 2.0],
            0.0,
        );
        let (ratio, exact) = pair.ratio();
        // Relative errors 0.03 and 0.04 combine to 0.05.
        assert!((ratio.mean - 2.0).abs() < 1e-14 && (ratio.se - 0.1).abs() < 1e-14 && exact == 2.0);
    }
}
