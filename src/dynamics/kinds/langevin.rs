//! Langevin dynamics dx = −r g dt + r √η σ dW (Itô) by Euler–Maruyama: x_k ← x_k − δ r_k g_k − r_k √(ηδ) σ_k z_k.

use super::{Abilities, DataNoise};

pub(super) const ABILITIES: Abilities = Abilities {
    name: "langevin",
    title: "Langevin dynamics",
    is_stochastic: true,
    data_noise: DataNoise::CovarianceAtOptimum,
    has_time_step: true,
    takes_optimizer: false,
    has_loss_slope: false,
    drift: |_, dt| dt,
    amplitude: |eta, dt| (eta * dt).sqrt(),
    noise_rate: |eta, _| eta,
};
