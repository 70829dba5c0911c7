//! Can we believe it: intervals, goodness of fit, convergence. Pure functions of measurements.

mod chi_square;
mod equality;
mod ks;
mod nested_rhat;
mod rounding;
mod settling;
mod stationarity;

pub use chi_square::{ChiSquare, chi_square_fit};
pub use equality::{Equality, equal_means, equal_means_paired};
pub use ks::{Distance, kolmogorov_p, ks_distance, ks_two_sample};
pub use nested_rhat::{NestedRhat, nested_rhat};
pub use rounding::{Rounding, Spacing, rounding};
pub use settling::{Settling, WINDOW, Window, settling};
pub use stationarity::{
    Check, Stationarity, against, drift, fluctuation_dissipation, stationarity,
};
