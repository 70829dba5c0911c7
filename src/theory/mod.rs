//! Exact truths: stationary densities, covariances, escape times, gradient flow and optima, by deterministic
//! mathematics in f64.

mod error;
mod example_loss;
#[cfg(test)]
mod fixture;
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
mod transition;

pub use error::TheoryError;
pub use example_loss::{DataOptimum, ExampleLoss, FullPoint, find_data_optimum, full};
pub use gibbs::{Gibbs1d, fit_alpha};
pub use gradient_flow::{gradient_flow, quadratic_flow};
pub use kramers::{kramers_rate, mean_first_passage_time};
pub use linear::{Quadratic1d, quadratic_covariance, quadratic_loss, stationary_covariance};
pub use modes::{Momentum, discrete_lyapunov, slope_at_zero};
pub use optimum::{Optimum, find_optimum, hessian};
pub use quadratic_examples::{Moments, QuadraticExamples, Stationary};
pub use quadrature::{integrate, integrate_pieces};
pub use slope::{SlopeFit, fit_slope, fit_slope_and_least_loss};
pub use transition::DiscreteStationary1d;
