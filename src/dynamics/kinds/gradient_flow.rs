//! Gradient flow ẋ = −r g by Euler's method: x_k ← x_k − δ r_k g_k.

use super::{Abilities, DataNoise};

pub(super) const ABILITIES: Abilities = Abilities {
    name: "gradient-flow",
    title: "gradient flow",
    is_stochastic: false,
    data_noise: DataNoise::None,
    has_time_step: true,
    takes_optimizer: false,
    has_loss_slope: false,
    drift: |_, dt| dt,
    amplitude: |_, _| 0.0,
    noise_rate: |_, _| 0.0,
};
