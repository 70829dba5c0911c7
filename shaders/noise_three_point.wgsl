// Draws of three-point noise, 0 or plus or minus THREE_POINT_AMPLITUDE by 16 bits. CPU counterpart: src/random/noise.rs.

fn prepare(words: vec4<u32>) -> vec4<u32> {
    return words;
}

fn draw(word: u32) -> f32 {
    let piece = word & 0xffffu;
    let positive = select(0.0, THREE_POINT_AMPLITUDE, piece >= 65536u - THREE_POINT_COUNT);
    return select(positive, -THREE_POINT_AMPLITUDE, piece < THREE_POINT_COUNT);
}

fn shift(word: u32) -> u32 {
    return word >> 16u;
}
