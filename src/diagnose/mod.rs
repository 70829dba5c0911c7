//! Statistical tests and distances: goodness of fit, convergence, equality of means. Pure functions of measurements.

mod chi_square;
mod energy;
mod equality;
mod holm;
mod ks;
mod nested_rhat;
mod rounding;
mod settling;
mod stationarity;
#[cfg(test)]
mod tests;
mod wasserstein;
mod zero_means;

pub use chi_square::{ChiSquare, chi_square_cells, chi_square_fit};
pub use energy::{Energy, energy_distance};
pub use equality::{Equality, equal_means, equal_means_paired};
pub use holm::holm;
pub use ks::{Distance, kolmogorov_p, ks_distance, ks_two_sample};
pub use nested_rhat::{NestedRhat, nested_rhat};
pub use rounding::{Rounding, Spacing, rounding};
pub use settling::{Settling, SettlingWindow, WINDOW, settling};
pub use stationarity::{Check, Stationarity, fluctuation_dissipation, stationarity};
pub use wasserstein::{Wasserstein, wasserstein};
pub use zero_means::{ZeroMeans, from_differences, normal_p, zero_mean_p, zero_means};
