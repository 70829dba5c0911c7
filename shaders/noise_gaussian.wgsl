// Draws of Gaussian noise: a variate holds the bits of one normal. CPU counterpart: src/random/noise.rs.

fn draw(word: u32) -> f32 {
    return bitcast<f32>(word);
}

// A variate is one draw, so nothing is left of it.
fn shift(word: u32) -> u32 {
    return 0u;
}
