//! Exact results to compare measurements with: stationary densities, covariances, escape rates, gradient flow and optima,
//! computed deterministically in f64.

mod error;
mod example_loss;
mod gibbs;
mod gradient_flow;
mod kramers;
mod krylov;
mod linear;
mod markov;
mod modes;
mod optimum;
mod quadratic_examples;
mod quadrature;
mod slope;
mod support;
#[cfg(test)]
mod tests;
mod transition;

pub use error::TheoryError;
pub use example_loss::{DataOptimum, ExampleLoss, FullPoint, find_data_optimum, full};
pub use gibbs::{Gibbs1d, fit_alpha};
pub use gradient_flow::{gradient_flow, quadratic_flow};
pub use kramers::kramers_rate;
pub use linear::{Quadratic1d, quadratic_covariance, quadratic_loss, stationary_covariance};
pub use modes::{Momentum, discrete_lyapunov};
pub use optimum::{Optimum, find_optimum, hessian};
pub use quadratic_examples::{EnsembleMoments, QuadraticExamples, Stationary};
pub use quadrature::{integrate, integrate_pieces};
pub use slope::{SlopeFit, fit_slope, fit_slope_and_least_loss};
pub use transition::DiscreteStationary1d;
