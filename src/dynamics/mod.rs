//! What one step is: the update rule as a graph, from which both backends get their program.
//!
//! | dynamics | step | noise |
//! |---|---|---|
//! | SGD | x_k ← x_k − η r_k (g_k + σ_k z_k) | per step |
//! | Langevin (Euler–Maruyama) | x_k ← x_k − δ r_k g_k − r_k √(ηδ) σ_k z_k | dΦ = −r g dt + r √η σ dW, **Itô** |
//! | gradient flow (Euler) | x_k ← x_k − δ r_k g_k | none |
//!
//! `optimizer.rs` has the rules that carry momentum or mean squares along.
//!
//! r_k is the rate of parameter k (η_k = η r_k), δ the time step. Where σ depends on the parameters it is taken at the
//! start of the step, which is the Itô reading of the stochastic differential equation. The sign of z is immaterial
//! (its law is symmetric); it is added.

mod optimizer;
mod start;
mod step;

pub use start::Starts;
pub use step::{Rule, Scale, State, Step, coefficients, draws, step};
