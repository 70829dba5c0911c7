//! What is looked at in the results of an experiment.

use crate::measure::Estimate;

/// An experiment, or two that are compared, with what is looked at in results `R`.
#[derive(Debug)]
pub(super) struct Study<R: 'static> {
    /// The stem of its file in `examples/coverage/`; of two, with "-versus-" between them.
    pub(super) name: &'static str,
    pub(super) quantities: &'static [Quantity<R>],
}

/// Something that is right or wrong in every run.
#[derive(Debug)]
pub(super) struct Quantity<R> {
    /// In words.
    pub(super) name: &'static str,
    pub(super) criterion: Criterion<R>,
}

/// How it is found in results; `None` where a run does not have it.
#[derive(Debug)]
pub(super) enum Criterion<R> {
    /// An estimate and its exact value.
    Interval(fn(&R) -> Option<(Estimate, f64)>),
    /// The p-value of a hypothesis that is true.
    Null(fn(&R) -> Option<f64>),
    /// The p-value of one that is false.
    Power(fn(&R) -> Option<f64>),
}

impl<R> Criterion<R> {
    /// In one word.
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
