//! Optimizers: rules that turn the stochastic gradient into an update, some with a state of their own.
//!
//! To add one, write a file like `momentum.rs`, name it in [`FAMILIES`] and [`Optimizer::rule`] below, and give it a
//! variant in [`Optimizer`]. Experiment files, the resolved experiment and both backends take it from there.

mod adam;
mod lion;
mod momentum;
mod nodes;
mod rmsprop;
mod sgd;

use crate::loss::{Graph, NodeId, Shape};
use crate::spec::{Momentum, Optimizer};

/// An optimizer without values for its hyperparameters.
#[derive(Debug)]
pub struct Family {
    /// Name in experiment files.
    pub name: &'static str,
    /// Name in messages.
    pub title: &'static str,
    /// Its hyperparameters, in the order of the values that [`Self::build`] takes.
    pub hyperparameters: &'static [Hyperparameter],
    /// The optimizer with these values, which lie in their ranges; flags are 0 or 1.
    pub build: fn(&[f64]) -> Optimizer,
}

/// A hyperparameter of an optimizer.
#[derive(Debug)]
pub struct Hyperparameter {
    /// Name in experiment files.
    pub name: &'static str,
    /// Values that it may take.
    pub range: Range,
    /// Value where the experiment file gives none.
    pub default: f64,
    /// A value of the experiment file that is right.
    pub example: &'static str,
}

/// Values that a hyperparameter may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The decay of a running average: 0 ≤ β < 1.
    Decay,
    /// A positive number.
    Positive,
    /// `true` or `false`, as 1 or 0.
    Flag,
}

/// Every optimizer, in the order of the manual.
pub static FAMILIES: [&Family; 5] = [
    &sgd::FAMILY,
    &momentum::FAMILY,
    &rmsprop::FAMILY,
    &adam::FAMILY,
    &lion::FAMILY,
];

/// The update rule of an optimizer.
pub trait UpdateRule {
    /// The family that it belongs to.
    fn family(&self) -> &'static Family;

    /// Values of the hyperparameters, in the order of the family's.
    fn values(&self) -> Vec<f64>;

    /// Shapes of the optimizer state for parameters of these shapes. All of it starts at zero.
    fn state(&self, parameters: &[Shape]) -> Vec<Shape>;

    /// Builds the update directions, one per gradient, and the optimizer state after the step.
    fn directions(
        &self,
        graph: &mut Graph,
        state: &[NodeId],
        gradients: &[NodeId],
    ) -> (Vec<NodeId>, Vec<NodeId>);

    /// The momentum recursion that the rule is, where it is linear in ĝ. The fluctuation–dissipation relation and exact
    /// stationary moments follow from it.
    fn momentum(&self) -> Option<Momentum>;
}

impl Optimizer {
    /// The update rule.
    pub fn rule(self) -> Box<dyn UpdateRule> {
        match self {
            Self::Sgd => Box::new(sgd::Sgd),
            Self::Momentum { beta, nesterov } => Box::new(Momentum { beta, nesterov }),
            Self::RmsProp { beta2, epsilon } => Box::new(rmsprop::RmsProp { beta2, epsilon }),
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            } => Box::new(adam::Adam {
                beta1,
                beta2,
                epsilon,
            }),
            Self::Lion { beta1, beta2 } => Box::new(lion::Lion { beta1, beta2 }),
        }
    }

    /// Returns true when the update is the gradient itself.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Sgd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_rebuild_their_optimizers() {
        for family in FAMILIES {
            let defaults: Vec<f64> = family.hyperparameters.iter().map(|h| h.default).collect();
            let optimizer = (family.build)(&defaults);
            assert_eq!(optimizer.rule().family().name, family.name);
            assert_eq!(optimizer.rule().values(), defaults, "{}", family.name);
        }
    }

    #[test]
    fn only_sgd_is_plain() {
        let plain: Vec<&str> = (FAMILIES.iter())
            .filter(|family| {
                let defaults: Vec<f64> = family.hyperparameters.iter().map(|h| h.default).collect();
                (family.build)(&defaults).is_plain()
            })
            .map(|family| family.name)
            .collect();
        assert_eq!(plain, ["sgd"]);
    }
}
