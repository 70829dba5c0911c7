// Draws of two-point noise, +1 or -1 by one bit. CPU counterpart: src/random/noise.rs.

fn prepare(words: vec4<u32>) -> vec4<u32> {
    return words;
}

fn draw(word: u32) -> f32 {
    return bitcast<f32>(0x3f800000u | (word << 31u));
}

fn shift(word: u32) -> u32 {
    return word >> 1u;
}
