//! One step of the dynamics: the update rule as a graph, from which both backends get their program.
//!
//! | dynamics | step | noise |
//! |---|---|---|
//! | SGD | x_k ← x_k − η r_k (g_k + σ_k z_k) | per step |
//! | Langevin (Euler–Maruyama) | x_k ← x_k − δ r_k g_k − r_k √(ηδ) σ_k z_k | dx = −r g dt + r √η σ dW, **Itô** |
//! | gradient flow (Euler) | x_k ← x_k − δ r_k g_k | none |
//!
//! r_k is the rate of parameter k (η_k = η r_k), δ the time step. A scale σ that depends on the parameters is taken at the
//! start of the step, which is the Itô reading of the stochastic differential equation. The sign of z does not matter,
//! because its distribution is symmetric; the code adds it.
//!
//! `kinds/` has one file per kind of dynamics, `optimizers/` one per optimizer. Both answer for their abilities.

mod kinds;
mod optimizers;
mod start;
mod step;

pub use kinds::{Abilities, DataNoise};
pub use optimizers::{FAMILIES, Family, Hyperparameter, Range, UpdateRule};
pub use start::Starts;
pub use step::{Rule, Scale, State, Step, StepInputs, coefficients, draws, step};
