// Draws of Gaussian noise: a prepared word holds the bits of one normal. Twin of src/random/noise.rs.

fn draw(word: u32) -> f32 {
    return bitcast<f32>(word);
}

// A word holds one draw; nothing is left.
fn shift(word: u32) -> u32 {
    return 0u;
}
