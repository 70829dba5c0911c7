//! The loss over a data set: evaluated example by example in f64, and as polynomials where every example is quadratic.

mod example_model;
mod quadratic;

pub use example_model::ExampleModel;
pub(crate) use quadratic::{Form, QUADRATIC_LIMIT, Quadratic};
