//! Studies and the quantities that they test in the results of each run.

use crate::measure::Estimate;

/// Experiment, or two experiments that are compared, with the quantities to test in results of type
/// `R`.
#[derive(Debug)]
pub(super) struct Study<R: 'static> {
    /// Name of the experiment file in `examples/coverage/` without extension. Two names are joined
    /// by "-versus-".
    pub(super) name: &'static str,
    pub(super) quantities: &'static [Quantity<R>],
}

/// Quantity that is either right or wrong in each run.
#[derive(Debug)]
pub(super) struct Quantity<R> {
    /// Description for the table.
    pub(super) name: &'static str,
    pub(super) criterion: Criterion<R>,
}

/// Reads a quantity from results; `None` if a run does not have it.
#[derive(Debug)]
pub(super) enum Criterion<R> {
    /// Reads an estimate and its exact value. The interval must contain the exact value.
    Interval(fn(&R) -> Option<(Estimate, f64)>),
    /// Reads the p-value of a true hypothesis.
    Null(fn(&R) -> Option<f64>),
    /// Reads the p-value of a false hypothesis.
    Power(fn(&R) -> Option<f64>),
}

impl<R> Criterion<R> {
    /// One-word name for the table.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Interval(_) => "interval",
            Self::Null(_) => "test",
            Self::Power(_) => "power",
        }
    }
}

pub(super) const fn interval<R>(
    name: &'static str,
    of: fn(&R) -> Option<(Estimate, f64)>,
) -> Quantity<R> {
    let criterion = Criterion::Interval(of);
    Quantity { name, criterion }
}

pub(super) const fn null<R>(name: &'static str, of: fn(&R) -> Option<f64>) -> Quantity<R> {
    let criterion = Criterion::Null(of);
    Quantity { name, criterion }
}

pub(super) const fn power<R>(name: &'static str, of: fn(&R) -> Option<f64>) -> Quantity<R> {
    let criterion = Criterion::Power(of);
    Quantity { name, criterion }
}
