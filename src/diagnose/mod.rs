//! Can we believe it: intervals, goodness of fit, convergence. Pure functions of measurements.

#[cfg(test)]
mod calibration;
mod chi_square;
mod energy;
mod equality;
mod holm;
mod ks;
mod nested_rhat;
mod rounding;
mod settling;
mod stationarity;
mod wasserstein;
mod zero_means;

pub use chi_square::{ChiSquare, chi_square_cells, chi_square_fit};
pub use energy::{Energy, energy_distance};
pub use equality::{Equality, equal_means, equal_means_paired};
pub use holm::holm;
pub use ks::{Distance, kolmogorov_p, ks_distance, ks_two_sample};
pub use nested_rhat::{NestedRhat, nested_rhat};
pub use rounding::{Rounding, Spacing, rounding};
pub use settling::{Settling, WINDOW, Window, settling};
pub use stationarity::{Check, Stationarity, against, fluctuation_dissipation, stationarity};
pub use wasserstein::{Wasserstein, wasserstein};
pub use zero_means::{ZeroMeans, from_differences, normal_p, zero_mean_p, zero_means};
