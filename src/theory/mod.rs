//! Exact truths: stationary densities, covariances, escape times, gradient flow and optima, by deterministic
//! mathematics in f64.

mod error;
mod gibbs;
mod quadrature;
mod support;

pub use error::TheoryError;
pub use gibbs::{Gibbs1d, fit_alpha};
pub use quadrature::{integrate, integrate_pieces};
