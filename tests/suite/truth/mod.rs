//! Exact results, compared with runs on the CPU in f32 and f64 and on the GPU.
//!
//! Every check is a function from records to a verdict, so that `teeth` can apply it to broken variants. Seeds are fixed:
//! a check that passes once passes always. Its false-alarm rate applied once, when the seed was chosen.

mod balance;
pub(crate) mod brownian;
pub(crate) mod double_well;
mod flow;
mod ito;
pub(crate) mod lyapunov;
pub(crate) mod quadratic;
mod starts;
pub(crate) mod temperature;
mod two_point;
pub(crate) mod verdict;
