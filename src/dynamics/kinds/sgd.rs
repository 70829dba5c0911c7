//! Stochastic gradient descent: x_k ← x_k − η r_k (g_k + σ_k z_k), or with the gradient of a batch of examples.

use super::{Abilities, DataNoise};

pub(super) const ABILITIES: Abilities = Abilities {
    name: "sgd",
    title: "SGD",
    is_stochastic: true,
    data_noise: DataNoise::Batches,
    has_time_step: false,
    takes_optimizer: true,
    has_loss_slope: true,
    drift: |eta, _| eta,
    amplitude: |eta, _| eta,
    noise_rate: |eta, _| eta,
};
