//! Warnings about one sweep point: rounding, noise that depends on the state, infinite moments.

use super::case::Case;
use crate::diagnose::{Rounding, Spacing, rounding};
use crate::dynamics::Scale;
use crate::spec::Precision;

impl Case<'_> {
    /// Warnings about this point, one sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        warnings.extend(self.rounding_warning());
        if matches!(self.problem.scale, Some(Scale::StateDependent)) && !self.is_flow() {
            warnings.push(
                "the noise depends on the parameters: it is taken at the start of each step (Itô)"
                    .to_owned(),
            );
        }
        if let Some(Some(false)) = self.theory.data().map(|data| data.fourth_moments_exist) {
            warnings.push(format!(
                "at η = {} the fourth moments of the parameters are infinite: the mean loss exists, but its standard \
                 error does not, and none is given",
                self.point().last().eta
            ));
        }
        warnings.dedup();
        warnings
    }

    /// The parameter whose variance rounding inflates most, with that inflation.
    pub(super) fn rounding(&self) -> Option<(usize, Rounding)> {
        let too_few = self.last(self.problem.outputs.loss).count < 2;
        let sigma = self
            .problem
            .sigma()
            .filter(|_| !self.is_flow() && !too_few)?;
        let point = self.point();
        let phase = point.last();
        let kind = self.problem.experiment.dynamics.kind.value;
        let amplitude = (kind.abilities().amplitude)(phase.eta, phase.dt);
        (self.problem.measured().iter().enumerate())
            .filter(|(k, _)| sigma[*k] > 0.0)
            .map(|(k, _)| {
                let moments = self.last(self.problem.outputs.parameters.start + k);
                let noise = amplitude * self.problem.rates[k] * sigma[k];
                let found = rounding(self.spacing(), moments.mean, moments.sd(), noise);
                (k, found)
            })
            .max_by(|a, b| inflation(a.1).total_cmp(&inflation(b.1)))
    }

    /// The spacing of the numbers in which the chains of this run are stored.
    fn spacing(&self) -> Spacing {
        let single = f64::from(f32::EPSILON);
        match self.precision {
            Precision::F32 if self.on_gpu => Spacing::Apart(single),
            Precision::F32 => Spacing::Nearest(single),
            Precision::F64 if self.on_gpu => Spacing::Apart(f64::EPSILON),
            Precision::F64 => Spacing::Nearest(f64::EPSILON),
            Precision::F16State => Spacing::AtRandom(f64::from(half::f16::EPSILON)),
            Precision::Compensated => Spacing::Even {
                unit: self.problem.task.fixed_point().unit(),
                read: single,
            },
        }
    }

    fn rounding_warning(&self) -> Option<String> {
        let (k, found) = self.rounding()?;
        let (eta, name) = (self.point().last().eta, &self.problem.names[k]);
        let percent = 100.0 * inflation(found);
        let remedy = match self.precision {
            Precision::F32 => ", use --precision compensated",
            Precision::F16State => ", use --precision f32",
            Precision::Compensated => ", use --precision f64",
            Precision::F64 => "",
        };
        let inflates = format!(
            "at η = {eta} rounding inflates the variance of {name} by about {percent:.2} %"
        );
        match (found, self.precision) {
            (Rounding::Negligible(_), _) => None,
            (Rounding::Noticeable(_), _) => Some(format!("{inflates}{remedy}")),
            (Rounding::Fatal(_), Precision::F16State) => {
                Some(format!("{inflates}: do not trust this point{remedy}"))
            }
            (Rounding::Fatal(_), _) => Some(format!(
                "at η = {eta} the steps of {name} are lost in rounding (variance wrong by about {percent:.2} % or more): \
                 do not trust this point{remedy}"
            )),
        }
    }
}

/// The relative error of the variance.
fn inflation(rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Negligible(r) | Rounding::Noticeable(r) | Rounding::Fatal(r) => r,
    }
}
