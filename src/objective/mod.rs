//! The loss as mathematics on the host: over a data set example by example in f64, as polynomials where every example is
//! quadratic, or as the formula itself.

mod data_sets;
mod example_model;
mod model;
mod over_data;
mod quadratic;

pub(crate) use data_sets::load;
pub use example_model::ExampleModel;
pub use model::Model;
pub(crate) use over_data::OPTIMUM_LIMIT;
pub use over_data::{DataSets, OverData};
pub(crate) use quadratic::{Form, QUADRATIC_LIMIT, Quadratic};
