//! Compiles an experiment: formulas become programs, and the programs with their numbers a [`Task`](crate::engine::Task)
//! that engines run.
//!
//! [`Problem`] is the result. It never changes after it is made; what a run finds out is kept in the run's records.

mod balance;
mod control;
mod data_passes;
mod fdr;
mod full_loss;
mod histograms;
mod layout;
mod measured;
mod observe;
mod output_list;
mod outputs;
mod point;
mod polynomials;
mod problem;
mod quantities;
mod rates;
mod resolve;
mod scope;
mod step;
mod sums;

pub use balance::{Balance, JointTest};
pub use histograms::HistogramPlan;
pub use output_list::MEASURED;
pub use outputs::{Fdr, Outputs};
pub use point::{Phase, Point};
pub use problem::Problem;
pub use quantities::Quantity;
pub(crate) use quantities::VALIDATION_LOSS;
