//! Losses and independent reference formulas that the tests of several files share.

pub(super) mod fixture;
pub(super) mod reference;
