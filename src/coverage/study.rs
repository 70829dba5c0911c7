//! What is looked at in the results of an experiment.

use crate::measure::Estimate;
use crate::report::Summary;

/// An experiment with what is looked at.
#[derive(Debug)]
pub(super) struct Study {
    /// The stem of its file in `examples/coverage/`.
    pub(super) name: &'static str,
    pub(super) quantities: &'static [Quantity],
}

/// Something that is right or wrong in every run.
#[derive(Debug)]
pub(super) struct Quantity {
    /// In words.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// How it is found in a summary; `None` where a run does not have it.
#[derive(Debug)]
pub(super) enum Kind {
    /// An estimate and its exact value.
    Interval(fn(&Summary) -> Option<(Estimate, f64)>),
    /// The p-value of a hypothesis that is true.
    Null(fn(&Summary) -> Option<f64>),
    /// The p-value of one that is false.
    Power(fn(&Summary) -> Option<f64>),
}

impl Kind {
    /// In one word.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Interval(_) => "interval",
            Self::Null(_) => "test",
            Self::Power(_) => "power",
        }
    }
}

pub(super) const fn interval(
    name: &'static str,
    of: fn(&Summary) -> Option<(Estimate, f64)>,
) -> Quantity {
    let kind = Kind::Interval(of);
    Quantity { name, kind }
}

pub(super) const fn null(name: &'static str, of: fn(&Summary) -> Option<f64>) -> Quantity {
    let kind = Kind::Null(of);
    Quantity { name, kind }
}

pub(super) const fn power(name: &'static str, of: fn(&Summary) -> Option<f64>) -> Quantity {
    let kind = Kind::Power(of);
    Quantity { name, kind }
}
